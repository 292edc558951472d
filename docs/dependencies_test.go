package docs

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	required   = regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+) v\S+`)
	tool       = regexp.MustCompile(`(?m)^tool (\S+)$`)
	dependency = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\|$")
)

// TestDependencies makes sure that docs/dependencies.md gives a reason for each module that is used directly, and for
// no other.
func TestDependencies(t *testing.T) {
	goMod := read(t, "go.mod")
	var modules []string
	for _, m := range required.FindAllStringSubmatch(goMod, -1) {
		modules = append(modules, m[1])
	}
	used := map[string]bool{}
	use := func(path string) {
		longest := ""
		for _, m := range modules {
			if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(longest) {
				longest = m
			}
		}
		if longest != "" {
			used[longest] = true
		}
	}
	for _, m := range tool.FindAllStringSubmatch(goMod, -1) {
		use(m[1])
	}
	require.NoError(t, filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			if path, err := strconv.Unquote(i.Path.Value); err == nil {
				use(path)
			}
		}
		return nil
	}))
	var listed []string
	for _, m := range dependency.FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		listed = append(listed, m[1])
		assert.True(t, used[m[1]], "docs/dependencies.md has a line about %s, which no code uses directly", m[1])
	}
	assert.True(t, slices.IsSorted(listed), "the lines of docs/dependencies.md are not in order")
	for m := range used {
		assert.True(t, slices.Contains(listed, m), "docs/dependencies.md does not say what %s is for", m)
	}
}
