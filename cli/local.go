package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/taskcluster/local"
)

// localCommand groups what works with the services of this program instead of a deployment.
func (a *App) localCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Work with Taskcluster services on this machine, without an account",
		Args:  unknownCommand,
		RunE:  showHelp,
	}
	cmd.AddCommand(a.localServeCommand(), a.localDecisionCommand())
	return cmd
}

// serveOptions are the flags of local serve.
type serveOptions struct {
	port        int
	state       string
	faults      []string
	seed        uint64
	credentials bool
}

// drainTime is how long requests may take to end when the services do.
const drainTime = 5 * time.Second

func (a *App) localServeCommand() *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the Taskcluster API on a port of this machine",
		Long: `Serves queue, index, auth, hooks, secrets, purge-cache, notify and object as a deployment does, on a port that only
this machine can reach, until it is interrupted. Nothing runs the tasks.

The output is what a shell has to evaluate so that Taskcluster's clients, and this program, use these services.

A fault makes calls fail on purpose, as ROUTE:KIND[=VALUE][:PROBABILITY[:BURST]]:

  *:latency=20ms             every answer comes later
  queue.createTask:503:0.1   every tenth call answers 503
  queue.*:429=2s:0.05:3      429 with Retry-After, for three tries in a row
  *:drop-before:0.05         the connection ends, and nothing is done
  *:drop-after:0.05          it is done, and the connection ends without an answer
  *:duplicate:0.05           the request arrives twice
  *:slow-body=1s:0.05        the answer comes in pieces`,
		Example: `  taskgraph local serve --state ~/.taskcluster --port 8123
  taskgraph local serve --fault '*:latency=20ms' --fault 'createTask:500:0.1'`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serveLocally(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.IntVar(&o.port, "port", 0, "listen on this `port`; 0 is any that is free")
	f.StringVar(&o.state, "state", "", "keep everything in this `directory`; without it everything is gone at the end")
	f.StringArrayVar(&o.faults, "fault", nil, "a `fault` to inject; may be given several times")
	f.Uint64Var(&o.seed, "seed", 1, "decides which calls faults hit")
	f.BoolVar(&o.credentials, "root-credentials", true, "print the credentials of the client that may do everything")
	return cmd
}

// serveLocally serves until the context ends.
func (a *App) serveLocally(ctx context.Context, o *serveOptions) error {
	if o.port < 0 || o.port > 65535 {
		return usage("serve: --port must be between 0 and 65535, got %d", o.port)
	}
	options := local.Options{State: o.state, Seed: o.seed, Clock: a.Clock, Log: a.log}
	for _, text := range o.faults {
		f, err := local.ParseFault(text)
		if err != nil {
			return usage("serve: --fault: %w", err)
		}
		options.Faults = append(options.Faults, f)
	}
	if o.state != "" {
		options.State = a.path(o.state)
	}
	server, err := local.New(options)
	if err != nil {
		return diag.Errorf(diag.Unwritable, 0, "the services cannot start: %w", err).InFile(o.state)
	}
	running, err := server.Listen(o.port)
	if err != nil {
		_ = server.Close() // nothing was changed
		return diag.Errorf(diag.Network, 0, "the services cannot listen: %w", err).WithHint("another --port, or none for any that is free")
	}
	if _, err = io.WriteString(a.out, exports(running, o.credentials)); err == nil {
		a.note("serving until interrupted; references are below %s/references/", running.RootURL())
		<-ctx.Done()
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if e := running.Shutdown(drain); err == nil && e != nil {
		err = diag.Errorf(diag.Network, 0, "the services did not end as they should: %w", e)
	}
	return err
}

// exports is what a shell evaluates to use the services.
func exports(r *local.Running, credentials bool) string {
	var b strings.Builder
	env := local.Environment(r.RootURL(), nil)
	if credentials {
		env = local.Environment(r.RootURL(), r.RootCredentials())
	}
	for _, name := range []string{taskcluster.RootURLVariable, taskcluster.ClientIDVariable, taskcluster.AccessTokenVariable} {
		if value, ok := env[name]; ok {
			fmt.Fprintf(&b, "export %s=%s\n", name, value)
		}
	}
	// What was set before would not fit.
	fmt.Fprintf(&b, "unset %s %s\n", taskcluster.CertificateVariable, taskcluster.ProxyURLVariable)
	return b.String()
}
