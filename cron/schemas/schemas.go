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
