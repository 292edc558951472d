package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/bench"
	"github.com/taskgraph-go/decision/cli"
)

// TestSeveralParameters generates for several sets of parameters at once, which have drafts of their tasks in common. Each graph must be
// the one that its parameters give alone, to the byte.
func TestSeveralParameters(t *testing.T) {
	trees := map[string]func(t *testing.T) (dir, sets string){
		"bench": func(t *testing.T) (string, string) {
			dir, tasks, sets := t.TempDir(), 400, 20
			if testing.Short() {
				tasks, sets = 200, 6
			}
			require.NoError(t, bench.Write(dir, tasks, 1))
			require.NoError(t, bench.WriteParameterSets(filepath.Join(dir, "sets"), sets, 1))
			commit(t, dir)
			return dir, filepath.Join(dir, "sets")
		},
		"hello": func(t *testing.T) (string, string) {
			hello, _, _ := helloPush(t)
			dir := filepath.Join(hello, "examples/hello")
			text, err := os.ReadFile(filepath.Join(dir, "parameters.yml"))
			require.NoError(t, err)
			return dir, variants(t, string(text))
		},
	}
	// Code of the tree stands before, among and behind kinds that need none.
	trees["star"] = func(t *testing.T) (string, string) {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS("../docs/tutorials/greeter")))
		kinds := filepath.Join(dir, "taskcluster/kinds")
		text := func(file string) string {
			b, err := os.ReadFile(filepath.Join(kinds, file))
			require.NoError(t, err)
			return string(b)
		}
		write := func(file, text string) {
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(kinds, file)), 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(kinds, file), []byte(text), 0o666))
		}
		write("own.star", `
def flags(config, task):
    task["worker"].setdefault("env", {})["CFLAGS"] = "rev " + config.params["head_rev"][:6]
    task.setdefault("attributes", {})["long"] = len(config.params["owner"])
    return task

def peek(config, task):
    task["task"]["metadata"]["description"] += " by " + task["task"]["metadata"]["owner"][:3] + str(len(task["task"]["metadata"]["source"]))
    for d in config.kind_dependencies_tasks.values():
        task["task"]["extra"]["dep-" + d.label] = d.task["metadata"]["owner"].upper()
    return task
`)
		write("build/kind.yml", "transforms:\n  - ../own.star:flags\n"+text("build/kind.yml"))
		after := strings.Replace(text("test/kind.yml"), "  - build\n", "  - build\n  - test\n  - docker-image\n", 1)
		after = strings.Replace(after, "    from-deps:\n", "    from-deps:\n      kinds: [build]\n", 1)
		after = strings.Replace(after, "matrix\n", "matrix\n  - taskgraph.transforms.run\n  - taskgraph.transforms.task\n  - ../own.star:peek\n", 1)
		write("after/kind.yml", "loader: taskgraph.loader.transform:loader\n"+after)
		last := strings.Replace(text("test/kind.yml"), "  - build\n", "  - build\n  - after\n", 1)
		// Its scopes look into a parameter that is left blank elsewhere.
		write("last/kind.yml", strings.Replace(last, "    from-deps:\n", "    scopes: ['own:{project:.2}']\n    from-deps:\n      kinds: [build]\n", 1))
		commit(t, dir)
		params, err := os.ReadFile(filepath.Join(dir, "parameters.yml"))
		require.NoError(t, err)
		return dir, variants(t, string(params)+"owner: a@example.org\n")
	}
	shared, err := filepath.Glob("../../shared/*/*/want/*/parameters.yml")
	require.NoError(t, err)
	if testing.Short() {
		shared = nil
	}
	byProject := map[string][]string{}
	for _, file := range shared {
		project := filepath.Dir(filepath.Dir(filepath.Dir(file)))
		byProject[project] = append(byProject[project], file)
	}
	for project, files := range byProject {
		trees[filepath.Base(project)] = func(t *testing.T) (string, string) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(project, "tree"))))
			commit(t, dir)
			var texts []string
			for _, file := range files[:min(2, len(files))] { // each comes with its variants
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				texts = append(texts, string(text))
			}
			return dir, variants(t, texts...)
		}
	}
	for name, tree := range trees {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, sets := tree(t)
			files, err := filepath.Glob(filepath.Join(sets, "*.yml"))
			require.NoError(t, err)
			commands := [][]string{{"full", "-J"}, {"morphed", "-J"}}
			if name == "bench" || name == "hello" || name == "star" {
				commands = append(commands, []string{"tasks", "-L"}, []string{"target", "-J", "--tasks-regex", "[b-f]|test-.*1"}, []string{"target-graph", "-J"}, []string{"target-graph", "-Y"},
					[]string{"full", "-J", "--exclude-key", "task.payload"})
			}
			for _, command := range commands {
				out := t.TempDir()
				run := func(params, into string) (int, string) {
					var errs bytes.Buffer
					app := &cli.App{Registry: cli.Standard(), Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &errs, Dir: dir, Env: func(name string) string {
						return map[string]string{"TASKCLUSTER_ROOT_URL": "https://tc.example.com"}[name]
					}}
					return app.Run(t.Context(), append(slices.Clone(command), "--offline", "-p", params, "-o", filepath.Join(out, into+"_{params}.json"))), errs.String()
				}
				greatest := 0
				code, said := run(sets, "all")
				for _, file := range files {
					name := strings.TrimSuffix(filepath.Base(file), ".yml")
					one, alone := run(file, "one")
					greatest = max(greatest, one)
					for line := range strings.Lines(alone) {
						require.Contains(t, said, line)
					}
					want, _ := os.ReadFile(filepath.Join(out, "one_"+name+".json"))
					got, _ := os.ReadFile(filepath.Join(out, "all_"+name+".json"))
					require.Equal(t, one == 0, len(want) > 0)
					require.True(t, bytes.Equal(want, got), "%s of %s, %d and %d bytes", command, name, len(want), len(got))
				}
				require.Equal(t, greatest, code, said)
			}
		})
	}
}

// variants writes parameters, and others that differ from them in what pushes differ in.
func variants(t *testing.T, texts ...string) string {
	t.Helper()
	dir := t.TempDir()
	changes := [][]string{
		{"owner: someone@example.net", "head_rev: 6f0a1e29c0b4d8f37a5e1d2c3b4a59687f6e5d4c"},
		{"owner: someone@example.net", "build_date: 1500000000", "moz_build_date: '20170714024000'", "pushlog_id: '17'"},
		{"project: another", "level: '1'"},
		{"tasks_for: github-pull-request", "level: '1'", "head_repository: https://github.com/fork/it", "head_ref: refs/heads/fix"},
		{"head_rev: '{level}'", "owner: <me>"},
		{"level: '3'", "project: '{x}'"},
	}
	for i, text := range texts {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-0.yml", i)), []byte(text), 0o666))
		for j, change := range changes {
			changed := text
			for _, line := range change {
				key, _, _ := strings.Cut(line, ":")
				changed = withLine(changed, key, line)
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%d.yml", i, j+1)), []byte(changed), 0o666))
		}
	}
	return dir
}

// withLine replaces the line of a key at the top of a document.
func withLine(text, key, line string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, key+":") {
			lines[i] = line
		}
	}
	return strings.Join(lines, "\n")
}
