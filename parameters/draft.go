package parameters

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/value"
)

// What is made with some parameters often serves others, too, but for a revision here and the name of an owner there. A draft is made
// with parameters that leave such places blank, see [Params.Blank], and take notice of everything else that is read of them. It
// serves all parameters that read the same, once its blanks are filled in.

// Form has the blanks of the drafts of one tree. It may be used by several goroutines. The zero Form has none.
type Form struct {
	mu     sync.Mutex
	places map[string]int
	blanks []finder
}

// finder finds something out from parameters.
type finder func(p *Params) (value.Value, error)

// place gives the number of a blank.
func (f *Form) place(name string, find finder) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, known := f.places[name]
	if !known {
		if f.places == nil {
			f.places = map[string]int{}
		}
		n = len(f.blanks)
		f.places[name], f.blanks = n, append(f.blanks, find)
	}
	return n
}

func (f *Form) blank(n int) finder {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blanks[n]
}

// Reading is what was read of the parameters that a draft is made with.
type Reading struct {
	of   *Params
	form *Form

	all    atomic.Bool // they were looked at as a whole
	names  sync.Map    // of those that were read
	found  sync.Map    // what was found out of them, by name: *found
	blanks sync.Map    // those that were left: their numbers by name
}

type found struct {
	find  finder
	value value.Value
	err   error
}

// Draft gives the parameters for a draft, and what is read of them from then on. p must be complete.
func (p *Params) Draft(f *Form) (*Params, *Reading) {
	r := &Reading{of: p, form: f}
	c := *p
	c.reading = r
	return &c, r
}

// Given gives the parameters that a draft is made with: they take no notice of who reads them.
func (p *Params) Given() *Params {
	if p.reading == nil {
		return p
	}
	return p.reading.of
}

// IsDraft says whether the parameters are for a draft.
func (p *Params) IsDraft() bool { return p.reading != nil }

func (r *Reading) note(name string) {
	if r == nil {
		return
	}
	r.names.LoadOrStore(name, true)
}

func (r *Reading) noteAll() {
	if r != nil {
		r.all.Store(true)
	}
}

// Find gives what find makes of the parameters. For a draft nothing counts but the result: what find reads for it does not. It must give the
// same for the same parameters wherever it has this name.
func (p *Params) Find(name string, find func(p *Params) (value.Value, error)) (value.Value, error) {
	r := p.reading
	if r == nil {
		return find(p)
	}
	known, ok := r.found.Load(name)
	if !ok {
		f := &found{find: find}
		f.value, f.err = find(r.of)
		known, _ = r.found.LoadOrStore(name, f)
	}
	f := known.(*found)
	return f.value, f.err
}

// Blank gives what find makes of the parameters, for a place where nobody looks at it: it may be part of something, or, where it is a text, of
// a longer text, and no more. For a draft it is a text to be filled in, whatever it is otherwise. find must give the same for the same
// parameters wherever it has this name.
func (p *Params) Blank(name string, find func(p *Params) (value.Value, error)) (value.Value, error) {
	r := p.reading
	if r == nil {
		return find(p)
	}
	n, left := r.blanks.Load(name)
	if !left {
		if v, err := find(r.of); err != nil {
			return v, err
		}
		n = r.form.place(name, find)
		r.blanks.Store(name, n)
	}
	return value.NewBlank(n.(int)), nil
}

// BlankWhere is [Params.Blank] where the result fits, and [Params.Find] elsewhere.
func (p *Params) BlankWhere(name string, fits func(v value.Value) bool, find func(p *Params) (value.Value, error)) (value.Value, error) {
	if p.reading == nil {
		return find(p)
	}
	v, err := p.Blank(name, func(p *Params) (value.Value, error) {
		v, err := find(p)
		if err == nil && !fits(v) {
			err = errDoesNotFit
		}
		return v, err
	})
	if err != nil {
		return p.Find(name, find)
	}
	return v, nil
}

var errDoesNotFit = errors.New("no blank where this is to stand")

// BlankAt is [Params.Blank] for a parameter. One that is no string is no blank.
func (p *Params) BlankAt(name string) value.Value {
	if p.reading == nil {
		return p.At(name)
	}
	v, _ := p.BlankWhere(name, value.Value.IsString, func(p *Params) (value.Value, error) { return p.At(name), nil })
	return v
}

// BlankText is [Params.Blank] for the text of a parameter, "" where it has none.
func (p *Params) BlankText(name string) string {
	if p.reading == nil {
		return p.At(name).Str()
	}
	v, _ := p.Blank("text of "+name, func(p *Params) (value.Value, error) { return value.NewString(p.At(name).Str()), nil })
	return v.Str()
}

// Fill gives what is to be filled in for parameters, by number of the blank, or ok false where what was read is not the same of them, or
// something that is to be filled in is no scalar that JSON has.
func (r *Reading) Fill(p *Params) (filling map[int]value.Value, ok bool) {
	if p != r.of && !r.suits(p) {
		return nil, false
	}
	filling, ok = map[int]value.Value{}, true
	for _, n := range r.blanks.Range {
		v, err := r.form.blank(n.(int))(p)
		if err != nil || !value.Inline(v) {
			return nil, false
		}
		filling[n.(int)] = v
	}
	return filling, ok
}

// suits says whether what was read is the same of p.
func (r *Reading) suits(p *Params) bool {
	if r.all.Load() && !value.Identical(r.of.Map().Value(), p.Map().Value()) {
		return false
	}
	for name := range r.names.Range {
		a, hasA := r.of.Get(name.(string))
		b, hasB := p.Get(name.(string))
		if hasA != hasB || !value.Identical(a, b) {
			return false
		}
	}
	for _, f := range r.found.Range {
		f := f.(*found)
		v, err := f.find(p)
		if err != nil || f.err != nil || !value.Identical(f.value, v) {
			return false
		}
	}
	return true
}
