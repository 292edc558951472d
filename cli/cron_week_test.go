package cli_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
)

// tick is one run of the command, as the hook's task makes it.
type tick struct {
	service *cronService
	taskID  string
	run     int
	args    []string
	env     map[string]string
}

var standard = sync.OnceValue(cli.Standard)

// do runs the command.
func (k tick) do(t *testing.T) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com", "TASKCLUSTER_PROXY_URL": k.service.URL, "TASK_ID": k.taskID, "RUN_ID": fmt.Sprint(k.run)}
	for name, v := range k.env {
		env[name] = v
	}
	app := &cli.App{Registry: standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: os.TempDir(),
		Env: func(name string) string { return env[name] }, Clock: func() time.Time { return k.service.now }}
	args := append([]string{"cron", "--repo-url", k.service.URL + "/hg/app", "--repository-type", "hg", "--project", "mozilla-central", "--level", "3",
		"--trust-domain", "gecko"}, k.args...)
	code = app.Run(t.Context(), args)
	return code, out.String(), errs.String()
}

// cronTask adds the task of a hook that was fired.
func (s *cronService) cronTask(id string, created time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks[id] = map[string]any{"created": created.Format("2006-01-02T15:04:05.000Z")}
}

// expectedWeek is what the twelve jobs of week.yml have to do in the week from Monday, the 23rd of February 2026, until Sunday, the 1st of
// March, by the calendar.
func expectedWeek() []string {
	week := []string{"2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26", "2026-02-27", "2026-02-28", "2026-03-01"}
	var out []string
	add := func(job string, days []string, times ...string) {
		for _, day := range days {
			for _, at := range times {
				out = append(out, day+"T"+at+" "+job)
			}
		}
	}
	mon, wed, thu, sat, sun := week[:1], week[2:3], week[3:4], week[5:6], week[6:7]
	add("nightly-desktop", week, "10:00", "22:00")
	add("nightly-android", week, "10:00")
	add("periodic-update", mon, "11:30")
	add("periodic-update", thu, "11:30")
	add("searchfox-index", week, "10:30", "22:30")
	add("linux64-clang-trunk-perf", sun, "12:00")
	add("first-of-month", sun, "00:15")
	add("march-days", sun, "23:45")
	add("hourly", sat, "00:45", "01:45", "02:45", "03:45", "04:45", "05:45", "06:45", "07:45", "08:45", "09:45", "10:45", "11:45",
		"12:45", "13:45", "14:45", "15:45", "16:45", "17:45", "18:45", "19:45", "20:45", "21:45", "22:45", "23:45")
	add("quarterly", wed, "03:00", "03:15", "03:30", "03:45")
	add("keyed", week, "06:00")
	slices.Sort(out)
	return out
}

var jobName = regexp.MustCompile(`"job_name":\s*"([^"]+)"`)

// A week of cron: every tick is delivered three times, some by the same task and some by another one, at each of which something
// else goes wrong with the service in its first two tries. Each decision task is there once, and none is lost.
func TestCronWeek(t *testing.T) {
	s := newCronService(t)
	for file, name := range map[string]string{"testdata/cron/week.yml": ".cron.yml", "testdata/cron/taskcluster.yml": ".taskcluster.yml"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		s.files[name] = string(text)
	}
	begin := time.Date(2026, 2, 23, 0, 0, 0, 0, time.UTC)
	busy := map[string]int{}
	for _, line := range expectedWeek() {
		at, _, _ := strings.Cut(line, " ")
		busy[at]++
	}
	count, faulty := 0, 0
	at := map[string]string{} // when a task was created
	for quarter := begin; quarter.Before(begin.AddDate(0, 0, 7)); quarter = quarter.Add(15 * time.Minute) {
		due := busy[quarter.Format("2006-01-02T15:04")]
		if due > 0 {
			count++
		}
		fault := 0
		if due > 0 && (count%3 == 0 || due > 1) {
			faulty++
			fault = 1 + faulty%4
		}
		before := len(s.created)
		for try := range 3 {
			id, run := "cron"+quarter.Format("01021504")+"QAAAAAAAAA", try
			if count%2 == 0 { // another firing of the hook
				id, run = fmt.Sprintf("cron%sQAAAAA%dAAA", quarter.Format("01021504"), try), 0
			}
			created := quarter.Add(7*time.Second + time.Duration(try)*4*time.Minute)
			if run > 0 {
				created = quarter.Add(7 * time.Second)
			}
			s.cronTask(id, created)
			s.now = quarter.Add(time.Minute + time.Duration(try)*17*time.Minute + 123*time.Millisecond) // later ones are late
			if due > 0 && count%5 == 0 && try == 1 {
				s.push++ // something was pushed in between
			}
			s.fault = nil
			if try < 2 {
				s.fault = faults(fault, due)
			}
			code, _, stderr := tick{service: s, taskID: id, run: run}.do(t)
			if s.fault == nil || fault == 4 { // an answer that is lost once is asked for again
				require.Equal(t, 0, code, "%s try %d: %s", quarter, try, stderr)
			} else {
				require.NotEqual(t, 0, code, "%s try %d: %s", quarter, try, stderr)
			}
			for _, id := range s.created[before:] {
				if at[id] == "" {
					at[id] = quarter.Format("2006-01-02T15:04")
				}
			}
		}
		assert.Len(t, s.created[before:], due, "%s", quarter)
	}
	var got []string
	for _, id := range s.created {
		name := jobName.FindStringSubmatch(s.tasks[id]["extra"].(map[string]any)["cron"].(string))
		require.NotNil(t, name)
		got = append(got, at[id]+" "+name[1])
	}
	slices.Sort(got)
	assert.Equal(t, expectedWeek(), got)
	assert.Len(t, got, 7*2+7+2+7*2+1+1+1+24+4+7)
	assert.Greater(t, faulty, 20)
	assert.Greater(t, s.conflict, 50, "later tries meet tasks of earlier ones")
}

// faults gives what goes wrong: 1 nothing works, 2 no task can be created, 3 one can and then no other, 4 the first answer to each
// creation is lost.
func faults(kind, due int) func(*http.Request) string {
	var puts atomic.Int32
	create := func(r *http.Request) bool { return r.Method == http.MethodPut }
	switch kind {
	case 1:
		return func(r *http.Request) string {
			return map[bool]string{true: "down"}[strings.HasPrefix(r.URL.Path, "/api")]
		}
	case 2:
		return func(r *http.Request) string { return map[bool]string{true: "down"}[create(r)] }
	case 3:
		if due < 2 {
			return func(r *http.Request) string { return map[bool]string{true: "down"}[create(r)] }
		}
		return func(r *http.Request) string {
			return map[bool]string{true: "down"}[create(r) && puts.Add(1) > 1]
		}
	case 4:
		return func(r *http.Request) string {
			return map[bool]string{true: "lost"}[create(r) && puts.Add(1) == 1]
		}
	}
	return nil
}
