package taskgraph

import (
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/value"
)

// pattern is what tasks have in common that differ by their number only. Where nobody but this package looks at the definitions of tasks
// on their way to the output, they stay what the pattern has, with blanks for the number, and so do descriptions. Whoever asks a graph for
// tasks gets whole ones.
type pattern struct {
	task *Task          // with blanks for the number, and, where tasks have ids, one for the id
	def  *value.Outline // where the definition has them
	json atomic.Pointer[[]byte]

	mu     sync.Mutex
	wholes map[int32]*Task // those that somebody asked for, by number
}

// idBlank stands for the task id in what is written of a pattern.
var idBlank = value.NewBlank(0).Str()

// keepsPatterns says whether nothing but what comes with the program gets the definitions of tasks, unless the registry has strayed.
func (r *Registry) keepsPatterns() bool {
	return r.later == nil && r.builtIn() && r.Strategies.contained() && r.StrategySets.contained() && r.Morphs.contained() && r.Verifications.contained()
}

// keepsPatterns says whether tasks may stay of patterns.
func (g *Generator) keepsPatterns() bool { return g.forget && g.project.Registry.keepsPatterns() }

// numbered gives the tasks for the numbers from 1 to last that an interned task stands for, as tasks of a pattern if they are to stay that. ok is
// false where it has blanks for numbers where there must be none.
func (t *Task) numbered(n *value.Numbering, last int, stay bool) (tasks []*Task, ok bool) {
	attributes, def := n.Outline(t.Attributes.Value()), n.Outline(t.Task.Value())
	for _, v := range [...]value.Value{t.Dependencies.Value(), t.SoftDependencies.Value(), t.IfDependencies.Value(), t.Optimization} {
		if n.Outline(v) != nil {
			return nil, false
		}
	}
	if n.InKeys() {
		return nil, false
	}
	p := &pattern{task: t, def: def}
	made := make([]Task, last)
	tasks = make([]*Task, last)
	for i := range made {
		n.Next(i + 1)
		c := &made[i]
		*c = *t
		c.pattern, c.number = p, int32(i+1)
		c.Label, c.Attributes = n.Text(t.Label), n.Fill(t.Attributes.Value(), attributes).Map()
		c.Attributes.Freeze()
		if !stay {
			c.complement(n)
		}
		tasks[i] = c
	}
	return tasks, true
}

// complement fills in what a task of a pattern has left blank.
func (t *Task) complement(n *value.Numbering) {
	n.Next(int(t.number))
	t.Description, t.Task = n.Text(t.Description), n.Fill(t.Task.Value(), t.pattern.def).Map()
	t.Task.Freeze()
	t.pattern = nil
}

// whole gives the task without blanks, the same one each time.
func (t *Task) whole(n *value.Numbering) *Task {
	p := t.pattern
	if p == nil {
		return t
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.wholes[t.number]
	if w == nil {
		c := *t
		c.complement(n)
		w = &c
		if p.wholes == nil {
			p.wholes = map[int32]*Task{}
		}
		p.wholes[t.number] = w
	}
	return w
}

// wholeTasks gives what gives the tasks without blanks, which it makes once; nil where they have none.
func wholeTasks(tasks []*Task) func() []*Task {
	if !slices.ContainsFunc(tasks, func(t *Task) bool { return t.pattern != nil }) {
		return nil
	}
	return sync.OnceValue(func() []*Task {
		out := make([]*Task, len(tasks))
		inRanges(len(tasks), func(from, to int) {
			n := newNumbering()
			for i, t := range tasks[from:to] {
				out[from+i] = t.whole(n)
			}
		})
		return out
	})
}

func newNumbering() *value.Numbering { return value.NewNumbering(value.NewInterner(0)) }

// writePatterns writes tasks some of which are of patterns.
func writePatterns(w io.Writer, tasks []*Task, workers int) error {
	return writeObject(w, tasks, workers, func() Encode {
		writer := &patternWriter{text: value.NewJSONText(jsonStyle), documents: newDocuments(), patterns: newPatternTexts()}
		return writer.append
	})
}

// patternWriter writes tasks, for one goroutine. In the order of ids the tasks of a pattern stand anywhere: then what is written of it is kept.
type patternWriter struct {
	text      *value.JSONText
	documents *documents
	patterns  patternTexts
	slab      []byte // room for what is kept
}

func (w *patternWriter) append(dst []byte, t *Task, first bool) ([]byte, error) {
	if len(dst) == 0 {
		w.text.Begin()
	}
	dst = appendComma(dst, first)
	if t.pattern == nil {
		return appendJSON(dst, w.text, t, w.documents.of)
	}
	json, err := w.patterns.of(t.pattern, w.keep)
	if err != nil {
		return dst, err
	}
	if dst, err = appendKey(dst, w.text, t); err != nil {
		return dst, err
	}
	return value.AppendNumberedJSON(dst, json, int(t.number), t.TaskID), nil
}

func (w *patternWriter) keep(p *pattern, json []byte) {
	if p.task.TaskID == "" {
		return
	}
	const slab = 256 << 10
	if cap(w.slab)-len(w.slab) < len(json) {
		w.slab = make([]byte, 0, max(slab, len(json)))
	}
	from := len(w.slab)
	w.slab = append(w.slab, json...)
	kept := w.slab[from:len(w.slab):len(w.slab)]
	p.json.CompareAndSwap(nil, &kept)
}

// patternTexts gives what is written of patterns, for one goroutine. The tasks of a pattern stand next to each other in the order of
// labels, so that it remembers the last one.
type patternTexts struct {
	text      *value.JSONText
	documents *documents
	last      *pattern
	json      []byte // of the last
}

func newPatternTexts() patternTexts {
	t := patternTexts{text: value.NewJSONText(jsonStyle), documents: newDocuments()}
	t.text.KeepBlanks()
	return t
}

// of gives what is written of the tasks of a pattern, but their keys, with blanks. It is told to keep what is new.
func (t *patternTexts) of(p *pattern, keep func(p *pattern, json []byte)) (json []byte, err error) {
	if kept := p.json.Load(); kept != nil {
		return *kept, nil
	}
	if t.last == p {
		return t.json, nil
	}
	t.last = nil
	t.text.Begin()
	if t.json, err = t.text.Append(t.json[:0], t.documents.of(p.task).Value(), 1); err != nil {
		return nil, err
	}
	t.last = p
	keep(p, t.json)
	return t.json, nil
}
