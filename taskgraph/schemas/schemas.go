// Package schemas holds the JSON Schema documents of the files that a project consists of: config.yml (config) and kind.yml
// (kind).
//
// The reference has a schema for the first only. That of kind.yml checks what every loader needs, and for the
// built-in loaders where the tasks come from; anything else may be there for a project's own loaders and
// transforms.
package schemas

import (
	"embed"

	"github.com/taskgraph-go/decision/value/schema"
)

//go:embed *.yml
var documents embed.FS

var set = schema.NewSet(documents)

// Load gives a document by its name without .yml. It panics on a name that there is none for.
func Load(name string) *schema.Schema { return set.MustLoad(name) }

// Names lists the documents, sorted.
func Names() []string { return set.Names() }
