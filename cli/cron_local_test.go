package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tchooks"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/taskcluster/local"
)

// cronHook is a hook as a deployment has it for cron.
var cronHook = &tchooks.HookCreationRequest{
	Metadata: tchooks.HookMetadata{Name: "cron", Description: "cron", Owner: "ci@example.com"}, Schedule: []string{"0 0,15,30,45 * * * *"},
	Task: json.RawMessage(`{"taskQueueId": "infra/cron", "priority": "highest", "created": {"$fromNow": "0 seconds"}, "deadline": {"$fromNow": "1 hour"},
		"scopes": ["assume:repo:hg.example.com/mozilla-central:cron:*"], "payload": {},
		"metadata": {"name": "cron", "description": "cron", "owner": "ci@example.com", "source": "https://example.com"}}`),
	TriggerSchema: json.RawMessage(`{"type": "object", "additionalProperties": false}`),
}

// The week once more, on the services of this machine: the hook's own schedule fires the cron tasks, the scopes are those of the
// jobs and no others, and each task is delivered three times. At some ticks no task can be created in the first two.
func TestCronWeekOnLocalServices(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some time")
	}
	hg := newCronService(t)
	for file, name := range map[string]string{"testdata/cron/week.yml": ".cron.yml", "testdata/cron/taskcluster.yml": ".taskcluster.yml"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		hg.files[name] = string(text)
	}
	begin := time.Date(2026, 2, 23, 0, 0, 0, 0, time.UTC)
	var now atomic.Int64
	now.Store(begin.Add(-time.Minute).UnixMilli())
	clock := func() time.Time { return time.UnixMilli(now.Load()).UTC() }
	const token = "a-token-for-the-jobs-of-cron"
	s, err := local.New(local.Options{
		Clock: clock, CheckReplies: true, Clients: []local.Client{{ID: "cron", AccessToken: token, Scopes: []string{"assume:repo:hg.example.com/mozilla-central:cron:*"}}},
		Roles: map[string][]string{
			"hook-id:project-gecko/cron-task": {"assume:repo:hg.example.com/mozilla-central:cron:*", "queue:create-task:highest:infra/cron", "queue:create-task:project:none", "queue:scheduler-id:-"},
			"repo:hg.example.com/mozilla-central:cron:*": {"queue:create-task:low:gecko-3/decision", "queue:create-task:project:none", "queue:scheduler-id:gecko-level-3",
				"queue:route:tc-treeherder.v2.mozilla-central.*", "queue:route:index.gecko.v2.mozilla-central.*"},
			"anonymous": {"queue:get-task:*"},
		}})
	require.NoError(t, err)
	var down atomic.Bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() && r.Method == http.MethodPut {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		s.Handler().ServeHTTP(w, r)
	}))
	defer web.Close()
	hooks, queue := tchooks.New(s.RootCredentials(), web.URL), tcqueue.New(s.RootCredentials(), web.URL)
	_, err = hooks.CreateHook("project-gecko", "cron-task", cronHook)
	require.NoError(t, err)

	env := map[string]string{"TASKCLUSTER_ROOT_URL": web.URL, "TASKCLUSTER_CLIENT_ID": "cron", "TASKCLUSTER_ACCESS_TOKEN": token}
	deliver := func(try int, fail bool) (lines []string) {
		var out, errs bytes.Buffer
		env["RUN_ID"] = strconv.Itoa(try)
		down.Store(fail)
		defer down.Store(false)
		app := &cli.App{Registry: standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: os.TempDir(), Clock: clock, Env: func(name string) string { return env[name] }}
		code := app.Run(t.Context(), []string{"cron", "--repository-url", hg.URL + "/hg/app", "--repository-type", "hg", "--project", "mozilla-central", "--level", "3",
			"--branch", "default", "--trust-domain", "gecko"})
		lines = strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Equal(t, fail && lines[0] != "", code != 0, "%s %s", clock(), errs.String())
		return lines
	}
	var got []string
	ids, seen, failures := map[string]bool{}, map[string]bool{}, 0
	for quarter := begin; quarter.Before(begin.AddDate(0, 0, 7)); quarter = quarter.Add(15 * time.Minute) {
		now.Store(quarter.Add(3 * time.Second).UnixMilli())
		s.Settle()
		fires, err := hooks.ListLastFires("project-gecko", "cron-task", "", "")
		require.NoError(t, err)
		env["TASK_ID"] = ""
		for _, f := range fires.LastFires {
			if !seen[f.TaskID] {
				require.Equal(t, "success", f.Result, f.Error)
				env["TASK_ID"], seen[f.TaskID] = f.TaskID, true
			}
		}
		require.NotEmpty(t, env["TASK_ID"], "%s: the hook was not fired", quarter)
		fail := quarter.Day() == 25 && quarter.Hour() == 10 || quarter.Day() == 26 && quarter.Hour() == 11 // Wednesday and Thursday
		for try := range 3 {
			now.Store(quarter.Add(30*time.Second + time.Duration(try)*4*time.Minute).UnixMilli())
			for _, line := range deliver(try, fail && try < 2) {
				fields := strings.Fields(line)
				switch {
				case len(fields) == 0:
				case fields[0] == "created":
					require.False(t, ids[fields[1]], "%s twice", line)
					ids[fields[1]] = true
					got = append(got, quarter.Format("2006-01-02T15:04")+" "+fields[2])
				case fields[0] == "failed":
					failures++
				default:
					require.True(t, ids[fields[1]], line)
				}
			}
		}
	}
	slices.Sort(got)
	assert.Equal(t, expectedWeek(), got)
	assert.Len(t, seen, 7*96)
	assert.Equal(t, 2*(2+1+1), failures)
	for id := range ids {
		_, err := queue.Task(id)
		require.NoError(t, err)
	}
}
