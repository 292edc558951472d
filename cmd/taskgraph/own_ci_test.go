package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/value"
)

// ownRoot is the root of this repository, which is its own first user.
const ownRoot = "../.."

// ownPush are the parameters of a push to this repository; ownCI changes some of them.
var ownPush = map[string]any{
	"base_ref": "main", "base_repository": "https://github.com/taskgraph-go/decision", "base_rev": strings.Repeat("b", 40),
	"build_date": 1700000000, "build_number": 1, "do_not_optimize": []string{}, "enable_always_target": true, "existing_tasks": map[string]string{},
	"files_changed": []string{"cli/main.go"}, "filters": []string{"target_tasks_method"}, "head_ref": "main",
	"head_repository": "https://github.com/taskgraph-go/decision", "head_rev": strings.Repeat("a", 40), "head_tag": "", "level": "3",
	"moz_build_date": "20231114221320", "next_version": nil, "optimize_strategies": nil, "optimize_target_tasks": true, "owner": "dev@example.com",
	"project": "decision", "pushdate": 1700000000, "pushlog_id": "0", "repository_type": "git", "target_tasks_method": "default",
	"tasks_for": "github-push", "version": nil,
}

// ownCI runs the program on this repository's own tree and gives the labels that it prints.
func ownCI(t *testing.T, command string, changes map[string]any) string {
	t.Helper()
	params := map[string]any{}
	for _, m := range []map[string]any{ownPush, changes} {
		for k, v := range m {
			params[k] = v
		}
	}
	text, err := json.Marshal(params)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "parameters.json")
	require.NoError(t, os.WriteFile(file, text, 0o644))
	dir, err := filepath.Abs(ownRoot)
	require.NoError(t, err)
	var out, errs bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Clock: time.Now, Env: func(string) string { return "" }}
	require.Zero(t, app.Run(t.Context(), []string{command, "--root", ".", "--offline", "-p", file}), errs.String())
	assert.Empty(t, errs.String(), "no warnings either")
	return out.String()
}

// The kinds in the root of this repository are its CI, in the same form that users write.
func TestOwnCI(t *testing.T) {
	if _, err := os.Stat(filepath.Join(ownRoot, ".git")); err != nil {
		t.Skip("digests of toolchains need the repository")
	}
	for name, c := range map[string]struct {
		command string
		changes map[string]any
	}{
		"full":         {"full", nil},
		"push":         {"optimized", nil},
		"docs":         {"optimized", map[string]any{"files_changed": []string{"docs/README.md"}}},
		"pull_request": {"optimized", map[string]any{"tasks_for": "github-pull-request", "level": "1", "head_repository": "https://github.com/dev/decision"}},
		"release":      {"optimized", map[string]any{"tasks_for": "github-release", "head_tag": "v1.0.0", "head_ref": "v1.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ownCI(t, c.command, c.changes)
			golden := filepath.Join("testdata", "own-ci", name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "where that is right: go test ./cmd/taskgraph -update")
		})
	}
}

// The jobs of .cron.yml are ones that can be run.
func TestOwnCron(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(ownRoot, ".cron.yml"))
	require.NoError(t, err)
	doc, err := (&value.Reader{}).YAML(".cron.yml", text)
	require.NoError(t, err)
	jobs := doc.Map().At("jobs").List()
	require.NotZero(t, jobs.Len())
	methods := cli.Standard().TargetMethods.Names()
	for v := range jobs.Values() {
		name, job := v.Map().Str("name"), v.Map().At("job").Map()
		require.NotEmpty(t, name)
		assert.Equal(t, "decision-task", job.Str("type"), name)
		assert.NotEmpty(t, job.Str("treeherder-symbol"), name)
		assert.Contains(t, methods, job.Str("target-tasks-method"), name)
		for when := range v.Map().At("when").List().Values() {
			hour, okHour := when.Map().At("hour").AsInt()
			minute, okMinute := when.Map().At("minute").AsInt()
			assert.True(t, okHour && okMinute && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && minute%15 == 0, name)
		}
	}
}
