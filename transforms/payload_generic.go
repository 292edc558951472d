package transforms

import (
	"strings"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// windowsInterrupted are exit codes that mean, on Windows, that the machine shut down or the process was interrupted.
var windowsInterrupted = []value.Value{value.NewInt(1073807364), value.NewInt(3221225786)}

// genericPayload builds the payload for generic-worker.
func genericPayload(cfg *taskgraph.Config, task, def *value.Map) error {
	worker := task.EditMap("worker")
	scopes := def.EditList("scopes")
	payload := def.EditMap("payload")
	payload.Set("command", worker.At("command"))
	payload.Set("maxRunTime", worker.At("max-run-time"))

	onExit := value.NewMapNear(task, 2)
	if v, ok := worker.Get("retry-exit-status"); ok {
		onExit.Set("retry", v)
	}
	if v, ok := worker.Get("purge-caches-exit-status"); ok {
		onExit.Set("purgeCaches", v)
	}
	if worker.Str("os") == "windows" {
		editListOrNew(onExit, "retry").Append(windowsInterrupted...)
	}
	if onExit.Len() > 0 {
		payload.Set("onExitStatus", onExit.Value())
	}
	env := editMapOrNew(worker, "env")
	setSccache(task, env)
	env.Set("MOZ_AUTOMATION", one)
	payload.Set("env", env.Value())

	artifacts := value.NewListNear(task, 0)
	for v := range worker.At("artifacts").List().Values() {
		a := value.NewMapNear(task, 3)
		a.Set("path", v.Map().At("path"))
		a.Set("type", v.Map().At("type"))
		if name, ok := v.Map().Get("name"); ok {
			a.Set("name", name)
		}
		artifacts.Append(a.Value())
	}
	if artifacts.Len() > 0 {
		payload.Set("artifacts", artifacts.Value())
	}
	if mounts := genericMounts(cfg, worker.At("mounts").List(), scopes); mounts.Len() > 0 {
		payload.Set("mounts", mounts.Value())
	}
	workerType := task.Str("worker-type")
	if groups := worker.At("os-groups"); groups.Truthy() {
		payload.Set("osGroups", groups)
		for _, g := range groups.List().Strings() {
			scopes.AppendStrings("generic-worker:os-group:" + workerType + "/" + g)
		}
	}
	yes := value.NewBool(true)
	features := value.NewMapNear(task, 0)
	if worker.At("chain-of-trust").Truthy() {
		features.Set("chainOfTrust", yes)
	}
	if worker.At("taskcluster-proxy").Truthy() {
		features.Set("taskclusterProxy", yes)
	}
	if worker.At("run-as-administrator").Truthy() {
		features.Set("runAsAdministrator", yes)
		scopes.AppendStrings("generic-worker:run-as-administrator:" + workerType)
	}
	if worker.At("run-task-as-current-user").Truthy() {
		features.Set("runTaskAsCurrentUser", yes)
		scopes.AppendStrings("generic-worker:run-task-as-current-user:" + workerType)
	}
	if worker.At("hide-cmd-window").Truthy() {
		features.Set("hideCmdWindow", yes)
	}
	if features.Len() > 0 {
		payload.Set("features", features.Value())
	}
	return nil
}

// genericMounts gives the payload's mounts, with the names that the worker uses, and adds the scopes they need.
func genericMounts(cfg *taskgraph.Config, list *value.List, scopes *value.List) *value.List {
	out := list.Copy()
	for i := range out.Len() {
		if out.At(i).Map() == nil {
			continue
		}
		m := out.EditMap(i)
		if name, ok := m.Delete("cache-name"); ok {
			cache := cfg.Graph.TrustDomain() + "-level-" + cfg.Params.At("level").Str() + "-" + value.PyStr(name)
			m.Set("cacheName", value.NewString(cache).At(name.Pos()))
			scopes.AppendStrings("generic-worker:cache:" + cache)
		}
		if m.At("content").Map() == nil {
			continue
		}
		content := m.EditMap("content")
		if id, ok := content.Delete("task-id"); ok {
			content.Set("taskId", id)
		}
		if artifact, ok := content.At("artifact").AsString(); ok && !strings.HasPrefix(artifact, "public/") {
			scopes.AppendStrings("queue:get-artifact:" + artifact)
		}
	}
	return out
}
