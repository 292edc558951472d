package schema

import (
	"slices"

	"github.com/taskgraph-go/decision/value"
)

// sort finds out which branches are for which values. Most unions are told apart by the type of the value, or by a
// field that has another constant in each branch, so that one branch is left to check and its errors are the
// ones to report.
func (u *union) sort() {
	for k := range u.byKind {
		for _, b := range u.branches {
			if b.fits.has(value.Kind(k)) {
				u.byKind[k] = append(u.byKind[k], b)
				u.kinds |= 1 << k
			}
		}
	}
	u.findTag()
}

// quick gives the kinds that one branch takes as they are and, for oneOf, no other branch may take.
func (u *union) quick() kinds {
	var k kinds
	for _, b := range u.branches {
		k |= b.quick
	}
	for x, candidates := range u.byKind {
		if u.exactly && len(candidates) > 1 {
			k &^= 1 << x
		}
	}
	return k
}

func (u *union) findTag() {
	candidates := u.byKind[value.MapKind]
	if len(candidates) < 2 || candidates[0].maps == nil {
		return
	}
	for _, name := range candidates[0].maps.required {
		tags := make([]string, 0, len(candidates))
		for _, c := range candidates {
			if tag := c.tagAt(name); tag != "" && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
		if len(tags) == len(candidates) {
			u.tag, u.tags = name, tags
			return
		}
	}
}

// tagAt gives the constant text that a required field must have, "" when there is none.
func (n *node) tagAt(name string) string {
	if n.maps == nil {
		return ""
	}
	f := n.maps.fields.find(name)
	if f == nil || f.node == nil || !f.required {
		return ""
	}
	return f.node.tag
}

func (w *walk) checkUnion(u *union, v value.Value) bool {
	candidates := u.byKind[v.Kind()]
	switch {
	case len(candidates) == 0:
		return w.report != nil && w.report.wrongType(u.kinds, v)
	case len(candidates) == 1:
		return w.check(candidates[0], v)
	case u.tag != "" && v.Kind() == value.MapKind:
		return w.checkTagged(u, candidates, v)
	}
	matches := 0
	for _, c := range candidates {
		if w.silent(c, v) {
			matches++
			if !u.exactly {
				return true
			}
		}
	}
	if matches == 1 {
		return true
	}
	if w.report == nil {
		return false
	}
	if matches > 1 {
		w.report.ambiguous(matches, v)
		return false
	}
	w.reportNearest(candidates, v)
	return false
}

func (w *walk) checkTagged(u *union, candidates []*node, v value.Value) bool {
	tag, there := v.Map().Get(u.tag)
	for i := range u.tags {
		if s, ok := tag.AsString(); ok && s == u.tags[i] {
			return w.check(candidates[i], v)
		}
	}
	if w.report == nil {
		return false
	}
	if !there {
		w.report.missingField(u.tag, v, candidates[0].maps)
		return false
	}
	w.report.enterField(value.Entry{Key: value.NewString(u.tag).At(v.Map().KeyPos(u.tag)), Value: tag})
	defer w.report.leave()
	allowed := make([]value.Value, len(u.tags))
	for i, s := range u.tags {
		allowed[i] = value.NewString(s)
	}
	w.report.notAllowed(allowed, tag)
	return false
}

// reportNearest reports what is wrong with the branch that v was most likely meant for: the one with the fewest
// mistakes, where a wrong constant counts for more than anything else.
func (w *walk) reportNearest(candidates []*node, v value.Value) {
	var nearest *report
	for _, c := range candidates {
		attempt := w.report.fork()
		trial := walk{report: attempt, checker: w.checker}
		trial.check(c, v)
		if nearest == nil || attempt.weight < nearest.weight {
			nearest = attempt
		}
	}
	w.report.join(nearest)
}
