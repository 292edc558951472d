package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
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
func (a *App) diffGraphs(ctx context.Context, s *session, specs []string) error {
	repo := s.place.repo
	if repo == nil {
		return usage("--diff needs a checkout of git or Mercurial")
	}
	rev := s.opts.diffRev
	if rev == "" || rev == "default" {
		base, err := repo.BaseRev(ctx)
		if errors.Is(err, vcs.ErrNoUpstream) {
			return usage("there is no revision that this work is based on: nothing here is in a remote repository; name one with --diff=REV")
		} else if err != nil {
			return err
		}
		rev = base
	}
	tree, err := repo.ReadTree(ctx, rev)
	if err != nil {
		return diag.Errorf(diag.Unreadable, 0, "cannot read revision %q: %w", rev, err)
	}
	defer tree.Close()
	base, err := a.openTree(tree, s.place, s.opts, func() ([]string, error) { return repo.QuotedFiles(ctx, rev, ".") })
	if err != nil {
		return fmt.Errorf("at %s: %w", rev, err)
	}
	for _, spec := range specs {
		now, err := s.graph(ctx, s.project, spec)
		if err != nil {
			return err
		}
		before, err := s.graph(ctx, base, spec)
		if err != nil {
			return fmt.Errorf("at %s: %w", rev, err)
		}
		name := parameters.FormatSpec(spec)
		file := s.opts.output
		if len(specs) > 1 {
			file = forParameters(file, name)
			if !a.quiet && file == "" {
				fmt.Fprintf(a.Stderr, "Differences with parameters from %s:\n", name)
			}
		}
		if err := a.writeOutput(file, func(w io.Writer) error {
			return s.opts.printer().diff(w, s.opts.phase.String(), rev, before, now)
		}); err != nil {
			return err
		}
	}
	if !s.opts.json && !s.opts.yaml && !a.quiet {
		fmt.Fprintln(a.Stderr, "only labels are compared: add -J to see what differs inside of tasks")
	}
	return nil
}

func (s *session) graph(ctx context.Context, project *taskgraph.Project, spec string) (*taskgraph.TaskGraph, error) {
	g, err := s.generatorOf(ctx, project, spec)
	if err != nil {
		return nil, err
	}
	return g.Graph(ctx, s.opts.phase)
}

// diff prints the tasks that differ, by label.
func (p printer) diff(w io.Writer, phase, rev string, before, now *taskgraph.TaskGraph) error {
	old, err := p.texts(before)
	if err != nil {
		return err
	}
	cur, err := p.texts(now)
	if err != nil {
		return err
	}
	var labels []string
	for l := range old {
		labels = append(labels, l)
	}
	for l := range cur {
		if _, ok := old[l]; !ok {
			labels = append(labels, l)
		}
	}
	slices.Sort(labels)
	if len(rev) > 12 {
		rev = rev[:12]
	}
	for _, l := range labels {
		a, b := old[l], cur[l]
		if slices.Equal(a, b) {
			continue
		}
		if _, err := w.Write(diff.Diff(phase+"@"+rev+": "+l, a, phase+"@work tree: "+l, b)); err != nil {
			return err
		}
	}
	return nil
}

// texts gives what is compared of each task: its document, or its label alone.
func (p printer) texts(graph *taskgraph.TaskGraph) (map[string][]byte, error) {
	tasks, err := p.selected(graph)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(tasks))
	for _, t := range tasks {
		var text []byte
		switch p.format {
		case formatJSON:
			text, err = value.AppendJSON(nil, p.document(t).Value(), value.JSONStyle{Indent: 2, SortKeys: true}, 0)
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
