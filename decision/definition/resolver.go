package definition

import (
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/value"
)

// Relative is the key of a map that stands for a time: {"relative-datestamp": "1 day"}.
const Relative = "relative-datestamp"

// Resolver puts times in the place of relative ones, all of them relative to the same moment. It is for one goroutine.
type Resolver struct {
	now    time.Time
	times  map[string]string // by duration
	seen   map[unsafe.Pointer]value.Value
	path   []value.Value // keys and indexes that lead to the container at hand
	errs   diag.List
	failed int // how many errors there were, of all definitions
}

// NewResolver gives a resolver for a moment, of which milliseconds count.
func NewResolver(now time.Time) *Resolver {
	return &Resolver{now: now.UTC().Truncate(time.Millisecond), times: map[string]string{}}
}

// Sharing makes the resolver remember what several definitions share, so that the results share it, too. That is for work on
// all definitions of a graph at a time.
func (r *Resolver) Sharing() *Resolver {
	r.seen = map[unsafe.Pointer]value.Value{}
	return r
}

// maxSeen bounds what a resolver remembers.
const maxSeen = 1 << 15

// Now gives the moment.
func (r *Resolver) Now() time.Time { return r.now }

// Definition gives a definition with times. What holds none is shared. The error is a [diag.Errors] with every relative
// time that cannot be read.
func (r *Resolver) Definition(def *value.Map) (*value.Map, error) {
	r.path, r.errs = r.path[:0], diag.List{}
	out := r.mapping(def)
	if err := r.errs.Err(nil); err != nil {
		return nil, err
	}
	if out != def {
		out.Freeze()
	}
	return out, nil
}

func (r *Resolver) mapping(m *value.Map) *value.Map {
	out := m
	for i := range m.Len() {
		e := m.Entry(i)
		if v := r.resolve(e.Value, e.Key); !value.Same(v, e.Value) {
			if out == m {
				out = m.Copy()
			}
			out.SetAt(i, v)
		}
	}
	return out
}

func (r *Resolver) list(l *value.List) *value.List {
	out := l
	for i := range l.Len() {
		item := l.At(i)
		if v := r.resolve(item, value.NewInt(int64(i))); !value.Same(v, item) {
			if out == l {
				out = l.Copy()
			}
			out.SetAt(i, v)
		}
	}
	return out
}

// resolve gives a value with times. The key is what it is found under.
func (r *Resolver) resolve(v, key value.Value) value.Value {
	if v.Kind() < value.ListKind {
		return v
	}
	shared := r.seen != nil && v.Shared()
	if shared {
		if done, ok := r.seen[v.Identity()]; ok {
			return done
		}
	}
	r.path = append(r.path, key)
	before := r.failed
	out := r.container(v)
	r.path = r.path[:len(r.path)-1]
	if shared && r.failed == before {
		if len(r.seen) == maxSeen {
			clear(r.seen)
		}
		r.seen[v.Identity()] = out
	}
	return out
}

func (r *Resolver) container(v value.Value) value.Value {
	if l := v.List(); l != nil {
		changed := r.list(l)
		if changed == l {
			return v
		}
		changed.Freeze()
		return changed.Value().At(v.Pos())
	}
	m := v.Map()
	if after, relative := m.Get(Relative); relative && m.Len() == 1 {
		text, err := r.time(after)
		if err != nil {
			r.failed++
			r.errs.Add(diag.Placed(err, after.Or(v.Pos()).Pos(), r.here()))
			return v
		}
		return value.NewString(text).At(v.Pos())
	}
	changed := r.mapping(m)
	if changed == m {
		return v
	}
	changed.Freeze()
	return changed.Value().At(v.Pos())
}

// here gives the path of the container at hand.
func (r *Resolver) here() string {
	var b strings.Builder
	for _, key := range r.path {
		i, index := key.AsInt()
		switch {
		case index:
			b.WriteString("[" + strconv.FormatInt(i, 10) + "]")
		case b.Len() == 0:
			b.WriteString(key.KeyText())
		default:
			b.WriteString("." + key.KeyText())
		}
	}
	return b.String()
}

// time gives the time that lies a duration after the moment.
func (r *Resolver) time(after value.Value) (string, error) {
	text, ok := after.AsString()
	if !ok {
		return "", diag.Errorf(diag.WrongType, after.Pos(), "want a duration such as \"1 day\", got %s", after.Describe())
	}
	if at, ok := r.times[text]; ok {
		return at, nil
	}
	at, err := duration.FromNow(r.now, text)
	if err == nil {
		r.times[text] = at
	}
	return at, err
}
