package decision_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskcluster"
)

// pushServices have the decision task of one push, from the n-th look-up on.
type pushServices struct {
	path      string
	artifacts map[string]string
	after     int
	asked     int
	err       error
}

func (s *pushServices) FindTask(_ context.Context, path string) (string, error) {
	s.asked++
	if s.err != nil {
		return "", s.err
	}
	if path != s.path || s.asked <= s.after {
		return "", &taskcluster.Error{Status: 404}
	}
	return "fN3SbArXTPSVFUUvKaxiQw", nil
}

func (s *pushServices) Artifact(_ context.Context, id, name string) ([]byte, error) {
	text, ok := s.artifacts[name]
	if !ok {
		return nil, fmt.Errorf("no artifact %s of %s", name, id)
	}
	return []byte(text), nil
}

// A cron job may use what the push has already, but for some kinds.
func TestIncludePushTasks(t *testing.T) {
	p := newPlace(t, "first", nil)
	task := func(kind, label string) string {
		return fmt.Sprintf(`%q: {"kind": %q, "label": %q, "attributes": {}, "task": {}, "optimization": null, "dependencies": {}, "description": ""}`, label, kind, label)
	}
	s := &pushServices{path: "demo.v2.demo.revision." + p.rev + ".taskgraph.decision", artifacts: map[string]string{
		"public/label-to-taskid.json": `{"build-a": "JAZPCupvRJG7mR3XUfr4Sw", "test-a": "Z6ZTtNOsQyyLFGxZcTXjlg", "gone": "FmKhFfQ5TRKzVaYrZjxVDg"}`,
		"public/full-task-graph.json": "{" + task("build", "build-a") + "," + task("test", "test-a") + "}",
	}}
	p.services = s
	existing := func() map[string]string {
		params, err := p.parameters(t)
		require.NoError(t, err)
		out := map[string]string{}
		for label, id := range params.At("existing_tasks").Map().All() {
			out[label] = id.Str()
		}
		return out
	}
	assert.Empty(t, existing())
	p.push.RebuildKinds = []string{"test"}
	assert.Empty(t, existing(), "only with --include-push-tasks")
	p.push.IncludePushTasks = true
	assert.Equal(t, map[string]string{"build-a": "JAZPCupvRJG7mR3XUfr4Sw"}, existing())
	p.push.RebuildKinds = nil
	assert.Equal(t, map[string]string{"build-a": "JAZPCupvRJG7mR3XUfr4Sw", "test-a": "Z6ZTtNOsQyyLFGxZcTXjlg"}, existing())

	// The decision task of the push may be late.
	s.asked, s.after, p.pauses = 0, 3, 0
	existing()
	assert.Equal(t, 3, p.pauses)
	s.asked, s.after, p.pauses = 0, 4, 0
	_, err := p.parameters(t)
	assert.True(t, taskcluster.IsNotFound(err), "%v", err)
	assert.Equal(t, 3, p.pauses, "four tries")

	s.after, s.err = 0, &taskcluster.Error{Status: 500}
	_, err = p.parameters(t)
	assert.Error(t, err)
	s.err = nil
	delete(s.artifacts, "public/full-task-graph.json")
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, "no artifact public/full-task-graph.json")
	p.services = nil
	_, err = p.parameters(t)
	assert.ErrorContains(t, err, "without a network")
}
