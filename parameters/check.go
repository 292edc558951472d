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
	found := p.against(base(), p.values)
	known := fieldNames(base())
	for i := range extensions {
		e := &extensions[i]
		names := e.names()
		known = append(known, names...)
		if e.Schema == nil {
			continue
		}
		own := value.NewMap(len(names))
		for _, n := range names {
			if v, ok := p.values.Get(n); ok {
				own.Set(n, v)
			}
		}
		found = append(found, p.against(e.Schema, own)...)
	}
	if strict {
		for name := range p.values.All() {
			if !slices.Contains(known, name) {
				found = append(found, diag.Errorf(diag.UnknownParameter, p.values.KeyPos(name), "unknown parameter %q", name).
					WithHint("%s", diag.DidYouMean(name, known)).InFile(p.Source()))
			}
		}
	}
	return found
}

// against checks values against a schema and says more about the mistakes than the schema knows.
func (p *Params) against(s *schema.Schema, values *value.Map) []*diag.Diagnostic {
	found := s.Validate(values.Value())
	for _, d := range found {
		d.InFile(p.Source())
		v := values.At(d.Path)
		switch {
		case d.Code == diag.MissingField && d.Path == "":
			d.Code = diag.UnknownParameter
		case d.Code == diag.WrongType && d.Hint == "" && isText(s, d.Path):
			// What was meant as text is a number or a boolean to YAML.
			switch v.Kind() {
			case value.Int:
				d.WithHint("put it in quotes: %s: \"%s\"", d.Path, v.KeyText())
			case value.Bool, value.Float, value.Date, value.Time:
				d.WithHint("put it in quotes")
			}
		}
	}
	return found
}

// isText says whether the schema wants a string, or nothing, for a parameter.
func isText(s *schema.Schema, name string) bool {
	return slices.ContainsFunc(s.Doc().Fields, func(f schema.Doc) bool { return f.Name == name && f.Type == "string" })
}
