package schema

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

const checked = `
properties:
  worker:
    type: object
    properties:
      env: {type: object, additionalProperties: {type: string}}
      command: {type: array, items: {type: string}}
`

// remembers says whether any node remembers the container.
func (c *Checker) remembers(v value.Value) bool {
	for i := range c.known {
		if c.known[i].Load() == (*byte)(v.Identity()) {
			return true
		}
	}
	return false
}

func TestCheckerRemembersWhatIsShared(t *testing.T) {
	defaults := value.MapOf("worker", value.MapOf("env", value.MapOf("A", "1"), "command", []string{"x"}))
	c := NewChecker(MustCompile("x.yml", []byte(checked)))
	task := defaults.Copy()
	task.Set("name", value.NewString("a"))
	require.Nil(t, c.Validate(task.Value()))
	assert.True(t, c.remembers(task.At("worker")))
	assert.False(t, c.remembers(task.Value()), "the task itself is still being made")

	task.EditMap("worker").EditMap("env").Set("B", value.NewInt(5))
	found := c.Validate(task.Value())
	require.Len(t, found, 1)
	assert.Equal(t, "worker.env.B", found[0].Path)
	assert.False(t, c.remembers(task.At("worker")), "it can be changed in place")

	task.EditMap("worker").EditMap("env").Set("B", value.NewString("5"))
	require.Nil(t, c.Validate(task.Value()))
	task.EditMap("worker").EditMap("env").Set("B", value.NewInt(5))
	assert.Len(t, c.Validate(task.Value()), 1)
}

// The same container may be valid in one place and not in another.
func TestCheckerKeepsPlacesApart(t *testing.T) {
	c := NewChecker(MustCompile("x.yml", []byte(`{properties: {a: {additionalProperties: {type: string}}, b: {additionalProperties: {type: integer}}}}`)))
	shared := value.MapOf("x", "text").Value()
	require.Nil(t, c.Validate(value.MapOf("a", shared).Value()))
	assert.Len(t, c.Validate(value.MapOf("a", shared, "b", shared).Value()), 1)
}

func TestCheckerIsConcurrent(t *testing.T) {
	c := NewChecker(MustCompile("x.yml", []byte(checked)))
	defaults := value.MapOf("worker", value.MapOf("env", value.MapOf("A", "1"), "command", []string{"x"}))
	defaults.Freeze()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 500 {
				task := defaults.Copy()
				assert.Nil(t, c.Validate(task.Value()))
				task.EditMap("worker").EditMap("env").Set("B", value.NewInt(int64(i)))
				assert.Len(t, c.Validate(task.Value()), 1)
			}
		})
	}
	wg.Wait()
}

func TestTableFindsItsFieldsOnly(t *testing.T) {
	for _, names := range [][]string{
		{}, {"a"}, {"", "a"}, {"abc", "acb", "bac"},
		{"a1xxb", "a2xxb", "a3xxb"}, // no four bytes tell these apart
		{"label", "description", "attributes", "task-from", "dependencies", "soft-dependencies", "if-dependencies", "priority", "requires",
			"expires-after", "deadline-after", "routes", "scopes", "tags", "extra", "treeherder", "index", "run-on-projects", "worker"},
	} {
		var fields []field
		for _, n := range names {
			fields = append(fields, field{name: n})
		}
		table := newTable(fields)
		for _, n := range names {
			f := table.find(n)
			if assert.NotNil(t, f, n) {
				assert.Equal(t, n, f.name)
			}
			assert.Nil(t, table.find(n+"x"), n)
		}
		assert.Nil(t, table.find("zzz"))
	}
	assert.Nil(t, new(table).find(""))
}

// Long lists of texts are looked through in another way, with the same result.
func TestLongListsWithRepeats(t *testing.T) {
	for _, n := range []int{2, 31, 32, 33, 34, 100} {
		texts, numbers := value.NewList(), value.NewList()
		for i := range n {
			texts.AppendStrings(fmt.Sprint(i))
			numbers.Append(value.NewInt(int64(i)))
		}
		for _, l := range []*value.List{texts, numbers} {
			i, j := firstPair(l)
			assert.Zero(t, j, n)
			assert.Zero(t, i, n)
			again := l.Copy()
			again.Append(l.At(1), l.At(0), l.At(1))
			i, j = firstPair(again)
			assert.Equal(t, []int{1, n}, []int{i, j}, n)
		}
		mixed := texts.Copy()
		mixed.Append(value.NewInt(0), value.NewInt(0))
		i, j := firstPair(mixed)
		assert.Equal(t, []int{n, n + 1}, []int{i, j}, n)
	}
}
