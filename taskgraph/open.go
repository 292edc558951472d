package taskgraph

import (
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/value"
)

// open is what fills the blanks of the tasks of a graph, which are parts of drafts. Whoever asks for tasks gets filled ones.
type open struct {
	with   func(n int) value.Value
	drafts []openTask     // the tasks, with their blanks
	filled func() []*Task // the tasks without; once
	texts  *Drafts        // where there may be room to keep them
	of     []*draft       // which all tasks of the full task graph are of; nil where some are of none
}

// openTask is a task that may have blanks.
type openTask struct {
	*Task
	text *text // nil where it is no part of a draft
}

// open gives what fills the blanks of the tasks of all kinds, nil where there are none.
func (ds *Drafts) open(parts []kindTasks) *open {
	filling := map[int]value.Value{}
	o := &open{with: func(n int) value.Value { return filling[n] }, texts: ds}
	drafts := 0
	for _, p := range parts {
		for i, t := range p.tasks {
			t := openTask{Task: t}
			if p.draft != nil {
				t.text = &p.draft.texts[i]
			}
			o.drafts = append(o.drafts, t)
		}
		if p.draft != nil {
			drafts++
			o.of = append(o.of, p.draft)
			maps.Copy(filling, p.filling) // a blank means the same in all drafts
		}
	}
	if drafts == 0 {
		return nil
	}
	if drafts < len(parts) {
		o.of = nil
	}
	o.filled = sync.OnceValue(func() []*Task {
		all := make([]*Task, 0, len(o.drafts))
		for _, p := range parts {
			all = append(all, p.all()...)
		}
		if whole := wholeTasks(all); whole != nil {
			return whole()
		}
		return all
	})
	return o
}

// good is what a full task graph is made of in which steady verifications find nothing.
type good struct {
	of    []*draft
	level string
	parts []parts // of the tasks
}

// knownToBeGood gives what is known of a graph in which steady verifications find nothing, because they did not in another one, nil where that
// is not known. Whoever finds out that they do not calls remember.
func (cfg *VerifyConfig) knownToBeGood(phase Phase) (known *good, remember func()) {
	tg := cfg.Tasks
	if phase != FullTaskGraph || tg.open == nil || tg.open.of == nil {
		return nil, func() {}
	}
	ds, is := tg.open.texts, &good{of: tg.open.of, level: cfg.Params.Level()}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if known := ds.good.find(func(g *good) bool { return g.level == is.level && slices.Equal(g.of, is.of) }); known != nil {
		return known, func() {}
	}
	return nil, func() {
		is.parts = cfg.parts()
		ds.mu.Lock()
		defer ds.mu.Unlock()
		ds.good.add(is)
	}
}

// subset gives that of a graph with some of the tasks; nil is that of no blanks.
func (o *open) subset(kept []int32) *open {
	if o == nil {
		return nil
	}
	s := &open{with: o.with, texts: o.texts, drafts: picked(o.drafts, kept)}
	s.filled = sync.OnceValue(func() []*Task { return picked(o.filled(), kept) })
	return s
}

// writeJSON writes the tasks in an order.
func (o *open) writeJSON(w io.Writer, workers int, order []int32) error {
	return writeObject(w, picked(o.drafts, order), workers, func() encode[openTask] {
		writer := &openWriter{open: o, text: value.NewJSONText(jsonStyle), fill: value.NewJSONFiller(o.with), documents: newDocuments(), patterns: newPatternTexts()}
		writer.text.KeepBlanks()
		return writer.append
	})
}

// openWriter writes tasks, for one goroutine.
type openWriter struct {
	*open
	text      *value.JSONText
	fill      *value.JSONFiller
	documents *documents
	patterns  patternTexts
	scratch   []byte
	slab      []byte // room for texts that are kept
}

func (w *openWriter) append(dst []byte, t openTask, first bool) ([]byte, error) {
	dst = appendComma(dst, first)
	if t.pattern != nil {
		json, err := w.patterns.of(t.pattern, func(p *pattern, json []byte) {
			if t.text != nil {
				w.keep(&p.json, json)
			}
		})
		if err != nil {
			return dst, err
		}
		w.text.Begin()
		if dst, err = appendKey(dst, w.text, t.Task); err != nil {
			return dst, err
		}
		return w.fill.AppendNumbered(dst, json, int(t.number)), nil
	}
	if t.text == nil {
		w.text.Begin()
		return appendJSON(dst, w.text, t.Task, w.documents.of)
	}
	if kept := t.text.json.Load(); kept != nil {
		return w.fill.Append(dst, *kept), nil
	}
	w.text.Begin()
	var err error
	if w.scratch, err = appendJSON(w.scratch[:0], w.text, t.Task, w.documents.of); err != nil {
		return dst, err
	}
	w.keep(&t.text.json, w.scratch)
	return w.fill.Append(dst, w.scratch), nil
}

// keep keeps a text while there is room.
func (w *openWriter) keep(place *atomic.Pointer[[]byte], json []byte) {
	const slab = 256 << 10
	if cap(w.slab)-len(w.slab) < len(json) {
		size := max(slab, len(json))
		if w.texts.room.Add(-int64(size)) < 0 {
			w.texts.room.Add(int64(size))
			return
		}
		w.texts.kept(size)
		w.slab = make([]byte, 0, size)
	}
	from := len(w.slab)
	w.slab = append(w.slab, json...)
	kept := w.slab[from:len(w.slab):len(w.slab)]
	place.CompareAndSwap(nil, &kept)
}
