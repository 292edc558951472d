package cli

import (
	"bufio"
	"io"
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

// selected gives the graph of what is to be printed.
func (p printer) selected(graph *taskgraph.TaskGraph) (*taskgraph.TaskGraph, error) {
	if p.tasks == nil {
		return graph, nil
	}
	var failed error
	graph = graph.Where(func(label string) bool {
		ok, err := p.tasks.Match(label)
		if err != nil && failed == nil {
			failed = badTasksRegex(err)
		}
		return ok
	})
	return graph, failed
}

// print writes a graph. What is written can be read as soon as it is encoded; an error of w ends the work.
func (p printer) print(w io.Writer, graph *taskgraph.TaskGraph) error {
	graph, err := p.selected(graph)
	if err != nil {
		return err
	}
	switch p.format {
	case formatJSON:
		if len(p.exclude) == 0 {
			err = graph.WriteJSON(w, p.workers)
		} else {
			err = taskgraph.WriteJSON(w, graph.Sorted(), p.workers, p.document)
		}
		if err != nil {
			return err
		}
		_, err := io.WriteString(w, "\n")
		return err
	case formatYAML:
		if graph.Len() == 0 {
			_, err := io.WriteString(w, "{}\n")
			return err
		}
		return taskgraph.Stream(w, graph.Sorted(), p.workers, func() taskgraph.Encode { return p.appendYAML })
	}
	b := bufio.NewWriter(w)
	for _, label := range graph.Labels() {
		b.WriteString(label)
		b.WriteByte('\n')
	}
	return b.Flush()
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
