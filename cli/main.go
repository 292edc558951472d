package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// App is the surroundings of a command: what it may not take from the process itself, so that tests can give it.
type App struct {
	Registry *taskgraph.Registry
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	// Env answers for environment variables.
	Env func(name string) string
	// Dir is the working directory.
	Dir string
	// Clock gives the time.
	Clock func() time.Time

	sources diag.Sources
	log     *slog.Logger
	verbose bool
	quiet   bool
}

// Main runs the command line of the process and gives the exit code.
func Main(registry *taskgraph.Registry) int {
	tuneMemory()
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "taskgraph:", err)
		return diag.ExitInternal
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	app := &App{Registry: registry, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv, Dir: dir, Clock: time.Now}
	return app.Run(ctx, os.Args[1:])
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Run runs a command line, without the name of the program, and gives the exit code.
func (a *App) Run(ctx context.Context, args []string) int {
	cmd := a.command()
	cmd.SetArgs(args)
	cmd.SetIn(a.Stdin)
	cmd.SetOut(a.Stdout)
	cmd.SetErr(a.Stderr)
	err := cmd.ExecuteContext(ctx)
	return a.exit(err)
}

// exit reports an error and gives its exit code. Nobody reading the output any more is no error.
func (a *App) exit(err error) int {
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE), errors.Is(err, fs.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return diag.ExitOK
	case errors.Is(err, errReported):
		return a.reportedCode(err)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(a.Stderr, "taskgraph: interrupted")
		return 130
	}
	if u, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(a.Stderr, "taskgraph: %s\n", u)
		return diag.ExitUsage
	}
	if bug := err.Error(); strings.HasPrefix(bug, "bug: ") {
		fmt.Fprintf(a.Stderr, "taskgraph: this is a fault of the program, please report it\n%s\n", bug)
		return diag.ExitInternal
	}
	diag.Printer{W: a.Stderr, Sources: &a.sources, Verbose: a.verbose}.Print(err)
	return diag.ExitCode(err)
}

// errReported marks an error that was printed already.
var errReported = errors.New("reported")

type reported struct{ code int }

func (reported) Error() string        { return "reported" }
func (reported) Is(target error) bool { return target == errReported }

func (*App) reportedCode(err error) int {
	if r, ok := errors.AsType[reported](err); ok {
		return r.code
	}
	return diag.ExitInternal
}

// command gives the root command with all others below it.
func (a *App) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "taskgraph",
		Short: "Generate the task graph of a repository for Taskcluster",
		Long: `taskgraph turns the kinds in a repository's tree into a graph of Taskcluster tasks: every kind is loaded, its
transforms make tasks of it, filters choose what this push needs, and optimization drops or replaces what
need not run.

The preview commands print what each phase makes, for parameters of your choice:

  tasks -> full -> target -> target-graph -> optimized -> morphed`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			a.setLogging()
		},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				var names []string
				for _, c := range cmd.Commands() {
					names = append(names, c.Name())
				}
				hint := diag.Nearest(args[0], names)
				if hint != "" {
					hint = fmt.Sprintf("; did you mean %q?", hint)
				}
				return usage("unknown command %q%s", args[0], hint)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmd.Help(); err != nil {
				return err
			}
			return reported{diag.ExitUsage}
		},
	}
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "log what is done, and what underlying errors say")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "print errors only")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%s: %w (see %s --help)", cmd.Name(), err, cmd.CommandPath())
	})
	for _, c := range a.previewCommands() {
		root.AddCommand(c)
	}
	root.AddCommand(a.kindGraphCommand())
	return root
}

// setLogging makes the logger that the flags ask for.
func (a *App) setLogging() {
	level := slog.LevelWarn
	switch {
	case a.verbose:
		level = slog.LevelDebug
	case a.quiet:
		level = slog.LevelError
	}
	a.log = slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
		if attr.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return attr
	}}))
}

// warn prints what does not stop anything.
func (a *App) warn(all []*diag.Diagnostic) {
	if a.quiet {
		return
	}
	p := diag.Printer{W: a.Stderr, Sources: &a.sources}
	for _, d := range all {
		p.Print(d)
	}
}

// labelled gives an error that happened while a task was printed the task's label.
func labelled(err error, t *taskgraph.Task) error {
	for _, d := range diag.Flatten(err) {
		if d.Label == "" {
			d.Label = t.Label
		}
		if d.Pos == 0 {
			d.Pos = t.Pos
		}
	}
	return err
}
