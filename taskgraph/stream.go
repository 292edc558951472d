package taskgraph

import (
	"io"
	"runtime"
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// WriteJSON writes tasks as the artifacts of a decision task hold a graph: an object with the tasks by their keys, in the
// order in which they are given, indented, without a line end. document gives what is written of a task; nil is
// [Task.Document].
func WriteJSON(w io.Writer, tasks []*Task, workers int, document func(*Task) *value.Map) error {
	if len(tasks) == 0 {
		_, err := io.WriteString(w, "{}")
		return err
	}
	if _, err := io.WriteString(w, "{"); err != nil {
		return err
	}
	err := Stream(w, tasks, workers, func() Encode {
		text := value.NewJSONText(value.JSONStyle{Indent: 2, SortKeys: true})
		document := document
		if document == nil {
			document = newDocuments().of
		}
		return func(dst []byte, t *Task, first bool) ([]byte, error) {
			if len(dst) == 0 {
				text.Begin()
			}
			if !first {
				dst = append(dst, ',')
			}
			dst = append(dst, "\n  "...)
			dst, err := text.Append(dst, value.NewString(t.Key()), 1)
			if err != nil {
				return dst, err
			}
			dst = append(dst, ": "...)
			return text.Append(dst, document(t).Value(), 1)
		}
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n}")
	return err
}

// usualLength is what most tasks take at most, in bytes.
const usualLength = 8 << 10

// Encode appends a task to dst, a text of several tasks that is empty where another one begins. first says that the task is the first
// of all.
type Encode func(dst []byte, t *Task, first bool) ([]byte, error)

// Stream encodes tasks in pieces on several workers, one for each processor where workers is 0, and writes the pieces in
// order. encode gives what a worker does. What is written can be read as soon as it is encoded; an error of w ends the work.
func Stream(w io.Writer, tasks []*Task, workers int, encode func() Encode) error {
	const piece = 64
	pieces := (len(tasks) + piece - 1) / piece
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
		for range cap(free[i]) {
			free[i] <- make([]byte, 0, usualLength*min(piece, len(tasks)))
		}
		wg.Go(func() {
			encode := encode()
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
func encodeAll(dst []byte, tasks []*Task, first bool, encode Encode) (text []byte, err error) {
	text = dst
	defer CatchBug("output", func(bug error) { err = bug })
	for i, t := range tasks {
		if text, err = encode(text, t, first && i == 0); err != nil {
			for _, d := range diag.Flatten(err) {
				aboutTask(t, d)
			}
			return text, err
		}
	}
	return text, nil
}
