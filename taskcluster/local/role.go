package local

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/taskgraph-go/decision/taskcluster/scopes"
)

// roleSet expands scopes by roles. It does not change: another one is made when a role changes.
type roleSet struct {
	roles []roleRule
	known sync.Map // what sets were expanded to, by their assume scopes
	size  int      // of known, roughly
	mu    sync.Mutex
}

// roleRule is a role as expansion sees it.
type roleRule struct {
	pattern string // "assume:" and the id
	scopes  []string
}

const (
	assume        = "assume:"
	parameter     = "<..>"
	maxKnown      = 10_000 // expansions that are remembered
	maxExpansions = 100_000
)

// newRoleSet makes a set of the roles, or says why that cannot be: the roles lead in a circle.
func newRoleSet(roles map[string]*role) (*roleSet, error) {
	rs := &roleSet{}
	for _, id := range sortedKeys(roles) {
		for _, s := range roles[id].Scopes {
			if err := checkParameter(id, s); err != nil {
				return nil, err
			}
		}
		rs.roles = append(rs.roles, roleRule{assume + id, roles[id].Scopes})
	}
	return rs, rs.checkCircles()
}

// checkParameter refuses a scope of a role whose parameter could mean more than one thing.
func checkParameter(roleID, scope string) error {
	_, rest, ok := strings.Cut(scope, parameter)
	switch {
	case !ok || !strings.HasSuffix(roleID, "*"):
		return nil
	case strings.Contains(rest, parameter):
		return fmt.Errorf("scope %q of role %q has more than one %s", scope, roleID, parameter)
	case strings.HasSuffix(scope, "*"+parameter):
		return fmt.Errorf("scope %q of role %q ends in *%s, which is ambiguous", scope, roleID, parameter)
	}
	return nil
}

// grant gives what a role adds for an assume scope; ok is false if the role does not fit.
func (r *roleRule) grant(scope string) (granted []string, ok bool) {
	want, wantAll := strings.CutSuffix(scope, "*")
	if !strings.HasPrefix(want, assume) && wantAll {
		want = assume // a*, assum* and the like act as assume:*
	}
	own, starred := strings.CutSuffix(r.pattern, "*")
	switch {
	case starred && strings.HasPrefix(want, own):
		// The role's star matched the rest of what is assumed, which may itself end in a star.
		matched := want[len(own):]
		if wantAll {
			matched += "*"
		}
		return r.fill(matched), true
	case wantAll && strings.HasPrefix(own, want):
		// What is assumed covers the role, whatever stands for the role's star.
		if starred {
			return r.fill("*"), true
		}
		return r.scopes, true
	case r.pattern == scope:
		return r.scopes, true
	}
	return nil, false
}

// fill puts what the star matched in the place of the parameter.
func (r *roleRule) fill(matched string) []string {
	out := make([]string, len(r.scopes))
	for i, s := range r.scopes {
		before, _, ok := strings.Cut(s, parameter)
		switch {
		case !ok:
			out[i] = s
		case strings.HasSuffix(matched, "*"):
			out[i] = before + matched
		default:
			out[i] = strings.Replace(s, parameter, matched, 1)
		}
	}
	return out
}

// expand gives a set with everything that its assume scopes give, normalised.
func (rs *roleSet) expand(all []string) []string {
	all = scopes.Normalize(all)
	var queue []string
	for _, s := range all {
		if scopes.IsRole(s) {
			queue = append(queue, s)
		}
	}
	if len(queue) == 0 {
		return all
	}
	key := strings.Join(queue, "\n")
	if known, ok := rs.known.Load(key); ok {
		return scopes.Normalize(append(slices.Clone(known.([]string)), all...))
	}
	seen := map[string]bool{}
	var gained []string
	for len(queue) > 0 && len(seen) < maxExpansions {
		s := queue[0]
		queue = queue[1:]
		if seen[s] {
			continue
		}
		seen[s] = true
		for i := range rs.roles {
			more, ok := rs.roles[i].grant(s)
			if !ok {
				continue
			}
			for _, m := range more {
				gained = append(gained, m)
				if scopes.IsRole(m) && !seen[m] {
					queue = append(queue, m)
				}
			}
		}
	}
	gained = scopes.Normalize(gained)
	rs.mu.Lock()
	if rs.size++; rs.size > maxKnown {
		rs.known.Clear()
		rs.size = 1
	}
	rs.mu.Unlock()
	rs.known.Store(key, gained)
	return scopes.Normalize(append(slices.Clone(gained), all...))
}

// checkCircles refuses roles that lead back to themselves, because what they give could have no end.
func (rs *roleSet) checkCircles() error {
	next := make([][]int, len(rs.roles))
	for i := range rs.roles {
		for _, s := range rs.roles[i].scopes {
			if before, _, ok := strings.Cut(s, parameter); ok && strings.HasSuffix(rs.roles[i].pattern, "*") {
				s = before + "*" // anything may be filled in
			}
			if !scopes.IsRole(s) {
				continue
			}
			for j := range rs.roles {
				if _, fits := rs.roles[j].grant(s); fits {
					next[i] = append(next[i], j)
				}
			}
		}
	}
	const unseen, open, done = 0, 1, 2
	state := make([]int, len(rs.roles))
	var path []int
	var visit func(i int) error
	visit = func(i int) error {
		state[i] = open
		path = append(path, i)
		for _, j := range next[i] {
			switch state[j] {
			case open:
				var names []string
				for _, k := range append(path[slices.Index(path, j):], j) {
					names = append(names, strings.TrimPrefix(rs.roles[k].pattern, assume))
				}
				return fmt.Errorf("roles lead in a circle: %s", strings.Join(names, " -> "))
			case unseen:
				if err := visit(j); err != nil {
					return err
				}
			}
		}
		path = path[:len(path)-1]
		state[i] = done
		return nil
	}
	for i := range rs.roles {
		if state[i] == unseen {
			if err := visit(i); err != nil {
				return err
			}
		}
	}
	return nil
}
