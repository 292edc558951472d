package transforms

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// What follows is for transforms and handlers of a repository's own. A handler gets a task that has a run section, and desc,
// the task description to be; most of them are done when they have set run.using to run-task and run.command, and call
// [ConfigureForRun].

// ValidateStep gives a step that checks every stub against a schema, and reports all that is wrong where it stands. The
// name is for messages. A stub with a mistake goes no further. Checks of equal parts are made once for a kind.
func ValidateStep(name string, s *schema.Schema) taskgraph.Step {
	return taskgraph.Step{Name: name, Contained: true, Each: func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		if err := invalid(checker(cfg, s).Validate(stub.Value())); err != nil {
			return err
		}
		yield(stub)
		return nil
	}}
}

// AddCheckout gives desc what run-task needs to check out the repositories that run.checkout of the task asks for: true, or a map
// by prefix. It gives the directory of the source. It fails on workers of an operating system that run-task does not
// know, and for repositories that config.yml does not have.
func AddCheckout(cfg *taskgraph.Config, task, desc *value.Map) (dir string, err error) {
	checkout := task.At("run").Map().At("checkout")
	repos, err := checkouts(cfg, checkout)
	if err != nil {
		return "", err
	}
	return supportCheckout(cfg, task, desc, repos, checkout.IsTrue())
}

// AddCaches gives desc the caches of tools that run.use-caches of the task asks for, or else config.yml, and with run.checkout that
// of checkouts. On worker implementations other than docker-worker and generic-worker it does nothing.
func AddCaches(cfg *taskgraph.Config, task, desc *value.Map) error {
	return supportCaches(cfg, task, desc)
}

// AddCache gives desc one cache more: name is without trust domain and level, dir is where the task sees it. skipUntrusted
// keeps docker-worker from using it in tasks that may not be trusted. On worker implementations other than docker-worker and
// generic-worker it does nothing.
func AddCache(task, desc *value.Map, name, dir string, skipUntrusted bool) {
	field, cache := "", value.Value{}
	switch task.At("worker").Map().Str("implementation") {
	case "docker-worker":
		field, cache = "caches", dockerCacheKeys.Map(persistent, value.NewString(name), value.NewString(dir), value.NewBool(skipUntrusted)).Value()
	case "generic-worker":
		field, cache = "mounts", mountKeys.Map(value.NewString(name), value.NewString(dir)).Value()
	default:
		return
	}
	if list := editListOrNew(desc.EditMap("worker"), field); list != nil {
		list.Append(cache)
	}
}

// AddArtifacts gives desc a directory of artifacts, under the prefix that its attribute artifact_prefix says, public/build
// by default. Commands on docker-worker find the directory in UPLOAD_DIR.
func AddArtifacts(task, desc *value.Map) {
	worker := desc.EditMap("worker")
	prefix := ArtifactPrefix(desc.At("attributes").Map())
	dir := prefix
	if worker.Str("implementation") == "docker-worker" {
		dir = task.At("run").Map().Str("workdir") + "/artifacts/"
		if env := editMapOrNew(worker, "env"); env != nil {
			env.Set("UPLOAD_DIR", value.NewString(dir))
		}
	}
	if artifacts := editListOrNew(worker, "artifacts"); artifacts != nil {
		artifacts.Append(value.MapOf("name", prefix, "path", dir, "type", "directory").Value())
	}
}
