package tcyml

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/jsone"
)

// FileName is the name of the file.
const FileName = ".taskcluster.yml"

// File is a .taskcluster.yml that was read. It is immutable and safe for concurrent use.
type File struct {
	name    string
	doc     value.Value
	sources *diag.Sources
}

// limits guard against files that were made to hurt.
var limits = value.Limits{Bytes: 1 << 20, Depth: 200, Nodes: 200_000}

// Read reads a file. Its text is kept in sources, for positions.
func Read(name string, text []byte, sources *diag.Sources) (*File, error) {
	if sources == nil {
		sources = &diag.Sources{}
	}
	var twice diag.List
	doc, err := (&value.Reader{Sources: sources, Limits: limits, Core: true, Warn: func(d *diag.Diagnostic) {
		d.Severity, d.Message = diag.Error, strings.Replace(d.Message, "; the last value counts", "", 1)
		twice.Add(d.WithHint("the services refuse a file with the same key twice in a map"))
	}}).YAML(name, text)
	if err == nil {
		err = twice.Err(sources)
	}
	if err != nil {
		return nil, err
	}
	f := &File{name: name, doc: doc, sources: sources}
	m := doc.Map()
	if m == nil {
		return nil, f.resolved(diag.Errorf(diag.WrongType, doc.Pos(), "want a map, got %s", doc.Describe()).InFile(name))
	}
	if n, ok := m.At("version").AsInt(); !ok || n != 1 {
		v := m.At("version").Or(doc.Pos())
		d := diag.Errorf(diag.NotAllowed, v.Pos(), "want version 1, got %s", v.Describe()).WithPath("version").InFile(name)
		switch {
		case !m.Has("version"):
			d = diag.Errorf(diag.MissingField, doc.Pos(), "missing field %q", "version").InFile(name).WithHint("version: 1")
		case ok && n == 0:
			d.WithHint("version 0 is no JSON-e template; the service still takes it, and nothing new should use it")
		}
		return nil, f.resolved(d)
	}
	m.Freeze()
	return f, nil
}

func (f *File) resolved(errs ...error) error {
	var list diag.List
	list.Add(errors.Join(errs...))
	return list.Err(f.sources)
}

// Options say how a file is rendered.
type Options struct {
	// RootURL is the address of the deployment.
	RootURL string
	// Now is the time, which the variable now of an event replaces.
	Now time.Time
	// Slugid gives a new task id for a label. nil gives ids that are always the same for a label and an event's revision.
	Slugid func(label string) string
}

// Rendered is what a file makes of an event.
type Rendered struct {
	// Document is the whole file, rendered. Its values have the places in the file that they come from.
	Document *value.Map
	// Tasks are those to create, in the order of the document.
	Tasks []Task
	// Now is the time for which it was rendered.
	Now string
}

// Task is one task of a rendered file.
type Task struct {
	ID string
	// Definition is what the queue gets: without the id, with a group, a scheduler and times.
	Definition *value.Map
}

// Render gives what the file makes of an event. All mistakes that do not follow from another are reported.
func (f *File) Render(e Event, o Options) (*Rendered, error) {
	vars := e.Variables.Copy()
	vars.Set("tasks_for", value.NewString(e.TasksFor))
	vars.SetDefault("taskcluster_root_url", value.NewString(o.RootURL))
	vars.SetDefault("now", value.NewString(duration.Format(o.Now)))
	ids := &slugids{make: o.Slugid, seed: e.TasksFor, known: map[string]string{}}
	out, err := jsone.Render(f.doc, vars, jsone.Options{Sources: f.sources, Functions: map[string]jsone.Function{"as_slugid": ids.call}})
	if err != nil {
		return nil, f.resolved(err)
	}
	r := &Rendered{Document: out.Map(), Now: vars.Str("now")}
	return r, f.tasks(r, ids, vars.Str("ownTaskId"))
}

// slugids gives a task id for each label.
type slugids struct {
	make  func(label string) string
	seed  string
	known map[string]string
}

func (s *slugids) call(args []value.Value) (value.Value, error) {
	if len(args) != 1 || !args[0].IsString() {
		return value.Value{}, errors.New("want a label, which is a string")
	}
	return value.NewString(s.of(args[0].Str())), nil
}

func (s *slugids) of(label string) string {
	id, ok := s.known[label]
	if !ok {
		if s.make != nil {
			id = s.make(label)
		} else {
			id = slugid.Derived(s.seed, label)
		}
		s.known[label] = id
	}
	return id
}

// tasks finds the tasks of a rendered file and fills in what the service does: ids, the group, the scheduler and the
// time of creation. own is the id that a hook gives its task.
func (f *File) tasks(r *Rendered, ids *slugids, own string) error {
	if r.Document == nil {
		return f.resolved(diag.Errorf(diag.BadTemplate, f.doc.Pos(), "the file renders to no map").InFile(f.name))
	}
	tasks, there := r.Document.Get("tasks")
	if !there || tasks.IsNull() {
		return nil
	}
	if tasks.List() == nil {
		return f.resolved(diag.Errorf(diag.WrongType, tasks.Pos(), "the tasks render to %s, want a list", tasks.Describe()).WithPath("tasks").InFile(f.name))
	}
	group := ""
	for _, v := range tasks.List().All() {
		m := v.Map()
		if m == nil {
			return f.resolved(diag.Errorf(diag.WrongType, v.Pos(), "a task renders to %s, want a map", v.Describe()).WithPath("tasks").InFile(f.name))
		}
		t := Task{Definition: m.Copy()}
		id, given := t.Definition.Delete("taskId")
		switch {
		case id.IsString():
			t.ID = id.Str()
		case given && !id.IsNull():
			return f.resolved(diag.Errorf(diag.WrongType, id.Pos(), "want a task id, got %s", id.Describe()).WithPath("taskId").InFile(f.name))
		case own != "" && tasks.List().Len() == 1:
			t.ID = own
		default:
			t.ID = ids.of("task " + strconv.Itoa(len(r.Tasks)))
		}
		if group == "" {
			group = t.ID
			if tasks.List().Len() > 1 {
				group = ids.of("group of tasks")
			}
		}
		if slugid.Valid(group) { // of another the id itself is what is wrong
			t.Definition.SetDefault("taskGroupId", value.NewString(group))
		}
		t.Definition.SetDefault("schedulerId", value.NewString("taskcluster-github"))
		t.Definition.SetDefault("created", value.NewString(r.Now))
		r.Tasks = append(r.Tasks, t)
	}
	return nil
}
