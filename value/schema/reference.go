package schema

import (
	"encoding/json"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Doc is what a schema says about one field, for people: the reference documentation is made of it.
type Doc struct {
	Name        string // "" for the document as a whole
	Title       string
	Type        string // such as "list of strings"
	Description string
	Default     string // as JSON, "" for none
	Required    bool
	Deprecated  bool
	Open        bool     // of a map: other fields are allowed
	KeyedBy     []string // the fields that it may be keyed by
	Fields      []Doc    // of a map, or of the maps in it or in a list, in the order of the document
}

// Doc describes the schema for people.
func (s *Schema) Doc() Doc {
	s.ready()
	top, _ := s.documents.root(s.name)
	return fieldDoc("", top, nil)
}

// fieldDoc describes one field. What a reference says about it counts where the field itself says nothing.
func fieldDoc(name string, p place, within []*yaml.Node) Doc {
	d := Doc{Name: name, Type: form(p), Open: true}
	for x := p; x.exists(); x = x.target() {
		if d.Title == "" {
			d.Title = x.get("title").text()
		}
		if d.Description == "" {
			d.Description = x.get("description").text()
		}
		if v := x.get("default"); v.exists() && d.Default == "" {
			d.Default = v.json()
		}
		if old, _ := x.get("deprecated").flag(); old {
			d.Deprecated = true
		}
	}
	d.collect(p, within)
	return d
}

// target gives what $ref points to.
func (p place) target() place {
	ref := p.get("$ref")
	if !ref.exists() {
		return place{}
	}
	target, err := ref.resolve(ref.text())
	if err != nil {
		return place{}
	}
	return target
}

// json gives a value as JSON.
func (p place) json() string {
	var data any
	if p.y.Decode(&data) != nil {
		return ""
	}
	text, _ := json.Marshal(data)
	return string(text)
}

// collect adds the fields of every form that the value may have, but goes into no schema that it is inside of.
func (d *Doc) collect(p place, within []*yaml.Node) {
	if !p.isMapping() || slices.Contains(within, p.y) {
		return
	}
	within = append(within, p.y)
	if open, ok := p.get("additionalProperties").flag(); ok && !open {
		d.Open = false
	}
	required := p.required()
	for name, x := range p.get("properties").entries() {
		if slices.ContainsFunc(d.Fields, func(f Doc) bool { return f.Name == name }) {
			continue
		}
		f := fieldDoc(name, x, within)
		f.Required = slices.Contains(required, name)
		d.Fields = append(d.Fields, f)
	}
	if !p.get("properties").exists() {
		d.collect(p.get("additionalProperties"), within)
	}
	d.KeyedBy = append(d.KeyedBy, p.get("keyedBy").texts()...)
	for _, key := range []string{"value", "items", "then", "else"} {
		d.collect(p.get(key), within)
	}
	d.collect(p.target(), within)
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		for _, x := range p.get(key).items() {
			d.collect(x, within)
		}
	}
}

// form says in words what a value may be.
func form(p place) string {
	if x := p.get("value"); x.exists() {
		return form(x)
	}
	var forms []string
	add := func(f string) {
		if f != "null" && !slices.Contains(forms, f) {
			forms = append(forms, f)
		}
	}
	types := p.get("type").texts()
	switch {
	case p.get("const").exists():
		add(p.get("const").json())
	case p.get("enum").exists():
		for _, x := range p.get("enum").items() {
			add(x.json())
		}
	default:
		for _, t := range jsonKinds {
			if slices.Contains(types, t.name) {
				add(containerForm(t.want, p))
			}
		}
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		for _, x := range p.get(key).items() {
			add(form(x))
		}
	}
	if len(forms) == 0 {
		if target := p.target(); target.exists() {
			return form(target)
		}
		if slices.Contains(types, "null") {
			return "null"
		}
		return "anything"
	}
	return strings.Join(forms, " or ")
}

func containerForm(name string, p place) string {
	switch {
	case name == "list" && p.get("items").exists():
		return "list of " + plural(form(p.get("items")))
	case name == "map" && p.get("additionalProperties").isMapping() && !p.get("properties").exists():
		return "map of " + plural(form(p.get("additionalProperties")))
	}
	return name
}

// plural makes a form fit behind "list of".
func plural(form string) string {
	var words []string
	for word := range strings.SplitSeq(form, " or ") {
		for _, t := range jsonKinds {
			if first, rest, _ := strings.Cut(word, " "); first == t.want {
				word = strings.TrimSuffix(first+"s "+rest, " ")
			}
		}
		words = append(words, word)
	}
	return strings.Join(words, " or ")
}
