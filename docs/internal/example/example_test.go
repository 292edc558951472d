package example

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func run(t *testing.T, text string, update bool) (string, error) {
	t.Helper()
	p, err := Parse(text)
	require.NoError(t, err)
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "examples/one/sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "examples/one/sub/f"), []byte("one\n"), 0o644))
	return p.Run(Options{Root: root, Dir: t.TempDir(), Env: append(os.Environ(), "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com"), Update: update})
}

func TestRun(t *testing.T) {
	for _, c := range []struct{ name, page, fails string }{
		{"nothing", "text\n", ""},
		{"shown", "```\na\n```\n```text\nb\n```\n", ""},
		{"a file and a command", "```yaml file=a/b.yml\nx: 1\n```\n```console run\n$ cat a/b.yml\nx: 1\n```\n", ""},
		{"other output", "```console run\n$ echo a\nb\n```\n", "line 1: $ echo a\nprints\na\nand the page says\nb\n"},
		{"less output", "```console run\n$ echo a\n$ echo b\nb\n```\n", "$ echo a"},
		{"any lines", "```console run\n$ seq 5\n1\n...\n4\n5\n$ seq 2\n...\n$ seq 2\n1\n2\n...\n```\n", ""},
		{"any lines, but not these", "```console run\n$ seq 5\n1\n...\n4\n```\n", "$ seq 5"},
		{"exit status", "```console run\n$ exit 3\n$ echo $?\n3\n```\n", ""},
		{"exit status that is not shown", "```console run\n$ exit 3\n$ echo a\na\n```\n", "exit status 3"},
		{"exit status that is not shown at the end", "```console run\n$ exit 3\n```\n", "the last command fails"},
		{"continued", "```console run\n$ echo a \\\n> b\na b\n```\n", ""},
		{"directory", "```yaml file=a/f\nx\n```\n```console run\n$ cd a\n$ cat f\nx\n```\n", ""},
		{"no such directory", "```console run\n$ cd a\n```\n", "no such file"},
		{"a copy", "<!-- project: examples/one -->\n```console run\n$ cat sub/f\none\n$ git status --short\n```\n", ""},
		{"a new one", "```yaml file=a\n```\n<!-- project: empty -->\n```console run\n$ ls\n```\n", ""},
		{"the repository", "<!-- project: root -->\n```console run\n$ ls\nexamples\n```\n", ""},
		{"not run", "```console not-run=\"needs a network\"\n$ false\n```\n", ""},
		{"hidden", "<!-- check\n```console run\n$ false\n```\n-->\n", "fails"},
		{"indented", "- item\n\n  ```yaml file=f\n  a:\n    b\n  ```\n\n  ```console run\n  $ cat f\n  a:\n    b\n  ```\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := run(t, c.page, false)
			if c.fails == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.fails)
			}
			assert.Equal(t, c.page, text)
		})
	}
}

func TestUpdate(t *testing.T) {
	text, err := run(t, "# A\n\n```console run\n$ echo a\nb\n$ seq 3\n1\n...\n$ exit 2\n$ echo $?\n```\n\n- x\n\n  ```console run\n  $ printf 'a\\n\\n b'\n  ```\n", true)
	require.NoError(t, err)
	assert.Equal(t, "# A\n\n```console run\n$ echo a\na\n$ seq 3\n1\n...\n$ exit 2\n$ echo $?\n2\n```\n\n- x\n\n  ```console run\n  $ printf 'a\\n\\n b'\n  a\n\n   b\n  ```\n", text)
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ page, want string }{
		{"```yaml\na: 1\n```\n", "line 1: it is not said what this yaml is for"},
		{"\n```yaml file=a run\n```\n", "line 2: a block has one of"},
		{"```yaml fil=a\n```\n", "a block has one of"},
		{"```yaml file=a\n", "the block does not end"},
		{"<!-- project: empty\n", "the comment does not end"},
	} {
		_, err := Parse(c.page)
		assert.ErrorContains(t, err, c.want)
	}
	_, err := run(t, "```console run\necho a\n```\n", false)
	assert.ErrorContains(t, err, `begins with "$ "`)
}
