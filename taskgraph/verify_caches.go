package taskgraph

import (
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// verifyCaches reports caches that a task must not use: those of another trust domain or level, and those that
// run-task manages in a task that does not run it, or under a name that does not change with run-task.
func verifyCaches(cfg *VerifyConfig, report func(error)) {
	prefix := cfg.Graph.TrustDomain() + "-level-" + cfg.Params.Level() + "-"
	suffix := ""
	if cfg.Project.Files != nil {
		suffix = cfg.Project.Files.RunTaskSuffix()
	}
	all := cfg.parts()
	for i, t := range cfg.Tasks.tasks {
		payload := all[i].payload
		caches := payload.At("cache").Map()
		if v, ok := caches.Get("task-reference"); ok {
			caches = v.Map()
		}
		for i := range caches.Len() {
			key := caches.Entry(i).Key
			name := key.KeyText()
			mistake := func(format string, args ...any) *diag.Diagnostic {
				return diag.Errorf(diag.BadCache, positionOr(key, caches.Entry(i).Value.Pos()), format, args...).WithPath("payload.cache")
			}
			bad := func(format string, args ...any) { report(aboutTask(t, mistake(format, args...))) }
			rest, ok := strings.CutPrefix(name, prefix)
			switch {
			case !ok:
				bad("the cache %q is not one of this trust domain and level: its name should begin with %q", name, prefix)
			case !strings.HasPrefix(rest, "checkouts") && !strings.HasPrefix(rest, "tooltool-cache"):
			case !usesRunTask(payload):
				bad("the cache %q is reserved for run-task, which this task does not run", name)
			case !strings.Contains(rest, suffix):
				report(aboutTask(t, mistake("the cache %q is reserved for run-task, but its name does not depend on run-task: it should contain %q", name, suffix).
					WithHint("where Python made the name, give its package's directory of run-task with --run-task-dir or $TASKGRAPH_RUN_TASK_DIR")))
			}
		}
	}
}

// usesRunTask says whether a payload's command begins with run-task.
func usesRunTask(payload *value.Map) bool {
	command := payload.At("command")
	program := command.Str()
	if list := command.List(); list.Len() > 0 {
		program = list.At(0).Str()
	}
	return strings.HasPrefix(program[strings.LastIndexByte(program, '/')+1:], "run-task")
}

// verifyVolumes reports caches that a docker image does not declare as volumes. It looks at a section that only
// definitions of a repository's own making have: those of the standard transforms moved to the payload long ago.
func verifyVolumes(cfg *VerifyConfig, report func(error)) {
	for _, t := range cfg.Tasks.tasks {
		worker := t.Task.At("worker").Map()
		if worker.Str("implementation") != "docker-worker" {
			continue
		}
		volumes := worker.At("volumes").List()
		var missing []string
		for c := range worker.At("caches").List().Values() {
			if mount := c.Map().Str("mount-point"); !volumes.ContainsString(mount) {
				missing = append(missing, mount)
			}
		}
		if len(missing) > 0 {
			slices.Sort(missing)
			report(aboutTask(t, diag.Errorf(diag.MissingVolume, worker.At("caches").Pos(), "has caches that image %s does not declare as volumes: %q", worker.At("docker-image").Describe(), slices.Compact(missing)).
				WithPath("worker.caches").WithHint("add them as VOLUME to the Dockerfile")))
		}
	}
}
