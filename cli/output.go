package cli

import (
	"bufio"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

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

// printer writes graphs.
type printer struct {
	format  format
	tasks   *pyre.Regexp // only tasks whose label matches this, at its start; nil: all
	exclude []string     // dot paths of what to leave out
	workers int
}

// selected gives the tasks to print, in the order of their keys.
func (p printer) selected(graph *taskgraph.TaskGraph) ([]*taskgraph.Task, error) {
	tasks := graph.Sorted()
	if p.tasks == nil {
		return tasks, nil
	}
	var failed error
	tasks = slices.DeleteFunc(tasks, func(t *taskgraph.Task) bool {
		ok, err := p.tasks.Match(t.Label)
		if err != nil && failed == nil {
			failed = badTasksRegex(err)
		}
		return !ok
	})
	return tasks, failed
}

// print writes a graph. What is written can be read as soon as it is encoded; an error of w ends the work.
func (p printer) print(w io.Writer, graph *taskgraph.TaskGraph) error {
	tasks, err := p.selected(graph)
	if err != nil {
		return err
	}
	switch p.format {
	case formatJSON:
		if len(tasks) == 0 {
			_, err := io.WriteString(w, "{}\n")
			return err
		}
		if _, err := io.WriteString(w, "{"); err != nil {
			return err
		}
		if err := p.stream(w, tasks, p.appendJSON); err != nil {
			return err
		}
		_, err := io.WriteString(w, "\n}\n")
		return err
	case formatYAML:
		if len(tasks) == 0 {
			_, err := io.WriteString(w, "{}\n")
			return err
		}
		return p.stream(w, tasks, p.appendYAML)
	}
	labels := make([]string, len(tasks))
	for i, t := range tasks {
		labels[i] = t.Label
	}
	slices.Sort(labels)
	b := bufio.NewWriter(w)
	for _, l := range labels {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.Flush()
}

func (p printer) appendJSON(dst []byte, t *taskgraph.Task, first bool) ([]byte, error) {
	if !first {
		dst = append(dst, ',')
	}
	dst = append(dst, "\n  "...)
	style := value.JSONStyle{Indent: 2, SortKeys: true}
	dst, err := value.AppendJSON(dst, value.NewString(t.Key()), style, 1)
	if err != nil {
		return dst, err
	}
	dst = append(dst, ": "...)
	return value.AppendJSON(dst, p.document(t).Value(), style, 1)
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

// stream encodes the tasks in pieces on several workers and writes the pieces in order.
func (p printer) stream(w io.Writer, tasks []*taskgraph.Task, encode func([]byte, *taskgraph.Task, bool) ([]byte, error)) error {
	const piece = 64
	pieces := (len(tasks) + piece - 1) / piece
	workers := p.workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = max(1, min(workers, pieces))
	type result struct {
		text []byte
		err  error
	}
	// Every worker has its pieces in turn and one buffer on the way to the writer.
	results := make([]chan result, workers)
	free := make([]chan []byte, workers)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range results {
		results[i], free[i] = make(chan result, 1), make(chan []byte, 2)
		free[i] <- nil
		free[i] <- nil
		wg.Go(func() {
			for n := i; n < pieces; n += workers {
				var r result
				select {
				case r.text = <-free[i]:
				case <-stop:
					return
				}
				r.text, r.err = encodeAll(r.text[:0], tasks[n*piece:min((n+1)*piece, len(tasks))], n == 0, encode)
				select {
				case results[i] <- r:
				case <-stop:
					return
				}
			}
		})
	}
	defer wg.Wait()
	defer close(stop)
	for n := range pieces {
		r := <-results[n%workers]
		if r.err != nil {
			return r.err
		}
		if _, err := w.Write(r.text); err != nil {
			return err
		}
		free[n%workers] <- r.text
	}
	return nil
}

// encodeAll appends tasks to dst, the first of all among them or not.
func encodeAll(dst []byte, tasks []*taskgraph.Task, first bool, encode func([]byte, *taskgraph.Task, bool) ([]byte, error)) (text []byte, err error) {
	text = dst
	defer taskgraph.CatchBug("output", func(bug error) { err = bug })
	for i, t := range tasks {
		if text, err = encode(text, t, first && i == 0); err != nil {
			return text, labelled(err, t)
		}
	}
	return text, nil
}
