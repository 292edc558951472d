package parameters_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

func push(pairs ...any) *parameters.Params {
	m := value.MapOf("level", "3", "project", "demo", "owner", "a@example.com", "head_rev", "abc", "build_date", 12, "tasks_for", "github-push",
		"repository_type", "git", "head_repository", "https://github.com/org/demo", "empty", nil)
	m.Update(value.MapOf(pairs...))
	return parameters.New("push.yml", m)
}

// A draft serves parameters of which it reads the same, and no others.
func TestDraftServes(t *testing.T) {
	for name, c := range map[string]struct {
		read   func(p *parameters.Params)
		serves []*parameters.Params
		not    []*parameters.Params
	}{
		"nothing":  {func(*parameters.Params) {}, []*parameters.Params{push("level", "1")}, nil},
		"at":       {func(p *parameters.Params) { p.At("level") }, []*parameters.Params{push("project", "x")}, []*parameters.Params{push("level", "1"), push("level", 3)}},
		"get":      {func(p *parameters.Params) { p.Get("new") }, []*parameters.Params{push()}, []*parameters.Params{push("new", 1), push("new", nil)}},
		"absent":   {func(p *parameters.Params) { p.At("absent") }, []*parameters.Params{push("empty", 1)}, []*parameters.Params{push("absent", nil)}},
		"level":    {func(p *parameters.Params) { p.Level() }, []*parameters.Params{push("owner", "x")}, []*parameters.Params{push("level", "2")}},
		"project":  {func(p *parameters.Params) { p.Project() }, nil, []*parameters.Params{push("project", "x")}},
		"all":      {func(p *parameters.Params) { p.Map() }, []*parameters.Params{push()}, []*parameters.Params{push("owner", "x"), push("new", 1)}},
		"id":       {func(p *parameters.Params) { p.ID() }, []*parameters.Params{push()}, []*parameters.Params{push("owner", "x")}},
		"required": {func(p *parameters.Params) { _, _ = p.Require("owner") }, nil, []*parameters.Params{push("owner", "x")}},
		"page": {func(p *parameters.Params) { _, _ = p.FileURL("a", true) }, []*parameters.Params{push("owner", "x")},
			[]*parameters.Params{push("head_rev", "x"), push("head_repository", "https://github.com/x/y"), push("repository_type", "hg")}},
		"found": {func(p *parameters.Params) {
			for range 2 {
				v, err := p.Find("long level", func(p *parameters.Params) (value.Value, error) { return value.NewBool(len(p.Level()) > 1), nil })
				assert.NoError(t, err)
				assert.False(t, v.IsTrue())
			}
		}, []*parameters.Params{push("level", "1")}, []*parameters.Params{push("level", "10")}},
		"found_wrong": {func(p *parameters.Params) {
			_, err := p.Find("no", func(*parameters.Params) (value.Value, error) { return value.Value{}, errors.New("no") })
			assert.Error(t, err)
		}, nil, []*parameters.Params{push()}},
		"blank":       {func(p *parameters.Params) { p.BlankAt("owner") }, []*parameters.Params{push("owner", "x")}, []*parameters.Params{push("owner", 5), push("owner", nil)}},
		"blank_no":    {func(p *parameters.Params) { p.BlankAt("build_date") }, []*parameters.Params{push("owner", "x")}, []*parameters.Params{push("build_date", 13)}},
		"blank_text":  {func(p *parameters.Params) { p.BlankText("build_date") }, []*parameters.Params{push("build_date", 13), push("build_date", "x")}, nil},
		"blank_given": {func(p *parameters.Params) { p.Given().At("owner") }, []*parameters.Params{push("owner", "x")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			given := push()
			p, reading := given.Draft(&parameters.Form{})
			assert.True(t, p.IsDraft())
			assert.False(t, given.IsDraft())
			assert.Same(t, given, p.Given())
			c.read(p)
			_, ok := reading.Fill(given)
			assert.True(t, ok)
			for i, other := range c.serves {
				_, ok := reading.Fill(other)
				assert.True(t, ok, "serves %d", i)
			}
			for i, other := range c.not {
				_, ok := reading.Fill(other)
				assert.False(t, ok, "does not serve %d", i)
			}
		})
	}
}

// What is filled in is what would have been there without a draft.
func TestFill(t *testing.T) {
	write := func(p *parameters.Params) value.Value {
		date, err := p.Blank("date", func(p *parameters.Params) (value.Value, error) { return p.At("build_date"), nil })
		require.NoError(t, err)
		return value.NewList(p.BlankAt("owner"), value.NewString("rev:"+p.BlankText("head_rev")+":"+p.BlankText("build_date")), date, p.At("level")).Value()
	}
	form := &parameters.Form{}
	p, reading := push().Draft(form)
	draft := write(p)
	assert.NotEqual(t, "a@example.com", draft.List().At(0).Str())
	for _, other := range []*parameters.Params{push(), push("owner", "x", "head_rev", 5), push("build_date", nil)} {
		filling, ok := reading.Fill(other)
		require.True(t, ok)
		f := value.NewFiller(func(n int) value.Value { return filling[n] })
		assert.True(t, value.Identical(write(other), f.Fill(draft, value.NewOutliner().Of(draft))))
	}
	// Another draft has the same blanks, and one more.
	q, _ := push("owner", "y").Draft(form)
	assert.True(t, value.Identical(draft, write(q)))
	_, err := q.Blank("wrong", func(*parameters.Params) (value.Value, error) { return value.Value{}, errors.New("wrong") })
	assert.ErrorContains(t, err, "wrong")
}
