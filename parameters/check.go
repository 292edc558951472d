package parameters

import (
	"slices"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// Check gives everything that is wrong with the parameters: with the base ones, with those that extensions
// declare and, where strict, that nobody declares some.
func (p *Params) Check(extensions []Extension, strict bool) []*diag.Diagnostic {
	values := p.all().values
	found := p.against(base(), values)
	known := fieldNames(base())
	for i := range extensions {
		e := &extensions[i]
		names := e.names()
		known = append(known, names...)
		if e.Check != nil {
			for _, d := range e.Check(values, strict) {
				found = append(found, d.InFile(p.Source()))
			}
		}
		if e.Schema == nil {
			continue
		}
		own := value.NewMap(len(names))
		for _, n := range names {
			if v, ok := values.Get(n); ok {
				own.Set(n, v)
			}
		}
		found = append(found, p.against(e.Schema, own)...)
	}
	if strict {
		for name := range values.All() {
			if !slices.Contains(known, name) {
				found = append(found, diag.Errorf(diag.UnknownParameter, values.KeyPos(name), "unknown parameter %q", name).
					WithHint("%s", diag.DidYouMean(name, known)).InFile(p.Source()))
			}
		}
	}
	return found
}

// against checks values against a schema.
func (p *Params) against(s *schema.Schema, values *value.Map) []*diag.Diagnostic {
	found := s.Validate(values.Value())
	for _, d := range found {
		d.InFile(p.Source())
		if d.Code == diag.MissingField && d.Path == "" {
			d.Code = diag.UnknownParameter
		}
	}
	return found
}
