package taskcluster

import (
	"context"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// FileIndex stands for index and queue with what a document says, so that anybody can see what a graph would be
// if certain tasks existed. It does not change and is safe for concurrent use.
type FileIndex struct {
	tasks    map[string]string
	statuses map[string]Status
}

var _ Index = (*FileIndex)(nil)

// ParseIndex reads a JSON document that maps index paths to tasks:
//
//	{"app.v2.build.latest": {"taskId": "fdtgsD5DQUmAQZEaGMvQ4Q", "state": "completed", "expires": "2030-01-01T00:00:00.000Z"}}
//
// A task without state is one that the index knows but the queue does no longer. Where a task is at several
// paths, the last state counts. Other fields are ignored.
func ParseIndex(r *value.Reader, name string, text []byte) (*FileIndex, error) {
	doc, err := r.JSON(name, text)
	if err != nil {
		return nil, err
	}
	var list diag.List
	if doc.Map() == nil {
		list.Add(diag.Errorf(diag.WrongType, doc.Pos(), "want a map of index paths, got %s", doc.Describe()).InFile(name))
	}
	f := &FileIndex{tasks: make(map[string]string, doc.Map().Len()), statuses: map[string]Status{}}
	for path, entry := range doc.Map().All() {
		f.add(path, entry, func(d *diag.Diagnostic) { list.Add(d.InFile(name)) })
	}
	if err := list.Err(r.Sources); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *FileIndex) add(path string, entry value.Value, fail func(*diag.Diagnostic)) {
	task := entry.Map()
	if task == nil {
		fail(diag.Errorf(diag.WrongType, entry.Pos(), "want a map with taskId, state and expires, got %s", entry.Describe()).WithPath(path))
		return
	}
	text := func(field string) string {
		v := task.At(field)
		if !v.IsString() && !v.IsNull() {
			fail(diag.Errorf(diag.WrongType, v.Pos(), "want a string, got %s", v.Describe()).WithPath(path + "." + field))
		}
		return v.Str()
	}
	id, state, expires := text("taskId"), text("state"), text("expires")
	if !task.Has("taskId") {
		fail(diag.Errorf(diag.MissingField, entry.Pos(), "missing field %q", "taskId").WithPath(path))
	}
	f.tasks[path] = id
	if state != "" {
		f.statuses[id] = Status{State: state, Expires: expires}
	}
}

// FindTasks gives those of the paths that the document has.
func (f *FileIndex) FindTasks(_ context.Context, paths []string) (map[string]string, error) {
	return known(f.tasks, paths), nil
}

// Statuses gives those of the tasks that the document has a state for.
func (f *FileIndex) Statuses(_ context.Context, taskIDs []string) (map[string]Status, error) {
	return known(f.statuses, taskIDs), nil
}

func known[V any](all map[string]V, keys []string) map[string]V {
	found := make(map[string]V, len(keys))
	for _, k := range keys {
		if v, ok := all[k]; ok {
			found[k] = v
		}
	}
	return found
}
