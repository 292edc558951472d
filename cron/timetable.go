package cron

import (
	"iter"
	"slices"
	"time"

	"github.com/taskgraph-go/decision/diag"
)

// Due is a job that is due at a quarter of an hour.
type Due struct {
	At  time.Time
	Job *Job
}

// Timetable is when the jobs of a document run for one project. It does not change and is safe for concurrent use.
type Timetable struct {
	jobs  []*Job
	times [][]Time
}

// Timetable gives the timetable of a project. Where the times of jobs cannot be worked out the error has all of them, and the
// timetable is that of the other jobs.
func (d *Document) Timetable(project string) (*Timetable, error) {
	t := &Timetable{}
	var errs diag.List
	for _, j := range d.jobs {
		when, err := j.When(project)
		if err != nil {
			errs.Add(err)
			continue
		}
		if len(when) > 0 {
			t.jobs, t.times = append(t.jobs, j), append(t.times, when)
		}
	}
	return t, errs.Err(nil)
}

// At gives the jobs that are due at a quarter of an hour, in the order of their names.
func (t *Timetable) At(quarter time.Time) []*Job {
	var out []*Job
	for i, j := range t.jobs {
		if slices.ContainsFunc(t.times[i], func(x Time) bool { return x.Fits(quarter) }) {
			out = append(out, j)
		}
	}
	return out
}

// Between gives what is due from one moment on and before another, by time and then by name.
func (t *Timetable) Between(from, to time.Time) iter.Seq[Due] {
	return func(yield func(Due) bool) {
		q := QuarterOf(from)
		if q.Before(from) {
			q = q.Add(Quarter)
		}
		for ; q.Before(to); q = q.Add(Quarter) {
			for i, j := range t.jobs {
				if slices.ContainsFunc(t.times[i], func(x Time) bool { return x.Fits(q) }) && !yield(Due{q, j}) {
					return
				}
			}
		}
	}
}

// Upcoming gives the next count runs of each job for a project, by time and then by name, and the jobs that never run by
// themselves.
func Upcoming(jobs []*Job, project string, now time.Time, count int) (due []Due, never []*Job, err error) {
	var errs diag.List
	for _, j := range jobs {
		when, err := j.When(project)
		if err != nil {
			errs.Add(err)
			continue
		}
		from := now
		for i := range count {
			at, ok := Next(when, from)
			if !ok && i == 0 {
				never = append(never, j)
			}
			if !ok {
				break
			}
			due = append(due, Due{at, j})
			from = at.Add(Quarter)
		}
	}
	slices.SortStableFunc(due, func(a, b Due) int { return a.At.Compare(b.At) })
	return due, never, errs.Err(nil)
}
