package main

import (
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// platforms makes a task for each platform that a task lists.
var platforms = taskgraph.Sequence{
	transforms.ValidateStep("check platforms", platformsSchema),
	{Name: "split by platform", Each: splitByPlatform, Expands: true},
}

var platformsSchema = schema.MustCompile("platforms.yml", []byte(`
type: object
required: [name, platforms]
properties:
  name: {type: string}
  treeherder: {type: object}
  worker: {type: object}
  platforms:
    description: What the task is made for, each with what is different there.
    type: object
    minProperties: 1
    additionalProperties:
      type: object
      additionalProperties: false
      properties:
        tier: {type: integer, minimum: 1, maximum: 3}
        nightly: {type: boolean}
`))

// splitByPlatform passes on a copy of the stub for each platform.
func splitByPlatform(_ *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	all, _ := stub.Delete("platforms")
	name := stub.At("name")
	for platform, v := range all.Map().All() {
		task := stub.Copy()
		task.Set("name", value.NewString(name.Str()+"-"+platform).At(name.Pos()))
		attributes := task.EditMap("attributes")
		attributes.Set("platform", value.NewString(platform))
		if often, ok := v.Map().Get("nightly"); ok {
			attributes.Set("nightly", often)
		}
		treeherder := task.EditMap("treeherder")
		treeherder.Set("platform", value.NewString(platform+"/opt"))
		if tier, ok := v.Map().Get("tier"); ok {
			treeherder.Set("tier", tier)
		}
		task.EditMap("worker").EditMap("env").Set("PLATFORM", value.NewString(platform))
		yield(task)
	}
	return nil
}
