package submit

import (
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// standIns are the tasks that a definition of an earlier run depends on in the place of ours, by task id.
type standIns map[string]string

// otherAnswers says whether a definition of an earlier run differs from ours in nothing but what stands for the tasks that it depends on: the
// earlier run found other tasks in the index, or none. found is how they differ.
//
// For a task of this run there may be any other, and the one that this decision task creates for a label takes the place of any. But
// what it creates for one label never stands for another one.
func (s *submission) otherAnswers(ours, theirs *value.Map, found []definition.Difference) (standIns, bool) {
	p := pairing{ids: s.ids(), here: s.needs(ours), there: s.needs(theirs), of: standIns{}}
	if len(p.here) == 0 || len(p.here) != len(p.there) {
		return nil, false
	}
	for _, d := range found {
		if !strings.HasPrefix(d.Path, dependencies) {
			p.text(d.Ours.Str(), d.Theirs.Str())
		}
	}
	if !p.rest() {
		return nil, false
	}
	ours, theirs = ours.Copy(), p.of.in(theirs.Value()).Map()
	ours.Delete(dependencies)
	theirs.Delete(dependencies)
	rest, err := definition.Differences(ours, theirs)
	return p.of, err == nil && len(rest) == 0
}

const dependencies = "dependencies"

// in gives a value of an earlier run with our tasks in the place of those that stood for them. Keys and texts mention them.
func (s standIns) in(v value.Value) value.Value {
	var pairs []string
	for ours, theirs := range s {
		pairs = append(pairs, theirs, ours)
	}
	return renamed(v, strings.NewReplacer(pairs...))
}

func renamed(v value.Value, names *strings.Replacer) value.Value {
	switch v.Kind() {
	case value.String:
		return value.NewString(names.Replace(v.Str()))
	case value.ListKind:
		out := value.NewList()
		for item := range v.List().Values() {
			out.Append(renamed(item, names))
		}
		return out.Value()
	case value.MapKind:
		out := value.NewMap(v.Map().Len())
		for key, item := range v.Map().All() {
			out.Set(names.Replace(key), renamed(item, names))
		}
		return out.Value()
	}
	return v
}

// needs gives the dependencies of a definition. The decision task is none: which task needs it follows from the others.
func (s *submission) needs(def *value.Map) []string {
	return slices.DeleteFunc(def.At(dependencies).List().Strings(), func(id string) bool { return id == s.Group.DecisionTaskID })
}

// ids are what is known of the ids of tasks.
type ids struct {
	labels map[string][]string // of which tasks of the target graph an id is
	own    map[string]string   // the label for which this decision task creates a task with the id, if it does
}

func newIDs(decisionTaskID string, labelToTaskID map[string]string) *ids {
	out := &ids{map[string][]string{}, map[string]string{}}
	for label, id := range labelToTaskID {
		out.labels[id] = append(out.labels[id], label)
		out.own[taskgraph.TaskID(decisionTaskID, label)] = label
	}
	return out
}

// fit says whether a task may have stood for one of ours in an earlier run.
func (i *ids) fit(ours, theirs string) bool {
	if label, own := i.own[theirs]; own {
		return slices.Contains(i.labels[ours], label)
	}
	return len(i.labels[ours]) > 0
}

// pairing finds out which task of one definition is which of another.
type pairing struct {
	*ids
	here, there []string
	of          standIns
}

// add notes that a task stood for another one, unless that cannot be.
func (p *pairing) add(ours, theirs string) bool {
	if known, ok := p.of[ours]; ok {
		return known == theirs
	}
	for _, taken := range p.of {
		if taken == theirs {
			return false
		}
	}
	if !slices.Contains(p.here, ours) || !slices.Contains(p.there, theirs) || !p.fit(ours, theirs) {
		return false
	}
	p.of[ours] = theirs
	return true
}

// idLength is the length of a task id.
const idLength = 22

// text learns from two texts, which may mention the tasks, as far as they are alike.
func (p *pairing) text(a, b string) {
	for i := 0; i < len(a) && i < len(b); {
		if end := i + idLength; end <= min(len(a), len(b)) && slices.Contains(p.here, a[i:end]) {
			p.add(a[i:end], b[i:end])
			i = end
			continue
		}
		if a[i] != b[i] {
			return
		}
		i++
	}
}

// rest pairs the tasks that no text mentions, first those that can be told by their ids.
func (p *pairing) rest() bool {
	own := func(_, theirs string) bool { _, is := p.own[theirs]; return is }
	same := func(ours, theirs string) bool { return ours == theirs }
	other := func(string, string) bool { return true }
	for _, may := range []func(ours, theirs string) bool{own, same, other} {
		for _, theirs := range p.there {
			for _, ours := range p.here {
				if _, paired := p.of[ours]; !paired && may(ours, theirs) && p.add(ours, theirs) {
					break
				}
			}
		}
	}
	return len(p.of) == len(p.here)
}
