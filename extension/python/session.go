package python

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// errTimeout says that Python gave nothing back for too long.
var errTimeout = errors.New("timeout")

// session is a copy of the Python process that works for one kind of one generation, or for the phases after the kinds. It
// does one thing at a time: calls wait for each other.
type session struct {
	bridge  *bridge
	link    *link
	in      *bufio.Reader
	timeout time.Duration
	cfg     *taskgraph.Config // nil after the kinds

	mu      sync.Mutex
	failed  error // why the session cannot go on
	tasks   []*taskgraph.Task
	numbers map[*taskgraph.Task]int

	closing sync.Once
	release func()
}

// ofKind gives the session of a kind. It lasts until the kind was loaded. Nothing runs for kinds that do not count.
func (b *bridge) ofKind(cfg *taskgraph.Config) (*session, error) {
	if err := cfg.Settled(); err != nil {
		return nil, err
	}
	e := load(&b.kinds, cfg)
	e.once.Do(func() {
		select {
		case b.turns <- struct{}{}:
		case <-cfg.Context.Done():
			e.err = cfg.Context.Err()
			return
		}
		if e.session, e.err = b.begin(cfg.Params, cfg.Fast); e.err != nil {
			<-b.turns
			return
		}
		s := e.session
		s.cfg, s.release = cfg, func() { <-b.turns }
		context.AfterFunc(cfg.Context, func() {
			s.close()
			b.kinds.Delete(cfg)
		})
		_, e.err = s.call(call{op: "kind", args: []argument{text(cfg.Kind), text(cfg.Path), flag(cfg.WriteArtifacts)}})
	})
	return e.session, e.err
}

func load(m *sync.Map, cfg *taskgraph.Config) *entry {
	if e, ok := m.Load(cfg); ok {
		return e.(*entry)
	}
	e, _ := m.LoadOrStore(cfg, &entry{})
	return e.(*entry)
}

// ofParams gives the session for the phases after the kinds, for one set of parameters.
func (b *bridge) ofParams(p *parameters.Params) (*session, error) {
	b.mu.Lock()
	e := b.sessions[p]
	if e == nil {
		e = &entry{}
		b.sessions[p] = e
	}
	b.mu.Unlock()
	e.once.Do(func() { e.session, e.err = b.begin(p, b.project.Fast) })
	return e.session, e.err
}

// ofNothing gives a new session without parameters. The caller closes it.
func (b *bridge) ofNothing() (*session, error) { return b.begin(nil, b.project.Fast) }

// begin makes a session.
func (b *bridge) begin(p *parameters.Params, fast bool) (*session, error) {
	w, err := b.started()
	if err != nil {
		return nil, err
	}
	if _, err := b.imported(); err != nil {
		return nil, err
	}
	timeout, err := b.timeout()
	if err != nil {
		return nil, err
	}
	l, err := w.process.fork(b.ctx, timeout)
	if err != nil {
		return nil, b.stopped(err, "")
	}
	s := &session{bridge: b, link: l, in: bufio.NewReaderSize(l, 1<<16), timeout: timeout, numbers: map[*taskgraph.Task]int{}}
	params := argument(func(w *writer) { w.code(codeNone) })
	if p != nil {
		params = dict(p.Map())
	}
	_, err = s.call(call{op: "begin", args: []argument{params, flag(fast)}})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close lets the process of the session end. What runs in it fails.
func (s *session) close() {
	s.closing.Do(func() {
		s.link.Close()
		if s.release != nil {
			s.release()
		}
	})
}

// call is something that Python is to do.
type call struct {
	op   string
	args []argument
	// stubs gives the next batch of stubs, written as an answer; nil where there are none.
	stubs func() []byte
	// output takes a part of what the call makes. It must keep the payload.
	output func(payload []byte) error
}

// argument writes an argument of a call. The session is locked meanwhile.
type argument func(w *writer)

func text(s string) argument          { return func(w *writer) { w.str(s) } }
func whole(n int64) argument          { return func(w *writer) { w.int(n) } }
func flag(b bool) argument            { return func(w *writer) { w.bool(b) } }
func dict(m *value.Map) argument      { return func(w *writer) { w.dict(m) } }
func document(v value.Value) argument { return func(w *writer) { w.value(v) } }

// call has Python do something and gives the result.
func (s *session) call(c call) (value.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return value.Value{}, s.failed
	}
	ctx := s.bridge.ctx
	if s.cfg != nil {
		ctx = s.cfg.Context
	}
	stop := context.AfterFunc(ctx, func() { s.link.kill() })
	defer stop()
	w := newWriter()
	message := w.message(1+len(c.args), func() {
		w.element()
		w.str(c.op)
		for _, write := range c.args {
			w.element()
			write(w)
		}
	})
	v, err := s.converse(c, message)
	if _, raised := errors.AsType[*exception](err); err == nil || raised {
		return v, err
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	s.failed = err
	return v, err
}

// converse sends a call and answers what Python needs, until it is done.
func (s *session) converse(c call, message []byte) (value.Value, error) {
	none := value.Value{}
	if err := s.send(frameCall, message); err != nil {
		return none, err
	}
	// Stubs are sent while output is read: Python may write it before it reads them.
	var sending chan error
	sent := func() error {
		if sending == nil {
			return nil
		}
		err := <-sending
		sending = nil
		return err
	}
	for {
		s.link.setDeadline(time.Now().Add(s.timeout))
		letter, payload, err := readFrame(s.in)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.link.kill()
			return none, s.bridge.stopped(errTimeout, c.op)
		case err != nil:
			return none, s.bridge.stopped(s.link.gone(), c.op)
		}
		if letter != frameOutput {
			// Python sends these when it has what it asked for before.
			if err := sent(); err != nil {
				return none, err
			}
		}
		switch letter {
		case frameResult:
			return readMessage(payload)
		case frameError:
			v, err := readPlain(payload)
			if err != nil {
				return none, err
			}
			return none, readException(v.List())
		case frameOutput:
			if c.output == nil {
				return none, errBadMessage
			}
			if err := c.output(payload); err != nil {
				return none, err
			}
		case frameNeed:
			answer, stubs, err := s.answer(c, payload)
			if stubs {
				done := make(chan error, 1)
				go func() { done <- s.send(frameData, c.stubs()) }()
				sending = done
				continue
			}
			if err == nil {
				err = s.send(frameData, answer)
			}
			if err != nil {
				return none, err
			}
		default:
			return none, errBadMessage
		}
	}
}

func (s *session) send(letter byte, payload []byte) error {
	if len(payload) > maxFrame {
		return fmt.Errorf("a message of %d bytes is too large: at most %d are sent", len(payload), maxFrame)
	}
	head := appendHeader(make([]byte, 0, frameHeader), letter, len(payload))
	if err := s.link.send(head, payload); err != nil {
		return s.bridge.stopped(s.link.gone(), "")
	}
	return nil
}

// answer gives what Python needs, or says that it needs stubs.
func (s *session) answer(c call, payload []byte) (answer []byte, stubs bool, err error) {
	v, err := readMessage(payload)
	if err != nil || v.List().Len() == 0 {
		return nil, false, errors.Join(err, errBadMessage)
	}
	args := v.List()
	w := newWriter()
	switch args.At(0).Str() {
	case "stubs":
		if c.stubs == nil {
			return nil, false, errBadMessage
		}
		return nil, true, nil
	case "config":
		if s.cfg == nil {
			return nil, false, errBadMessage
		}
		return w.message(1, func() { w.element(); w.dict(s.cfg.Map) }), false, nil
	case "deps":
		if s.cfg == nil {
			return nil, false, errBadMessage
		}
		return w.message(s.cfgDeps(), func() { s.writeNumbers(w, s.cfg.Deps.All()) }), false, nil
	case "tasks", "definitions":
		if args.Len() != 2 {
			return nil, false, errBadMessage
		}
		numbers := args.At(1).List()
		write := writeTask
		if args.At(0).Str() == "definitions" {
			write = func(w *writer, t *taskgraph.Task) { w.value(t.Task.Value()) }
		}
		for n := range numbers.Values() {
			if i, ok := n.AsInt(); !ok || i < 0 || i >= int64(len(s.tasks)) {
				return nil, false, errBadMessage
			}
		}
		return w.message(numbers.Len(), func() {
			for n := range numbers.Values() {
				i, _ := n.AsInt()
				w.element()
				write(w, s.tasks[i])
			}
		}), false, nil
	}
	return nil, false, errBadMessage
}

func (s *session) cfgDeps() int { return len(s.cfg.Deps.All()) }

// writeNumbers writes the numbers of tasks as elements of a message.
func (s *session) writeNumbers(w *writer, tasks []*taskgraph.Task) {
	for _, t := range tasks {
		w.element()
		w.int(int64(s.number(t)))
	}
}

// listNumbers writes the numbers of tasks as a list. The caller holds the lock.
func (s *session) listNumbers(tasks []*taskgraph.Task) argument {
	return func(w *writer) {
		w.header(codeList, len(tasks))
		for _, t := range tasks {
			w.int(int64(s.number(t)))
		}
	}
}

// number gives the number by which both sides call a task. The caller holds the lock.
func (s *session) number(t *taskgraph.Task) int {
	n, ok := s.numbers[t]
	if !ok {
		n = len(s.tasks)
		s.numbers[t] = n
		s.tasks = append(s.tasks, t)
	}
	return n
}

// writeTask writes what a task has beside its definition.
func writeTask(w *writer, t *taskgraph.Task) {
	w.header(codeList, 9)
	at := len(w.path)
	w.path = append(w.path, step{})
	for i, v := range [...]value.Value{
		value.NewString(t.Kind), value.NewString(t.Label), value.NewString(t.Description), t.Attributes.Value(), t.Optimization,
		t.Dependencies.Value(), t.SoftDependencies.Value(), t.IfDependencies.Value(),
	} {
		w.path[at].index = i
		w.value(v)
	}
	if t.TaskID == "" {
		w.code(codeNone)
	} else {
		w.str(t.TaskID)
	}
	w.path = w.path[:at]
}

// task gives the task with a number.
func (s *session) task(v value.Value) (*taskgraph.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := v.AsInt()
	if !ok || n < 0 || n >= int64(len(s.tasks)) {
		return nil, diag.Errorf(diag.PythonError, 0, "want one of the tasks that were given, got %s", v.Describe())
	}
	return s.tasks[n], nil
}
