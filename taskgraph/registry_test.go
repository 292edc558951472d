package taskgraph

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func TestSetKeepsTheOrderOfRegistration(t *testing.T) {
	s := newSet("number", func(int) string { return "" })
	s.Add("two", 2)
	s.Add("one", 1)
	s.Add("three", 3)
	var got []string
	for name, n := range s.All() {
		got = append(got, name)
		if n == 1 {
			break
		}
	}
	assert.Equal(t, []string{"two", "one"}, got)
	assert.Equal(t, []string{"one", "three", "two"}, s.Names())
	n, ok := s.Get("three")
	assert.True(t, ok)
	assert.Equal(t, 3, n)
	_, ok = s.Get("four")
	assert.False(t, ok)
}

func TestSetFindOffersTheNearest(t *testing.T) {
	s := newSet("number", func(int) string { return "" })
	s.Add("seventeen", 17)
	s.Add("eighteen", 18)
	n, err := s.Find("eighteen", 0, diag.UnknownName)
	require.NoError(t, err)
	assert.Equal(t, 18, n)

	_, err = s.Find("eigthteen", 42, diag.UnknownName)
	d := diag.Flatten(err)[0]
	assert.Equal(t, diag.UnknownName, d.Code)
	assert.Equal(t, diag.Pos(42), d.Pos)
	assert.Equal(t, `unknown number "eigthteen"`, d.Message)
	assert.Contains(t, d.Hint, `did you mean "eighteen"?`)
}

func TestSetRefusesBadRegistrations(t *testing.T) {
	s := newSet("number", func(int) string { return "" })
	s.Add("one", 1)
	duplicate := panicOf(func() { s.Add("one", 2) })
	assert.Regexp(t, `^duplicate number "one": registered at .*registry_test.go:\d+ and at .*registry_test.go:\d+$`, duplicate)
	assert.Regexp(t, `^number without a name at .*registry_test.go:\d+$`, panicOf(func() { s.Add("", 0) }))
	n, _ := s.Get("one")
	assert.Equal(t, 1, n, "the first registration stays")
}

// panicOf gives what a function panics with, "" where it does not.
func panicOf(f func()) (msg string) {
	defer func() { msg, _ = recover().(string) }()
	f()
	return ""
}

// What is not complete is refused at once, with its place.
func TestRegistryRefusesWhatIsNotComplete(t *testing.T) {
	each := func(*Config, *value.Map, func(*value.Map)) error { return nil }
	run := func(*ActionArgs) error { return nil }
	for want, add := range map[string]func(r *Registry){
		`loader "x" is nil`:                                    func(r *Registry) { r.Loaders.Add("x", nil) },
		`transform "x" has no steps`:                           func(r *Registry) { r.Transforms.Add("x", nil) },
		`transform "x" has a step without a name, at place 1`:  func(r *Registry) { r.Transforms.Add("x", Sequence{{Name: "a", Each: each}, {Each: each}}) },
		`transform "x" has the step "a" with 0 of Each, Begin`: func(r *Registry) { r.Transforms.Add("x", Sequence{{Name: "a"}}) },
		`transform "x" has the step "a" with 2 of Each, Begin`: func(r *Registry) {
			r.Transforms.Add("x", Sequence{{Name: "a", Each: each, Begin: func(*Config) (Each, error) { return each, nil }}})
		},
		`transform "x" has the step "a" with 2 of Each, Begin, Plan, All, For`: func(r *Registry) {
			r.Transforms.Add("x", Sequence{{Name: "a", Each: each, For: func(*Config) (Sequence, error) { return nil, nil }}})
		},
		`run handler "x" has no Run`:                             func(r *Registry) { r.RunHandlers.Add("x", RunHandler{}) },
		`payload builder "x" has no Build`:                       func(r *Registry) { r.PayloadBuilders.Add("x", PayloadBuilder{}) },
		`index type "x" is nil`:                                  func(r *Registry) { r.IndexBuilders.Add("x", nil) },
		`fetch builder "x" has no Build`:                         func(r *Registry) { r.FetchBuilders.Add("x", FetchBuilder{}) },
		`group-by function "x" has no Group`:                     func(r *Registry) { r.GroupBys.Add("x", GroupBy{}) },
		`set-name function "x" is nil`:                           func(r *Registry) { r.SetNames.Add("x", nil) },
		`context provider "x" is nil`:                            func(r *Registry) { r.ContextProviders.Add("x", nil) },
		`optimization strategy "x" is nil`:                       func(r *Registry) { r.Strategies.Add("x", nil) },
		`set of optimization strategies "x" has no strategy und`: func(r *Registry) { r.StrategySets.Add("x", map[string]Strategy{"never": nil}) },
		`set of optimization strategies "x" has a strategy with`: func(r *Registry) { r.StrategySets.Add("x", map[string]Strategy{"": keep{}}) },
		`target task method "x" is nil`:                          func(r *Registry) { r.TargetMethods.Add("x", nil) },
		`filter "x" is nil`:                                      func(r *Registry) { r.Filters.Add("x", nil) },
		`morph "x" is nil`:                                       func(r *Registry) { r.Morphs.Add("x", nil) },
		`verification "x" has no Check`:                          func(r *Registry) { r.Verifications.Add("x", Verification{Phase: FullTaskGraph}) },
		`verification "x" is for the phase 99`: func(r *Registry) {
			r.Verifications.Add("x", Verification{Phase: 99, Check: func(*VerifyConfig, func(error)) {}})
		},
		`action "x" is nil`:                  func(r *Registry) { r.Actions.Add("x", nil) },
		`action "x" has no name or no title`: func(r *Registry) { r.Actions.Add("x", &Action{Name: "x", Run: run}) },
		`action "x" has no symbol`:           func(r *Registry) { r.Actions.Add("x", &Action{Name: "x", Title: "X", Run: run}) },
		`action "x" has a symbol of more than 25`: func(r *Registry) {
			r.Actions.Add("x", &Action{Name: "x", Title: "X", Symbol: strings.Repeat("x", 26), Run: run})
		},
		`action "x" has no Run`: func(r *Registry) {
			r.Actions.Add("x", &Action{Name: "x", Title: "X", Symbol: strings.Repeat("${x}", 9)})
		},
		`decision-parameters hook "x" is nil`: func(r *Registry) { r.ParameterHooks.Add("x", nil) },
	} {
		r := NewRegistry()
		got := panicOf(func() { add(r) })
		assert.Contains(t, got, want)
		assert.Regexp(t, `registered at .*registry_test.go:\d+$`, got, want)
	}
}

func TestRunName(t *testing.T) {
	r := NewRegistry()
	nothing := RunHandler{Run: func(*Config, *value.Map, *value.Map) error { return nil }}
	r.RunHandlers.Add(RunName("run-task", "docker-worker"), nothing)
	r.RunHandlers.Add(RunName("run-task", "generic-worker"), nothing)
	assert.Len(t, r.RunHandlers.Names(), 2)
}

func TestRegisterStandard(t *testing.T) {
	r := NewRegistry()
	RegisterStandard(r)
	assert.Equal(t, []string{"target_tasks_method"}, r.Filters.Names())
	assert.Equal(t, []string{"codereview", "default", "nothing"}, r.TargetMethods.Names())
	assert.Equal(t, []string{"add_code_review_task", "add_index_tasks"}, r.Morphs.Names())
	phases := map[Phase]int{}
	for _, v := range r.Verifications.All() {
		phases[v.Phase]++
	}
	assert.Equal(t, 10, phases[FullTaskGraph])
	assert.Equal(t, 1, phases[OptimizedTaskGraph])
}

func TestFallbackIsAskedForWhatIsNotRegistered(t *testing.T) {
	s := newSet("number", func(int) string { return "" })
	s.Add("one", 1)
	s.Fallback(func(name string) (int, bool, error) {
		switch name {
		case "one":
			return 0, false, errors.New("asked although it is registered")
		case "bad.star:two":
			return 0, false, diag.Errorf(diag.Unreadable, 0, "cannot be read")
		}
		return 2, name == "good.star:two", nil
	})
	n, err := s.Find("one", 0, diag.UnknownName)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	n, err = s.Find("good.star:two", 0, diag.UnknownName)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	_, err = s.Find("bad.star:two", 42, diag.UnknownName)
	assert.Equal(t, diag.Pos(42), diag.Flatten(err)[0].Pos)
	_, err = s.Find("three", 42, diag.UnknownName)
	assert.Equal(t, diag.UnknownName, diag.Flatten(err)[0].Code)
}

type closer func() error

func (c closer) Close() error { return c() }

func TestExtensionsChangeTheProjectOnly(t *testing.T) {
	r := NewRegistry()
	var closed []string
	for _, name := range []string{"first", "second"} {
		r.Extensions = append(r.Extensions, func(_ context.Context, p *Project) (io.Closer, error) {
			p.Registry.SetNames.Add(name, func(*Config, []*Task, *Task, string) (string, error) { return "", nil })
			return closer(func() error { closed = append(closed, name); return nil }), nil
		})
	}
	tree := fstest.MapFS{"taskcluster/config.yml": {Data: []byte("trust-domain: demo\ntask-priority: low\nworkers: {aliases: {}}\ntaskgraph: {repositories: {demo: {name: demo}}}\ntreeherder: {group-names: {}}\n")}}
	for range 2 { // nothing is left of the first project when the second is opened
		p, err := Open(t.Context(), Options{Tree: tree, Root: "taskcluster", Registry: r})
		require.NoError(t, err)
		assert.Equal(t, []string{"first", "second"}, p.Registry.SetNames.Names())
		require.NoError(t, p.Close())
		require.NoError(t, p.Close(), "a second time there is nothing to close")
	}
	assert.Empty(t, r.SetNames.Names())
	assert.Equal(t, []string{"second", "first", "second", "first"}, closed)

	r.Extensions = append(r.Extensions, func(context.Context, *Project) (io.Closer, error) {
		return nil, diag.Errorf(diag.BadConfig, 0, "no such file")
	})
	_, err := Open(t.Context(), Options{Tree: tree, Root: "taskcluster", Registry: r})
	require.ErrorContains(t, err, "no such file")
	assert.Len(t, closed, 6, "what was opened before is closed")
}
