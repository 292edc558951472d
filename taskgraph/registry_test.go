package taskgraph

import (
	"testing"

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
