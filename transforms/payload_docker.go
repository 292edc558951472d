package transforms

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// exitPurgeCaches is what run-task exits with when a cache is in a bad state.
const exitPurgeCaches = 72

// cacheVersion is part of the names of all caches: raising it gives every task new ones.
const cacheVersion = "v3"

// dockerPayload builds the payload for docker-worker.
func dockerPayload(cfg *taskgraph.Config, task, def *value.Map) error {
	worker := task.EditMap("worker")
	image, err := dockerImage(cfg, task, worker)
	if err != nil {
		return err
	}
	scopes := def.EditList("scopes")
	level := cfg.Params.At("level").Str()
	env := editMapOrNew(worker, "env")
	features := value.NewMapNear(task, 0)
	yes := value.NewBool(true)
	if worker.At("taskcluster-proxy").Truthy() {
		features.Set("taskclusterProxy", yes)
	}
	if worker.At("allow-ptrace").Truthy() {
		features.Set("allowPtrace", yes)
		scopes.AppendStrings("docker-worker:feature:allowPtrace")
	}
	if worker.At("chain-of-trust").Truthy() {
		features.Set("chainOfTrust", yes)
	}
	if task.At("needs-sccache").Truthy() {
		features.Set("taskclusterProxy", yes)
		scopes.AppendStrings("assume:project:taskcluster:" + cfg.Graph.TrustDomain() + ":level-" + level + "-sccache-buckets")
	}
	setSccache(task, env)
	capabilities := value.NewMapNear(task, 0)
	if worker.At("loopback-video").Truthy() {
		capabilities.EditMap("devices").Set("loopbackVideo", yes)
		scopes.AppendStrings("docker-worker:capability:device:loopbackVideo")
	}

	command := worker.At("command")
	runTask, err := runsRunTask(command)
	if err != nil {
		return err
	}
	if runTask {
		for _, key := range [...]string{"retry-exit-status", "purge-caches-exit-status"} {
			worker.Set(key, withExitStatus(cfg, worker.At(key)))
		}
	}
	onExit := value.NewMapNear(task, 2)
	if v, ok := worker.Get("retry-exit-status"); ok {
		onExit.Set("retry", v)
	}
	if v, ok := worker.Get("purge-caches-exit-status"); ok {
		onExit.Set("purgeCaches", v)
	}
	artifacts, err := dockerArtifacts(cfg, worker, def.At("expires"))
	if err != nil {
		return err
	}
	caches, err := dockerCaches(cfg, worker, scopes, runTask)
	if err != nil {
		return err
	}
	if runTask && caches != nil {
		env.Set("TASKCLUSTER_CACHES", caches.paths)
	}
	if volumes := worker.At("volumes"); runTask && volumes.List().Len() > 0 {
		env.Set("TASKCLUSTER_VOLUMES", joinedVolumes(cfg, volumes))
	}
	if caches != nil && level == "1" {
		env.Set("TASKCLUSTER_UNTRUSTED_CACHES", one)
	}

	env.Set("MOZ_AUTOMATION", one)

	payload := value.NewMapNear(task, 9)
	payload.Set("image", image)
	payload.Set("env", env.Value())
	if worker.Has("command") {
		payload.Set("command", command)
	}
	if v, ok := worker.Get("max-run-time"); ok {
		payload.Set("maxRunTime", v)
	}
	payload.Set("onExitStatus", onExit.Value())
	if artifacts != nil {
		payload.Set("artifacts", artifacts.Value())
	}
	if caches != nil {
		payload.Set("cache", caches.mounts)
	}
	if features.Len() > 0 {
		payload.Set("features", features.Value())
	}
	if capabilities.Len() > 0 {
		payload.Set("capabilities", capabilities.Value())
	}
	def.Set("payload", payload.Value())
	return nil
}

// withExitStatus gives a list of exit codes with that of run-task for bad caches.
func withExitStatus(cfg *taskgraph.Config, list value.Value) value.Value {
	type key struct{ list unsafe.Pointer }
	return taskgraph.Memo(cfg, key{list.Identity()}, func() value.Value {
		l := list.List().Copy()
		l.Append(value.NewInt(exitPurgeCaches))
		return l.Value()
	})
}

// joinedVolumes gives the volumes as run-task reads them.
func joinedVolumes(cfg *taskgraph.Config, volumes value.Value) value.Value {
	type key struct{ volumes unsafe.Pointer }
	return taskgraph.Memo(cfg, key{volumes.Identity()}, func() value.Value {
		names := volumes.List().Strings()
		slices.Sort(names)
		return value.NewString(strings.Join(names, ";"))
	})
}

// setSccache tells the compiler cache whether it is wanted.
func setSccache(task, env *value.Map) {
	if !task.At("needs-sccache").Truthy() {
		env.Set("SCCACHE_DISABLE", one)
		return
	}
	env.Set("USE_SCCACHE", one)
	// The server must not shut down between two compilations.
	env.Set("SCCACHE_IDLE_TIMEOUT", value.NewString("0"))
}

// dockerImage gives the payload's image. An image of the tree becomes a dependency, and its volumes are added.
func dockerImage(cfg *taskgraph.Config, task, worker *value.Map) (value.Value, error) {
	image := worker.At("docker-image")
	spec := image.Map()
	if spec == nil {
		return image, nil
	}
	if indexed, ok := spec.Get("indexed"); ok && !spec.Has("in-tree") {
		return value.MapOf("path", "public/image.tar.zst", "namespace", indexed, "type", "indexed-image").Value(), nil
	}
	name, ok := spec.Get("in-tree")
	if !ok {
		return image, unknownImageSource(image)
	}
	dependencies := editMapOrNew(task, "dependencies")
	if dependencies.Has("docker-image") {
		return image, diag.Errorf(diag.BadTask, dependencies.KeyPos("docker-image"), "the name docker-image is reserved for the image that the task runs in").
			WithPath("dependencies.docker-image").WithRelated(image.Pos(), "the image")
	}
	type key struct{ name string }
	of := taskgraph.Memo(cfg, key{name.Str()}, func() *treeImage { return newTreeImage(cfg, name.Str()) })
	dependencies.Set("docker-image", of.label.At(name.Pos()))
	if of.err != nil {
		return image, diag.Placed(of.err, name.Pos(), "worker.docker-image.in-tree")
	}
	if len(of.volumes) > 0 {
		all, err := withVolumes(cfg, worker, of.dir, of.volumes)
		if err != nil {
			return image, err
		}
		worker.Set("volumes", all)
	}
	return inTreeImage, nil
}

// treeImage is an image of the tree.
type treeImage struct {
	label   value.Value // of its task
	dir     string
	volumes []string // that its Dockerfile declares
	err     error
}

func newTreeImage(cfg *taskgraph.Config, name string) *treeImage {
	i := &treeImage{label: value.NewString("docker-image-" + name)}
	if i.dir, i.err = cfg.Project.ImageDir(name); i.err == nil {
		i.volumes, i.err = cfg.Project.Files.Volumes(i.dir)
	}
	return i
}

// withVolumes gives the volumes of a worker with those that the Dockerfile in a directory declares.
func withVolumes(cfg *taskgraph.Config, worker *value.Map, dir string, declared []string) (value.Value, error) {
	own := worker.At("volumes")
	for other := range own.List().Values() {
		if slices.Contains(declared, other.Str()) {
			return own, diag.Errorf(diag.BadWorker, other.Or(worker.KeyPos("volumes")).Pos(), "volume %q stands in the Dockerfile already and must not be repeated", other.Str()).
				WithPath("worker.volumes")
		}
	}
	type key struct {
		own unsafe.Pointer
		dir string
	}
	return taskgraph.Memo(cfg, key{own.Identity(), dir}, func() value.Value {
		all := own.List().Copy()
		all.AppendStrings(slices.Sorted(slices.Values(declared))...)
		return all.Value()
	}), nil
}

// unknownImageSource says that an image comes neither from the tree nor from the index.
func unknownImageSource(image value.Value) error {
	keys, pos := image.Map().Keys(), image.Pos()
	d := diag.Errorf(diag.BadImage, pos, "want in-tree or indexed, got %s", joinList(keys)).WithPath("worker.docker-image")
	if len(keys) == 1 {
		d.Pos = image.Map().KeyPos(keys[0])
		d.WithHint("%s", diag.DidYouMean(keys[0], []string{"in-tree", "indexed"}))
	}
	return d
}

var inTreeImage = value.MapOf("path", "public/image.tar.zst", "taskId", taskReference("<docker-image>"), "type", "task-image").Value()

// runsRunTask says whether a command starts run-task.
func runsRunTask(command value.Value) (bool, error) {
	list := command.List()
	if list == nil {
		return false, nil
	}
	if list.Len() == 0 {
		return false, diag.Errorf(diag.BadWorker, command.Pos(), "the command is empty").WithPath("worker.command")
	}
	return strings.HasPrefix(path.Base(list.At(0).Str()), "run-task"), nil
}

// dockerArtifacts gives the payload's artifacts, which expire with the task; nil where there are none.
func dockerArtifacts(cfg *taskgraph.Config, worker *value.Map, expires value.Value) (*value.Map, error) {
	list, ok := worker.Get("artifacts")
	if !ok || list.IsNull() {
		return nil, nil
	}
	type key struct{ list, expires unsafe.Pointer }
	return taskgraph.MemoErr(cfg, key{list.Identity(), expires.Identity()}, func() (*value.Map, error) { return newArtifacts(list.List(), expires) })
}

func newArtifacts(list *value.List, expires value.Value) (*value.Map, error) {
	out := value.NewMap(list.Len())
	for v := range list.Values() {
		a := v.Map()
		for _, key := range [...]string{"name", "path", "type"} {
			if a.At(key).IsNull() {
				return nil, diag.Errorf(diag.MissingField, v.Pos(), "an artifact needs a %s", key).WithPath("worker.artifacts")
			}
		}
		out.Set(a.Str("name"), artifactKeys.Map(a.At("path"), a.At("type"), expires).Value())
	}
	return out, nil
}

var artifactKeys = value.NewKeys("path", "type", "expires")

// cacheSet is what a payload needs for its caches.
type cacheSet struct {
	mounts value.Value   // the payload's cache
	paths  value.Value   // where they are, as run-task reads it
	scopes []value.Value // one for each
	err    error
}

// dockerCaches gives the payload's caches and adds the scopes for them; nil where there are none.
func dockerCaches(cfg *taskgraph.Config, worker *value.Map, scopes *value.List, runTask bool) (*cacheSet, error) {
	list, ok := worker.Get("caches")
	if !ok || list.IsNull() {
		return nil, nil
	}
	type key struct {
		list    unsafe.Pointer
		image   string
		runTask bool
	}
	image := worker.Str("docker-image")
	set := taskgraph.Memo(cfg, key{list.Identity(), image, runTask}, func() *cacheSet { return newCacheSet(cfg, list.List(), image, runTask) })
	if set.err == nil {
		scopes.Append(set.scopes...)
	}
	return set, set.err
}

// newCacheSet names caches. Names of caches that run-task manages change with it and with the image, because either may change
// what is in them. image is that of a worker which uses none of the tree's.
func newCacheSet(cfg *taskgraph.Config, list *value.List, image string, runTask bool) *cacheSet {
	suffix := cacheVersion
	if runTask {
		suffix += "-" + cfg.Project.Files.RunTaskSuffix()
		if image != "" {
			sum := sha256.Sum256([]byte(image))
			suffix += hex.EncodeToString(sum[:])[:12]
		} else {
			suffix += "-<docker-image>"
		}
	}
	level := cfg.Params.At("level").Str()
	set, mounts := &cacheSet{}, value.NewMap(list.Len())
	for v := range list.Values() {
		c := v.Map()
		if c.At("skip-untrusted").Truthy() && level == "1" {
			continue
		}
		for _, key := range [...]string{"name", "mount-point"} {
			if c.At(key).IsNull() {
				set.err = diag.Errorf(diag.MissingField, v.Pos(), "a cache needs a %s", key).WithPath("worker.caches")
				return set
			}
		}
		name := cfg.Graph.TrustDomain() + "-level-" + level + "-" + c.Str("name") + "-" + suffix
		mounts.Set(name, c.At("mount-point"))
		set.scopes = append(set.scopes, taskReference("docker-worker:cache:"+name))
	}
	set.paths = sortedJoin(mounts)
	set.mounts = referenceKeys.Map(mounts.Value()).Value()
	return set
}

// sortedJoin gives the values of a map, sorted and joined by semicolons.
func sortedJoin(m *value.Map) value.Value {
	var s []string
	for _, v := range m.All() {
		s = append(s, v.Str())
	}
	slices.Sort(s)
	return value.NewString(strings.Join(s, ";"))
}
