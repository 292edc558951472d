package cli

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/shell"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// RunDecisionTask does what a decision task, or the task of an action, would do: it runs the command of this program that
// stands in the task's command, as that task with that environment, in a directory where the checkout is in place. What
// else the task would do, such as checking out, is left out. The result is the exit code.
//
// More arguments may follow those of the task.
//
// Of the environment the command sees what the payload sets and what a worker does, and of the one here where the
// deployment and run-task are, and the credentials if the task has the feature taskclusterProxy.
func (a *App) RunDecisionTask(ctx context.Context, taskID string, definition *value.Map, dir string, more ...string) int {
	env := a.taskEnvironment(taskID, definition)
	args, err := decisionArguments(definition.At("payload"), env)
	if err != nil {
		return a.exit(err)
	}
	inTask := &App{Registry: a.Registry, Stdin: a.Stdin, Stdout: a.Stdout, Stderr: a.Stderr, Env: env, Dir: dir, Clock: a.Clock, Submitter: a.Submitter}
	return inTask.Run(ctx, append(slices.Clip(args), more...))
}

// taskEnvironment gives the environment that a worker gives a task.
func (a *App) taskEnvironment(taskID string, definition *value.Map) func(string) string {
	payload := definition.At("payload").Map()
	set := map[string]string{}
	for name, v := range payload.At("env").Map().All() {
		set[name] = v.Str()
	}
	for name, text := range map[string]string{taskcluster.TaskIDVariable: taskID, runIDVariable: "0", "TASK_GROUP_ID": definition.Str("taskGroupId"), taskcluster.RootURLVariable: a.Env(taskcluster.RootURLVariable)} {
		set[name] = text
	}
	if payload.At("features").Map().At("taskclusterProxy").IsTrue() {
		// Here credentials of one's own do what the proxy does for a task.
		for _, name := range []string{taskcluster.ProxyURLVariable, taskcluster.ClientIDVariable, taskcluster.AccessTokenVariable, taskcluster.CertificateVariable} {
			set[name] = a.Env(name)
		}
	}
	if set["TASKGRAPH_RUN_TASK_DIR"] == "" {
		set["TASKGRAPH_RUN_TASK_DIR"] = a.Env("TASKGRAPH_RUN_TASK_DIR")
	}
	return func(name string) string { return set[name] }
}

// decisionCommands are the commands of this program that decision tasks and actions run.
var decisionCommands = []string{"decision", "action-callback"}

// decisionArguments finds the command line of this program in a task's command: in one of its words, which is then a
// script, or in the words themselves.
func decisionArguments(payload value.Value, env func(string) string) ([]string, error) {
	command := payload.Map().At("command")
	var found []string
	unknown := false
	var look func(v value.Value)
	look = func(v value.Value) {
		if found != nil {
			return
		}
		if l := v.List(); l != nil {
			words := l.Strings()
			if len(words) == l.Len() {
				found = after(words)
			}
			for item := range l.Values() {
				look(item)
			}
			return
		}
		script, ok := v.AsString()
		if !ok || !strings.Contains(script, "taskgraph") {
			return
		}
		commands, err := shell.Commands(script, env)
		if err != nil {
			return
		}
		for _, c := range commands {
			args := after(c.Words)
			if args != nil && c.Unknown {
				unknown = true
				continue
			}
			if found == nil {
				found = args
			}
		}
	}
	look(command)
	if found != nil {
		return found, nil
	}
	pos := command.Or(payload.Pos()).Pos()
	if unknown {
		return nil, diag.Errorf(diag.BadTask, pos, "the arguments of taskgraph in the task's command depend on the output of another command").WithPath("payload.command")
	}
	return nil, diag.Errorf(diag.BadTask, pos, "the task's command does not run taskgraph %s", strings.Join(decisionCommands, " or taskgraph ")).WithPath("payload.command")
}

// after gives the words behind the name of this program where a command of a decision task follows, nil where there is
// none.
func after(words []string) []string {
	for i := range len(words) - 1 {
		if path.Base(words[i]) == "taskgraph" && slices.Contains(decisionCommands, words[i+1]) {
			return words[i+1:]
		}
	}
	return nil
}
