package hooks

import (
	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster/tcyml"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// template is what hooks take of a .taskcluster.yml.
type template struct {
	// hash is in the ids of hooks, and in actions.json.
	hash string
	// task is the first of its tasks, in JSON-e.
	task value.Value
}

// readTemplate reads the .taskcluster.yml of a tree. As little is asked of it as the service asks of a hook's template: the tasks
// are a list before anything is rendered.
func readTemplate(p *taskgraph.Project) (*template, error) {
	text, err := p.ReadFile(tcyml.FileName)
	if err != nil {
		for _, d := range diag.Flatten(err) {
			d.WithHint("hooks make their tasks of this file")
		}
		return nil, p.Resolve(err)
	}
	doc, err := p.Document(tcyml.FileName)
	if err != nil {
		return nil, p.Resolve(err)
	}
	m := doc.Map()
	wrong := func(v value.Value, path, want string) error {
		return p.Resolve(diag.Errorf(diag.WrongType, v.Pos(), "want %s, got %s", want, v.Describe()).WithPath(path).InFile(tcyml.FileName))
	}
	if m == nil {
		return nil, wrong(doc, "", "a map")
	}
	if version := m.At("version"); !value.Equal(version, value.NewInt(1)) {
		return nil, wrong(version, "version", "version 1")
	}
	tasks := m.At("tasks")
	if tasks.List().Len() == 0 {
		return nil, wrong(tasks, "tasks", "a list of tasks, which may be JSON-e each, but not as a whole")
	}
	task := tasks.List().At(0)
	if task.Map() == nil {
		return nil, wrong(task, "tasks[0]", "a map")
	}
	if _, err := value.CompactJSON(task); err != nil {
		return nil, p.Resolve(err)
	}
	return &template{hash: actions.Digest(text), task: task}, nil
}
