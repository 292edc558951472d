package transforms

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// imageBuilder is the image in which images are built. It is part of the digest of every image.
const imageBuilder = "mozillareleases/image_builder:6.2.0@sha256:f7df722770d6caadea79b2de458e072d8b3d93e59675b34dffb32c3e7e30f5b9"

// dockerImageSequence makes the tasks that build docker images, from definitions in the repository.
func dockerImageSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("docker-image"),
		{Name: "fill_template", Begin: fillImageTemplate},
	}
}

func fillImageTemplate(cfg *taskgraph.Config) (taskgraph.Each, error) {
	var packages []string
	for _, dep := range cfg.Deps.All() {
		if dep.Kind == "packages" {
			packages = append(packages, strings.ReplaceAll(dep.Label, "packages-", ""))
		}
	}
	if cfg.Fast && cfg.WriteArtifacts {
		return nil, diag.Errorf(diag.BadImage, 0, "docker contexts cannot be written without their digests, which a fast run leaves out")
	}
	level, err := strconv.Atoi(strings.TrimSpace(cfg.Params.Level()))
	if err != nil {
		return nil, diag.Errorf(diag.BadParameters, cfg.Params.At("level").Pos(), "level: want a number, got %q", cfg.Params.Level())
	}
	return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		desc, err := imageTask(cfg, stub, packages, level)
		if err == nil {
			yield(desc)
		}
		return err
	}, nil
}

func imageTask(cfg *taskgraph.Config, stub *value.Map, available []string, level int) (*value.Map, error) {
	nameValue := stub.At("name")
	name, pos := nameValue.Str(), nameValue.Pos()
	packages := stub.At("packages").List()
	if err := checkPackages(packages, available); err != nil {
		return nil, err
	}
	args := stub.At("args").Map().Copy()
	argsPos := stub.At("args").Or(pos).Pos()
	hash, err := contextHash(cfg, stub, name, args, argsPos)
	if err != nil {
		return nil, err
	}
	sortedArgs, err := value.SortedJSON(args.Value())
	if err != nil {
		return nil, err
	}

	var references []string
	for p := range packages.Values() {
		references = append(references, "<"+p.Str()+">")
	}
	args.Set("DOCKER_IMAGE_PACKAGES", value.NewString(strings.Join(references, " ")))
	buildArgs, err := value.CompactJSON(args.Value())
	if err != nil {
		return nil, err
	}
	dependencies := imageDependencies(stub)
	if err := checkArgReferences(args, argsPos, buildArgs, dependencies); err != nil {
		return nil, err
	}

	// Level 1 wants its images soon; elsewhere they are read more often than built.
	compression, expires := "10", value.NewString("1 year")
	if level == 1 {
		compression = "3"
	}
	if cfg.Params.Level() == "1" {
		expires = cfg.Graph.ExpiresAfter()
	}
	env := value.MapOf(
		"CONTEXT_TASK_ID", taskReference("<decision>"),
		"CONTEXT_PATH", "public/docker-contexts/"+name+".tar.gz",
		"HASH", hash,
		"PROJECT", cfg.Params.BlankAt("project"),
		"IMAGE_NAME", name,
		"DOCKER_IMAGE_ZSTD_LEVEL", compression,
		"DOCKER_BUILD_ARGS", taskReference(buildArgs).At(argsPos),
		"VCS_BASE_REPOSITORY", cfg.Params.BlankAt("base_repository"),
		"VCS_HEAD_REPOSITORY", cfg.Params.BlankAt("head_repository"),
		"VCS_HEAD_REV", cfg.Params.BlankAt("head_rev"),
		"VCS_REPOSITORY_TYPE", cfg.Params.At("repository_type"),
	)
	if dependencies.Has("parent") {
		env.Set("PARENT_TASK_ID", taskReference("<parent>"))
	}
	desc := value.MapOf(
		"label", value.NewString("docker-image-"+name).At(pos),
		"description", "Build the docker image "+name+" for use by dependent tasks",
		"attributes", value.MapOf("image_name", name, "artifact_prefix", "public"),
		"always-target", true,
		"expires-after", expires,
		"scopes", value.NewList(),
		"run-on-projects", value.NewList(),
		"worker-type", value.NewString("images").At(pos),
		"worker", value.MapOf(
			"implementation", "docker-worker",
			"os", "linux",
			"artifacts", []value.Value{value.MapOf("type", "file", "path", "/workspace/out/image.tar.zst", "name", "public/image.tar.zst").Value()},
			"env", env,
			"chain-of-trust", true,
			"max-run-time", 7200,
			"docker-image", imageBuilder,
		).Value().At(pos),
	)
	if index, ok := stub.Get("index"); ok {
		desc.Set("index", index)
	}
	if symbol := stub.At("symbol"); symbol.Truthy() {
		desc.Set("treeherder", value.MapOf("symbol", symbol, "platform", "taskcluster-images/opt", "kind", "other", "tier", 1).Value().At(symbol.Pos()))
	}
	if dependencies.Len() > 0 {
		desc.Set("dependencies", dependencies.Value())
	}
	if cache, ok := stub.Get("cache"); (!ok || cache.Truthy()) && !cfg.Fast {
		desc.Set("cache", value.MapOf("type", "docker-images.v2", "name", name,
			"digest-data", []string{hash, sortedArgs, "image-builder-image:" + imageBuilder}).Value().At(pos))
	}
	return desc, nil
}

// checkPackages says which packages no task of the kind packages makes.
func checkPackages(packages *value.List, available []string) error {
	var errs []*diag.Diagnostic
	for p := range packages.Values() {
		if !slices.Contains(available, p.Str()) {
			d := diag.Errorf(diag.BadImage, p.Pos(), "there is no task packages-%s that makes the package %q", p.Str(), p.Str()).WithPath("packages")
			if d.WithHint("%s", diag.DidYouMean(p.Str(), available)); d.Hint == "" {
				d.WithHint("is the kind packages among the kind-dependencies?")
			}
			errs = append(errs, d)
		}
	}
	return invalid(errs)
}

// contextHash gives the digest of the files that the image is built from. A decision task keeps them as an artifact.
func contextHash(cfg *taskgraph.Config, stub *value.Map, name string, args *value.Map, pos diag.Pos) (string, error) {
	if cfg.Fast {
		return strings.Repeat("0", 40), nil
	}
	definition := stub.At("definition")
	if definition.IsNull() {
		definition = value.NewString(name).At(stub.At("name").Pos())
	}
	dir := path.Join(cfg.Project.DockerDir(), definition.Str())
	var hash string
	var err error
	if cfg.WriteArtifacts {
		cfg.Log.Info("writing docker context", "image", name)
		hash, err = cfg.Project.Files.WriteContext(name, dir, args, pos)
	} else {
		hash, err = cfg.Project.Files.ContextDigest(dir, args, pos)
	}
	if err != nil {
		return "", diag.Placed(err, definition.Pos(), "")
	}
	return hash, nil
}

// imageDependencies gives the packages and the parent of an image.
func imageDependencies(stub *value.Map) *value.Map {
	out := value.NewMap(1)
	names := slices.Collect(stub.At("packages").List().Values())
	slices.SortStableFunc(names, func(a, b value.Value) int { return strings.Compare(a.Str(), b.Str()) })
	for _, p := range names {
		out.Set(p.Str(), value.NewString("packages-"+p.Str()).At(p.Pos()))
	}
	if parent := stub.At("parent"); parent.Truthy() {
		out.Set("parent", value.NewString("docker-image-"+parent.Str()).At(parent.Pos()))
	}
	return out
}

// angleBrackets are what a task reference looks like.
var angleBrackets = regexp.MustCompile(`<([^>]+)>`)

// checkArgReferences refuses angle brackets in build arguments that name no dependency. The arguments reach the task as
// one text in which task references are resolved, so that no such task could ever be made.
func checkArgReferences(args *value.Map, pos diag.Pos, text string, dependencies *value.Map) error {
	unknown := func(text string) (name string) {
		for _, m := range angleBrackets.FindAllStringSubmatch(text, -1) {
			if name = m[1]; name != "self" && name != "decision" && name != "<" && !dependencies.Has(name) {
				return name
			}
		}
		return ""
	}
	fail := func(pos diag.Pos, path, format string, a ...any) error {
		return diag.Errorf(diag.BadReference, pos, format, a...).WithPath(path).
			WithHint("angle brackets are references to: %s", strings.Join(append([]string{"self", "decision"}, dependencies.Keys()...), ", "))
	}
	bracketed := ""
	for key, v := range args.All() {
		if name := unknown(v.Str()); name != "" {
			return fail(v.Or(pos).Pos(), "args."+key, "<%s> is a reference to a dependency, and the image has none with that name", name)
		}
		if bracketed == "" && strings.Contains(v.Str(), "<") {
			bracketed = key
		}
	}
	if unknown(text) != "" {
		return fail(args.At(bracketed).Or(pos).Pos(), "args."+bracketed, "what stands between the angle brackets of two arguments would be read as a reference to a dependency")
	}
	return nil
}
