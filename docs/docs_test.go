// Package docs tests the documentation: its examples, its links, and the pages that are made from the program.
package docs

import (
	"flag"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/cli"
	"github.com/taskgraph-go/decision/docs/internal/example"
	"github.com/taskgraph-go/decision/docs/internal/reference"
)

// update writes what is stale instead of reporting it.
var update = flag.Bool("update", false, "write generated pages and the output in examples")

// root is the directory of the repository.
const root = ".."

// TestMain lets examples run the program under its own name, without building it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"taskgraph": func() { os.Exit(cli.Main(cli.Standard())) },
	})
}

// pages gives the names of all Markdown files of the repository that are documentation, relative to its root.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"README.md", "AGENTS.md", "CHANGELOG.md"}
	for _, dir := range []string{"docs", "bench", "examples"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, dir), func(file string, d os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(file, ".md") {
				rel, _ := filepath.Rel(root, file)
				found = append(found, filepath.ToSlash(rel))
			}
			return err
		}))
	}
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}

// isGenerated says whether a page is made from the program.
func isGenerated(name string) bool {
	return strings.HasPrefix(name, "docs/reference/") && !slices.Contains(writtenReference, name)
}

// writtenReference are the pages of the reference that nothing can be made from.
var writtenReference = []string{"docs/reference/bridge-protocol.md"}

// TestExamples runs the examples of every page.
func TestExamples(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples are for a POSIX shell")
	}
	abs, err := filepath.Abs(root)
	require.NoError(t, err)
	for _, name := range pages(t) {
		if isGenerated(name) || !strings.HasPrefix(name, "docs/") && name != "README.md" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := example.Parse(read(t, name))
			require.NoError(t, err)
			text, err := page.Run(example.Options{Root: abs, Dir: t.TempDir(), Env: environment(t, abs), Update: *update})
			if err != nil {
				t.Errorf("%s: %v\n\nWhere the output is right, this writes it into the page: go test ./docs -update", name, err)
			}
			if *update && text != read(t, name) {
				require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
			}
		})
	}
}

// environment gives the environment of examples: nothing of the machine's but where programs are and what Go needs.
// $REPOSITORY is this repository.
func environment(t *testing.T, repository string) []string {
	home := t.TempDir()
	env := []string{
		"HOME=" + home, "REPOSITORY=" + repository, "LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH"),
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=init.defaultBranch", "GIT_CONFIG_VALUE_0=main",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
		"GOPROXY=off", "GOTOOLCHAIN=local",
	}
	for _, name := range []string{"GOROOT", "GOCACHE", "GOMODCACHE", "GOPATH"} {
		if v := goEnv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// TestGenerated compares the generated pages with what the program says now.
func TestGenerated(t *testing.T) {
	want, err := reference.Pages(root)
	require.NoError(t, err)
	dir := filepath.Join(root, "docs", "reference")
	for name, text := range want {
		file := filepath.Join(dir, filepath.FromSlash(name))
		got, err := os.ReadFile(file)
		switch {
		case err == nil && string(got) == text:
		case *update:
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		default:
			t.Errorf("docs/reference/%s is stale; this writes it: go test ./docs -update", name)
		}
	}
	for _, name := range pages(t) {
		rel, ok := strings.CutPrefix(name, "docs/reference/")
		if _, known := want[rel]; !ok || known || !isGenerated(name) {
			continue
		}
		if *update {
			require.NoError(t, os.Remove(filepath.Join(root, filepath.FromSlash(name))))
			continue
		}
		t.Errorf("%s is about something that is not there any more; this removes it: go test ./docs -update", name)
	}
}

// TestIndex makes sure that every page can be found from docs/README.md, through the indexes of directories at most.
func TestIndex(t *testing.T) {
	linked := map[string]bool{"docs/README.md": true}
	for _, index := range []string{"docs/README.md", "docs/reference/schemas/README.md"} {
		for _, target := range links(read(t, index)) {
			file, _, _ := strings.Cut(target, "#")
			linked[path.Join(path.Dir(index), file)] = true
		}
	}
	for _, name := range pages(t) {
		if strings.HasPrefix(name, "docs/") {
			assert.True(t, linked[name], "%s is in no index", name)
		}
	}
}

// TestLinks follows all links inside of the repository.
func TestLinks(t *testing.T) {
	anchorsOf := map[string]map[string]bool{}
	for _, name := range pages(t) {
		for _, target := range links(read(t, name)) {
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			to := name
			if file != "" {
				to = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
				t.Errorf("%s links to %s, which is not there", name, target)
				continue
			}
			if anchor == "" || !strings.HasSuffix(to, ".md") {
				continue
			}
			if anchorsOf[to] == nil {
				anchorsOf[to] = anchors(read(t, to))
			}
			if !anchorsOf[to][anchor] {
				t.Errorf("%s links to %s, and there is no such heading", name, target)
			}
		}
	}
}
