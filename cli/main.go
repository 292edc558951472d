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
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskgraph-go/decision/decision"
	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
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
	// Clock gives the time; nil is that of the machine.
	Clock func() time.Time
	// Submitter creates the tasks of a decision task; nil creates them in the deployment that Env names.
	Submitter decision.Submitter

	out     io.Writer // Stdout, where nobody reading is no failure
	sources diag.Sources
	log     *slog.Logger
	verbose bool
	quiet   bool
	running bool // the command line was understood
	memory  *memory
}

// Main runs the command line of the process and gives the exit code.
func Main(registry *taskgraph.Registry) int {
	memory := tuneMemory()
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "taskgraph:", err)
		return diag.ExitInternal
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	// Without this a broken pipe would end the program with a signal before it can say that nothing is wrong.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	app := &App{Registry: registry, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv, Dir: dir, Clock: time.Now, memory: memory}
	return app.Run(ctx, os.Args[1:])
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Run runs a command line, without the name of the program, and gives the exit code.
func (a *App) Run(ctx context.Context, args []string) (code int) {
	defer taskgraph.CatchBug("command line", func(err error) { code = a.exit(err) })
	a.running, a.out = false, pipe{"stdout", a.Stdout}
	cmd := a.command()
	cmd.SetArgs(args)
	cmd.SetIn(a.Stdin)
	cmd.SetOut(a.out)
	cmd.SetErr(a.Stderr)
	err := cmd.ExecuteContext(ctx)
	if err != nil && !a.running && !errors.Is(err, errNobodyReads) {
		err = usageError{err}
	}
	return a.exit(err)
}

// exit reports an error and gives its exit code. Nobody reading the output any more is no error.
func (a *App) exit(err error) int {
	if err == nil || errors.Is(err, errNobodyReads) {
		return diag.ExitOK
	}
	if done, ok := errors.AsType[reported](err); ok {
		return done.code
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.Stderr, "taskgraph: interrupted")
		return exitInterrupted
	}
	if u, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(a.Stderr, "taskgraph: %s\n", u)
		return diag.ExitUsage
	}
	if bug, ok := errors.AsType[*taskgraph.Bug](err); ok {
		fmt.Fprintf(a.Stderr, "taskgraph: this is a fault of the program, please report it\n%s\n\n%s", bug, bug.Stack)
		return diag.ExitInternal
	}
	diag.Printer{W: a.Stderr, Sources: &a.sources, Verbose: a.verbose}.Print(err)
	return diag.ExitCode(err)
}

// exitInterrupted is what shells give for a program that was interrupted.
const exitInterrupted = 130

// errNobodyReads is the error of writing to stdout when whoever read it has seen enough.
var errNobodyReads = errors.New("nobody reads the output")

// pipe is stdout or a device, which may lead to a program that has seen enough.
type pipe struct {
	name string
	to   io.Writer
}

func (p pipe) Write(text []byte) (int, error) {
	n, err := p.to.Write(text)
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		err = errNobodyReads
	case err != nil:
		err = unwritable(p.name, err)
	}
	return n, err
}

// unwritable says that a result cannot be written, and where to.
func unwritable(file string, err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	return diag.Errorf(diag.Unwritable, 0, "cannot be written: %w", err).InFile(file)
}

// reported is an error that was printed already.
type reported struct{ code int }

func (reported) Error() string { return "reported" }

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
		Args: unknownCommand,
		RunE: showHelp,
	}
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "log what is done, and what underlying errors say")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "print errors only")
	root.MarkFlagsMutuallyExclusive("verbose", "quiet")
	root.SetFlagErrorFunc(badFlag)
	root.AddCommand(a.cronCommand())
	for _, c := range a.previewCommands() {
		root.AddCommand(c)
	}
	root.AddCommand(a.kindGraphCommand(), a.hooksCommand(), a.initCommand(), a.localCommand(), a.decisionCommand(), a.taskclusterYMLCommand(), a.starCommand())
	root.AddCommand(a.actionsCommand(), a.actionCommand())
	root.AddCommand(a.callbackCommands()...)
	a.markRunning(root)
	return root
}

// now gives the time.
func (a *App) now() time.Time {
	if a.Clock != nil {
		return a.Clock()
	}
	return time.Now()
}

// markRunning makes every command note that it runs: an error before that is a mistake on the command line.
func (a *App) markRunning(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.running = true
			return run(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		a.markRunning(c)
	}
}

// unknownCommand refuses arguments of a command that has others below it: they are meant to be commands.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("unknown command %q%s", args[0], didYouMean(args[0], names))
}

// showHelp is what a command does that has others below it: which one is meant was not said.
func showHelp(cmd *cobra.Command, _ []string) error {
	if err := cmd.Help(); err != nil {
		return err
	}
	return reported{diag.ExitUsage}
}

// noArguments refuses arguments of a command that has flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument, got %q (see %s --help)", cmd.Name(), args[0], cmd.CommandPath())
	}
	return nil
}

// badFlag says what is wrong with a flag.
func badFlag(cmd *cobra.Command, err error) error {
	hint := ""
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		})
		hint = didYouMean("--"+unknown.GetSpecifiedName(), names)
	}
	return fmt.Errorf("%s: %w%s (see %s --help)", cmd.Name(), err, hint, cmd.CommandPath())
}

func didYouMean(name string, names []string) string {
	if near := diag.Nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
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
	a.logAt(level)
}

// logAt makes a logger of what is as grave as a level, or graver.
func (a *App) logAt(level slog.Level) { a.log = newLog(a.Stderr, level) }

func newLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
		if attr.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return attr
	}}))
}

// note tells whoever looks at stderr what goes on.
func (a *App) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.Stderr, format+"\n", args...)
	}
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

// reader reads documents, whose warnings are printed.
func (a *App) reader() *value.Reader {
	return &value.Reader{Sources: &a.sources, Warn: func(d *diag.Diagnostic) { a.warn([]*diag.Diagnostic{d}) }}
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
