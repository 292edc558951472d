package loaders

import (
	"errors"
	"io/fs"
	"iter"
	"path"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// Transform loads the tasks that kind.yml has under tasks, then those of the files that tasks-from names, in order.
// The task-defaults of the kind lie below those of a file, and both below the task.
func Transform(cfg *taskgraph.LoadConfig) iter.Seq2[*value.Map, error] {
	return func(yield func(*value.Map, error) bool) {
		defaults, err := defaultsOf(cfg.Map, "task-defaults")
		if err != nil {
			yield(nil, err)
			return
		}
		if v, ok := cfg.Map.Get("tasks"); ok {
			if v.Map() == nil {
				if !yield(nil, wrongType(v, cfg.Map.KeyPos("tasks"), "a map of tasks by name").WithPath("tasks")) {
					return
				}
			} else if !stubs(v.Map(), defaults, "kind.yml", "tasks.", yield) {
				return
			}
		}
		files, ok := cfg.Map.Get("tasks-from")
		if ok && files.List() == nil {
			yield(nil, wrongType(files, cfg.Map.KeyPos("tasks-from"), "a list of files").WithPath("tasks-from"))
			return
		}
		for v := range files.List().Values() {
			tasks, own, err := readTasks(cfg, v)
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if own.Len() > 0 && defaults.Len() > 0 {
				own = value.Merge(defaults, own)
			} else if own.Len() == 0 {
				own = defaults
			}
			if !stubs(tasks, own, v.Str(), "", yield) {
				return
			}
		}
	}
}

// stubs yields the stub of each task and says whether to go on.
func stubs(tasks, defaults *value.Map, file, path string, yield func(*value.Map, error) bool) bool {
	from := value.NewString(file)
	for e := range tasks.Entries() {
		task := e.Value.Map()
		if task == nil {
			if !yield(nil, wrongType(e.Value, e.Key.Pos(), "a map").WithPath(path+e.Key.KeyText())) {
				return false
			}
			continue
		}
		var stub *value.Map
		if defaults.Len() > 0 {
			stub = value.Merge(defaults, task)
		} else {
			stub = task.Copy()
		}
		stub.Set("task-from", from)
		stub.Set("name", e.Key)
		if !yield(stub, nil) {
			return false
		}
	}
	return true
}

// readTasks reads a file that tasks-from names, relative to the kind's directory, and gives its tasks and its defaults.
// Old trees call the latter job-defaults.
func readTasks(cfg *taskgraph.LoadConfig, name value.Value) (tasks, defaults *value.Map, err error) {
	if !name.IsString() {
		return nil, nil, wrongType(name, 0, "the name of a file").WithPath("tasks-from")
	}
	file := path.Join(cfg.Path, name.Str())
	if path.IsAbs(name.Str()) {
		file = name.Str()
	}
	doc, err := cfg.Document(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, diag.Errorf(diag.Unreadable, name.Pos(), "there is no file %q", file).WithPath("tasks-from")
	case err != nil:
		return nil, nil, diag.Placed(err, name.Pos(), "tasks-from")
	}
	if tasks = doc.Map(); tasks == nil {
		return nil, nil, wrongType(doc, name.Pos(), "a map of tasks by name").InFile(file)
	}
	for _, key := range [...]string{"task-defaults", "job-defaults"} {
		if !tasks.Has(key) {
			continue
		}
		if defaults, err = defaultsOf(tasks, key); err != nil {
			return nil, nil, err
		}
		tasks = tasks.Copy()
		tasks.Delete(key)
		break
	}
	return tasks, defaults, nil
}

// defaultsOf gives the defaults that stand at a key, nil where none do. What is null or empty counts as none.
func defaultsOf(m *value.Map, key string) (*value.Map, error) {
	v := m.At(key)
	if v.Map() == nil && v.Truthy() {
		return nil, wrongType(v, m.KeyPos(key), "a map of fields for all tasks").WithPath(key)
	}
	return v.Map(), nil
}

// wrongType says that another kind of value is wanted. The value's place is preferred, pos stands in for it.
func wrongType(v value.Value, pos diag.Pos, want string) *diag.Diagnostic {
	return diag.Errorf(diag.WrongType, v.Or(pos).Pos(), "want %s, got %s", want, v.Describe())
}
