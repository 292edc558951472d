package cron

import (
	"fmt"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/jsone"
)

// limitsOfTemplates let a template that was made to hurt end within a tenth of a second: several jobs may meet the same one. A
// large .taskcluster.yml takes some thousand steps.
var limitsOfTemplates = jsone.Limits{Steps: 100_000, Weight: 100_000, Text: 1 << 20}

// Renderer gives a [Render] that places mistakes within the texts of sources, which may be nil.
func Renderer(sources *diag.Sources) Render {
	return func(template value.Value, context *value.Map, functions map[string]func(text string) string) (value.Value, error) {
		o := jsone.Options{Sources: sources, Functions: map[string]jsone.Function{}, Limits: limitsOfTemplates}
		for name, f := range functions {
			o.Functions[name] = func(args []value.Value) (value.Value, error) {
				if len(args) != 1 || !args[0].IsString() {
					return value.Value{}, fmt.Errorf("%s wants a text", name)
				}
				return value.NewString(f(args[0].Str())), nil
			}
		}
		return jsone.Render(template, context, o)
	}
}
