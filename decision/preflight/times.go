package preflight

import (
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/value"
)

const (
	day         = 24 * time.Hour
	maxDeadline = 5 * day          // from now on
	maxSkew     = 15 * time.Minute // of the time of creation
)

// times are those of a task that others depend on. They are zero where they are not known.
type times struct{ deadline, expires time.Time }

// moment is a time that was read.
type moment struct {
	at time.Time
	ok bool
}

// at reads a time. Most tasks have the same few.
func (p *part) at(v value.Value) (time.Time, bool) {
	s := v.Str()
	if m, ok := p.moments[s]; ok {
		return m.at, m.ok
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if len(p.moments) > 1<<12 {
		clear(p.moments)
	}
	p.moments[s] = moment{at, err == nil}
	return at, err == nil
}

// timesOf checks the times of a definition.
func (p *part) timesOf(def *value.Map) times {
	created, deadline, expires := def.At("created"), def.At("deadline"), def.At("expires")
	c, isCreated := p.at(created)
	d, isDeadline := p.at(deadline)
	if !isCreated || !isDeadline { // the schema says so
		return times{}
	}
	if skew := c.Sub(p.now); skew > maxSkew || skew < -maxSkew {
		p.report(diag.Errorf(diag.BadTimes, created.Pos(), "was created at %s, but now is %s: the queue takes a quarter of an hour more or less", created.Str(), duration.Format(p.now)).WithPath("created"))
	}
	switch {
	case d.Before(c):
		p.report(diag.Errorf(diag.BadTimes, deadline.Pos(), "the deadline %s is before the creation at %s", deadline.Str(), created.Str()).WithPath("deadline"))
	case d.Sub(p.now) > p.MaxDeadline:
		p.report(diag.Errorf(diag.BadTimes, deadline.Pos(), "the deadline %s is more than %d days ahead", deadline.Str(), p.MaxDeadline/day).WithPath("deadline").
			WithHint("see deadline-after of the task and task-deadline-after of the graph config"))
	}
	if !def.Has("expires") {
		return times{d, d.AddDate(1, 0, 0)}
	}
	e, isExpires := p.at(expires)
	if isExpires && e.Before(d) {
		p.report(diag.Errorf(diag.BadTimes, expires.Pos(), "expires at %s, before its deadline at %s", expires.Str(), deadline.Str()).WithPath("expires"))
	}
	if isExpires {
		p.artifacts(def, e)
	}
	return times{d, e}
}

// artifacts checks that no artifact is to be kept longer than its task.
func (p *part) artifacts(def *value.Map, expires time.Time) {
	late := func(name string, v value.Value) {
		if at, ok := p.at(v); ok && at.After(expires) {
			p.report(diag.Errorf(diag.BadTimes, v.Pos(), "the artifact %q expires at %s, after its task at %s", name, v.Str(), duration.Format(expires)).WithPath("payload.artifacts"))
		}
	}
	v := def.At("payload").Map().At("artifacts")
	for name, a := range v.Map().All() {
		late(name, a.Map().At("expires"))
	}
	for a := range v.List().Values() {
		late(a.Map().Str("name"), a.Map().At("expires"))
	}
}

// edges checks that what a task depends on does not expire before the task has to be done.
func (c *check) edges() {
	for i, t := range c.all {
		deadline := c.times[i].deadline
		if deadline.IsZero() {
			continue
		}
		for v := range t.Task.At("dependencies").List().Values() {
			on, ok := c.places[v.Str()]
			if expires := c.times[max(on, 0)].expires; ok && !expires.IsZero() && expires.Before(deadline) {
				other := c.all[on]
				c.about(t, diag.Errorf(diag.BadTimes, 0, "depends on %s, which expires at %s, before the deadline at %s", other.Label, duration.Format(expires), duration.Format(deadline)).
					WithPath("dependencies").WithRelated(other.Pos, "%s is defined here", other.Label))
			}
		}
	}
}
