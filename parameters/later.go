package parameters

import (
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/value"
)

// later is what is found out about parameters when they are in use already.
type later struct {
	once  sync.Once
	find  func() (*value.Map, error)
	now   atomic.Pointer[known] // nil until it is found out
	err   error                 // set before now
	whole atomic.Bool           // all parameters were asked for before that
}

// Complete waits for the extensions that [Options].Later gives and reports what they find wrong, as [Load] does with others. Until
// then parameters are what they are without these: those that were given, and the defaults of the base ones. Asking for any
// other one waits. Where there is nothing to wait for, nothing is wrong.
func (p *Params) Complete() error {
	l := p.later
	if l == nil {
		return nil
	}
	l.once.Do(func() {
		all := p.first
		values, err := l.find()
		if err == nil {
			all = p.know(freeze(values))
		}
		l.err = err
		l.now.Store(all)
	})
	return l.err
}

// IsComplete says whether [Params.Complete] has nothing to wait for.
func (p *Params) IsComplete() bool { return p.later == nil || p.later.now.Load() != nil }

// Stands says whether what was asked for before parameters were complete is true of the complete ones. It is not when an extension
// replaces a default, or when all of the parameters were asked for and there are more.
func (p *Params) Stands() bool {
	if p.later == nil {
		return true
	}
	all := p.later.now.Load()
	if all == nil || all == p.first {
		return true
	}
	for name, before := range p.first.values.All() {
		if after, ok := all.values.Get(name); !ok || !value.Equal(before, after) {
			return false
		}
	}
	for name := range assumed() {
		if p.first.values.Has(name) != all.values.Has(name) {
			return false
		}
	}
	return !p.later.whole.Load() || p.first.values.Len() == all.values.Len()
}

// read gives what is known so far, to somebody who looks at one base parameter.
func (p *Params) read(name string) *known {
	p.reading.note(name)
	return p.now()
}

// now gives what is known so far.
func (p *Params) now() *known {
	if p.later != nil {
		if all := p.later.now.Load(); all != nil {
			return all
		}
	}
	return p.first
}

// with gives what is known so far, if that says what a parameter is, or everything.
func (p *Params) with(name string) *known {
	p.reading.note(name)
	if p.later != nil && !p.first.values.Has(name) && !assumed()[name] {
		_ = p.Complete() // whoever uses the parameters asks for the error
	}
	return p.now()
}

// all gives what is known so far, to somebody who looks at all of it.
func (p *Params) all() *known {
	p.reading.noteAll()
	if p.later != nil {
		p.later.whole.Store(true)
	}
	return p.now()
}

// assumed has the names of the parameters that are not there unless they are given or have a default that is known: the base ones, and the
// one that says which kinds to load. Others may be declared later.
var assumed = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{"target-kinds": true}
	for _, name := range fieldNames(base()) {
		names[name] = true
	}
	return names
})

// freeze gives values as parameters hold them.
func freeze(values *value.Map) *value.Map {
	values = values.Copy()
	values.Delete("spec") // a name that the reference keeps for itself
	values.Freeze()
	return values
}
