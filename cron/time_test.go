package cron_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cron"
)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return out
}

func TestQuarterOf(t *testing.T) {
	for moment, want := range map[string]string{
		"2026-03-29T01:00:00Z":          "2026-03-29T01:00:00Z",
		"2026-03-29T01:14:59.999Z":      "2026-03-29T01:00:00Z",
		"2026-03-29T01:15:00Z":          "2026-03-29T01:15:00Z",
		"2026-12-31T23:59:59.999Z":      "2026-12-31T23:45:00Z",
		"2026-03-29T03:20:00+02:00":     "2026-03-29T01:15:00Z",
		"2026-03-29T03:20:00.5+05:45":   "2026-03-28T21:30:00Z", // by UTC, and not by a clock there
		"1969-12-31T23:59:59.999+00:00": "1969-12-31T23:45:00Z",
	} {
		got := cron.QuarterOf(at(t, moment))
		assert.Equal(t, want, got.Format(time.RFC3339Nano), moment)
		assert.Equal(t, time.UTC, got.Location())
	}
}

func TestNext(t *testing.T) {
	none := cron.Any
	with := func(change func(*cron.Time)) cron.Time { x := none; change(&x); return x }
	for _, c := range []struct {
		name  string
		when  []cron.Time
		after string
		want  string // "" never
	}{
		{"any, now", []cron.Time{none}, "2026-01-01T00:15:00Z", "2026-01-01T00:15:00Z"},
		{"any, later", []cron.Time{none}, "2026-01-01T00:15:00.001Z", "2026-01-01T00:30:00Z"},
		{"any, next year", []cron.Time{none}, "2026-12-31T23:45:01Z", "2027-01-01T00:00:00Z"},
		{"none", nil, "2026-01-01T00:15:00Z", ""},
		{"hour", []cron.Time{with(func(x *cron.Time) { x.Hour = 5 })}, "2026-01-01T05:46:00Z", "2026-01-02T05:00:00Z"},
		{"hour, in it", []cron.Time{with(func(x *cron.Time) { x.Hour = 5 })}, "2026-01-01T05:44:00Z", "2026-01-01T05:45:00Z"},
		{"earliest of two", []cron.Time{with(func(x *cron.Time) { x.Hour = 5 }), with(func(x *cron.Time) { x.Minute = 30 })}, "2026-01-01T04:31:00Z", "2026-01-01T05:00:00Z"},
		{"leap day", []cron.Time{with(func(x *cron.Time) { x.Day, x.Month, x.Hour, x.Minute = 29, 2, 1, 0 })}, "2026-01-01T00:00:00Z", "2028-02-29T01:00:00Z"},
		{"leap day across a century", []cron.Time{with(func(x *cron.Time) { x.Day, x.Month, x.Weekday = 29, 2, 0 })}, "2088-03-01T00:00:00Z", "2128-02-29T00:00:00Z"},
		{"no such day", []cron.Time{with(func(x *cron.Time) { x.Day, x.Month = 30, 2 })}, "2026-01-01T00:00:00Z", ""},
		{"no such weekday", []cron.Time{with(func(x *cron.Time) { x.Weekday = -2 })}, "2026-01-01T00:00:00Z", ""},
	} {
		got, ok := cron.Next(c.when, at(t, c.after))
		assert.Equal(t, c.want != "", ok, c.name)
		if ok {
			assert.Equal(t, c.want, got.Format(time.RFC3339Nano), c.name)
		}
	}
}

// Next gives what going through the quarters one by one does.
func TestNextIsTheFirstThatFits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	maybe := func(low, high int) int {
		if random.IntN(2) == 0 {
			return -1
		}
		return low + random.IntN(high-low+1)
	}
	for range 200 {
		when := []cron.Time{}
		for range 1 + random.IntN(3) {
			x := cron.Time{Month: -1, Day: maybe(1, 31), Weekday: maybe(0, 6), Hour: maybe(0, 23), Minute: maybe(0, 3)}
			if x.Minute > 0 {
				x.Minute *= 15
			}
			when = append(when, x)
		}
		after := time.Unix(1_700_000_000+random.Int64N(100_000_000), random.Int64N(1e9))
		got, ok := cron.Next(when, after)
		require.True(t, ok)
		want := cron.QuarterOf(after.Add(cron.Quarter - 1))
		for !fitsOne(when, want) {
			want = want.Add(cron.Quarter)
		}
		require.Equal(t, want, got, "%v after %s", when, after)
	}
}

func fitsOne(when []cron.Time, q time.Time) bool {
	for _, x := range when {
		if x.Fits(q) {
			return true
		}
	}
	return false
}

func TestTimeString(t *testing.T) {
	for _, c := range []struct {
		time cron.Time
		want string
	}{
		{cron.Any, "every quarter of an hour"},
		{cron.Time{-1, -1, -1, 10, 0}, "10:00"},
		{cron.Time{-1, -1, -1, 9, -1}, "09:00, 09:15, 09:30 and 09:45"},
		{cron.Time{-1, -1, -1, -1, 30}, "every hour at :30"},
		{cron.Time{-1, -1, 1, 10, 15}, "10:15 on Mondays"},
		{cron.Time{2, 29, 0, 10, 15}, "10:15 on Sundays that are day 29 of the month in February"},
		{cron.Time{12, -1, -1, 0, 0}, "00:00 in December"},
	} {
		assert.Equal(t, c.want, c.time.String())
	}
}

// A year of a document with many jobs is worked out exactly, and at once.
func TestTimetableOfAYear(t *testing.T) {
	doc := mustParse(t, `
jobs:
- {name: often, job: &job {type: trigger-action, action-name: x}, when: [{}]}
- {name: daily, job: *job, when: [{hour: 10, minute: 0}]}
- {name: twice a day, job: *job, when: [{hour: 10, minute: 0}, {hour: 22, minute: 15}, {hour: 22, minute: 15}]}
- {name: weekly, job: *job, when: [{weekday: Sunday, hour: 0, minute: 0}]}
- {name: monthly, job: *job, when: [{day: 31, hour: 0, minute: 0}]}
- {name: yearly, job: *job, when: [{day: 29, month: 2, hour: 0, minute: 0}]}
- {name: never, job: *job}
`)
	table, err := doc.Timetable("app")
	require.NoError(t, err)
	start := time.Now()
	count := map[string]int{}
	var last time.Time
	for due := range table.Between(at(t, "2028-01-01T00:00:00Z"), at(t, "2029-01-01T00:00:00Z")) {
		require.False(t, due.At.Before(last))
		last = due.At
		count[due.Job.Name]++
	}
	assert.Equal(t, map[string]int{"often": 366 * 96, "daily": 366, "twice a day": 732, "weekly": 53, "monthly": 7, "yearly": 1}, count)
	assert.Less(t, time.Since(start), 10*time.Second) // it takes some milliseconds, unless the machine does much else
	assert.Len(t, table.At(at(t, "2028-01-02T10:00:00Z")), 3)
}
