package cron_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/taskcluster"
)

// answers is a server that knows what to answer to each path with its query. What it does not know is not there.
func answers(t testing.TB, known map[string]string) (server *httptest.Server, asked func() []string) {
	var log []string
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log = append(log, r.URL.RequestURI())
		text, ok := known[r.URL.RequestURI()]
		to, redirect := strings.CutPrefix(text, "-> ")
		switch {
		case redirect:
			http.Redirect(w, r, to, http.StatusFound)
		case !ok:
			http.Error(w, "not here", http.StatusNotFound)
		default:
			io.WriteString(w, text)
		}
	}))
	t.Cleanup(server.Close)
	return server, func() []string { return log }
}

func TestMercurial(t *testing.T) {
	const push = `{"pushes": {"17": {"user": "dev@example.com", "date": 1770000000, "changesets": [
		{"node": "bbbb", "parents": ["aaaa", "ffff"]}, {"node": "cccc", "parents": ["bbbb"]}]}}}`
	server, asked := answers(t, map[string]string{
		"/hg/app/json-pushes?changeset=default&full=1&version=2": push,
		"/hg/app/json-pushes?changeset=cccc&full=1&version=2":    push,
		"/hg/app/json-pushes?changeset=bbbb&full=1&version=2":    push,
		"/hg/app/json-pushes?changeset=a%2Fb+c&full=1&version=2": push,
		"/hg/app/json-pushes?changeset=none&full=1&version=2":    `{"pushes": {}}`,
		"/hg/app/json-pushes?changeset=two&full=1&version=2":     `{"pushes": {"1": {}, "2": {}}}`,
		"/hg/app/json-pushes?changeset=empty&full=1&version=2":   `{"pushes": {"1": {"date": 1, "changesets": []}}}`,
		"/hg/app/json-pushes?changeset=undated&full=1&version=2": `{"pushes": {"1": {"changesets": [{"node": "a"}]}}}`,
		"/hg/app/json-pushes?changeset=other&full=1&version=2":   `{"error": "no"}`,
		"/hg/app/json-pushes?changeset=list&full=1&version=2":    `[]`,
		"/hg/app/json-pushes?changeset=html&full=1&version=2":    `<html>`,
		"/hg/app/raw-file/cccc/.cron.yml":                        "jobs: []",
		"/hg/app/raw-file/cccc/a%20b/c%3Fd":                      "odd",
		"/hg/app/raw-file/cccc/huge":                             strings.Repeat("x", 5<<20),
		"/hg/app/raw-file/cccc/moved":                            "-> /hg/app/raw-file/cccc/.cron.yml",
		"/hg/app/raw-file/cccc/round":                            "-> /hg/app/raw-file/cccc/round",
	})
	hg := &cron.Mercurial{URL: server.URL + "/hg/app/", Pause: time.Millisecond}
	ctx := t.Context()
	date := int64(1770000000)
	want := cron.Push{Revision: "cccc", BaseRevision: "aaaa", PushlogID: "17", Pushdate: &date}
	got, err := hg.Head(ctx, "")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = hg.Head(ctx, "a/b c")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = hg.Push(ctx, "", "cccc")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	_, err = hg.Push(ctx, "", "bbbb")
	assert.ErrorContains(t, err, "revision bbbb is not the last one of its push, which is cccc")

	before := len(asked())
	_, err = hg.Head(ctx, "none")
	assert.ErrorIs(t, err, cron.ErrNoPush)
	assert.Len(t, asked()[before:], 5)
	for branch, wrong := range map[string]string{
		"two": "want one push, got 2", "empty": "the push has no changesets", "undated": "no node or no date", "other": "the answer has no pushes",
		"list": "want a map, got a list", "html": "TG1006", "gone": "404",
	} {
		_, err = hg.Head(ctx, branch)
		assert.ErrorContains(t, err, wrong, branch)
		assert.NotErrorIs(t, err, cron.ErrNoPush)
	}

	for path, want := range map[string]string{".cron.yml": "jobs: []", "a b/c?d": "odd", "moved": "jobs: []"} {
		text, err := hg.File(ctx, "cccc", path)
		require.NoError(t, err, path)
		assert.Equal(t, want, string(text))
	}
	_, err = hg.File(ctx, "cccc", "gone")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.True(t, taskcluster.IsNotFound(err))
	before = len(asked())
	_, err = hg.File(ctx, "cccc", "huge")
	assert.ErrorContains(t, err, "413")
	assert.Len(t, asked()[before:], 1, "what is too large is not asked for again")
	_, err = hg.File(ctx, "cccc", "round")
	assert.ErrorContains(t, err, "more than 10 redirects")
	assert.False(t, errors.Is(err, fs.ErrNotExist))
}

func TestGitHub(t *testing.T) {
	var elsewhere http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere = r.Header
		io.WriteString(w, "moved")
	}))
	defer other.Close()
	known := map[string]string{
		"/repos/org/app":                             `{"default_branch": "trunk"}`,
		"/repos/org/app/git/ref/heads/trunk":         `{"object": {"sha": "aaaa"}}`,
		"/repos/org/app/git/ref/heads/feature/a%20b": `{"object": {"sha": "bbbb"}}`,
		"/repos/org/app/git/ref/heads/odd":           `{}`,
		"/repos/org/app/contents/.cron.yml?ref=aaaa": "jobs: []",
		"/repos/org/app/contents/moved?ref=aaaa":     "-> " + other.URL,
	}
	var headers []http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header)
		text, ok := known[r.URL.RequestURI()]
		if to, redirect := strings.CutPrefix(text, "-> "); redirect {
			http.Redirect(w, r, to, http.StatusFound)
		} else if !ok {
			http.Error(w, `{"message": "Not Found"}`, http.StatusNotFound)
		} else {
			io.WriteString(w, text)
		}
	}))
	defer server.Close()
	hub := &cron.GitHub{Repo: "org/app", Token: "secret", API: server.URL + "/"}
	ctx := t.Context()
	for branch, want := range map[string]cron.Push{"": {Branch: "trunk", Revision: "aaaa"}, "trunk": {Branch: "trunk", Revision: "aaaa"}, "feature/a b": {Branch: "feature/a b", Revision: "bbbb"}} {
		got, err := hub.Head(ctx, branch)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	got, err := hub.Push(ctx, "", "cccc")
	require.NoError(t, err)
	assert.Equal(t, cron.Push{Branch: "trunk", Revision: "cccc"}, got)
	_, err = hub.Head(ctx, "gone")
	assert.ErrorContains(t, err, `org/app has no branch "gone"`)
	_, err = hub.Head(ctx, "odd")
	assert.ErrorContains(t, err, "the answer has no object.sha")
	text, err := hub.File(ctx, "aaaa", ".cron.yml")
	require.NoError(t, err)
	assert.Equal(t, "jobs: []", string(text))
	last := headers[len(headers)-1]
	assert.Equal(t, "application/vnd.github.raw+json", last.Get("Accept"))
	assert.Equal(t, "token secret", last.Get("Authorization"))
	_, err = hub.File(ctx, "aaaa", "gone")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotContains(t, err.Error(), "secret")

	text, err = hub.File(ctx, "aaaa", "moved")
	require.NoError(t, err)
	assert.Equal(t, "moved", string(text))
	assert.Empty(t, elsewhere.Get("Authorization"), "another host does not see the token")
}
