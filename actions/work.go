package actions

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/atomicfile"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// work creates the tasks of one action and leaves the artifacts that say which.
type work struct {
	*runner
	push func(context.Context) (*taskgraph.PushGraph, error)

	parts   map[string]*part // by suffix
	singles int              // tasks that were created of definitions
}

// part is what one request created.
type part struct {
	graph, labels *value.Map
	toRun         []string
}

var _ taskgraph.ActionTasks = (*work)(nil)

func newWork(r *runner) *work {
	return &work{runner: r, push: r.onePush(), parts: map[string]*part{}}
}

// previewTaskID stands for the id of the action task in a trial outside of one.
const previewTaskID = "ACTION-TASK"

// seed gives what ids of new tasks are derived from: the action task, so that one that runs again creates nothing twice, and the
// request.
func (w *work) seed(suffix string) string {
	id := w.OwnTaskID
	if id == "" {
		id = previewTaskID
	}
	return id + "/" + suffix
}

// Create creates tasks again.
func (w *work) Create(ctx context.Context, req taskgraph.TaskRequest) (map[string]string, error) {
	if _, taken := w.parts[req.Suffix]; taken {
		return nil, diag.Errorf(diag.ActionFailed, 0, "the action creates tasks twice under the suffix %q", req.Suffix)
	}
	params, group := req.Params, req.GroupID
	if params == nil {
		params = w.Params
	}
	if group == "" {
		group = req.From.DecisionTaskID
	}
	generator := w.Project.Generator(params, taskgraph.GeneratorOptions{
		DecisionTaskID: group, TaskIDSeed: w.seed(req.Suffix), Clock: w.Clock, Index: w.Services,
	})
	labels := slices.Compact(slices.Sorted(slices.Values(req.Labels)))
	o, err := generator.Again(ctx, req.From.Full, labels, req.From.LabelToTaskID, func(t *taskgraph.Task) error {
		if req.Change != nil {
			if err := req.Change(t); err != nil {
				return err
			}
		}
		return w.mark(t, group)
	})
	if err != nil {
		return nil, err
	}
	p := &part{graph: value.NewMap(o.Graph.Len()), labels: value.NewMap(len(o.LabelToTaskID)), toRun: labels}
	for t := range o.Graph.All() {
		p.graph.Set(t.TaskID, t.Document().Value())
	}
	for _, label := range sortedKeys(o.LabelToTaskID) {
		p.labels.Set(label, value.NewString(o.LabelToTaskID[label]))
	}
	w.parts[req.Suffix] = p
	if err := w.writePart(req.Suffix, p); err != nil {
		return nil, err
	}
	err = w.submit(ctx, o.Graph, definition.Group{DecisionTaskID: group, SchedulerID: decision.SchedulerID(w.Project.Config, params)}, w.seed(req.Suffix))
	return o.LabelToTaskID, err
}

// mark says in a definition who created the task, and keeps it from starting before that one has ended. In a group of the action's
// own that follows from the group.
func (w *work) mark(t *taskgraph.Task, group string) error {
	extra := t.Task.EditMap("extra")
	if extra == nil {
		return diag.Errorf(diag.WrongType, t.Task.At("extra").Pos(), "want a map, got %s", t.Task.At("extra").Describe()).WithPath("extra")
	}
	extra.Set("parent", value.NewString(w.OwnTaskID))
	if w.OwnTaskID == "" || w.OwnTaskID == group {
		return nil
	}
	deps := t.Task.EditList("dependencies")
	if deps == nil {
		return diag.Errorf(diag.WrongType, t.Task.At("dependencies").Pos(), "want a list, got %s", t.Task.At("dependencies").Describe()).WithPath("dependencies")
	}
	deps.AppendStrings(w.OwnTaskID)
	return nil
}

// CreateDefinition creates one task of a definition.
func (w *work) CreateDefinition(ctx context.Context, definition *value.Map) (string, error) {
	def := definition.Copy()
	def.Set("schedulerId", value.NewString(decision.SchedulerID(w.Project.Config, w.Params)))
	label := def.At("metadata").Map().Str("name")
	w.singles++
	id := taskgraph.TaskID(w.seed("definition-"+strconv.Itoa(w.singles)), label)
	return id, w.create(ctx, id, def)
}

// Combine makes the artifacts of the whole action of those of its requests.
func (w *work) Combine(_ context.Context, suffixes []string) error {
	whole := &part{graph: value.NewMap(0), labels: value.NewMap(0)}
	for _, s := range suffixes {
		p, ok := w.parts[s]
		if !ok {
			return diag.Errorf(diag.ActionFailed, 0, "the action combines what it never created: suffix %q", s)
		}
		whole.graph.Update(p.graph)
		whole.labels.Update(p.labels)
		whole.toRun = append(whole.toRun, p.toRun...)
	}
	whole.toRun = slices.Compact(slices.Sorted(slices.Values(whole.toRun)))
	if err := w.writePart("", whole); err != nil || len(suffixes) != 1 {
		return err
	}
	// One request needs no files of its own.
	for _, name := range artifactNames {
		if err := os.Remove(filepath.Join(w.Artifacts, artifactFile(name, suffixes[0]))); err != nil {
			return diag.Errorf(diag.Unwritable, 0, "cannot be removed: %w", err).InFile(artifactFile(name, suffixes[0]))
		}
	}
	return nil
}

// artifactNames are what a request leaves, without suffix and .json.
var artifactNames = []string{"task-graph", "label-to-taskid", "to-run"}

func artifactFile(name, suffix string) string {
	if suffix != "" {
		name += "-" + suffix
	}
	return name + ".json"
}

func (w *work) writePart(suffix string, p *part) error {
	for i, v := range []value.Value{p.graph.Value(), p.labels.Value(), value.NewStrings(p.toRun...).Value()} {
		if err := w.writeArtifact(artifactFile(artifactNames[i], suffix), v); err != nil {
			return err
		}
	}
	return nil
}

// writeArtifact writes a document as the reference does: indented by two, with sorted keys, without a line end.
func (w *work) writeArtifact(name string, v value.Value) error {
	text, err := value.AppendJSON(nil, v, value.JSONStyle{Indent: 2, SortKeys: true}, 0)
	if err != nil {
		return err
	}
	w.Log.Info("writing artifact", "file", name)
	if err = os.MkdirAll(w.Artifacts, 0o755); err == nil {
		err = atomicfile.Write(filepath.Join(w.Artifacts, name), func(out io.Writer) error {
			_, err := out.Write(text)
			return err
		})
	}
	if err != nil {
		return diag.Errorf(diag.Unwritable, 0, "cannot be written: %w", err).InFile(filepath.Join(w.Artifacts, name))
	}
	return nil
}

// Decide runs a decision in a group of its own: this action task is its decision task.
func (w *work) Decide(ctx context.Context, params *parameters.Params) error {
	own := w.OwnTaskID
	if own == "" {
		own = previewTaskID
	}
	extensions, err := w.Project.Registry.AllParameterExtensions()
	if err != nil {
		return err
	}
	var errs diag.List
	for _, d := range params.Check(extensions, false) {
		errs.Add(d)
	}
	if err := errs.Err(w.Project.Sources); err != nil {
		return err
	}
	result, err := decision.Run(ctx, decision.Options{
		Project: w.Project, DecisionTaskID: own, Artifacts: w.Artifacts, RunTask: w.RunTask, Log: w.Log, Submitter: decisionSubmitter{w},
		Actions: func(context.Context) (*value.List, error) { return List(w.Project, params, own) },
		Generator: w.Project.Generator(params, taskgraph.GeneratorOptions{
			DecisionTaskID: own, WriteArtifacts: true, Index: w.Services, Clock: w.Clock,
		}),
	})
	if err == nil {
		w.Log.Info("decided", "tasks", result.Optimized.Graph.Len(), "targets", result.Targets, "full", result.Full)
	}
	return err
}

// decisionSubmitter creates the tasks of a decision.
type decisionSubmitter struct{ *work }

var _ decision.Submitter = decisionSubmitter{}

func (s decisionSubmitter) Submit(ctx context.Context, sub *decision.Submission) error {
	return s.submit(ctx, sub.Graph, definition.Group{DecisionTaskID: sub.DecisionTaskID, SchedulerID: decision.SchedulerID(sub.Project.Config, sub.Params)}, sub.DecisionTaskID)
}
