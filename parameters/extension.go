package parameters

import (
	"slices"
	"time"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// Extension declares parameters beyond the base ones. Where several declare the same parameter, it has to suit all of them.
// It is used by several goroutines when graphs are made for several sets of parameters.
type Extension struct {
	// Schema says what they may be. It sees the declared parameters only, so it may forbid all others. nil checks nothing.
	Schema *schema.Schema
	// Names are the parameters that are declared; nil means the fields that Schema describes.
	Names []string
	// Check says what else is wrong with a set of parameters; nil finds nothing. Where strict, parameters that nobody declares are
	// wrong, too, which is found in any case.
	Check func(values *value.Map, strict bool) []*diag.Diagnostic
	// Defaults gives the values that stand in for missing ones where parameters need not be complete. It may
	// also replace defaults of base parameters, and those of extensions before. nil gives none. It is not asked where
	// parameters have to be complete, as in a decision task. Its error stops the loading of the parameters.
	Defaults func(DefaultsContext) (*value.Map, error)
}

// DefaultsContext is what defaults may be made from.
type DefaultsContext struct {
	Root string    // directory of the repository
	Now  time.Time // in the local zone
}

func (e *Extension) names() []string {
	if e.Names != nil || e.Schema == nil {
		return e.Names
	}
	return fieldNames(e.Schema)
}

func fieldNames(s *schema.Schema) []string {
	var names []string
	for _, f := range s.Doc().Fields {
		names = append(names, f.Name)
	}
	return names
}

// base is the schema of the base parameters.
func base() *schema.Schema { return schemas.Load("parameters") }

// BaseNames gives the names of the base parameters, sorted.
func BaseNames() []string { return slices.Sorted(slices.Values(fieldNames(base()))) }
