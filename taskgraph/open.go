package taskgraph

import (
	"io"
	"maps"
	"slices"
	"sync"

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
		return all
	})
	return o
}

// good is what a full task graph is made of in which steady verifications find nothing.
type good struct {
	of    []*draft
	level string
}

// knownToBeGood says whether steady verifications find nothing in a graph, because they did not in another one. Whoever finds out that
// they do not calls remember.
func (tg *TaskGraph) knownToBeGood(phase Phase, level string) (known bool, remember func()) {
	if phase != FullTaskGraph || tg.open == nil || tg.open.of == nil {
		return false, func() {}
	}
	ds, is := tg.open.texts, &good{tg.open.of, level}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.good.find(func(g *good) bool { return g.level == level && slices.Equal(g.of, is.of) }) != nil {
		return true, func() {}
	}
	return false, func() {
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
		writer := &openWriter{open: o, text: value.NewJSONText(jsonStyle), fill: value.NewJSONFiller(o.with), documents: newDocuments()}
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
	scratch   []byte
	slab      []byte // room for texts that are kept
}

func (w *openWriter) append(dst []byte, t openTask, first bool) ([]byte, error) {
	dst = appendComma(dst, first)
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
	w.keep(t.text, w.scratch)
	return w.fill.Append(dst, w.scratch), nil
}

// keep keeps a text while there is room.
func (w *openWriter) keep(t *text, json []byte) {
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
	t.json.CompareAndSwap(nil, &kept)
}
