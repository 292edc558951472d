package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
)

// This repository's own hooks can be made of its own files.
func TestOwnHooks(t *testing.T) {
	dir, err := filepath.Abs(ownRoot)
	require.NoError(t, err)
	var out, errs bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: os.Getenv}
	assert.Zero(t, app.Run(t.Context(), []string{"hooks", "render", "--root", "."}), errs.String())
	for _, hook := range []string{"cron-task-taskgraph-go-decision", "in-tree-action-3-generic/", "in-tree-action-3-rebuild-cached-tasks/"} {
		assert.Contains(t, out.String(), `"hookId": "`+hook)
	}
}
