package cli

import (
	"github.com/taskgraph-go/decision/actions"
	"github.com/taskgraph-go/decision/extension/python"
	"github.com/taskgraph-go/decision/extension/star"
	"github.com/taskgraph-go/decision/loaders"
	"github.com/taskgraph-go/decision/optimizers"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms"
)

// Standard gives a new registry that holds everything built in.
func Standard() *taskgraph.Registry {
	r := taskgraph.NewRegistry()
	taskgraph.RegisterStandard(r)
	loaders.Register(r)
	transforms.Register(r)
	optimizers.Register(r)
	actions.Register(r)
	r.Extensions = append(r.Extensions, star.Extension, python.Extension, actions.Extension)
	return r
}
