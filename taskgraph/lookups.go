package taskgraph

import (
	"context"

	"github.com/taskgraph-go/decision/taskcluster"
)

// IndexAnswers are what the index and the queue said about all paths that the strategies of one optimization look up.
// They are immutable. A nil *IndexAnswers knows nothing.
type IndexAnswers struct {
	tasks    map[string]string
	statuses map[string]taskcluster.Status
}

// NewIndexAnswers gives answers: index path to task id, and task id to status.
func NewIndexAnswers(tasks map[string]string, statuses map[string]taskcluster.Status) *IndexAnswers {
	return &IndexAnswers{tasks: tasks, statuses: statuses}
}

// Task gives the task that is indexed under a path. It is "" where there is none; known says whether the queue knows
// the task's status.
func (a *IndexAnswers) Task(path string) (taskID string, status taskcluster.Status, known bool) {
	if a == nil {
		return "", status, false
	}
	taskID = a.tasks[path]
	status, known = a.statuses[taskID]
	return taskID, status, known
}

// lookUps are the questions to the index and the queue for one optimization, which are asked while other work goes on.
type lookUps struct {
	target *targetGraph
	cancel context.CancelFunc
	done   chan struct{}

	answers *IndexAnswers
	err     error
}

// wait gives the answers once they are there.
func (l *lookUps) wait() (*IndexAnswers, error) {
	<-l.done
	return l.answers, l.err
}

// end gives up on answers that did not come yet.
func (l *lookUps) end() {
	l.cancel()
	<-l.done
}

// LookUpAhead begins to ask the index what optimization will want to know, as soon as the target task graph is there, and
// does not wait for the answers. That is for whoever has other work to do before asking for the optimized task graph, such as
// writing the target task graph down. A failure shows when that is asked for. The answers stop coming with the context.
func (g *Generator) LookUpAhead(ctx context.Context) error {
	target, err := g.targetGraph(ctx)
	if err != nil {
		return err
	}
	o := g.newOptimizer(target)
	if err := o.plan(ctx); err != nil || o.errs.Failed() {
		return nil // the optimization says so
	}
	ahead := o.startLookUps(ctx)
	if !g.ahead.CompareAndSwap(nil, ahead) {
		ahead.end()
	}
	return nil
}

// lookUpsFor gives the look-ups for a target graph, which may have been begun already.
func (o *optimizer) lookUpsFor(ctx context.Context, target *targetGraph) *lookUps {
	if ahead := o.g.ahead.Load(); ahead != nil && ahead.target == target {
		return ahead
	}
	return o.startLookUps(ctx)
}

// startLookUps begins to ask the index for all paths of all tasks that may be optimized, and the queue for what was found.
// That does not depend on which of them are removed.
func (o *optimizer) startLookUps(ctx context.Context) *lookUps {
	l := &lookUps{target: o.target, done: make(chan struct{})}
	ctx, l.cancel = context.WithCancel(ctx)
	paths := o.indexPaths()
	if len(paths) == 0 {
		close(l.done)
		return l
	}
	go func() {
		defer close(l.done)
		defer CatchBug("look-ups", func(bug error) { l.err = bug })
		l.answers, l.err = lookUp(ctx, o.g.opts.Index, paths)
		if l.err == nil {
			o.g.project.Log.Info("looked up in the index", "paths", len(paths), "found", len(l.answers.tasks))
		}
	}()
	return l
}

// indexPaths gives the index paths that strategies look at, each once.
func (o *optimizer) indexPaths() []string {
	seen := map[string]bool{}
	var paths []string
	for _, s := range o.plans {
		if s.runStrategy == nil || s.paths == nil {
			continue
		}
		for _, path := range s.paths(s.arg) {
			if !seen[path] {
				seen[path] = true
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// lookUp asks the index for tasks, and the queue for what was found.
func lookUp(ctx context.Context, index taskcluster.Index, paths []string) (*IndexAnswers, error) {
	answers := &IndexAnswers{}
	var err error
	if answers.tasks, err = index.FindTasks(ctx, paths); err != nil {
		return nil, err
	}
	var ids []string
	listed := map[string]bool{}
	for _, path := range paths {
		if id := answers.tasks[path]; id != "" && !listed[id] {
			listed[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		if answers.statuses, err = index.Statuses(ctx, ids); err != nil {
			return nil, err
		}
	}
	return answers, nil
}
