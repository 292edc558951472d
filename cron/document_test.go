package cron_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// parse reads a document, and gives what is wrong with it, one a line.
func parse(text string) (*cron.Document, string) {
	sources := &diag.Sources{}
	doc, err := cron.Parse(&value.Reader{Sources: sources}, ".cron.yml", []byte(text))
	return doc, mistakes(err, sources)
}

func mistakes(err error, sources *diag.Sources) string {
	var lines []string
	for _, d := range diag.Flatten(err) {
		line := d.Error()
		if d.Where.Line == 0 && d.Pos != 0 {
			line = sources.Position(d.Pos).String() + ": " + line
		}
		if d.Hint != "" {
			line += " " + d.Hint
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func mustParse(t testing.TB, text string) *cron.Document {
	t.Helper()
	doc, wrong := parse(text)
	require.Empty(t, wrong)
	return doc
}

// atOnce makes sure that something ends at once: within a second, where the machine has nothing else to do. It has three tries.
func atOnce(t testing.TB, name string, f func()) {
	t.Helper()
	var took time.Duration
	for range 3 {
		start := time.Now()
		f()
		if took = time.Since(start); took < 3*time.Second {
			return
		}
	}
	t.Errorf("%s: took %s", name, took)
}

// job is the beginning of a document with one job, to add fields to.
const job = "jobs:\n- name: a\n  job: {type: decision-task, treeherder-symbol: A, target-tasks-method: m}\n"

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"one", job, ""},
		{"none", "jobs: []", ""},
		{"all of a decision task", "jobs: [{name: a, job: {type: decision-task, treeherder-symbol: A, target-tasks-method: m, optimize-target-tasks: no, " +
			"include-push-tasks: yes, rebuild-kinds: [k], include-cron-input: on}, run-on-projects: [], when: []}]", ""},
		{"all of an action", "jobs: [{name: a, job: {type: trigger-action, action-name: x, include-cron-input: true, extra-input: {a: {b: 1}}}}]", ""},
		{"all of a time", job + "  when: [{}, {month: 12, day: 31, weekday: Sunday, hour: 0, minute: 45}]", ""},
		{"by project", job + "  when: {by-project: {a: [{}], default: []}}", ""},

		{"empty", "", `.cron.yml:1:1: want map, got null (TG1101)`},
		{"no map", "[]", `.cron.yml:1:1: want map, got a list (TG1101)`},
		{"no jobs", "{}", `.cron.yml:1:1: missing field "jobs" (TG1103)`},
		{"other field", "jobs: []\njob: 1", `.cron.yml:2:1: unknown field "job" (TG1102) did you mean "jobs"? valid: jobs`},
		{"jobs of no list", "jobs: {}", `.cron.yml:1:7: jobs: want list, got a map (TG1101)`},
		{"job of no map", "jobs: [a]", `.cron.yml:1:8: jobs[0]: want map, got "a" (TG1101)`},
		{"number as name", "jobs: [{name: 1, job: {type: trigger-action, action-name: a}}]", `.cron.yml:1:15: jobs[0].name: want string, got 1 (TG1101) put it in quotes: name: "1"`},
		{"unknown type", "jobs: [{name: a, job: {type: run}}]",
			`.cron.yml:1:30: jobs[0].job.type: "run" is not allowed (TG1104) valid: decision-task, trigger-action`},
		{"fields of the other type", "jobs: [{name: a, job: {type: trigger-action, target-tasks-method: a}}]",
			`.cron.yml:1:23: jobs[0].job: missing field "action-name" (TG1103)` + "\n" +
				`.cron.yml:1:46: jobs[0].job: unknown field "target-tasks-method" (TG1102) valid: action-name, extra-input, include-cron-input, type`},
		{"no fields", "jobs: [{name: a, job: {type: decision-task}}]",
			`.cron.yml:1:23: jobs[0].job: missing field "target-tasks-method" (TG1103)` + "\n" + `.cron.yml:1:23: jobs[0].job: missing field "treeherder-symbol" (TG1103)`},
		{"text for boolean", "jobs: [{name: a, job: {type: decision-task, treeherder-symbol: A, target-tasks-method: m, include-push-tasks: 'no'}}]",
			`.cron.yml:1:111: jobs[0].job.include-push-tasks: want boolean, got "no" (TG1101) leave the quotes out: no`},
		{"times", job + "  when:\n  - {minute: 10}\n  - {hour: 24}\n  - {hour: -1}\n  - {day: 0}\n  - {day: 32}\n  - {month: 13}\n  - {weekday: monday}\n  - {weekday: 1}\n  - {second: 0}\n  - 5\n  - {hour: yes}\n",
			`.cron.yml:5:14: jobs[0].when[0].minute: 10 is not allowed (TG1104) valid: 0, 15, 30, 45
.cron.yml:6:12: jobs[0].when[1].hour: want at most 23, got 24 (TG1105)
.cron.yml:7:12: jobs[0].when[2].hour: want at least 0, got -1 (TG1105)
.cron.yml:8:11: jobs[0].when[3].day: want at least 1, got 0 (TG1105)
.cron.yml:9:11: jobs[0].when[4].day: want at most 31, got 32 (TG1105)
.cron.yml:10:13: jobs[0].when[5].month: want at most 12, got 13 (TG1105)
.cron.yml:11:15: jobs[0].when[6].weekday: "monday" is not allowed (TG1104) did you mean "Monday"? valid: Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday
.cron.yml:12:15: jobs[0].when[7].weekday: 1 is not allowed (TG1104) valid: Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday
.cron.yml:13:6: jobs[0].when[8]: unknown field "second" (TG1102) valid: day, hour, minute, month, weekday
.cron.yml:14:5: jobs[0].when[9]: want map, got 5 (TG1101)
.cron.yml:15:12: jobs[0].when[10].hour: want integer, got true (TG1101)`},
		{"a time and no list", job + "  when: {hour: 1}", `.cron.yml:4:9: jobs[0].when: want list, got a map (TG1101)`},
		{"by something else", job + "  when: {by-level: {default: []}}", `.cron.yml:4:9: jobs[0].when: want list, got a map (TG1101) valid: by-project`},
		{"mistake below by-project", job + "  when: {by-project: {a: [{hour: 25}], default: {}}}",
			`.cron.yml:4:34: jobs[0].when.by-project.a[0].hour: want at most 23, got 25 (TG1105)` + "\n" +
				`.cron.yml:4:49: jobs[0].when.by-project.default: want list, got a map (TG1101)`},
		{"twice", job + job[6:] + job[6:], `.cron.yml:4:9: two jobs are called "a", but only one could run (TG1302)` + "\n" +
			`.cron.yml:6:9: two jobs are called "a", but only one could run (TG1302)`},
		{"no YAML", "jobs: [", `.cron.yml:1:8: `},
	} {
		_, wrong := parse(c.doc)
		if strings.HasSuffix(c.want, ": ") {
			assert.Contains(t, wrong, c.want, c.name)
			continue
		}
		assert.Equal(t, c.want, wrong, c.name)
	}
}

// What was made to hurt is refused at once.
func TestParseBombs(t *testing.T) {
	laughs := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'k'; c++ {
		laughs += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	merges := "a0: &a0 {x: 1}\n"
	for i := range 30 {
		merges += fmt.Sprintf("a%d: &a%d {l: *a%d, r: *a%d, <<: [*a%d, *a%d]}\n", i+1, i+1, i, i, i, i)
	}
	for name, text := range map[string]string{
		"aliases": laughs + "jobs: *k", "merges": merges + "jobs: *a30", "deep": strings.Repeat("[", 100_000), "deep maps": strings.Repeat("{a: ", 10_000),
		"huge": "jobs: [" + strings.Repeat("{name: a},\n", 1<<20) + "]", "long": "jobs: " + strings.Repeat("x", 8<<20), "many": "jobs: [" + strings.Repeat("a,", 400_000) + "]",
	} {
		atOnce(t, name, func() {
			_, wrong := parse(text)
			assert.Regexp(t, `TG100[24]`, wrong, name)
		})
	}
}

func TestWhen(t *testing.T) {
	doc := mustParse(t, `
jobs:
- {name: everywhere, job: &job {type: trigger-action, action-name: x}, when: [{hour: 1}]}
- {name: somewhere, job: *job, run-on-projects: [app, lib], when: [{hour: 1}]}
- {name: nowhere, job: *job, run-on-projects: [], when: [{hour: 1}]}
- {name: never, job: *job}
- name: keyed
  job: *job
  run-on-projects: [app, app-beta, lib, other]
  when: {by-project: {app: [{hour: 2}], 'app-.*': [{hour: 3}, {hour: 4}], lib: []}}
- {name: fallback, job: *job, when: {by-project: {x: [], default: [{hour: 5}]}}}
- {name: only, job: *job, run-on-projects: [app], when: {by-project: {default: [{hour: 5}]}}}
`)
	for _, c := range []struct {
		job, project string
		hours        []int
		wrong        string
	}{
		{"everywhere", "app", []int{1}, ""},
		{"somewhere", "lib", []int{1}, ""},
		{"somewhere", "lib2", nil, ""},
		{"nowhere", "app", nil, ""},
		{"never", "app", nil, ""},
		{"keyed", "app", []int{2}, ""},
		{"keyed", "app-beta", []int{3, 4}, ""},
		{"keyed", "lib", nil, ""},
		{"keyed", "elsewhere", nil, ""}, // not looked at, since the job does not run there
		{"keyed", "other", nil, `no alternative of by-project matches "other", and there is no default`},
		{"fallback", "app", []int{5}, ""},
		{"only", "lib", nil, ""},
		{"only", "app", nil, "by-project has no alternative but default"},
	} {
		j, err := doc.Job(c.job)
		require.NoError(t, err)
		when, err := j.When(c.project)
		var hours []int
		for _, at := range when {
			hours = append(hours, at.Hour)
		}
		assert.Equal(t, c.hours, hours, "%s for %s", c.job, c.project)
		if c.wrong == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.wrong)
		}
	}
	_, err := doc.Job("everwhere")
	assert.Equal(t, `.cron.yml: there is no cron job "everwhere" (TG1302) did you mean "everywhere"? valid: everywhere, fallback, keyed, never, nowhere, only, somewhere`,
		mistakes(err, nil))
	_, err = doc.Timetable("other")
	assert.ErrorContains(t, err, "keyed")
	table, err := doc.Timetable("app")
	assert.ErrorContains(t, err, "only")
	var due []string
	for d := range table.Between(time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 2, 16, 0, 0, time.UTC)) {
		due = append(due, d.At.Format("15:04 ")+d.Job.Name)
	}
	assert.Equal(t, []string{"02:00 keyed", "02:15 keyed"}, due, "a mistake in one job leaves the others")
}

func TestArguments(t *testing.T) {
	doc := mustParse(t, `
jobs:
- {name: a, job: {type: decision-task, treeherder-symbol: A, target-tasks-method: m}}
- {name: b, job: {type: decision-task, treeherder-symbol: A, target-tasks-method: m n, optimize-target-tasks: false, include-push-tasks: false, rebuild-kinds: [x, y]}}
- {name: c, job: {type: decision-task, treeherder-symbol: A, target-tasks-method: m, optimize-target-tasks: true}}
`)
	var got [][]string
	for _, j := range doc.Jobs() {
		got = append(got, j.Decision.Arguments())
	}
	assert.Equal(t, [][]string{
		{"--target-tasks-method=m"},
		{"--target-tasks-method=m n", "--optimize-target-tasks=false", "--include-push-tasks", "--rebuild-kind=x", "--rebuild-kind=y"},
		{"--target-tasks-method=m", "--optimize-target-tasks=true"},
	}, got)
}
