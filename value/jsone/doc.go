// Package jsone renders JSON-e templates: documents whose operators, such as $if and $map, and whose strings with ${...}
// are filled in from a context. The file .taskcluster.yml is one, and so are hooks.
//
// It renders as the JavaScript implementation does, which is what the services run: every object in the order of its
// sorted keys, numbers in their notation. Values keep the position of the part of the template that made them, and so do
// mistakes, of which all are reported that do not follow from another. A template that would run for too long, or make
// too much, ends with an error: see [Limits].
//
//	out, err := jsone.Render(template, value.MapOf("event", event, "now", now), jsone.Options{
//		Functions: map[string]jsone.Function{"as_slugid": asSlugid},
//	})
//
// Rendering depends on nothing but its arguments: the time is the variable now of the context.
//
// The package does not read documents.
package jsone
