package local

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcindex"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// put indexes a task that need not exist, and gives what is at the path afterwards.
func (w *world) index(path string, rank float64, edit ...func(*tcindex.InsertTaskRequest)) (string, string) {
	w.t.Helper()
	id := slugid.Nice()
	req := &tcindex.InsertTaskRequest{TaskID: id, Rank: rank, Data: json.RawMessage(`{}`), Expires: tcclient.Time(w.clock.now().Add(time.Hour))}
	for _, f := range edit {
		f(req)
	}
	r, err := w.root().index.InsertTask(path, req)
	require.NoError(w.t, err)
	return id, r.TaskID
}

func TestIndexRanks(t *testing.T) {
	w := newWorld(t)
	first, at := w.index("a.b", 5)
	assert.Equal(t, first, at)
	_, at = w.index("a.b", 4)
	assert.Equal(t, first, at, "a lower rank changes nothing and says so")
	second, at := w.index("a.b", 5)
	assert.Equal(t, second, at, "an equal one replaces")
	third, at := w.index("a.b", 5.5, func(r *tcindex.InsertTaskRequest) { r.Data = json.RawMessage(`{"x": [1]}`) })
	assert.Equal(t, third, at)
	found, err := w.as(nil).index.FindTask("a.b")
	require.NoError(t, err)
	assert.Equal(t, third, found.TaskID)
	assert.Equal(t, 5.5, found.Rank)
	assert.JSONEq(t, `{"x": [1]}`, string(found.Data))
	assert.Equal(t, "a.b", found.Namespace)
	_, err = w.with("index:insert-task:a.c").index.InsertTask("a.b", &tcindex.InsertTaskRequest{TaskID: first, Rank: 1, Data: json.RawMessage(`{}`), Expires: tcclient.Time(w.clock.now())})
	refused(t, err, 403, "InsufficientScopes")
	require.NoError(t, w.with("index:delete-task:a.b").index.DeleteTask("a.b"))
	_, err = w.as(nil).index.FindTask("a.b")
	refused(t, err, 404, "ResourceNotFound")
	w.index("a.b", 0)
}

func TestIndexPaths(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"a..b", ".a", "a.", "a b", "a/b", "ä"} {
		_, err := w.root().index.FindTask(path)
		require.Error(t, err, path)
		refused(t, err, 400, "InvalidRequestArguments")
	}
	for _, path := range []string{"a", "a.b-c_d", "a.b!~*'()%", "a.%41"} {
		id, _ := w.index(path, 0)
		found, err := w.root().index.FindTask(path)
		require.NoError(t, err, path)
		assert.Equal(t, id, found.TaskID)
		assert.Equal(t, path, found.Namespace)
	}
}

func TestFindTasksAtIndex(t *testing.T) {
	w := newWorld(t)
	want := map[string]string{}
	paths := []string{"none.at.all", "single"}
	for i := range 5 {
		path := fmt.Sprintf("a.b%d", i)
		want[path], _ = w.index(path, 0)
		paths = append(paths, path)
	}
	w.index("single", 0)
	w.clock.advance(2 * time.Hour)
	_, err := w.as(nil).index.FindTask("a.b1")
	refused(t, err, 404, "ResourceNotFound") // it has expired
	got := map[string]string{}
	token := ""
	for {
		page, err := w.as(nil).index.FindTasksAtIndex(token, "2", &tcindex.ListTasksAtIndexRequest{Indexes: paths})
		require.NoError(t, err)
		assert.LessOrEqual(t, len(page.Tasks), 2)
		for _, task := range page.Tasks {
			got[task.Namespace] = task.TaskID
		}
		if token = page.ContinuationToken; token == "" {
			break
		}
	}
	assert.Equal(t, want, got, "expired ones are found, those without a dot are not")
	strict := newWorld(t, func(o *Options) { o.Roles = map[string][]string{"anonymous": {}} })
	_, err = strict.with("index:find-task:a.b").index.FindTasksAtIndex("", "", &tcindex.ListTasksAtIndexRequest{Indexes: []string{"a.b", "a.c"}})
	refused(t, err, 403, "InsufficientScopes")
}

func TestNamespaces(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"p.x.one", "p.x.two", "p.y.deep.three", "p.task", "q.z", "top"} {
		w.index(path, 0)
	}
	list := func(namespace string) (names []string) {
		token := ""
		for {
			r, err := w.as(nil).index.ListNamespaces(namespace, token, "1")
			require.NoError(t, err)
			for _, n := range r.Namespaces {
				names = append(names, n.Namespace+"="+n.Name)
				assert.True(t, time.Time(n.Expires).After(w.clock.now().Add(time.Hour)))
				assert.Zero(t, time.Time(n.Expires).UTC().Hour())
			}
			if token = r.ContinuationToken; token == "" {
				return names
			}
		}
	}
	assert.Equal(t, []string{"p=p", "q=q"}, list(""))
	assert.Equal(t, []string{"p.x=x", "p.y=y"}, list("p"))
	assert.Equal(t, []string{"p.y.deep=deep"}, list("p.y"))
	assert.Empty(t, list("p.x"))
	tasks := func(namespace string) (names []string) {
		r, err := w.as(nil).index.ListTasks(namespace, "", "")
		require.NoError(t, err)
		for _, task := range r.Tasks {
			names = append(names, task.Namespace)
		}
		return names
	}
	assert.Equal(t, []string{"top"}, tasks(""))
	assert.Equal(t, []string{"p.task"}, tasks("p"))
	assert.Equal(t, []string{"p.x.one", "p.x.two"}, tasks("p.x"))
}

func TestIndexRoutes(t *testing.T) {
	w := newWorld(t)
	route := func(path string, extra string) edit {
		return func(d *tcqueue.TaskDefinitionRequest) {
			d.Routes = []string{"index." + path, "index.not/valid", "indexed.no", "index."}
			if extra != "" {
				d.Extra = json.RawMessage(extra)
			}
		}
	}
	missing := func(path string) {
		t.Helper()
		_, err := w.as(nil).index.FindTask(path)
		refused(t, err, 404, "ResourceNotFound")
	}
	id := w.create(route("a.plain", ""))
	missing("a.plain")
	w.finish(id, "completed")
	found, err := w.as(nil).index.FindTask("a.plain")
	require.NoError(t, err)
	assert.Equal(t, id, found.TaskID)
	assert.Zero(t, found.Rank)
	assert.JSONEq(t, "{}", string(found.Data))
	assert.Equal(t, newStamp(w.clock.now()).Add(48*time.Hour).UnixMilli(), time.Time(found.Expires).UnixMilli(), "that of the task")

	for _, outcome := range []string{"failed", "exception", "canceled"} {
		w.finish(w.create(route("a."+outcome, "")), outcome)
		missing("a." + outcome)
	}
	until := newStamp(w.clock.now().Add(time.Hour)).String()
	w.finish(w.create(route("a.rich", `{"index": {"rank": 7, "expires": "`+until+`", "data": {"k": "v"}}}`)), "completed")
	found, err = w.as(nil).index.FindTask("a.rich")
	require.NoError(t, err)
	assert.EqualValues(t, 7, found.Rank)
	assert.JSONEq(t, `{"k": "v"}`, string(found.Data))
	assert.Equal(t, until, newStamp(time.Time(found.Expires)).String())
	w.finish(w.create(route("a.rich", `{"index": {"rank": 6}}`)), "completed")
	same, err := w.as(nil).index.FindTask("a.rich")
	require.NoError(t, err)
	assert.Equal(t, found, same)
	w.finish(w.create(route("a.text", `{"index": {"rank": "7"}}`)), "completed")
	missing("a.text")
	w.finish(w.create(route("a.list", `{"index": {"data": []}}`)), "completed")
	missing("a.list")
}

func TestFindArtifactFromTask(t *testing.T) {
	w := newWorld(t)
	id := w.running()
	_, err := w.announce(id, "private/x", object{"storageType": "reference", "contentType": "x", "url": "https://example.com/x"})
	require.NoError(t, err)
	w.index("a.b", 0, func(r *tcindex.InsertTaskRequest) { r.TaskID = id })
	c := w.NamedCredentials("me", "queue:get-artifact:private/x")
	signed, err := w.as(c).index.FindArtifactFromTask_SignedURL("a.b", "private/x", time.Minute)
	require.NoError(t, err)
	status, h, _ := rawRequest(t, "GET", signed.String(), "", "", nil)
	require.Equal(t, 303, status)
	assert.NotContains(t, h.Get("Location"), "private/x", "escaped")
	status, h, body := rawRequest(t, "GET", h.Get("Location"), "", "", nil)
	require.Equal(t, 303, status, body)
	assert.Equal(t, "https://example.com/x", h.Get("Location"))
	status, _, _ = w.send("GET", "/api/index/v1/task/a.b/artifacts/private/x", "", "", nil)
	assert.Equal(t, http.StatusForbidden, status)
	status, _, _ = rawRequest(t, "GET", strings.Replace(signed.String(), "a.b", "a.c", 1), "", "", nil)
	assert.Equal(t, http.StatusUnauthorized, status)
}
