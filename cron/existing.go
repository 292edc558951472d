package cron

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/decision/definition"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// marker is a cron task's id that no task has. A definition that was rendered with it shows where the id goes.
const marker = "CronTaskMarkerAQAAAAAA"

// markerValue matches what may stand in the place of the marker.
const markerValue = `([A-Za-z0-9_-]{22}|` + noTaskID + `)`

// settle finds out whether the task that the queue has is the one that an earlier try of the job created. That one may have
// been made at another time, by another cron task of this quarter, and before the newest push; else it is the same as what this
// try would create. Whoever created it had all scopes that it needs, so that nothing else can take its place. refused is what
// the queue said.
func (r *run) settle(ctx context.Context, out *Outcome, m moment, refused error) error {
	text, err := r.Services.Task(ctx, out.TaskID)
	if taskcluster.IsNotFound(err) { // the conflict is another one, such as with the group
		return diag.Errorf(diag.Submission, 0, "the decision task could not be created: %w", refused)
	}
	if err != nil {
		return diag.Errorf(diag.Submission, 0, "the decision task could not be created: %v; and the queue does not say what is there: %w", refused, err)
	}
	v, err := (&value.Reader{}).JSON("task "+out.TaskID, text)
	theirs := v.Map()
	if err != nil || theirs == nil {
		return diag.Errorf(diag.Submission, 0, "the decision task could not be created: %v; and what the queue says is there is no task", refused)
	}
	found, err := r.compare(ctx, r.at, out, m, theirs)
	if err == nil && found == "" {
		return nil
	}
	quiet, reader := *r, *r.Reader
	reader.Warn, quiet.Reader = nil, &reader // whoever reads the files later is warned; jobs may come here at the same time
	for _, rev := range revisions(theirs, r.at.push.Revision) {
		push, err := r.Repository.Push(ctx, r.Branch, rev)
		if err != nil {
			r.Log.Debug("no push of this repository made a task that exists", "job", out.Job.Name, "revision", rev, "error", err)
			continue
		}
		push.Owner = r.at.push.Owner
		if other, err := r.compare(ctx, quiet.tree(push), out, m, theirs); err == nil && other == "" {
			r.Log.Info("an earlier try ran the job for an earlier push", "job", out.Job.Name, "revision", rev)
			return nil
		}
	}
	if err != nil {
		return err
	}
	return diag.Errorf(diag.TaskConflict, out.Job.pos, "task %s exists already and is not what this job makes: %s", out.TaskID, found).
		WithHint("something else than cron may have created it; look at it, and force the job if it has to run")
}

// compare gives the first difference between a task and what the job would have made at the same time, "" where there is none.
func (r *run) compare(ctx context.Context, at *tree, out *Outcome, m moment, theirs *value.Map) (string, error) {
	doc, err := at.document(ctx)
	if err != nil {
		return "", err
	}
	job, err := doc.Job(out.Job.Name)
	if err != nil || job.Decision == nil {
		return "the revision has no such job", nil
	}
	create := func(m moment) (*value.Map, error) {
		id, def, err := r.define(ctx, at, job, m)
		if err == nil && id != out.TaskID {
			def, err = value.NewMap(0), nil
		}
		return def, err
	}
	ours, err := create(m)
	if err != nil {
		return "", err
	}
	// Everything is as far from created as it was then.
	if then, err := time.Parse(time.RFC3339Nano, theirs.Str("created")); err == nil {
		if now, err := time.Parse(time.RFC3339Nano, ours.Str("created")); err == nil {
			m.now = m.now.Add(then.Sub(now))
		}
	}
	m.taskID = marker
	if ours, err = create(m); err != nil {
		return "", err
	}
	if m.taskID = markerIn(ours.Value(), theirs.Value()); m.taskID == "" {
		m.taskID = r.TaskID
	}
	if ours, err = create(m); err != nil {
		return "", err
	}
	group := value.MapOf("taskGroupId", out.TaskID) // what the queue takes where nothing is said
	theirs = theirs.Copy()
	ours.SetDefaults(group)
	theirs.SetDefaults(group)
	found, err := definition.Differences(ours, theirs)
	for _, f := range found {
		if f.Path != "priority" { // people may change it
			return f.String(), err
		}
	}
	return "", err
}

// maxRevisions is how many revisions that a task names are tried.
const maxRevisions = 5

var revision = regexp.MustCompile(`\b[0-9a-f]{40}\b`)

// revisions gives the revisions that a definition names, but for one.
func revisions(def *value.Map, not string) []string {
	var out []string
	eachText(def.Value(), func(s string) bool {
		for _, rev := range revision.FindAllString(s, -1) {
			if rev != not && !slices.Contains(out, rev) {
				out = append(out, rev)
			}
		}
		return len(out) < maxRevisions
	})
	return out
}

// eachText calls f with every text in a value until it gives false.
func eachText(v value.Value, f func(string) bool) bool {
	if s, ok := v.AsString(); ok {
		return f(s)
	}
	for _, item := range v.Map().All() {
		if !eachText(item, f) {
			return false
		}
	}
	for item := range v.List().Values() {
		if !eachText(item, f) {
			return false
		}
	}
	return true
}

// markerIn gives what stands in a value where another one has the marker, "" where nothing does.
func markerIn(marked, v value.Value) string {
	if s, ok := marked.AsString(); ok {
		parts := strings.Split(s, marker)
		if len(parts) == 1 {
			return ""
		}
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		re, err := regexp.Compile(`^(?s:` + strings.Join(parts, markerValue) + `)$`)
		if err != nil { // too large
			return ""
		}
		if m := re.FindStringSubmatch(v.Str()); m != nil {
			return m[1]
		}
		return ""
	}
	for key, item := range marked.Map().All() {
		if found := markerIn(item, v.Map().At(key)); found != "" {
			return found
		}
	}
	other := v.List()
	for i, item := range marked.List().All() {
		if i >= other.Len() {
			break
		}
		if found := markerIn(item, other.At(i)); found != "" {
			return found
		}
	}
	return ""
}
