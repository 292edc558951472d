package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// diffGraphs prints what differs between the graph of the work tree and that of another revision, with the same
// parameters. The other tree is read from the object store; the checkout stays as it is, changed files and all.
func (a *App) diffGraphs(ctx context.Context, s *session, specs []string, p printer) error {
	base, err := a.openBase(ctx, s)
	if err != nil {
		return err
	}
	defer base.tree.Close()
	defer base.project.Close()
	errs := make([]error, len(specs))
	for i, spec := range specs {
		if len(specs) > 1 && s.opts.output == "" {
			a.note("Differences with parameters from %s:", parameters.FormatSpec(spec))
		}
		errs[i] = a.diffGraph(ctx, s, base, spec, fileFor(s.opts.output, spec, len(specs) > 1), p)
	}
	if p.format == formatLabels {
		a.note("only labels are compared: add -J to see what differs inside of tasks")
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return a.exitAll(specs, errs)
}

// revision is the tree of a revision, opened as a project.
type revision struct {
	name    string
	tree    *vcs.Tree
	project *taskgraph.Project
}

// openBase opens the revision to compare with: the one that was asked for, or that which the work is based on.
func (a *App) openBase(ctx context.Context, s *session) (*revision, error) {
	repo := s.place.repo
	if repo == nil {
		return nil, usage("--diff needs a checkout of git or Mercurial")
	}
	rev := s.opts.diffRev
	if rev == defaultRev {
		base, err := repo.BaseRev(ctx)
		if errors.Is(err, vcs.ErrNoUpstream) {
			return nil, usage("there is no revision that this work is based on: nothing here is in a remote repository; name one with --diff=REV")
		} else if err != nil {
			return nil, diag.Errorf(diag.Unreadable, 0, "%w", err)
		}
		rev = base[:min(len(base), 12)]
	}
	tree, err := repo.ReadTree(ctx, rev)
	if err != nil {
		return nil, diag.Errorf(diag.Unreadable, 0, "cannot read revision %q: %w", rev, err)
	}
	base := &revision{name: rev, tree: tree}
	copied := func(ctx context.Context, dir string) error { return repo.Copy(ctx, rev, dir) }
	base.project, err = a.openTree(ctx, tree, "", copied, s.place, s.opts, func() ([]string, error) { return repo.QuotedFiles(ctx, rev, ".") })
	if err != nil {
		tree.Close()
		return nil, a.notAt(base, err)
	}
	return base, nil
}

// notAt reports an error about the tree of a revision, whose files have the names of those in the work tree.
func (a *App) notAt(base *revision, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	code := a.exit(err)
	fmt.Fprintf(a.Stderr, "taskgraph: that is at %s, which therefore has no graph to compare with\n", base.name)
	return reported{code}
}

// diffGraph prints what differs with one set of parameters.
func (a *App) diffGraph(ctx context.Context, s *session, base *revision, spec, file string, p printer) error {
	now, err := s.graph(ctx, s.project, spec, a.memory.made)
	if err != nil {
		return err
	}
	before, err := s.graph(ctx, base.project, spec, a.memory.made)
	if err != nil {
		return a.notAt(base, err)
	}
	return a.writeOutput(file, func(w io.Writer) error {
		differ, err := p.diff(w, s.opts.phase.String(), base.name, before, now)
		if err == nil && !differ {
			a.note("no differences to %s", base.name)
		}
		return err
	})
}

// diff prints the tasks that differ, by label, and says whether there are any.
func (p printer) diff(w io.Writer, phase, rev string, before, now *taskgraph.TaskGraph) (differ bool, err error) {
	old, err := p.texts(before)
	if err != nil {
		return false, err
	}
	cur, err := p.texts(now)
	if err != nil {
		return false, err
	}
	labels := slices.Collect(maps.Keys(old))
	labels = slices.AppendSeq(labels, maps.Keys(cur))
	slices.Sort(labels)
	for _, l := range slices.Compact(labels) {
		a, b := old[l], cur[l]
		if bytes.Equal(a, b) {
			continue
		}
		differ = true
		if _, err := w.Write(diff.Diff(phase+"@"+rev+": "+l, a, phase+"@work tree: "+l, b)); err != nil {
			return differ, err
		}
	}
	return differ, nil
}

// texts gives what is compared of each task: its document, or its label alone.
func (p printer) texts(graph *taskgraph.TaskGraph) (map[string][]byte, error) {
	graph, err := p.selected(graph)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, graph.Len())
	for _, t := range graph.Sorted() {
		var text []byte
		switch p.format {
		case formatJSON:
			text, err = prettyJSON(p.document(t).Value())
		case formatYAML:
			text, err = value.AppendYAML(nil, p.document(t).Value(), true)
		default:
			text = []byte(t.Label)
		}
		if err != nil {
			return nil, labelled(err, t)
		}
		if len(text) == 0 || text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		out[t.Label] = text
	}
	return out, nil
}
