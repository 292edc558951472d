package python

import (
	"errors"
	"iter"
	"slices"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// loader gives the loader that runs one in Python.
func (b *bridge) loader(name string) taskgraph.Loader {
	return func(cfg *taskgraph.LoadConfig) iter.Seq2[*value.Map, error] {
		return func(yield func(*value.Map, error) bool) {
			s, err := b.ofKind(cfg.Config)
			if err != nil {
				yield(nil, err)
				return
			}
			results, done := make(chan []byte, 16), make(chan error, 1)
			go func() {
				_, err := s.call(call{op: "load",
					args:   []argument{text(name)},
					output: func(payload []byte) error { results <- payload; return nil },
				})
				close(results)
				done <- err
			}()
			stopped := false
			for payload := range results {
				if stopped {
					continue
				}
				made, taken, err := readOutput(payload)
				for i, text := range made {
					var v value.Value
					if v, err = readMessage(text); err != nil {
						break
					}
					if taken[i] < 0 { // not a stub, but the transforms that the loader wants
						cfg.Transforms = named(cfg.Transforms, v.List().At(0).List())
						continue
					}
					if v.Map() == nil {
						err = errors.New("a loader gave " + v.Describe() + ", which is no task")
						break
					}
					if stopped = !yield(placed(cfg.Map.At("tasks").Map(), v.Map()), nil); stopped {
						break
					}
				}
				if err != nil && !stopped {
					stopped = !yield(nil, b.badOutput(err, cfg.Config, []string{name}))
				}
			}
			if err := <-done; err != nil && !stopped {
				yield(nil, b.inKind(err, cfg.Config, nil))
			}
		}
	}
}

// placed gives a stub the positions of the task of its name in kind.yml, if there is one and as far as it is as there.
func placed(tasks, stub *value.Map) *value.Map {
	name := stub.At("name")
	task, ok := tasks.GetKey(name)
	if !ok || task.Map() == nil {
		return stub
	}
	out, same := graftMap(task.Map(), stub)
	if same {
		return out.Copy()
	}
	out.Set("name", name.At(keyPos(tasks, name)))
	return out
}

// named gives the names of transforms as a loader left them, at the places of those that were there before.
func named(before []value.Value, after *value.List) []value.Value {
	out := make([]value.Value, 0, after.Len())
	for v := range after.Values() {
		if i := slices.IndexFunc(before, func(b value.Value) bool { return value.Equal(b, v) }); i >= 0 {
			v = before[i]
		}
		out = append(out, v)
	}
	return out
}
