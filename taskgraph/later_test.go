package taskgraph

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

// pending gives a registry with one filter, to which another is added, and the first replaced, when release is closed.
func pending(fail error) (r *Registry, release chan struct{}) {
	r, release = NewRegistry(), make(chan struct{})
	filter := func(*Selection) ([]*Task, error) { return nil, nil }
	r.Filters.Add("early", filter)
	r.GroupBys.Add("early", grouping(false))
	r.Later(func(r *Registry) error {
		<-release
		r.Filters.Add("late", filter)
		r.GroupBys.Replace("early", grouping(true))
		r.ParameterExtensions = append(r.ParameterExtensions, parameters.Extension{Names: []string{"late"}})
		return fail
	})
	_ = r.After(func(r *Registry) error {
		if _, ok := r.Filters.Get("late"); ok {
			r.Filters.Add("after", filter)
		}
		return nil
	})
	r.begin(nil)
	return r, release
}

// grouping gives a group-by function whose argument may be left out or not.
func grouping(optional bool) GroupBy {
	return GroupBy{Optional: optional, Group: func(*Config, []*Task, value.Value) ([][]*Task, error) { return nil, nil }}
}

func TestLaterIsWaitedFor(t *testing.T) {
	r, release := pending(nil)
	assert.True(t, r.Pending())
	got := make(chan []string)
	go func() { got <- r.Filters.Names() }()
	select {
	case <-got:
		t.Fatal("it does not wait")
	case <-time.After(20 * time.Millisecond):
	}
	extensions, later, err := r.ParameterExtensionsSoFar()
	require.NoError(t, err)
	assert.Empty(t, extensions)
	close(release)
	assert.Equal(t, []string{"after", "early", "late"}, <-got)
	extensions, err = later()
	require.NoError(t, err)
	assert.Len(t, extensions, 1)
	g, ok := r.GroupBys.Get("early")
	assert.True(t, ok && g.Optional)
	assert.False(t, r.Pending())
	assert.Equal(t, []string{"after", "early", "late"}, r.Clone().Filters.Names())
	called := false
	require.NoError(t, NewRegistry().After(func(*Registry) error { called = true; return nil }))
	assert.True(t, called, "at once where nothing is to come")
}

func TestLaterFails(t *testing.T) {
	r, release := pending(errors.New("no"))
	close(release)
	p := &Project{Options: Options{Registry: r}}
	for range 2 {
		err := p.Ready(t.Context())
		require.ErrorContains(t, err, "no")
		diag.Flatten(err)[0].Message = "changed" // each has one of its own
	}
	_, _, err := r.Filters.Lookup("early")
	require.ErrorContains(t, err, "no")
	assert.Equal(t, []string{"early"}, r.Filters.Names(), "nothing of it counts")
	_, err = r.AllParameterExtensions()
	require.ErrorContains(t, err, "no")

	r, release = pending(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, (&Project{Options: Options{Registry: r}}).Ready(ctx), context.Canceled)
	close(release)
}

// TestAheadOfLater sees what can be looked up before the work is done, and what is noted of it.
func TestAheadOfLater(t *testing.T) {
	settled := make(chan struct{})
	r, release := pending(nil)
	ahead, overtaken := r.ahead(func() error { <-settled; return nil })
	quick, slow := 0, 0
	g := grouping(false)
	ahead.GroupBys.Fallback(func(name string) (GroupBy, bool, error) { quick++; return g, name == "quick", nil })
	ahead.GroupBys.SettledFallback(func(name string) (GroupBy, bool, error) { slow++; return g, name == "slow", nil })
	_, ok, err := ahead.GroupBys.Lookup("quick")
	assert.True(t, ok && err == nil)
	early, ok, err := ahead.GroupBys.Lookup("early")
	assert.True(t, ok && err == nil)
	assert.False(t, early.Optional)
	close(release)
	r.later.wait()
	assert.Equal(t, []string{"group-by function early"}, overtaken())
	now, ok := ahead.GroupBys.Get("early")
	assert.True(t, ok && now.Optional, "from now on it is the one that counts")
	assert.Zero(t, slow)
	assert.Equal(t, 1, quick)
}

func TestOpenReportsWhatFailsLaterBesideTheRest(t *testing.T) {
	r := NewRegistry()
	r.Extensions = append(r.Extensions,
		func(_ context.Context, p *Project) (io.Closer, error) {
			p.Registry.Later(func(*Registry) error { time.Sleep(10 * time.Millisecond); return errors.New("late mistake") })
			return nil, nil
		},
		func(context.Context, *Project) (io.Closer, error) { return nil, errors.New("early mistake") },
	)
	_, err := Open(t.Context(), Options{Root: "taskcluster", Registry: r, Tree: fstest.MapFS{"taskcluster/config.yml": {Data: []byte(
		"trust-domain: x\ntask-priority: low\nworkers: {aliases: {}}\ntaskgraph: {repositories: {x: {name: x}}}\n")}}})
	require.ErrorContains(t, err, "early mistake")
	require.ErrorContains(t, err, "late mistake")
}
