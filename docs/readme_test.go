package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	tableRow = regexp.MustCompile("(?m)^\\| (`[^|]+) \\|")
	codeCode = regexp.MustCompile(`\bTG\d{4}\b`)
	flagName = regexp.MustCompile("`(--[a-z][a-z-]*)")
)

// TestLayout compares the table of directories in the README with the directories that there are.
func TestLayout(t *testing.T) {
	_, section, found := strings.Cut(read(t, "README.md"), "## Layout")
	require.True(t, found)
	listed := map[string]bool{}
	for _, row := range tableRow.FindAllStringSubmatch(section, -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			name = strings.Trim(name, "` ")
			info, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
			assert.True(t, err == nil && info.IsDir(), "the README lists %s, which is no directory", name)
			first, _, _ := strings.Cut(name, "/")
			listed[first] = true
		}
	}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			assert.True(t, listed[e.Name()], "the README does not say what %s holds", e.Name())
		}
	}
}

// TestCodes makes sure that pages name no error code that there is not.
func TestCodes(t *testing.T) {
	known := map[string]bool{}
	for _, code := range codeCode.FindAllString(read(t, "docs/reference/errors.md"), -1) {
		known[code] = true
	}
	require.NotEmpty(t, known)
	for _, name := range pages(t) {
		for _, code := range codeCode.FindAllString(read(t, name), -1) {
			assert.True(t, known[code], "%s names %s, which is no code", name, code)
		}
	}
}

// TestFlags makes sure that pages name no flag that there is not.
func TestFlags(t *testing.T) {
	commands := read(t, "docs/reference/commands.md")
	for _, name := range pages(t) {
		if !strings.HasPrefix(name, "docs/") {
			continue
		}
		for _, m := range flagName.FindAllStringSubmatch(plain(read(t, name)), -1) {
			known := regexp.MustCompile(m[1] + `\b`).MatchString(commands)
			assert.True(t, known, "%s names the flag %s, which no command has", name, m[1])
		}
	}
}
