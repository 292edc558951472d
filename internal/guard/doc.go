// Package guard runs what an outsider's text may make last for ever or grow without end: a template, a schema.
//
//	v, err := guard.Run(ctx, guard.Limits{}, func() (any, error) { return jsone.Render(template, context) })
//
// Whoever started it has an answer in time. What is over its limits cannot be ended, though, unless the process ends: it goes on,
// unheard, so that a program that serves many should not run it for strangers.
package guard
