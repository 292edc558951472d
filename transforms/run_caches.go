package transforms

import (
	"cmp"
	"unsafe"

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
	if own := cfg.Registry.Caches(); own != nil {
		return own(cfg, task, desc)
	}
	run, worker := task.At("run").Map(), task.At("worker").Map()
	use := run.At("use-caches")
	if use.IsNull() {
		var configured bool
		if use, configured = cfg.Graph.Taskgraph("run").Map().Get("use-caches"); !configured {
			use = defaultCaches
		}
	}
	usesCheckout := run.At("checkout").Truthy()
	field := ""
	switch worker.Str("implementation") {
	case "docker-worker":
		field = "caches"
	case "generic-worker":
		field = "mounts"
	}
	before := desc.At("worker").Map().At(field)
	type key struct {
		os, field, workdir   string
		use                  unsafe.Pointer
		always, usesCheckout bool
		before               unsafe.Pointer
	}
	all, _ := use.AsBool()
	made := taskgraph.Memo(cfg, key{worker.Str("os"), field, run.Str("workdir"), use.Identity(), all, usesCheckout, before.Identity()}, func() *toolCacheSet {
		return newToolCaches(cfg, before.List(), use, field, cacheDir(task), checkoutDir(task), usesCheckout)
	})
	if made.err != nil {
		return made.err
	}
	out := desc.EditMap("worker")
	if made.list.Len() > before.List().Len() {
		out.Set(field, made.list.Value())
	}
	if made.env.Len() > 0 {
		editMapOrNew(out, "env").Update(made.env)
	}
	return nil
}

// cacheDir gives the directory of all caches of a task.
func cacheDir(task *value.Map) string {
	const dir = ".task-cache"
	if task.At("worker").Map().Str("implementation") != "docker-worker" {
		return dir
	}
	return pathJoin(cmp.Or(task.At("run").Map().Str("workdir"), "/builds/worker"), dir)
}

// toolCacheSet is what a worker section gets for its caches.
type toolCacheSet struct {
	list *value.List // the caches or mounts, those that were there first
	env  *value.Map
	err  error
}

// newToolCaches puts the caches that are wanted after those that are there, in the way of the worker implementation whose
// field it is. Other implementations have none.
func newToolCaches(cfg *taskgraph.Config, before *value.List, use value.Value, field, base, checkouts string, usesCheckout bool) *toolCacheSet {
	set := &toolCacheSet{list: before.Copy(), env: value.NewMap(0)}
	for _, c := range toolCaches {
		if c.name == "checkout" && !usesCheckout {
			continue
		}
		if all, isBool := use.AsBool(); isBool && !all || !isBool && !use.List().ContainsString(c.name) {
			continue
		}
		name, dir := c.name, base+"/"+c.name
		if c.name == "checkout" {
			if name, set.err = checkoutCacheName(cfg); set.err != nil {
				return set
			}
			dir = checkouts
		}
		if c.env != "" {
			set.env.Set(c.env, value.NewString(dir))
		}
		switch field {
		case "caches":
			set.list.Append(dockerCacheKeys.Map(persistent, value.NewString(name), value.NewString(dir), no).Value())
		case "mounts":
			set.list.Append(mountKeys.Map(value.NewString(name), value.NewString(dir)).Value())
		}
	}
	return set
}

var defaultCaches = value.NewStrings("checkout").Value()

var (
	dockerCacheKeys = value.NewKeys("type", "name", "mount-point", "skip-untrusted")
	mountKeys       = value.NewKeys("cache-name", "directory")
	persistent      = value.NewString("persistent")
)
