// Package decision tests the house as a whole: which package may use which, and what every package has.
package decision

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/taskgraph-go/decision"

// rooms are the directories at the top that others may use, in rows. A room may use those of the rows below it and its
// own subdirectories, such as its schemas.
//
// Mechanisms (internal) are in the row above the last: any room may use them, and they may use each other, and diag to
// report mistakes. Those that need more than that are listed with what they stand on.
var rooms = [][]string{
	{"cmd", "bench", "docs", "examples"},
	{"cli"},
	{"actions", "cron"},
	{"decision"},
	{"extension"},
	{"transforms", "loaders", "optimizers"},
	{"dockerimages"},
	{"taskgraph"},
	{"parameters"},
	{"taskcluster"},
	{"internal/filehash"}, // hashes what patterns match, which are values with positions
	{"value"},
	{"internal"},
	{"diag"},
}

// room gives the row of a package and its room.
func room(pkg string) (row int, name string) {
	best := -1
	for i, names := range rooms {
		for _, n := range names {
			if (pkg == n || strings.HasPrefix(pkg, n+"/")) && (best < 0 || len(n) > len(name)) {
				best, name = i, n
			}
		}
	}
	return best, name
}

// source is a parsed Go file.
type source struct {
	name string
	*ast.File
}

// packages gives the Go files of every directory, tests or everything else.
func packages(t *testing.T, tests bool) map[string][]source {
	t.Helper()
	all := map[string][]source{}
	files := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "vendor"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") != tests:
			return nil
		}
		f, err := parser.ParseFile(files, name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		all[dir] = append(all[dir], source{filepath.Base(name), f})
		return nil
	}))
	require.Greater(t, len(all), 10)
	return all
}

func TestImportsPointOneWay(t *testing.T) {
	for dir, files := range packages(t, false) {
		row, own := room(dir)
		if !assert.GreaterOrEqual(t, row, 0, "%s is in no room: list it", dir) {
			continue
		}
		for _, f := range files {
			for _, spec := range f.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				require.NoError(t, err)
				used, ours := strings.CutPrefix(imported, module+"/")
				if !ours {
					continue
				}
				usedRow, usedRoom := room(used)
				assert.True(t, usedRow > row || usedRoom == own, "%s/%s: %s may not use %s, which is above it or beside it", dir, f.name, dir, used)
			}
		}
	}
}

// Every package begins with a comment that says what it models, in doc.go, or in main.go for a command.
func TestPackagesAreDescribed(t *testing.T) {
	for dir, files := range packages(t, false) {
		home := "doc.go"
		if files[0].Name.Name == "main" && !slices.ContainsFunc(files, func(f source) bool { return f.name == home }) {
			home = "main.go"
		}
		var described []string
		for _, f := range files {
			if f.Doc != nil {
				described = append(described, f.name)
			}
		}
		assert.Equal(t, []string{home}, described, "%s: the comment about the package belongs into %s, and into no other file", dir, home)
		i := slices.IndexFunc(files, func(f source) bool { return f.name == home })
		if i < 0 || files[i].Doc == nil {
			continue
		}
		text, name := files[i].Doc.Text(), files[i].Name.Name
		if name == "main" {
			assert.True(t, strings.HasPrefix(text, "Command "+path.Base(dir)+" "), "%s: %s", dir, text)
		} else {
			assert.True(t, strings.HasPrefix(text, "Package "+name+" "), "%s: %s", dir, text)
		}
		first := strings.TrimSpace(strings.Split(text, "\n\n")[0])
		assert.True(t, strings.HasSuffix(first, ".") || strings.HasSuffix(first, ":"), "%s: the first paragraph is a sentence: %s", dir, first)
	}
}

// A name that fits everything says nothing.
func TestNamesMeanSomething(t *testing.T) {
	empty := []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "base", "shared"}
	for _, tests := range []bool{false, true} {
		for dir, files := range packages(t, tests) {
			for _, f := range files {
				assert.NotContains(t, empty, strings.TrimSuffix(f.Name.Name, "_test"), dir)
				assert.NotContains(t, empty, strings.TrimSuffix(strings.TrimSuffix(f.name, ".go"), "_test"), "%s/%s", dir, f.name)
			}
		}
	}
}
