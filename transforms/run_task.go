package transforms

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
)

// runTaskHandlers registers run.using run-task: the command is run by the run-task program, which sets up caches,
// checkouts and fetches before it.
func runTaskHandlers(r *taskgraph.Registry) {
	defaults := value.MapOf("checkout", true, "run-as-root", false)
	defaults.Freeze()
	for implementation, run := range map[string]func(*taskgraph.Config, *value.Map, *value.Map) error{
		"docker-worker":  dockerRunTask,
		"generic-worker": genericRunTask,
	} {
		r.RunHandlers.Add(taskgraph.RunName("run-task", implementation), taskgraph.RunHandler{Schema: schemas.Load("run-task"), Defaults: defaults, Run: run})
	}
}

// execCommands are what runs a command that is one string, by exec-with.
var execCommands = map[string][]string{
	"bash":       {"bash", "-cx"},
	"powershell": {"powershell.exe", "-ExecutionPolicy", "Bypass"},
}

// execCommand gives what runs the command of a run section that is one string.
func execCommand(run *value.Map) ([]string, error) {
	with := run.At("exec-with")
	if with.IsNull() {
		return execCommands["bash"], nil
	}
	c, ok := execCommands[with.Str()]
	if !ok {
		return nil, diag.Errorf(diag.NotAllowed, with.Pos(), "cannot execute with %s", with.Describe()).WithPath("run.exec-with").WithHint("bash or powershell")
	}
	return c, nil
}

// runTaskCommand gives the start of the command line: the program, and what checkouts, caches and the directory need.
func runTaskCommand(cfg *taskgraph.Config, task, desc *value.Map, command *value.List) error {
	run := task.EditMap("run")
	checkout := run.At("checkout")
	cwd, hasCwd := run.At("cwd").AsString()
	if checkout.Truthy() {
		repos, err := checkouts(cfg, checkout)
		if err != nil {
			return err
		}
		source, err := supportCheckout(cfg, task, desc, repos, checkout.IsTrue())
		if err != nil {
			return err
		}
		for _, r := range repos {
			command.AppendStrings("--" + r.Prefix + "-checkout=" + pathJoin(source, r.Path))
		}
		if hasCwd {
			expanded, err := value.Format(cwd, func(name string) (value.Value, bool) { return value.NewString(source), name == "checkout" })
			if err != nil {
				return value.WithNames(at(err, run.At("cwd"), "run.cwd"), []string{"checkout"})
			}
			cwd = normPath(expanded)
			run.Set("cwd", value.NewString(cwd).At(run.At("cwd").Pos()))
		}
	} else if hasCwd && strings.Contains(cwd, "{checkout}") {
		return diag.Errorf(diag.BadRun, run.At("cwd").Pos(), "{checkout} in %q, but the task has no checkout", cwd).WithPath("run.cwd").
			WithRelated(run.KeyPos("checkout"), "checkout is off here")
	}
	if hasCwd {
		command.AppendStrings("--task-cwd", cwd)
	}
	if err := supportCaches(cfg, task, desc); err != nil {
		return err
	}
	editMapOrNew(desc.EditMap("worker"), "env").Set("MOZ_SCM_LEVEL", cfg.Params.At("level"))
	return nil
}

// at gives an error whose diagnostics have the position and the path of v where they have none of their own.
func at(err error, v value.Value, path string) error {
	err = diag.Placed(err, v.Pos(), path)
	for _, d := range diag.Flatten(err) {
		if d.Path == "" {
			d.Path = path
		}
	}
	return err
}

// programOf gives the command that starts run-task: what run.run-task-command says, or the usual one.
func programOf(task *value.Map, usual ...string) *value.List {
	if own, _ := task.EditMap("run").Delete("run-task-command"); own.List().Len() > 0 {
		return own.List().Copy()
	}
	list := value.NewListNear(task, 8)
	list.AppendStrings(usual...)
	return list
}

func dockerRunTask(cfg *taskgraph.Config, task, desc *value.Map) error {
	command := programOf(task, "/usr/local/bin/run-task")
	if err := runTaskCommand(cfg, task, desc, command); err != nil {
		return err
	}
	run := task.At("run").Map()
	if run.At("run-as-root").Truthy() {
		command.AppendStrings("--user", "root", "--group", "root")
	}
	command.AppendStrings("--")
	what := run.At("command")
	if list := what.List(); list != nil {
		for v := range list.Values() {
			command.Append(v)
		}
	} else {
		exec, err := execCommand(run)
		if err != nil {
			return err
		}
		command.AppendStrings(exec...)
		command.Append(what)
	}
	desc.EditMap("worker").Set("command", command.Value().At(what.Pos()))
	return nil
}

func genericRunTask(cfg *taskgraph.Config, task, desc *value.Map) error {
	os := task.At("worker").Map().Str("os")
	windows := os == "windows"
	program := []string{"./run-task"}
	if windows {
		program = []string{"C:/mozilla-build/python3/python3.exe", "run-task"}
	}
	command := programOf(task, program...)
	if err := runTaskCommand(cfg, task, desc, command); err != nil {
		return err
	}
	worker := desc.EditMap("worker")
	mounts := editListOrNew(worker, "mounts")
	programs := []string{"run-task"}
	if worker.At("env").Map().At("MOZ_FETCHES").Truthy() {
		programs = append(programs, "fetch-content")
	}
	for _, name := range programs {
		url, err := scriptURL(cfg, name)
		if err != nil {
			return err
		}
		mounts.Append(value.MapOf("content", value.MapOf("url", url), "file", "./"+name).Value())
	}
	run := task.At("run").Map()
	what := run.At("command")
	if run.At("run-as-root").Truthy() {
		command.AppendStrings("--user", "root", "--group", "root")
	}
	command.AppendStrings("--")
	if os == "linux-bitbar" {
		// The wrapper sets the device and adb up.
		command.AppendStrings("/builds/taskcluster/script.py")
	}
	if list := what.List(); list != nil {
		for v := range list.Values() {
			command.Append(v)
		}
	} else {
		exec, err := execCommand(run)
		if err != nil {
			return err
		}
		command.AppendStrings(exec...)
		if s, ok := what.AsString(); ok && windows {
			what = value.NewString(`"` + s + `"`).At(what.Pos())
		}
		command.Append(what)
	}
	if !windows {
		worker.Set("command", value.NewList(value.NewStrings("chmod", "+x", "run-task").Value(), command.Value()).Value().At(what.Pos()))
		return nil
	}
	// On Windows a command is one line.
	words := make([]string, 0, command.Len())
	for v := range command.Values() {
		s, ok := v.AsString()
		if !ok {
			return diag.Errorf(diag.BadRun, v.Pos(), "a command on Windows is one line of text and cannot hold %s", v.Describe()).WithPath("run.command")
		}
		words = append(words, s)
	}
	worker.Set("command", value.NewStrings(strings.Join(words, " ")).Value().At(what.Pos()))
	return nil
}

// scriptURL gives where workers without images get one of our programs: an artifact of the decision task. In a preview
// neither the deployment nor the decision task need be known; then placeholders stand for them.
func scriptURL(cfg *taskgraph.Config, name string) (string, error) {
	env := cfg.Project.Environment
	taskID, root := env("TASK_ID"), strings.TrimRight(env("TASKCLUSTER_ROOT_URL"), "/")
	if taskID == "" {
		if env("MOZ_AUTOMATION") != "" {
			return "", diag.Errorf(diag.BadRun, 0, "TASK_ID must be set to use run-task on generic-worker in automation")
		}
		taskID = "<TASK_ID>"
		if root == "" {
			root = "<TASKCLUSTER_ROOT_URL>"
		}
	}
	if root == "" {
		return "", diag.Errorf(diag.BadRun, 0, "TASKCLUSTER_ROOT_URL must be set to use run-task on generic-worker in a task")
	}
	return root + "/api/queue/v1/task/" + taskID + "/artifacts/public/" + name, nil
}
