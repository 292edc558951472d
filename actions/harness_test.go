package actions_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/taskgraph"
)

// standard gives a registry with the actions.
func standard() *taskgraph.Registry {
	r := taskgraph.NewRegistry()
	taskgraph.RegisterStandard(r)
	actions.Register(r)
	return r
}

func trimNewline(text []byte) []byte { return bytes.TrimRight(text, "\n") }

// plain gives JSON as a validator takes it.
func plain(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}
