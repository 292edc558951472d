package actions

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/slugid"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// requestsAtOnce is how many requests an action has under way at a time.
const requestsAtOnce = 20

// pushGraph gives the graph of the push that parameters are of: what its decision task decided, and what actions and cron tasks
// of the push added since, in the order in which they were created, so that the newest task of a label counts. group is where to
// look when the index does not know the decision task, as for pull requests; "" looks nowhere else.
func (r *runner) pushGraph(ctx context.Context, params *parameters.Params, group string) (*taskgraph.PushGraph, error) {
	id, err := r.Services.FindTask(ctx, decisionPath(r.Project.Config.TrustDomain(), params.RepositoryType(), params.Project(), params.At("pushlog_id").Str(), params.HeadRev()))
	if taskcluster.IsNotFound(err) && group != "" {
		id, err = group, nil
	}
	if err != nil {
		return nil, err
	}
	full, err := fullGraph(ctx, r.Services, &r.reader, id)
	if err != nil {
		return nil, err
	}
	labels, err := r.labelsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	push := &taskgraph.PushGraph{DecisionTaskID: id, Full: full, LabelToTaskID: labels, TaskIDs: make(map[string][]string, len(labels))}
	for label, id := range labels {
		push.TaskIDs[label] = []string{id}
	}
	later, err := r.laterTasks(ctx, params, id)
	if err != nil {
		return nil, err
	}
	for _, t := range later {
		for label, id := range t.labels {
			push.LabelToTaskID[label] = id
			if !slices.Contains(push.TaskIDs[label], id) {
				push.TaskIDs[label] = append(push.TaskIDs[label], id)
			}
		}
	}
	return push, nil
}

// decisionPath gives the index path of the decision task of a push.
func decisionPath(trustDomain, repositoryType, project, pushlogID, revision string) string {
	if repositoryType == "git" {
		return taskcluster.DecisionPath(trustDomain, project, revision)
	}
	return fmt.Sprintf("%s.v2.%s.pushlog-id.%s.decision", trustDomain, project, pushlogID)
}

// laterTask is an action or a cron task that created tasks.
type laterTask struct {
	id, created string
	labels      map[string]string
}

// laterTasks gives the actions and cron tasks of a push, the oldest first. They are found under its number and under its
// revision, since not every repository numbers pushes.
func (r *runner) laterTasks(ctx context.Context, params *parameters.Params, decision string) ([]laterTask, error) {
	push := fmt.Sprintf("%s.v2.%s.", r.Project.Config.TrustDomain(), params.Project())
	seen := map[string]bool{decision: true}
	var all []laterTask
	for _, namespace := range []string{
		push + "pushlog-id." + params.At("pushlog_id").Str() + ".actions",
		push + "revision." + params.HeadRev() + ".actions",
		push + "revision." + params.HeadRev() + ".cron",
	} {
		ids, err := r.Services.ListTasks(ctx, namespace)
		if err != nil && !taskcluster.IsNotFound(err) {
			return nil, err
		}
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				all = append(all, laterTask{id: id})
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requestsAtOnce)
	for i := range all {
		t := &all[i]
		group.Go(func() (err error) {
			t.labels, err = r.labelsOf(ctx, t.id)
			if taskcluster.IsNotFound(err) { // it created no tasks
				return nil
			}
			if err != nil {
				return err
			}
			task, err := queue{r}.Definition(ctx, t.id)
			if taskcluster.IsNotFound(err) { // the queue forgets tasks before their artifacts: it comes first
				return nil
			}
			t.created = task.Str("created")
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b laterTask) int { return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.id, b.id)) })
	return all, nil
}

// labelsOf gives the label-to-taskid.json of a task.
func (r *runner) labelsOf(ctx context.Context, taskID string) (map[string]string, error) {
	return GroupLabels(ctx, r.Services, &r.reader, taskID)
}

// GroupLabels gives the tasks that a decision task created, or an action, by their labels.
func GroupLabels(ctx context.Context, s ArtifactReader, r *value.Reader, taskID string) (map[string]string, error) {
	const name = "public/label-to-taskid.json"
	text, err := s.Artifact(ctx, taskID, name)
	if err != nil {
		return nil, err
	}
	file := taskID + "/" + name
	doc, err := r.JSON(file, text)
	if err != nil {
		return nil, err
	}
	if doc.Map() == nil {
		return nil, diag.Errorf(diag.WrongType, doc.Pos(), "want a map of labels, got %s", doc.Describe()).InFile(file)
	}
	labels := make(map[string]string, doc.Map().Len())
	for label, id := range doc.Map().All() {
		if !slugid.Valid(id.Str()) {
			return nil, diag.Errorf(diag.WrongType, id.Pos(), "want the id of a task, got %s", id.Describe()).WithPath(label).InFile(file)
		}
		labels[label] = id.Str()
	}
	return labels, nil
}

// fullGraph gives the full task graph that a decision task left.
func fullGraph(ctx context.Context, s ArtifactReader, r *value.Reader, taskID string) (*taskgraph.TaskGraph, error) {
	const name = "public/full-task-graph.json"
	text, err := s.Artifact(ctx, taskID, name)
	if err != nil {
		return nil, err
	}
	return taskgraph.ParseTaskGraph(r, taskID+"/"+name, text)
}

// onePush fetches the graph of the action's push once.
func (r *runner) onePush() func(context.Context) (*taskgraph.PushGraph, error) {
	var mu sync.Mutex
	var push *taskgraph.PushGraph
	return func(ctx context.Context) (_ *taskgraph.PushGraph, err error) {
		mu.Lock()
		defer mu.Unlock()
		if push == nil {
			push, err = r.pushGraph(ctx, r.Params, r.req.TaskGroupID)
		}
		return push, err
	}
}

// sortedKeys gives the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// artifactReader reads documents that tasks left.
func artifactReader(args *taskgraph.ActionArgs) *value.Reader {
	return &value.Reader{Sources: args.Project.Sources}
}

// parametersAt gives the parameters of another decision task.
func parametersAt(args *taskgraph.ActionArgs, decisionTaskID string) (*parameters.Params, error) {
	const name = "public/parameters.yml"
	text, err := args.Queue.Artifact(args.Context, decisionTaskID, name)
	if err != nil {
		return nil, err
	}
	doc, err := artifactReader(args).YAML(decisionTaskID+"/"+name, text)
	if err != nil {
		return nil, err
	}
	if doc.Map() == nil {
		return nil, diag.Errorf(diag.WrongType, doc.Pos(), "want a map of parameters, got %s", doc.Describe())
	}
	return parameters.New(decisionTaskID+"/"+name, doc.Map().Copy()), nil
}
