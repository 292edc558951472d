package taskgraph

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

func TestSetKeepsTheOrderOfRegistration(t *testing.T) {
	s := newSet[int]("number")
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
	s := newSet[int]("number")
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
	s := newSet[int]("number")
	s.Add("one", 1)
	msg := func(f func()) (msg string) {
		defer func() { msg, _ = recover().(string) }()
		f()
		return ""
	}
	duplicate := msg(func() { s.Add("one", 2) })
	assert.Regexp(t, `^duplicate number "one": registered at .*registry_test.go:\d+ and at .*registry_test.go:\d+$`, duplicate)
	assert.Regexp(t, `^number without a name at .*registry_test.go:\d+$`, msg(func() { s.Add("", 0) }))
	n, _ := s.Get("one")
	assert.Equal(t, 1, n, "the first registration stays")
}

func TestRunName(t *testing.T) {
	r := NewRegistry()
	r.RunHandlers.Add(RunName("run-task", "docker-worker"), RunHandler{})
	r.RunHandlers.Add(RunName("run-task", "generic-worker"), RunHandler{})
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
	s := newSet[int]("number")
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
			p.Registry.SetNames.Add(name, nil)
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
