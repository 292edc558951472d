package star

import (
	"embed"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// library has the .star files of the standard library. A function there whose body is its docstring alone is written in Go, under
// the same name in natives.
//
//go:embed library/*.star
var library embed.FS

// libraryPrefix begins the names of the files of the library in load.
const libraryPrefix = "@taskgraph//"

// libraryUniverse is what the files of the library can use without loading it: what all can, and what is written in Go.
var libraryUniverse = sync.OnceValue(func() starlark.StringDict {
	out := starlark.StringDict{}
	for name, x := range universe {
		out[name] = x
	}
	for name, b := range natives {
		out["native_"+name] = b
	}
	return out
})

// libraryFiles gives the names of the files of the library, sorted.
func libraryFiles() []string {
	entries, err := library.ReadDir("library")
	if err != nil {
		panic(err) // it is part of the program
	}
	var out []string
	for _, e := range entries {
		out = append(out, libraryPrefix+e.Name())
	}
	slices.Sort(out)
	return out
}

// nativeFunctions gives the functions of a file whose body is their docstring alone.
func nativeFunctions(all []syntax.Stmt) []string {
	var out []string
	for _, s := range all {
		def, ok := s.(*syntax.DefStmt)
		if !ok || len(def.Body) != 1 {
			continue
		}
		if doc, ok := def.Body[0].(*syntax.ExprStmt); ok {
			if _, ok := doc.X.(*syntax.Literal); ok {
				out = append(out, def.Name.Name)
			}
		}
	}
	return out
}

// Module is a file of the library, for its reference.
type Module struct {
	Name      string // as load names it
	Doc       string
	Functions []Function
}

// Function is a function of the library. Name is what it is called by, such as assert.eq for a field of a struct.
type Function struct{ Name, Params, Doc string }

// Library describes the standard library, by its docstrings.
func Library() ([]Module, error) {
	var out []Module
	for _, name := range libraryFiles() {
		text, err := library.ReadFile("library/" + strings.TrimPrefix(name, libraryPrefix))
		if err != nil {
			return nil, err
		}
		f, err := dialect.Parse(name, text, 0)
		if err != nil {
			return nil, err
		}
		m := Module{Name: name, Doc: docstring(f.Stmts)}
		public := map[string]string{} // what a function is called by, where it is a field
		for _, s := range f.Stmts {
			assign, ok := s.(*syntax.AssignStmt)
			if !ok {
				continue
			}
			call, ok := assign.RHS.(*syntax.CallExpr)
			if !ok {
				continue
			}
			for _, arg := range call.Args {
				if field, ok := arg.(*syntax.BinaryExpr); ok && field.Op == syntax.EQ {
					if of, ok := field.Y.(*syntax.Ident); ok {
						public[of.Name] = assign.LHS.(*syntax.Ident).Name + "." + field.X.(*syntax.Ident).Name
					}
				}
			}
		}
		for _, s := range f.Stmts {
			def, ok := s.(*syntax.DefStmt)
			if !ok {
				continue
			}
			name := def.Name.Name
			if strings.HasPrefix(name, "_") {
				if name = public[name]; name == "" {
					continue
				}
			}
			m.Functions = append(m.Functions, Function{name, source(text, def.Lparen, def.Rparen), docstring(def.Body)})
		}
		out = append(out, m)
	}
	return out, nil
}

// source gives the text between two brackets, with them, on one line.
func source(text []byte, from, to syntax.Position) string {
	lines := strings.Split(string(text), "\n")
	var parts []string
	for n := from.Line; n <= to.Line; n++ {
		line := []rune(lines[n-1])
		if n == to.Line {
			line = line[:to.Col]
		}
		if n == from.Line {
			line = line[from.Col-1:]
		}
		parts = append(parts, strings.TrimSpace(string(line)))
	}
	return strings.Join(parts, " ")
}

// docstring gives the text that statements begin with, without its indentation.
func docstring(all []syntax.Stmt) string {
	if len(all) == 0 {
		return ""
	}
	x, ok := all[0].(*syntax.ExprStmt)
	if !ok {
		return ""
	}
	literal, ok := x.X.(*syntax.Literal)
	if !ok {
		return ""
	}
	doc, ok := literal.Value.(string)
	if !ok {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(doc), "\n")
	for i, line := range lines {
		if i > 0 {
			lines[i] = strings.TrimPrefix(line, "    ")
		}
	}
	return strings.Join(lines, "\n")
}
