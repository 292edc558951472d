package preflight

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// workers tells which worker runs the tasks of a pool.
type workers struct{ pools map[string]worker }

// worker is an implementation, and the operating system where that is known.
type worker struct{ implementation, os string }

// builtIn is the worker of the pools that the queue serves itself.
const builtIn = "built-in"

// newWorkers collects the pools of the worker aliases. An alias that is a pattern stands for pools that are not known
// before a task names them.
func newWorkers(config *taskgraph.GraphConfig, level string) *workers {
	w := &workers{pools: map[string]worker{"built-in/succeed": {implementation: builtIn}, "built-in/fail": {implementation: builtIn}}}
	if config == nil {
		return w
	}
	for alias := range config.Map().At("workers").Map().At("aliases").Map().All() {
		provisioner, workerType, err := config.WorkerType(alias, level, 0)
		if err != nil {
			continue
		}
		implementation, os, err := config.Implementation(alias, 0)
		if err != nil {
			continue
		}
		pool, found := provisioner+"/"+workerType, worker{implementation, os}
		if other, taken := w.pools[pool]; taken && other != found {
			found = worker{} // the aliases disagree
		}
		w.pools[pool] = found
	}
	return w
}

// of gives the worker of a task.
func (w *workers) of(def *value.Map) worker {
	if found, ok := w.pools[pool(def)]; ok && found.implementation == builtIn {
		return found
	}
	tags := def.At("tags").Map()
	if s := tags.Str("worker-implementation"); s != "" {
		return worker{s, tags.Str("os")}
	}
	return w.pools[pool(def)]
}

// pool gives the name of the worker pool of a task.
func pool(def *value.Map) string {
	if s := def.Str("taskQueueId"); s != "" {
		return s
	}
	return def.Str("provisionerId") + "/" + def.Str("workerType")
}

// schemaOf gives the name of the schema for a payload of a worker, "" where it is not known.
func (w worker) schemaOf(payload *value.Map) string {
	switch w.implementation {
	case "docker-worker":
		return dockerWorker
	case "generic-worker":
		if strings.HasPrefix(w.os, "win") {
			return genericWindow
		}
		if payload.Has("image") {
			return genericDocker
		}
		return genericPosix
	}
	return ""
}

// payload checks the payload of a task against the schema of its worker, and that the task has the scopes that the
// payload asks the worker for.
func (p *part) payload(def *value.Map) {
	v := def.At("payload")
	if v.Map() == nil { // the queue's schema says so
		return
	}
	w := p.workers.of(def)
	name := w.schemaOf(v.Map())
	switch {
	case w.implementation == builtIn:
		if v.Map().Len() > 0 {
			p.report(diag.Errorf(diag.BadPayload, v.Pos(), "the payload of a task on %s must be empty", pool(def)).WithPath("payload"))
		}
		return
	case name == "":
		p.unknown++
		return
	}
	for _, d := range p.checkers.get(name).Validate(v.Or(p.task.Pos)) {
		if d.Path == "" {
			d.Path = "payload"
		} else {
			d.Path = "payload." + d.Path
		}
		p.report(recoded(d, diag.BadPayload))
	}
	for _, alternatives := range payloadScopes(w, v.Map(), pool(def)) {
		p.needs.own(p.task, def.At("scopes").List(), alternatives)
	}
}

// payloadScopes gives the scopes that a worker wants a task to have for what its payload asks for: one of each group.
func payloadScopes(w worker, payload *value.Map, pool string) (groups [][]string) {
	add := func(alternatives ...string) { groups = append(groups, alternatives) }
	features := payload.At("features").Map()
	if w.implementation == "docker-worker" || payload.Has("image") {
		capabilities := payload.At("capabilities").Map()
		for name := range payload.At("cache").Map().All() {
			add("docker-worker:cache:" + name)
		}
		if capabilities.At("privileged").IsTrue() {
			add("docker-worker:capability:privileged", "docker-worker:capability:privileged:"+pool)
		}
		if capabilities.At("disableSeccomp").IsTrue() {
			add("docker-worker:capability:disableSeccomp")
		}
		for device, wanted := range capabilities.At("devices").Map().All() {
			if wanted.IsTrue() {
				scope := "docker-worker:capability:device:" + device
				add(scope, scope+":"+pool)
			}
		}
		if features.At("allowPtrace").IsTrue() {
			add("docker-worker:feature:allowPtrace")
		}
		return groups
	}
	for m := range payload.At("mounts").List().Values() {
		if name := m.Map().Str("cacheName"); name != "" {
			add("generic-worker:cache:" + name)
		}
	}
	for g := range payload.At("osGroups").List().Values() {
		add("generic-worker:os-group:" + pool + "/" + g.Str())
	}
	if payload.Str("rdpInfo") != "" {
		add("generic-worker:allow-rdp:" + pool)
	}
	for _, f := range [...]struct {
		feature, scope string
		anywhere       bool
	}{
		{"loopbackAudio", "generic-worker:loopback-audio", true},
		{"loopbackVideo", "generic-worker:loopback-video", true},
		{"runAsAdministrator", "generic-worker:run-as-administrator", false},
		{"runTaskAsCurrentUser", "generic-worker:run-task-as-current-user", false},
	} {
		switch {
		case !features.At(f.feature).IsTrue():
		case f.anywhere:
			add(f.scope+":"+pool, f.scope)
		default:
			add(f.scope + ":" + pool)
		}
	}
	return groups
}
