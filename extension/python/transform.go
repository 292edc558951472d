package python

import (
	"encoding/binary"
	"errors"
	"iter"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// sequence gives the step that runs a Python transform.
func (b *bridge) sequence(name string) taskgraph.Sequence {
	return taskgraph.Sequence{b.step([]string{name})}
}

// step gives the step that runs Python transforms one after the other, in one trip.
func (b *bridge) step(names []string) taskgraph.Step {
	t := &chain{bridge: b, names: names}
	return taskgraph.Step{Name: strings.Join(names, ", "), All: t.run, Expands: true, Join: func(next taskgraph.Step) (taskgraph.Step, bool) {
		more, ok := b.steps.Load(next.Name)
		if !ok || next.All == nil {
			return taskgraph.Step{}, false
		}
		return b.step(append(names[:len(names):len(names)], more.([]string)...)), true
	}}
}

// chain is Python transforms that follow each other.
type chain struct {
	bridge *bridge
	names  []string
}

// batchBytes is how large a batch of stubs is at least, unless there are no more.
const batchBytes = 1 << 15

// run sends the stubs through the transforms.
func (t *chain) run(cfg *taskgraph.Config, in iter.Seq2[*value.Map, error]) iter.Seq2[*value.Map, error] {
	return func(yield func(*value.Map, error) bool) {
		s, err := t.bridge.ofKind(cfg)
		if err != nil {
			yield(nil, err)
			return
		}
		var stubs []*value.Map
		for stub, err := range in {
			if err != nil {
				if !yield(stub, err) {
					return
				}
				continue
			}
			stubs = append(stubs, stub)
		}
		sent := 0
		batch := func(w *writer) {
			// The list's length is not known yet.
			at := len(w.buf) + 1
			w.header(codeList, 0)
			inner := len(w.path)
			w.path = append(w.path, step{})
			n, from := 0, len(w.buf)
			for sent < len(stubs) && len(w.buf)-from < batchBytes {
				w.path[inner].index = n
				w.dict(stubs[sent])
				sent++
				n++
			}
			w.path = w.path[:inner]
			binary.LittleEndian.PutUint32(w.buf[at:], uint32(n))
		}
		more := func(w *writer) { w.bool(sent < len(stubs)) }
		ahead := make(chan []byte, 1)
		prepare := func() {
			w := newWriterOf(batchBytes + batchBytes/8)
			ahead <- w.message(2, func() {
				w.element()
				batch(w)
				w.element()
				more(w)
			})
		}
		results := make(chan []byte, 16)
		done := make(chan error, 1)
		go func() {
			_, err := s.call(call{op: "transform",
				args: []argument{document(value.NewStrings(t.names...).Value()), batch, func(w *writer) {
					more(w)
					if sent < len(stubs) {
						go prepare()
					}
				}},
				stubs: func() []byte {
					text := <-ahead
					if sent < len(stubs) {
						go prepare()
					}
					return text
				},
				output: func(payload []byte) error {
					results <- payload
					return nil
				},
			})
			close(results)
			done <- err
		}()
		stopped := false
		names := namedStubs{stubs: stubs}
		for payload := range results {
			if stopped {
				continue
			}
			made, taken, err := readOutput(payload)
			if err != nil {
				stopped = !yield(nil, t.bridge.badOutput(err, cfg, t.names))
				continue
			}
			for i, text := range made {
				stub, err := names.read(text, taken[i])
				if err != nil || stub.Map() == nil {
					if err == nil {
						err = errors.New("a transform gave " + stub.Describe() + ", which is no task")
					}
					stopped = !yield(nil, t.bridge.badOutput(err, cfg, t.names))
					break
				}
				if !yield(stub.Map(), nil) {
					stopped = true
					break
				}
			}
		}
		if err := <-done; err != nil && !stopped {
			yield(nil, t.bridge.inKind(err, cfg, names.about(err)))
		}
	}
}

// badOutput says that a step made something that no task can hold.
func (b *bridge) badOutput(err error, cfg *taskgraph.Config, names []string) error {
	d := diag.Errorf(diag.NotRepresentable, 0, "%w", err)
	d.Kind, d.Stage = cfg.Kind, strings.Join(names, ", ")
	return d.InFile(cfg.Path + "/kind.yml")
}

// readOutput gives the stubs of a part of the output, unread, and how many stubs had been taken when each was made.
func readOutput(payload []byte) (made [][]byte, taken []int, err error) {
	v, err := readPlain(payload)
	if err != nil {
		return nil, nil, err
	}
	items, counts := v.List(), (*value.List)(nil)
	if items.Len() == 2 {
		items, counts = v.List().At(0).List(), v.List().At(1).List()
	}
	if counts == nil || items.Len() != counts.Len() {
		return nil, nil, errBadMessage
	}
	for i, item := range items.All() {
		n, ok := counts.At(i).AsInt()
		if !ok || item.Kind() != value.Bytes {
			return nil, nil, errBadMessage
		}
		made, taken = append(made, item.AsBytes()), append(taken, int(n))
	}
	return made, taken, nil
}

// namedStubs are the stubs that went into a step, to find the one that a result was made of.
type namedStubs struct {
	stubs []*value.Map
	names map[string]*value.Map
	made  int // results so far
}

// read gives a result, with what is as before taken from the stub that it was made of, as far as that can be told: one of the same
// name, or the last one that was taken.
func (n *namedStubs) read(text []byte, taken int) (value.Value, error) {
	// A transform that takes all stubs before it makes anything gives as a rule one for each, in order.
	at := taken - 1
	if taken == len(n.stubs) && n.made < taken {
		at = n.made
	}
	n.made++
	var from *value.Map
	if at >= 0 && at < len(n.stubs) {
		from = n.stubs[at]
	}
	var before value.Value
	if from != nil {
		before = from.Value()
	}
	v, err := readLike(text, before)
	made := v.Map()
	if err != nil || made == nil {
		return v, err
	}
	if name := nameOf(made); name != "" && (from == nil || nameOf(from) != name) {
		if same := n.find(name); same != nil {
			made, _ = graftMap(same, made)
			from = same
		}
	}
	if made == from {
		made = made.Copy() // others may be made of it, too
	}
	return made.Value(), nil
}

func (n *namedStubs) find(name string) *value.Map {
	if n.names == nil {
		n.names = make(map[string]*value.Map, len(n.stubs))
		for _, stub := range n.stubs {
			if name := nameOf(stub); name != "" {
				n.names[name] = stub
			}
		}
	}
	return n.names[name]
}

// about gives the stub that an exception is about, nil where that is not known.
func (n *namedStubs) about(err error) *value.Map {
	if x, ok := errors.AsType[*exception](err); ok && x.label != "" {
		return n.find(x.label)
	}
	return nil
}

func nameOf(stub *value.Map) string {
	if name := stub.Str("name"); name != "" {
		return name
	}
	return stub.Str("label")
}
