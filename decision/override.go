package decision

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

const (
	// tryTaskConfig is the file with which a push says what it wants.
	tryTaskConfig = "try_task_config.json"
	// notesRef is where git keeps the notes with which it does so.
	notesRef = "refs/notes/decision-parameters"
)

// override changes parameters as the push itself asks: with a file, or else with a git note.
func (o *ParameterOptions) override(ctx context.Context, values *value.Map) error {
	name := o.Push.TryTaskConfigFile
	if name == "" {
		name = tryTaskConfig
	}
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(o.Dir, name)
	}
	info, err := os.Stat(file)
	switch {
	case err == nil && info.Mode().IsRegular():
		if o.Push.TryTaskConfigFile == "" { // a push must not choose any other file of this machine
			if err := sourcetree.Within(o.Repository.Root(), file); err != nil {
				return diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", err).InFile(name)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", errors.Unwrap(err)).InFile(name)
		}
		o.Log.Info("parameters are changed", "by", name)
		return o.overrideByFile(values, name, text)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return diag.Errorf(diag.Unreadable, 0, "cannot be read: %w", errors.Unwrap(err)).InFile(name)
	}
	note, ok, err := o.Repository.Note(ctx, values.Str("head_repository"), notesRef, "")
	if err != nil {
		return diag.Errorf(diag.Unreadable, 0, "cannot read the note: %w", err).InFile(notesRef)
	}
	if !ok || note == "" {
		return nil
	}
	o.Log.Info("parameters are changed", "by", notesRef)
	doc, err := o.Reader.JSON(notesRef, []byte(note))
	if err != nil {
		return o.Project.Resolve(err)
	}
	return o.update(values, doc, notesRef, "")
}

// overrideByFile changes parameters as try_task_config.json asks.
func (o *ParameterOptions) overrideByFile(values *value.Map, name string, text []byte) error {
	doc, err := o.Reader.JSON(name, text)
	if err != nil {
		return o.Project.Resolve(err)
	}
	m := doc.Map()
	if m == nil {
		return o.Project.Resolve(diag.Errorf(diag.WrongType, doc.Pos(), "want a map, got %s", doc.Describe()).InFile(name))
	}
	version, given := m.Get("version")
	number := func(want int64) bool { // 2.0 is a 2 as well
		n, isInt := version.AsInt()
		f, isFloat := version.AsFloat()
		return isInt && n == want || isFloat && f == float64(want)
	}
	switch {
	case !given || number(1):
		return o.tryTasks(values, m.Copy().Value().At(doc.Pos()), name)
	case number(2):
	default:
		return o.Project.Resolve(diag.Errorf(diag.NotAllowed, version.Pos(), "unknown version %s", version.Describe()).WithPath("version").InFile(name).
			WithHint("the versions are 1, which lists tasks, and 2, which sets parameters"))
	}
	var wrong diag.List
	for e := range m.Entries() {
		if k := e.Key.KeyText(); k != "version" && k != "parameters" {
			wrong.Add(diag.Errorf(diag.UnknownField, e.Key.Pos(), "unknown field %q", k).InFile(name).WithHint("version 2 has the field parameters only"))
		}
	}
	params, ok := m.Get("parameters")
	if !ok {
		wrong.Add(diag.Errorf(diag.MissingField, doc.Pos(), "missing field %q", "parameters").InFile(name))
	}
	if err := wrong.Err(o.Project.Sources); err != nil {
		return err
	}
	return o.update(values, params, name, "parameters")
}

// tryTasks is what a file of version 1 asks for: tasks by their labels, in parameters that a project with such pushes
// declares. What was asked for is not optimized away.
func (o *ParameterOptions) tryTasks(values *value.Map, config value.Value, name string) error {
	config.Map().Delete("version")
	if tasks, ok := config.Map().Get("tasks"); ok && tasks.List() == nil {
		return o.Project.Resolve(diag.Errorf(diag.WrongType, tasks.Pos(), "want a list of labels, got %s", tasks.Describe()).WithPath("tasks").InFile(name))
	}
	values.Set("try_task_config", config)
	values.Set("try_mode", value.NewString("try_task_config").At(config.Pos()))
	values.Set("optimize_target_tasks", value.NewBool(false))
	return nil
}

// update sets the parameters that a document holds.
func (o *ParameterOptions) update(values *value.Map, doc value.Value, name, path string) error {
	m := doc.Map()
	if m == nil {
		return o.Project.Resolve(diag.Errorf(diag.WrongType, doc.Pos(), "want a map of parameters, got %s", doc.Describe()).WithPath(path).InFile(name))
	}
	var wrong diag.List
	for e := range m.Entries() {
		if k := e.Key.KeyText(); k == "strict" || k == "repo_root" || k == "spec" {
			wrong.Add(diag.Errorf(diag.BadParameters, e.Key.Pos(), "a parameter cannot be called %q", k).InFile(name))
		}
	}
	if err := wrong.Err(o.Project.Sources); err != nil {
		return err
	}
	values.Update(m)
	return nil
}
