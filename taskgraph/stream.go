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
	return writeObject(w, tasks, workers, func() Encode {
		text := value.NewJSONText(jsonStyle)
		document := document
		if document == nil {
			document = newDocuments().of
		}
		return func(dst []byte, t *Task, first bool) ([]byte, error) {
			if len(dst) == 0 {
				text.Begin()
			}
			return appendJSON(appendComma(dst, first), text, t, document)
		}
	})
}

// WriteJSON writes all tasks as [WriteJSON] does, in the order of their keys.
func (tg *TaskGraph) WriteJSON(w io.Writer, workers int) error {
	if tg.open != nil {
		return tg.open.writeJSON(w, workers, tg.sorted())
	}
	if tg.whole != nil {
		return writePatterns(w, picked(tg.tasks, tg.sorted()), workers)
	}
	return WriteJSON(w, tg.Sorted(), workers, nil)
}

// jsonStyle is that of graphs.
var jsonStyle = value.JSONStyle{Indent: 2, SortKeys: true}

// appendComma appends what stands before every task but the first.
func appendComma(dst []byte, first bool) []byte {
	if first {
		return dst
	}
	return append(dst, ',')
}

// appendJSON appends a task with its key.
func appendJSON(dst []byte, text *value.JSONText, t *Task, document func(*Task) *value.Map) ([]byte, error) {
	dst, err := appendKey(dst, text, t)
	if err != nil {
		return dst, err
	}
	return text.Append(dst, document(t).Value(), 1)
}

// appendKey appends what stands before a task.
func appendKey(dst []byte, text *value.JSONText, t *Task) ([]byte, error) {
	dst = append(dst, "\n  "...)
	dst, err := text.Append(dst, value.NewString(t.Key()), 1)
	return append(dst, ": "...), err
}

// writeObject writes items as an object.
func writeObject[T tasked](w io.Writer, items []T, workers int, begin func() encode[T]) error {
	if len(items) == 0 {
		_, err := io.WriteString(w, "{}")
		return err
	}
	if _, err := io.WriteString(w, "{"); err != nil {
		return err
	}
	if err := stream(w, items, workers, begin); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n}")
	return err
}

// usualLength is what most tasks take at most, in bytes.
const usualLength = 8 << 10

// Encode appends a task to dst, a text of several tasks that is empty where another one begins. first says that the task is the first
// of all.
type Encode = func(dst []byte, t *Task, first bool) ([]byte, error)

// encode is [Encode] for what has to do with a task.
type encode[T tasked] = func(dst []byte, item T, first bool) ([]byte, error)

// tasked is what has to do with a task.
type tasked interface{ task() *Task }

func (t *Task) task() *Task { return t }

// Stream encodes tasks in pieces on several workers, one for each processor where workers is 0, and writes the pieces in
// order. encode gives what a worker does. What is written can be read as soon as it is encoded; an error of w ends the work.
func Stream(w io.Writer, tasks []*Task, workers int, encode func() Encode) error {
	return stream(w, tasks, workers, encode)
}

// stream is [Stream] for what has to do with tasks.
func stream[T tasked](w io.Writer, tasks []T, workers int, begin func() encode[T]) error {
	const piece = 64
	pieces := (len(tasks) + piece - 1) / piece
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = max(1, min(workers, pieces))
	s := &sequence{w: w, pieces: pieces, done: make([]*result, 2*workers)}
	s.moved.L = &s.mu
	for range s.done {
		s.free = append(s.free, &result{text: make([]byte, 0, usualLength*min(piece, len(tasks)))})
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			encode := begin()
			for n, r := s.begin(); r != nil; n, r = s.begin() {
				r.text, r.err = encodeAll(r.text[:0], tasks[n*piece:min((n+1)*piece, len(tasks))], n == 0, encode)
				s.end(n, r)
			}
		})
	}
	wg.Wait()
	return s.err
}

// sequence writes pieces in order that are made in any order.
type sequence struct {
	w      io.Writer
	pieces int

	mu      sync.Mutex
	moved   sync.Cond // a piece was written
	begun   int       // pieces
	written int       // pieces
	writing bool      // somebody does
	err     error     // nothing more is wanted
	free    []*result
	done    []*result // but not written, by number modulo the length
}

// result is an encoded piece, or why there is none.
type result struct {
	text []byte
	err  error
}

// begin gives the number of the next piece and a place for it, nil where no more is wanted. It waits while too many are not written.
func (s *sequence) begin() (int, *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.free) == 0 && s.err == nil {
		s.moved.Wait()
	}
	if s.err != nil || s.begun == s.pieces {
		return 0, nil
	}
	n, last := s.begun, len(s.free)-1
	r := s.free[last]
	s.begun, s.free = n+1, s.free[:last]
	return n, r
}

// end takes a piece. Whoever brings the next one writes it, and those that follow.
func (s *sequence) end(n int, r *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[n%len(s.done)] = r
	if s.writing {
		return
	}
	s.writing = true
	for s.err == nil {
		place := &s.done[s.written%len(s.done)]
		r := *place
		if r == nil {
			break
		}
		*place = nil
		s.mu.Unlock()
		err := r.err
		if err == nil {
			_, err = s.w.Write(r.text)
		}
		s.mu.Lock()
		s.err = err
		s.free = append(s.free, r)
		s.written++
		s.moved.Broadcast()
	}
	s.writing = false
}

// encodeAll appends tasks to dst, the first of all among them or not.
func encodeAll[T tasked](dst []byte, tasks []T, first bool, encode encode[T]) (text []byte, err error) {
	text = dst
	defer CatchBug("output", func(bug error) { err = bug })
	for i, t := range tasks {
		if text, err = encode(text, t, first && i == 0); err != nil {
			for _, d := range diag.Flatten(err) {
				aboutTask(t.task(), d)
			}
			return text, err
		}
	}
	return text, nil
}
