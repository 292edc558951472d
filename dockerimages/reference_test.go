package dockerimages

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

// reference asks the Python reference for the digest of a context, or what is wrong with it. It runs where the variable
// TASKGRAPH_REFERENCE names the directory that holds its package.
func reference(t *testing.T, dir string, args *value.Map, runTask string) (digest, problem string) {
	t.Helper()
	packages := os.Getenv("TASKGRAPH_REFERENCE")
	if packages == "" {
		t.Skip("TASKGRAPH_REFERENCE does not name the reference's package directory")
	}
	const script = `
import json, sys, types
sys.dont_write_bytecode = True
root, image, run_task, args = sys.argv[1:]
for name in ("taskgraph", "taskgraph.util.yaml"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["taskgraph"].__path__ = [sys.path[0] + "/taskgraph"]
sys.modules["taskgraph.util.yaml"].load_yaml = None
from taskgraph.util import docker
for name in docker.RUN_TASK_FILES:
    docker.RUN_TASK_FILES[name] = run_task + name[8:]
try:
    print(json.dumps([docker.generate_context_hash(root, image, json.loads(args)), ""]))
except Exception as e:
    print(json.dumps(["", type(e).__name__ + ": " + str(e)]))
`
	file := filepath.Join(t.TempDir(), "script.py")
	text := strings.Replace(script, "root, image", "sys.path[0] = sys.argv.pop(1)\nroot, image", 1)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	given := map[string]string{}
	for k, v := range args.All() {
		given[k] = v.Str()
	}
	encoded, err := json.Marshal(given)
	require.NoError(t, err)
	cmd := exec.Command("python3", file, packages, dir, imageDir, runTask+"/", string(encoded))
	cmd.Env = append(os.Environ(), "PYTHONUTF8=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var answer [2]string
	require.NoError(t, json.Unmarshal(out, &answer), "%s", out)
	return answer[0], answer[1]
}

// standinDir writes the stand-in of run-task to a directory, with the modes that it has.
func standinDir(t *testing.T) string {
	dir := t.TempDir()
	for _, f := range Standin().Files() {
		name := filepath.Join(dir, f.Name)
		require.NoError(t, os.WriteFile(name, f.Content, 0o600))
		require.NoError(t, os.Chmod(name, f.Mode))
	}
	return dir
}

func TestGoldensAreTheReferences(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			want, problem := reference(t, plant(t, g.files...), g.args, standinDir(t))
			assert.Empty(t, problem)
			assert.Equal(t, g.want, want)
			if want != g.want {
				fmt.Printf("GOLDEN\t%s\t%s\n", g.name, want)
			}
		})
	}
}

// TestRandomContexts compares random trees, valid or not, with the reference.
func TestRandomContexts(t *testing.T) {
	if os.Getenv("TASKGRAPH_REFERENCE") == "" {
		t.Skip("TASKGRAPH_REFERENCE does not name the reference's package directory")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	words := []string{"a", "b", "é", "long" + strings.Repeat("-long", 30), "\U0001f680", "\uffee", "x.y", "sp ace", "__pycache__", "\xff"}
	name := func() string {
		n := words[r.IntN(len(words))]
		for r.IntN(2) == 0 {
			n += "/" + words[r.IntN(len(words))]
		}
		return n
	}
	standin := standinDir(t)
	both := [2]int{}
	for range 60 {
		var files []file
		seen := map[string]bool{}
		put := func(f file) {
			for old := range seen {
				if old == f.name || strings.HasPrefix(old, f.name+"/") || strings.HasPrefix(f.name, old+"/") {
					return
				}
			}
			seen[f.name] = true
			files = append(files, f)
		}
		var names []string
		for range r.IntN(8) {
			names = append(names, name())
		}
		for _, n := range names {
			top := pick(imageDir, "lib")
			f := file{name: top + "/" + n, content: strings.Repeat("x", r.IntN(3)*r.IntN(700)), mode: []os.FileMode{0o644, 0o755, 0o600}[r.IntN(3)]}
			if r.IntN(6) == 0 {
				f.link = pick("a", "b", "nothing", "a/b")
			}
			put(f)
		}
		var text strings.Builder
		for range r.IntN(8) {
			include := pick("lib", "lib/", ".//lib", "lib/a", "taskcluster")
			if len(names) > 0 && r.IntN(2) == 0 {
				include = "lib/" + strings.ToValidUTF8(names[r.IntN(len(names))], "")
			}
			text.WriteString(pick("FROM x", "# %include "+include, "# %include-run-task", "# %ARG A", "# %ARG B", "# %ARG A-", "# %ARG é_1", "RUN $A $B $A- $Ab $B_ $é_1",
				"# %include $A", "x$A$B$A-b", "\u2028$A\v$B\f", "# %include-run-task x"))
			text.WriteString(pick("\n", "\n", "\n", "\r\n", "\r", ""))
		}
		put(file{name: imageDir + "/Dockerfile", content: text.String()})
		value := func() string {
			return pick("lib", "v", `\n`, `\g<0>`, `\\x`, "$B", "$A", `\1`, `\08`, `\0`, `\.`, `\777`, `\12`, `\q`, "lib\\", "é")
		}
		args := arguments("A", value(), "B", value(), "A-", value(), "é_1", value())
		dir := plant(t, files...)
		want, problem := reference(t, dir, args, standin)
		images, sources := open(t, dir, nil)
		got, err := images.ContextDigest(imageDir, args, 0)
		if !assert.Equal(t, want, got, "%s\n%s\n%q\n%q", problem, messages(err, sources), text.String(), files) {
			t.Log(args.At("A").Str(), args.At("B").Str(), args.At("A-").Str())
			return
		}
		if err == nil {
			both[0]++
		} else {
			both[1]++
		}
	}
	t.Logf("%d contexts, %d mistakes", both[0], both[1])
}
