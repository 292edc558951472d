package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// TestLimits is about trees that are not wrong as much as too large.
func TestLimits(t *testing.T) {
	base, err := txtar.ParseFile("testdata/base.txtar")
	require.NoError(t, err)
	task := func(format string, args ...any) string {
		return "loader: taskgraph.loader.transform:loader\ntransforms: [taskgraph.transforms.task]\n" +
			"tasks:\n  unit:\n    description: a test\n    worker-type: succeed\n" + fmt.Sprintf(format, args...)
	}
	run := func(transform, format string, args ...any) string {
		return "transforms: [taskgraph.transforms." + transform + "]\ntasks:\n  unit:\n    description: a test\n    worker-type: linux\n" +
			"    worker: {docker-image: debian, max-run-time: 60}\n    run: {using: run-task, command: make}\n" + fmt.Sprintf(format, args...)
	}
	// Every alias is ten times as long as the one before.
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	var dependencies, matrix strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&dependencies, "      - test-%d\n", i)
	}
	for i := range 12 {
		fmt.Fprintf(&matrix, "      d%d: [a, b, c, d, e, f, g, h, i, j]\n", i)
	}
	for name, c := range map[string]struct{ kind, want string }{
		"alias_bomb":            {bomb.String(), `taskcluster/kinds/test/kind.yml:\d+:\d+: more than \d+ values \(TG1004\)`},
		"flow_depth":            {"a: " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), `taskcluster/kinds/test/kind.yml:1:\d+: .* \(TG1004\)`},
		"block_depth":           {strings.Repeat("- ", 100_000), `taskcluster/kinds/test/kind.yml:1:\d+: .* \(TG1004\)`},
		"too_many_dependencies": {task("    soft-dependencies:\n%s", dependencies.String()), `taskcluster/kinds/test/kind.yml:4:3: test-unit: dependencies: has 10000 dependencies, 9999 is the most \(TG4009\)`},
		"chunks":                {run("chunking", "    chunk: {total-chunks: 1000000000000}\n"), `taskcluster/kinds/test/kind.yml:8:27: test-unit: chunk.total-chunks: .* \(TG1004\)`},
		"matrix":                {run("matrix", "    matrix:\n%s", matrix.String()), `taskcluster/kinds/test/kind.yml:9:7: test-unit: matrix: .* \(TG1004\)`},
		"format_width":          {task("    scopes: ['{level:>1000000000000}']\n"), `taskcluster/kinds/test/kind.yml:7:14: test-unit: scopes: .* \(TG3003\)`},
		"regex_time":            {task("    run-on-git-branches: ['(?=x)(a*)*$']\n"), ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := newMistake(t, base, &txtar.Archive{Files: []txtar.File{{Name: "taskcluster/kinds/test/kind.yml", Data: []byte(c.kind)}}})
			code, _, stderr := tree.run(t)
			first, _, _ := strings.Cut(stderr, "\n")
			require.Regexp(t, "^"+c.want+"$", first)
			require.Equal(t, c.want != "", code != 0)
		})
	}
}
