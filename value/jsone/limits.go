package jsone

import (
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// Limits guard against templates that were made to hurt. What is 0 has its default. They count, and do not look at a
// clock, so that a template that is refused is refused everywhere.
type Limits struct {
	// Steps is how much may be done: parts of the template rendered, parts of expressions evaluated, and data moved, by
	// the 64 bytes or items. The default of 300,000 takes a fraction of a second; a large .taskcluster.yml takes some
	// thousand.
	Steps int
	// Weight is how large a value may become: one for each value in it and for each 64 bytes of its strings. The default
	// of 200,000 is more than any service takes.
	Weight int
	// Text is how long a string may become, in bytes: 4 MiB.
	Text int
	// Depth is how deep templates, expressions and what they make may be nested: 200 levels.
	Depth int
}

func (l Limits) orDefaults() Limits {
	for _, limit := range []struct {
		field    *int
		fallback int
	}{{&l.Steps, 300_000}, {&l.Weight, 200_000}, {&l.Text, 4 << 20}, {&l.Depth, 200}} {
		if *limit.field <= 0 {
			*limit.field = limit.fallback
		}
	}
	return l
}

// chunk is how many bytes of text weigh as much as a value.
const chunk = 64

// identity is the address of a container.
type identity = unsafe.Pointer

// step counts work. The result is false where there was too much of it.
func (r *renderer) step(n int, pos diag.Pos) bool {
	if r.stopped {
		return false
	}
	if r.steps += n; r.steps > r.limits.Steps {
		r.exceed(pos, "rendering takes more than %d steps", r.limits.Steps)
		return false
	}
	return true
}

// short says whether a text is not too long.
func (r *renderer) short(length int, pos diag.Pos) bool {
	if length > r.limits.Text {
		r.exceed(pos, "a string has more than %d bytes", r.limits.Text)
		return false
	}
	return true
}

// weight says how large a container is: its parts, and the levels that they are nested.
type weight struct{ parts, levels int }

// weigh says whether a value is not too large. A container whose parts were weighed costs no more than their number, so
// that one that holds another a thousand times is known to be large without a look at all of it.
func (r *renderer) weigh(v value.Value, pos diag.Pos) bool {
	if r.stopped {
		return false
	}
	switch w := r.weight(v, 0); {
	case w.levels > r.limits.Depth:
		r.exceed(pos, "a value is nested deeper than %d levels", r.limits.Depth)
		return false
	case w.parts > r.limits.Weight:
		r.exceed(pos, "a value has more than %d parts", r.limits.Weight)
		return false
	}
	return true
}

// weight gives the weight of a value, or one beyond the limit as soon as it is beyond.
func (r *renderer) weight(v value.Value, depth int) weight {
	switch v.Kind() {
	case value.String:
		return weight{1 + len(v.Str())/chunk, 0}
	case value.ListKind, value.MapKind:
	case value.Null, value.Bool, value.Int, value.BigInt, value.Float:
		return weight{1, 0}
	default:
		if r.functions[v.Identity()] != nil {
			return weight{1, 0}
		}
		r.fail(v.Pos(), "", "%s has no form in JSON; quote it", v.Describe())
		r.stopped = true
		return weight{1, 0}
	}
	if depth > r.limits.Depth {
		return weight{1, r.limits.Depth + 1}
	}
	id := v.Identity()
	if w, ok := r.weights[id]; ok {
		return w
	}
	sum := weight{1, 0}
	items := 0
	add := func(x value.Value) bool {
		w := r.weight(x, depth+1)
		sum.parts += w.parts
		sum.levels = max(sum.levels, w.levels+1)
		items++
		return sum.parts <= r.limits.Weight
	}
	if l := v.List(); l != nil {
		for x := range l.Values() {
			if !add(x) {
				break
			}
		}
	} else {
		for e := range v.Map().Entries() {
			if !add(e.Key) || !add(e.Value) {
				break
			}
		}
	}
	r.steps += 1 + items/4
	r.weights[id] = sum
	return sum
}

// exceed reports that a limit was exceeded and ends the rendering.
func (r *renderer) exceed(pos diag.Pos, format string, args ...any) term {
	r.report(diag.Errorf(diag.LimitExceeded, pos, format, args...))
	r.stopped = true
	return wrong
}
