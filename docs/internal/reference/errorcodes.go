package reference

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// families are the titles of the codes that begin with TG and a digit, in order.
var families = []string{
	"Unclassified",
	"Documents: config.yml, kind.yml, parameters and what they name",
	"Kinds, loaders and what is registered",
	"Transforms and graph building",
	"Verifications",
	"Services",
	"Submission",
}

// constant is a constant with the comment behind it.
type constant struct{ name, value, comment string }

// constants reads the constants of a Go file.
func constants(file string) ([]constant, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var out []constant
	for _, d := range f.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, s := range group.Specs {
			spec := s.(*ast.ValueSpec)
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || spec.Comment == nil {
				return nil, fmt.Errorf("%s: the constant %s has no comment behind it", file, spec.Names[0])
			}
			out = append(out, constant{spec.Names[0].Name, literal.Value, strings.TrimSpace(spec.Comment.Text())})
		}
	}
	return out, nil
}

// errorCodes gives the page of the error codes.
func errorCodes(root string) (string, error) {
	all, err := constants(filepath.Join(root, "diag", "codes.go"))
	if err != nil {
		return "", err
	}
	exits := newTable("exit code", "meaning")
	codes := make([]*table, len(families))
	for _, c := range all {
		if strings.HasPrefix(c.name, "Exit") {
			exits.row(c.value, c.comment)
			continue
		}
		text, err := strconv.Unquote(c.value)
		if err != nil || len(text) != 6 || !strings.HasPrefix(text, "TG") {
			return "", fmt.Errorf("%s = %s is no code", c.name, c.value)
		}
		family := int(text[2] - '0')
		if family < 0 || family >= len(families) {
			return "", fmt.Errorf("%s = %s belongs to no family", c.name, c.value)
		}
		if codes[family] == nil {
			codes[family] = newTable("code", "meaning")
		}
		codes[family].row(text, c.comment)
	}
	exits.row("130", "interrupted")

	var out strings.Builder
	out.WriteString(generated("diag/codes.go"))
	out.WriteString(`# Error codes

Every mistake is reported as

` + "```text\nfile:line:column: label: path: message (CODE)\n```" + `

followed by an excerpt with a caret, other places that have to do with it, what found it, and a hint. All mistakes
that a phase can find are reported at once, sorted by place. A code never changes its meaning.
[Positions and errors](../concepts/errors.md) explains the parts.

## Exit codes

`)
	out.WriteString(exits.String())
	for i, title := range families {
		if codes[i] == nil {
			continue
		}
		exit := diag.Code(fmt.Sprintf("TG%d000", i)).ExitCode()
		fmt.Fprintf(&out, "\n## TG%dxxx: %s\n\nExit code %d.\n\n%s", i, title, exit, codes[i])
	}
	return out.String(), nil
}
