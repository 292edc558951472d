package main

import (
	"strings"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// makeHandler is run.using make: it makes targets of the repository's Makefile, with a compiler cache, and takes what they leave
// in $UPLOAD_DIR for artifacts.
var makeHandler = taskgraph.RunHandler{
	Schema: schema.MustCompile("make.yml", []byte(`
type: object
required: [targets]
additionalProperties: false
properties:
  using: {const: make}
  workdir: {type: string}
  targets: {type: array, minItems: 1, items: {type: string}}
  jobs: {type: integer, minimum: 1}
`)),
	Defaults: makeDefaults(),
	Run:      runMake,
}

func makeDefaults() *value.Map {
	m := value.MapOf("jobs", 4)
	m.Freeze()
	return m
}

func runMake(cfg *taskgraph.Config, task, desc *value.Map) error {
	run := task.EditMap("run")
	targets, _ := run.Delete("targets")
	jobs, _ := run.Delete("jobs")
	transforms.AddCache(task, desc, "ccache", run.Str("workdir")+"/.ccache", false)
	transforms.AddArtifacts(task, desc)
	// The rest is what run-task does.
	command := "make -j" + value.PyStr(jobs) + " " + strings.Join(targets.List().Strings(), " ")
	run.Set("using", value.NewString("run-task").At(run.At("using").Pos()))
	run.Set("cwd", value.NewString("{checkout}"))
	run.Set("command", value.NewString(command).At(targets.Pos()))
	return transforms.ConfigureForRun(cfg, task, desc)
}
