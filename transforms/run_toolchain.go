package transforms

import (
	"path"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
)

// toolchainHandlers registers run.using toolchain-script: a script of the tree builds a tool, whose artifact is cached
// for as long as nothing that goes into it changes.
func toolchainHandlers(r *taskgraph.Registry) {
	for _, implementation := range []string{"docker-worker", "generic-worker"} {
		r.RunHandlers.Add(taskgraph.RunName("toolchain-script", implementation), taskgraph.RunHandler{Schema: schemas.Load("toolchain"), Run: toolchain})
	}
}

// toolchainScript gives the file of a toolchain's script. The reference looks below taskcluster only, wherever the kinds
// are; a tree whose kinds are elsewhere may keep its scripts beside them.
func toolchainScript(cfg *taskgraph.Config, script value.Value) string {
	usual := normPath(pathJoin("taskcluster/scripts/toolchain/", script.Str()))
	if own := normPath(path.Join(cfg.Project.Root, "scripts/toolchain", script.Str())); own != usual && !cfg.Project.Exists(usual) && cfg.Project.Exists(own) {
		return own
	}
	return usual
}

func toolchain(cfg *taskgraph.Config, task, desc *value.Map) error {
	run := task.EditMap("run")
	worker := desc.EditMap("worker")
	docker := worker.Str("implementation") == "docker-worker"
	worker.Set("chain-of-trust", value.NewBool(true))
	if docker && !worker.Has("docker-image") {
		worker.Set("docker-image", value.MapOf("in-tree", "toolchain-build").Value())
	}
	env := editMapOrNew(worker, "env")
	artifacts := editListOrNew(worker, "artifacts")
	public := false
	for a := range artifacts.Values() {
		public = public || a.Map().Str("name") == "public/build"
	}
	if !public {
		AddArtifacts(task, desc)
	}
	env.Set("MOZ_BUILD_DATE", cfg.Params.BlankAt("moz_build_date"))
	env.Set("MOZ_SCM_LEVEL", cfg.Params.At("level"))

	attributes := editMapOrNew(desc, "attributes")
	for _, key := range []string{"toolchain-artifact", "toolchain-alias", "toolchain-env"} {
		if v, ok := run.Delete(key); ok {
			attributes.Set(key, v)
		}
	}
	if !cfg.Fast {
		name := strings.Replace(desc.Str("label"), cfg.Kind+"-", "", 1)
		data, err := toolchainDigest(cfg, run, desc)
		if err != nil {
			return err
		}
		desc.Set("cache", value.MapOf("type", "toolchains.v3", "name", name, "digest-data", data).Value())
	}
	run.Delete("resources")
	script, _ := run.Delete("script")
	file := toolchainScript(cfg, script)
	run.Set("using", value.NewString("run-task").At(run.At("using").Pos()))
	run.Set("cwd", value.NewString("{checkout}/.."))
	if strings.HasSuffix(file, ".ps1") {
		run.Set("exec-with", value.NewString("powershell"))
	}
	program := vcsDir(worker.Str("os")) + "/" + file
	arguments, _ := run.Delete("arguments")
	if docker {
		command := value.NewStrings(program)
		for v := range arguments.List().Values() {
			command.Append(v)
		}
		run.Set("command", command.Value().At(script.Pos()))
	} else {
		// The program stays unquoted: it may hold a variable that the shell is to expand.
		words := []string{program}
		for v := range arguments.List().Values() {
			words = append(words, shellQuote(value.PyStr(v)))
		}
		run.Set("command", value.NewString(strings.Join(words, " ")).At(script.Pos()))
	}
	return ConfigureForRun(cfg, task, desc)
}

// toolchainDigest gives what the artifact of a toolchain depends on: the files that go into it, its name, the image
// that it is built in, by name, and the arguments of the script.
func toolchainDigest(cfg *taskgraph.Config, run, desc *value.Map) (*value.List, error) {
	script := run.At("script")
	var patterns []value.Value
	for v := range run.At("resources").List().Values() {
		patterns = append(patterns, v)
	}
	patterns = append(patterns, value.NewString(toolchainScript(cfg, script)).At(script.Pos()))
	hash, err := cfg.Project.Files.Hash(patterns)
	if err != nil {
		return nil, err
	}
	data := value.NewStrings(hash)
	data.Append(desc.At("attributes").Map().At("toolchain-artifact"))
	if image := desc.At("worker").Map().At("docker-image"); image.IsString() {
		return nil, diag.Errorf(diag.BadImage, image.Pos(), "a toolchain needs an image of the tree, got %s", image.Describe()).
			WithPath("worker.docker-image").WithHint("docker-image: {in-tree: NAME}")
	} else if name := image.Map().At("in-tree"); name.Truthy() {
		data.Append(name)
	}
	for v := range run.At("arguments").List().Values() {
		data.Append(v)
	}
	return data, nil
}
