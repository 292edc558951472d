package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcauth"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/diag"
)

// serve runs local serve until its function is called, which gives the exit code. It gives what the shell would have.
func serve(t *testing.T, flags ...string) (env map[string]string, stop func() int) {
	t.Helper()
	out, in := io.Pipe()
	var errs bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: in, Stderr: &errs, Dir: t.TempDir(), Env: func(string) string { return "" }, Clock: time.Now}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- app.Run(ctx, append([]string{"local", "serve"}, flags...))
		_ = in.Close()
	}()
	env = map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "="); ok {
			env[name] = value
		}
		if strings.HasPrefix(lines.Text(), "unset ") {
			break
		}
	}
	return env, func() int {
		cancel()
		select {
		case c := <-code:
			assert.NotContains(t, errs.String(), "fault of the program")
			return c
		case <-time.After(20 * time.Second):
			t.Fatal("it does not end")
			return -1
		}
	}
}

func TestLocalServe(t *testing.T) {
	state := t.TempDir()
	env, stop := serve(t, "--state", state)
	credentials := &tcclient.Credentials{ClientID: env["TASKCLUSTER_CLIENT_ID"], AccessToken: env["TASKCLUSTER_ACCESS_TOKEN"]}
	auth := tcauth.New(credentials, env["TASKCLUSTER_ROOT_URL"])
	scopes, err := auth.CurrentScopes()
	require.NoError(t, err)
	assert.Equal(t, []string{"*"}, scopes.Scopes)
	assert.Equal(t, diag.ExitOK, stop())

	again, stop := serve(t, "--state", state, "--root-credentials=false", "--fault", "ping:500")
	assert.NotContains(t, again, "TASKCLUSTER_CLIENT_ID")
	auth = tcauth.New(credentials, again["TASKCLUSTER_ROOT_URL"])
	_, err = auth.CurrentScopes()
	require.NoError(t, err, "the state has the token")
	brief, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	auth.Context = brief
	require.Error(t, auth.Ping())
	assert.Equal(t, diag.ExitOK, stop())
}

func TestLocalServeMistakes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	inUse := t.TempDir()
	_, stop := serve(t, "--state", inUse)
	defer stop()
	for name, c := range map[string]struct {
		flags []string
		code  int
		says  string
	}{
		"port":     {[]string{"--port", "70000"}, diag.ExitUsage, "--port must be between"},
		"taken":    {[]string{"--port", port}, diag.ExitNetwork, "cannot listen"},
		"fault":    {[]string{"--fault", "x"}, diag.ExitUsage, "ROUTE:KIND"},
		"status":   {[]string{"--fault", "*:404"}, diag.ExitUsage, "neither 429 nor 5xx"},
		"in use":   {[]string{"--state", inUse}, diag.ExitInternal, "in use by another process"},
		"argument": {[]string{"now"}, diag.ExitUsage, "takes no argument"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: t.TempDir(), Env: func(string) string { return "" }}
			assert.Equal(t, c.code, app.Run(t.Context(), append([]string{"local", "serve"}, c.flags...)), errs.String())
			assert.Contains(t, errs.String(), c.says)
			assert.Empty(t, out.String())
		})
	}
	var out, errs bytes.Buffer
	app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: t.TempDir(), Env: func(string) string { return "" }}
	assert.Equal(t, diag.ExitUsage, app.Run(t.Context(), []string{"local", "server"}))
	assert.Contains(t, errs.String(), `did you mean "serve"?`)
}
