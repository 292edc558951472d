package reference

import (
	"fmt"
	"maps"
	"strings"
)

// Pages gives all generated pages by name. root is the directory of this repository.
func Pages(root string) (map[string]string, error) {
	pages := map[string]string{"commands.md": commands()}
	var err error
	if pages["errors.md"], err = errorCodes(root); err != nil {
		return nil, err
	}
	if pages["names.md"], err = names(); err != nil {
		return nil, err
	}
	pages["services.md"] = services()
	if pages["starlark.md"], err = starlark(); err != nil {
		return nil, err
	}
	schemas, err := schemaPages()
	if err != nil {
		return nil, err
	}
	maps.Copy(pages, schemas)
	return pages, nil
}

// generated begins every page.
func generated(from string) string {
	return fmt.Sprintf("<!-- Made from %s by: go test ./docs -update. Do not edit. -->\n\n", from)
}

// table writes a table.
type table struct {
	strings.Builder
}

func newTable(heads ...string) *table {
	t := &table{}
	t.row(heads...)
	t.WriteString(strings.Repeat("|---", len(heads)) + "|\n")
	return t
}

func (t *table) row(cells ...string) {
	for _, c := range cells {
		t.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
	}
	t.WriteString("|\n")
}

// code marks text as code.
func code(s string) string { return "`" + s + "`" }

// prose makes text of a description that Markdown shows as it is.
func prose(s string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`).Replace(strings.Join(strings.Fields(s), " "))
}
