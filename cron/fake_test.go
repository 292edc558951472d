package cron_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/taskgraph-go/decision/cron"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// services are the services of a deployment, in memory.
type services struct {
	mu        sync.Mutex
	tasks     map[string]string
	created   []string
	refuse    func(taskID, definition string) error
	index     map[string]string
	artifacts map[string]string
	triggered []string // GROUP/ID PAYLOAD
	fires     []taskcluster.Fire
	noFires   error
}

func newServices() *services {
	return &services{tasks: map[string]string{}, index: map[string]string{}, artifacts: map[string]string{}}
}

var _ cron.Services = (*services)(nil)

func refusal(status int, code string) error {
	return &taskcluster.Error{Status: status, Code: code, Message: "no"}
}

func (s *services) CreateTask(_ context.Context, taskID string, definition []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(taskID, string(definition)); err != nil {
			return err
		}
	}
	if there, ok := s.tasks[taskID]; ok {
		var a, b any
		if json.Unmarshal([]byte(there), &a) != nil || json.Unmarshal(definition, &b) != nil || !reflect.DeepEqual(a, b) {
			return refusal(409, "RequestConflict")
		}
		return nil
	}
	s.tasks[taskID] = string(definition)
	s.created = append(s.created, taskID)
	slices.Sort(s.created)
	return nil
}

func (s *services) Task(_ context.Context, taskID string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, ok := s.tasks[taskID]; ok {
		return []byte(text), nil
	}
	return nil, refusal(404, "ResourceNotFound")
}

func (s *services) FindTask(_ context.Context, path string) (string, error) {
	if id, ok := s.index[path]; ok {
		return id, nil
	}
	return "", diag.Errorf(diag.Network, 0, "index path %q: %w", path, refusal(404, "ResourceNotFound"))
}

func (s *services) Artifact(_ context.Context, taskID, name string) ([]byte, error) {
	if text, ok := s.artifacts[taskID+"/"+name]; ok {
		return []byte(text), nil
	}
	return nil, refusal(404, "ResourceNotFound")
}

// ExpandScopes knows one role.
func (*services) ExpandScopes(_ context.Context, scopes []string) ([]string, error) {
	if slices.Contains(scopes, "assume:repo:example") {
		scopes = append(slices.Clone(scopes), "in-tree:hook-action:project-app/in-tree-action-3-*")
	}
	return scopes, nil
}

func (s *services) TriggerHook(_ context.Context, group, id string, payload []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.triggered = append(s.triggered, group+"/"+id+" "+string(payload))
	return fmt.Sprintf("action%02dAAAAAAQAAAAAAAA", len(s.triggered)), nil
}

func (s *services) LastFires(context.Context, string, string) ([]taskcluster.Fire, error) {
	return s.fires, s.noFires
}

// repository is a repository in memory.
type repository struct {
	head  cron.Push
	none  bool
	files map[string]string // "revision:path", or "path" for all revisions
}

func (r *repository) Head(context.Context, string) (cron.Push, error) {
	if r.none {
		return cron.Push{}, fmt.Errorf("somewhere: %w", cron.ErrNoPush)
	}
	return r.head, nil
}

func (r *repository) Push(_ context.Context, _, revision string) (cron.Push, error) {
	if _, ok := r.files[revision+":.cron.yml"]; !ok {
		return cron.Push{}, fmt.Errorf("there is no revision %s", revision)
	}
	p := r.head
	p.Revision = revision
	return p, nil
}

func (r *repository) File(_ context.Context, revision, path string) ([]byte, error) {
	if text, ok := r.files[revision+":"+path]; ok {
		return []byte(text), nil
	}
	if text, ok := r.files[path]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

const (
	oldRevision = "1111111111111111111111111111111111111111"
	newRevision = "2222222222222222222222222222222222222222"
)

// template is a .taskcluster.yml.
const template = `
version: 1
tasks:
- taskId: {$eval: as_slugid("decision")}
  created: {$fromNow: 0 seconds}
  deadline: {$fromNow: 1 hour}
  provisionerId: p
  workerType: w
  metadata: {name: 'Cron ${cron.job_name}', description: 'at ${push.revision}, started by ${cron.task_id}', owner: a@example.com, source: 'https://example.com'}
  payload: {command: [bash, -c, 'decide ${cron.quoted_args}']}
`

// example gives options for a repository with these jobs, at 10:07 o'clock on a Monday.
func example(t testing.TB, jobs string) (cron.Options, *services, *repository) {
	t.Helper()
	s, r := newServices(), &repository{head: cron.Push{Revision: oldRevision, Branch: "main"}, files: map[string]string{".cron.yml": jobs, ".taskcluster.yml": template}}
	created, sources := at(t, "2026-01-05T10:07:08.900Z"), &diag.Sources{}
	return cron.Options{
		Project:    cron.Project{URL: "https://git.example.com/app", Name: "app", Level: "3", Type: "git", TrustDomain: "app"},
		Repository: r, Services: s, Render: cron.Renderer(sources), Created: created, TaskID: "CronTask1AAAAAAQAAAAAA", RootURL: "https://tc.example.com",
		Reader: &value.Reader{Sources: sources}, Clock: func() time.Time { return created.Add(time.Minute) },
	}, s, r
}

// outcomes gives what became of jobs, one a line.
func outcomes(r *cron.Result) (lines []string) {
	for _, o := range r.Outcomes {
		lines = append(lines, o.Job.Name+" "+o.State.String())
	}
	return lines
}
