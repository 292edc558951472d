package decision

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/atomicfile"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// artifacts is the directory of artifacts.
type artifacts struct {
	dir string
	log *slog.Logger
}

// write makes or replaces an artifact, all of it or nothing.
func (a artifacts) write(name string, write func(io.Writer) error) error {
	return a.writeMode(name, 0o644, write)
}

func (a artifacts) writeMode(name string, mode fs.FileMode, write func(io.Writer) error) error {
	a.log.Info("writing artifact", "file", name)
	file := filepath.Join(a.dir, name)
	err := atomicfile.Write(file, write)
	if err == nil {
		err = os.Chmod(file, mode)
	}
	if len(diag.Flatten(err)) > 0 && isOf(err) {
		return diag.Errorf(diag.Unwritable, 0, "cannot be written: %w", cause(err)).InFile(file)
	}
	return err
}

// isOf says whether an error is one of the file system.
func isOf(err error) bool {
	_, path := errors.AsType[*fs.PathError](err)
	_, link := errors.AsType[*os.LinkError](err)
	return path || link
}

// cause gives what the operating system said.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// writeJSON writes a document as the reference does: indented by two, with sorted keys, without a line end.
func (a artifacts) writeJSON(name string, v value.Value) error {
	return a.write(name, func(w io.Writer) error {
		text, err := value.AppendJSON(nil, v, value.JSONStyle{Indent: 2, SortKeys: true}, 0)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
}

// runnableJobs gives the tasks that have a place in Treeherder, with that place, for those who want to add some to a
// push.
func runnableJobs(graph *taskgraph.TaskGraph) *value.Map {
	out := value.NewMap(graph.Len())
	for t := range graph.All() {
		place, ok := t.Task.At("extra").Map().Get("treeherder")
		if !ok {
			continue
		}
		job := value.NewMap(5)
		job.Set("symbol", place.Map().At("symbol"))
		for _, name := range []string{"groupName", "groupSymbol", "collection"} {
			if v, ok := place.Map().Get(name); ok {
				job.Set(name, v)
			}
		}
		if platform := place.Map().At("machine").Map().At("platform"); platform.Truthy() {
			job.Set("platform", platform)
		}
		out.Set(t.Label, job.Value())
	}
	return out
}

// runsRunTask says whether a payload names run-task or fetch-content anywhere.
func runsRunTask(v value.Value) bool {
	switch v.Kind() {
	case value.String:
		return strings.Contains(v.Str(), "run-task") || strings.Contains(v.Str(), "fetch-content")
	case value.ListKind:
		for item := range v.List().Values() {
			if runsRunTask(item) {
				return true
			}
		}
	case value.MapKind:
		for _, item := range v.Map().All() {
			if runsRunTask(item) {
				return true
			}
		}
	}
	return false
}
