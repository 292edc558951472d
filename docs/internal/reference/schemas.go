package reference

import (
	"fmt"
	"strings"

	cronschemas "github.com/taskgraph-go/decision/cron/schemas"
	parameterschemas "github.com/taskgraph-go/decision/parameters/schemas"
	tcymlschemas "github.com/taskgraph-go/decision/taskcluster/tcyml/schemas"
	graphschemas "github.com/taskgraph-go/decision/taskgraph/schemas"
	transformschemas "github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value/schema"
)

// page is the page of one schema.
type page struct {
	name, source string
	doc          schema.Doc
}

// groups are the sections of the list of schemas. Each schema is in one of them.
var groups = []struct {
	title string
	names []string
}{
	{"What a project is made of", []string{"config", "kind", "parameters", "cron"}},
	{"Descriptions of tasks", []string{"task", "run", "docker-image", "fetch"}},
	{"The section `run`, by `run.using`", []string{"run-task", "toolchain", "index-search", "always-optimized"}},
	{"The section `worker`, by the implementation", []string{"docker-worker", "generic-worker", "beetmover", "always-optimized-payload", "invalid", "succeed"}},
	{"The section `fetch`, by `fetch.type`", []string{"fetch-static-url", "fetch-git"}},
	{"What single transforms read", []string{"chunking", "matrix", "from-deps", "task-context", "notify"}},
	{"What .taskcluster.yml renders to", []string{"taskcluster-yml", "task-definition"}},
	{"Parts of others", []string{"reference"}},
}

// schemaPages gives a page for each schema, and the list of them.
func schemaPages() (map[string]string, error) {
	var all []page
	add := func(dir string, names []string, load func(string) *schema.Schema) {
		for _, name := range names {
			all = append(all, page{name, dir + "/" + name + ".yml", load(name).Doc()})
		}
	}
	add("taskgraph/schemas", graphschemas.Names(), graphschemas.Load)
	add("cron/schemas", cronschemas.Names(), cronschemas.Load)
	add("parameters/schemas", parameterschemas.Names(), parameterschemas.Load)
	add("transforms/schemas", transformschemas.Names(), transformschemas.Load)
	add("taskcluster/tcyml/schemas", tcymlschemas.Names(), tcymlschemas.Load)

	pages := map[string]string{}
	byName := map[string]page{}
	for _, p := range all {
		byName[p.name] = p
		pages["schemas/"+p.name+".md"] = p.text()
	}
	var out strings.Builder
	out.WriteString(generated("the schemas"))
	out.WriteString("# Schemas\n\nWhat each document and each section may hold. The documents themselves are JSON Schema, draft 2020-12, with three\nkeywords of our own for keyed values and for fields that exclude each other.\n")
	listed := 0
	for _, g := range groups {
		out.WriteString("\n## " + g.title + "\n\n")
		for _, name := range g.names {
			p, ok := byName[name]
			if !ok {
				return nil, fmt.Errorf("there is no schema %q", name)
			}
			listed++
			fmt.Fprintf(&out, "- [%s](%s.md): %s\n", p.doc.Title, name, prose(p.doc.Description))
		}
	}
	if listed != len(all) {
		return nil, fmt.Errorf("%d of %d schemas are in no group", len(all)-listed, len(all))
	}
	pages["schemas/README.md"] = out.String()
	return pages, nil
}

// text gives the page.
func (p page) text() string {
	var out strings.Builder
	out.WriteString(generated(p.source))
	fmt.Fprintf(&out, "# %s\n\n%s\n\n", p.doc.Title, prose(p.doc.Description))
	if len(p.doc.Fields) == 0 {
		fmt.Fprintf(&out, "It is %s.\n", p.doc.Type)
		return out.String()
	}
	if p.doc.Open {
		out.WriteString("Other fields are allowed.\n\n")
	} else {
		out.WriteString("Other fields are refused.\n\n")
	}
	t := newTable("field", "form", "meaning")
	rows(t, p.doc.Fields, "")
	out.WriteString(t.String())
	return out.String()
}

// rows writes a row for each field and for the fields in it.
func rows(t *table, fields []schema.Doc, prefix string) {
	for _, f := range fields {
		form := f.Type
		if form == "list" {
			form = "list of anything"
		}
		if len(f.KeyedBy) > 0 {
			form += ", may be [keyed by](../../how-to/keyed-by.md) " + strings.Join(f.KeyedBy, " or ")
		}
		if f.Required {
			form += ", **required**"
		}
		if f.Deprecated {
			form += ", deprecated"
		}
		meaning := prose(f.Description)
		if f.Default != "" {
			meaning = strings.TrimSpace(meaning + " Default: " + code(f.Default) + ".")
		}
		t.row(code(prefix+f.Name), form, meaning)
		rows(t, f.Fields, prefix+f.Name+inside(f.Type)+".")
	}
}

// inside gives what leads from a value of some form to the maps in it: [] for the items of a list, .<name> for the
// values of a map. Of several forms it is the one with maps that counts; what stands in a list or a map is in the plural.
func inside(form string) string {
	steps := ""
	for alternative := range strings.SplitSeq(form, " or ") {
		own := ""
		for {
			word, rest, ok := strings.Cut(alternative, " of ")
			if !ok {
				break
			}
			if strings.HasPrefix(word, "list") {
				own += "[]"
			} else {
				own += ".<name>"
			}
			alternative = rest
		}
		if own != "" || !strings.HasSuffix(alternative, "s") {
			steps = own
		}
		if alternative == "map" || alternative == "maps" {
			return steps
		}
	}
	return ""
}
