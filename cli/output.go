package cli

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/internal/pyre"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// format is how a graph is printed.
type format int

const (
	formatLabels format = iota
	formatJSON
	formatYAML
)

// prettyJSON gives a document as people read it: indented, with sorted keys and a line end.
func prettyJSON(v value.Value) ([]byte, error) {
	text, err := value.AppendJSON(nil, v, value.JSONStyle{Indent: 2, SortKeys: true}, 0)
	return append(text, '\n'), err
}

// printer writes graphs.
type printer struct {
	format  format
	tasks   *pyre.Regexp // only tasks whose label matches this, at its start; nil: all
	exclude []string     // dot paths of what to leave out
	workers int
}

// keeps gives what says whether to print the task with a label.
func (p printer) keeps(graph *taskgraph.TaskGraph) (func(label string) bool, error) {
	if p.tasks == nil {
		return func(string) bool { return true }, nil
	}
	kept := map[string]bool{}
	for _, label := range graph.Labels() {
		ok, err := p.tasks.Match(label)
		if err != nil {
			return nil, badTasksRegex(err)
		}
		kept[label] = ok
	}
	return func(label string) bool { return kept[label] }, nil
}

// print writes a graph. What is written can be read as soon as it is encoded; an error of w ends the work.
func (p printer) print(w io.Writer, graph *taskgraph.TaskGraph) error {
	keep, err := p.keeps(graph)
	if err != nil {
		return err
	}
	switch p.format {
	case formatJSON:
		return p.printJSON(w, graph, keep)
	case formatYAML:
		tasks := selected(graph, keep)
		if len(tasks) == 0 {
			_, err := io.WriteString(w, "{}\n")
			return err
		}
		return taskgraph.Stream(w, tasks, p.workers, func() taskgraph.Encode { return p.appendYAML })
	}
	b := bufio.NewWriter(w)
	for _, label := range graph.Labels() {
		if keep(label) {
			b.WriteString(label)
			b.WriteByte('\n')
		}
	}
	return b.Flush()
}

func (p printer) printJSON(w io.Writer, graph *taskgraph.TaskGraph, keep func(label string) bool) error {
	var err error
	if len(p.exclude) == 0 {
		err = graph.WriteJSON(w, p.workers, keep)
	} else {
		err = taskgraph.WriteJSON(w, selected(graph, keep), p.workers, p.document)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

// selected gives the tasks to print, in the order of their keys.
func selected(graph *taskgraph.TaskGraph, keep func(label string) bool) []*taskgraph.Task {
	return slices.DeleteFunc(graph.Sorted(), func(t *taskgraph.Task) bool { return !keep(t.Label) })
}

func (p printer) appendYAML(dst []byte, t *taskgraph.Task, _ bool) ([]byte, error) {
	m := value.NewMap(1)
	m.Set(t.Key(), p.document(t).Value())
	return value.AppendYAML(dst, m.Value(), true)
}

// document gives a task's document without what is to be left out.
func (p printer) document(t *taskgraph.Task) *value.Map {
	doc := t.Document()
	for _, path := range p.exclude {
		m, rest := doc, path
		for {
			key, more, deeper := strings.Cut(rest, ".")
			if !deeper {
				m.Delete(key)
				break
			}
			if m.At(key).Map() == nil {
				break
			}
			m, rest = m.EditMap(key), more
		}
	}
	return doc
}
