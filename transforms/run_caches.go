package transforms

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// toolCaches are the caches that tasks may use, with the variable that tells the tool where its cache is.
var toolCaches = []struct{ name, env string }{
	{"cargo", "CARGO_HOME"},
	{"checkout", ""},
	{"npm", "npm_config_cache"},
	{"pip", "PIP_CACHE_DIR"},
	{"uv", "UV_CACHE_DIR"},
}

// supportCaches adds the caches that run.use-caches asks for; without it those of the graph config, and without that
// only the one of checkouts.
func supportCaches(cfg *taskgraph.Config, task, desc *value.Map) error {
	run := task.At("run").Map()
	base := ".task-cache"
	if task.At("worker").Map().Str("implementation") == "docker-worker" {
		workdir := run.Str("workdir")
		if workdir == "" {
			workdir = "/builds/worker"
		}
		base = pathJoin(workdir, base)
	}
	use := run.At("use-caches")
	if use.IsNull() {
		var configured bool
		if use, configured = cfg.Graph.Taskgraph("run").Map().Get("use-caches"); !configured {
			use = defaultCaches
		}
	}
	for _, c := range toolCaches {
		if c.name == "checkout" && !run.At("checkout").Truthy() {
			continue
		}
		if all, isBool := use.AsBool(); isBool && !all || !isBool && !use.List().ContainsString(c.name) {
			continue
		}
		name, dir := c.name, base+"/"+c.name
		if c.name == "checkout" {
			var err error
			if name, err = checkoutCacheName(cfg); err != nil {
				return err
			}
			dir = checkoutDir(task)
		}
		if c.env != "" {
			editMapOrNew(desc.EditMap("worker"), "env").Set(c.env, value.NewString(dir))
		}
		addCache(task, desc, name, dir)
	}
	return nil
}

var defaultCaches = value.NewStrings("checkout").Value()

var (
	dockerCacheKeys = value.NewKeys("type", "name", "mount-point", "skip-untrusted")
	persistent      = value.NewString("persistent")
)

// addCache mounts a cache in the way of the task's worker implementation; others have none.
func addCache(task, desc *value.Map, name, dir string) {
	switch task.At("worker").Map().Str("implementation") {
	case "docker-worker":
		editListOrNew(desc.EditMap("worker"), "caches").Append(dockerCacheKeys.Map(persistent, value.NewString(name), value.NewString(dir), no).Value())
	case "generic-worker":
		editListOrNew(desc.EditMap("worker"), "mounts").Append(value.MapOf("cache-name", name, "directory", dir).Value())
	}
}
