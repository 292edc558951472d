//go:build unix

package python

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// one is a kind of one Python transform and two tasks.
const one = "loader: taskgraph.loader.transform:loader\ntransforms: [own.tasks:it, own.tasks:finish]\ntasks:\n  a: {n: 1}\n  b: {n: 2}\n"

// TestExceptions sees what becomes of exceptions in all places where the tree's code runs.
func TestExceptions(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       []string // of each diagnostic its first line
		stage      string
		related    string
	}{
		{"raised", "def it(config, tasks):\n    for task in tasks:\n        if task['n'] == 2:\n            raise KeyError('missing')\n        yield task\n",
			[]string{`taskcluster/own/tasks.py:4: k-b: KeyError: 'missing' (TG2007)`}, "own.tasks:it", "taskcluster/kinds/k/kind.yml:5:3: the task is defined here"},
		{"before the first task", "def it(config, tasks):\n    raise ValueError\n",
			[]string{`taskcluster/own/tasks.py:2: kind k: ValueError (TG2007)`}, "own.tasks:it", ""},
		{"several lines", "def it(config, tasks):\n    raise ValueError('one\\n  two\\n')\n", []string{`taskcluster/own/tasks.py:2: kind k: ValueError: one two (TG2007)`}, "own.tasks:it", ""},
		{"in another module", "import json\ndef it(config, tasks):\n    for task in tasks:\n        json.loads('{')\n        yield task\n",
			[]string{`taskcluster/own/tasks.py:4: k-a: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1) (TG2007)`}, "own.tasks:it", "kind.yml:4:3: the task"},
		{"no generator", "def it(config, tasks):\n    return None\n", []string{`is not a generator (TG2007)`}, "own.tasks:it", ""},
		{"sys.exit", "import sys\ndef it(config, tasks):\n    sys.exit(3)\n    yield\n", []string{`taskcluster/own/tasks.py:3: kind k: SystemExit: 3 (TG2007)`}, "own.tasks:it", ""},
		{"KeyboardInterrupt", "def it(config, tasks):\n    raise KeyboardInterrupt\n    yield\n", []string{`tasks.py:2: kind k: KeyboardInterrupt (TG2007)`}, "own.tasks:it", ""},
		{"message that raises", "class E(Exception):\n    def __str__(self):\n        raise ValueError\ndef it(config, tasks):\n    raise E\n    yield\n",
			[]string{`tasks.py:5: kind k: E: an exception whose message cannot be made (TG2007)`}, "own.tasks:it", ""},
		{"recursion", "def it(config, tasks):\n    return it(config, tasks)\n", []string{`tasks.py:2: kind k: RecursionError: maximum recursion depth exceeded`}, "own.tasks:it", ""},
		{"module that is not there", "", []string{`taskcluster/kinds/k/kind.yml:2:14: kind k: unknown transform "own.tasks:it": there is no Python module "own.tasks" (TG2004)`, `unknown transform "own.tasks:finish"`}, "", ""},
		{"function that is not there", "def itt(config, tasks):\n    pass\n", []string{`taskcluster/kinds/k/kind.yml:2:14: kind k: unknown transform "own.tasks:it": module "own.tasks" has no "it" (TG2004)`}, "", ""},
		{"no function", "it = 5\n", []string{`taskcluster/kinds/k/kind.yml:2:14: kind k: transform "own.tasks:it" cannot be called: it is a int (TG2004)`}, "", ""},
		{"import of what is not there", "import nowhere\n", []string{`taskcluster/own/tasks.py:1: kind k: module "own.tasks" cannot be imported: ModuleNotFoundError: No module named 'nowhere' (TG2007)`}, "", ""},
		{"exception on import", "\n1 / 0\n", []string{`taskcluster/own/tasks.py:2: kind k: module "own.tasks" cannot be imported: ZeroDivisionError: division by zero (TG2007)`}, "", ""},
		{"syntax", "def it(:\n", []string{`taskcluster/own/tasks.py:1: kind k: module "own.tasks" cannot be imported: SyntaxError: `}, "", ""},
		{"no task", "def it(config, tasks):\n    yield [1]\n", []string{`taskcluster/kinds/k/kind.yml: kind k: AttributeError: 'list' object has no attribute 'pop'`}, "", ""},
		{"a value that contains itself", "def it(config, tasks):\n    for task in tasks:\n        task['self'] = task\n        yield task\n", []string{`contains itself`}, "", ""},
		{"a key that no task can have", "def it(config, tasks):\n    for task in tasks:\n        task[(1, 2)] = 1\n        yield task\n", []string{`kind k: a key is a list, which a task cannot hold (TG1007)`}, "", ""},
		{"too deep", "def it(config, tasks):\n    for task in tasks:\n        for _ in range(1500):\n            task = {'a': task}\n        yield dict(task, name='x')\n", []string{`nested more than 500 levels deep (TG1007)`}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := finish
			if c.code != "" {
				code = c.code + "\n" + finish
			}
			files := map[string]string{"taskcluster/own/tasks.py": code, "taskcluster/kinds/k/kind.yml": one}
			switch c.name {
			case "module that is not there":
				delete(files, "taskcluster/own/tasks.py")
				files["taskcluster/own/task.py"] = ""
			case "no task", "too deep", "a key that no task can have":
				files["taskcluster/kinds/k/kind.yml"] = strings.Replace(one, ", own.tasks:finish", "", 1)
			}
			tr := plant(t, files)
			if c.name == "no task" {
				c.want = []string{`taskcluster/kinds/k/kind.yml: kind k: a transform gave a list, which is no task (TG1007)`}
			}
			found := tr.fails(taskgraph.FullTaskSet)
			require.Len(t, found, len(c.want))
			for i, want := range c.want {
				require.Greater(t, len(found), i)
				assert.Contains(t, found[i].Error(), want)
			}
			if c.stage != "" {
				assert.Equal(t, c.stage, found[0].Stage)
				assert.Contains(t, found[0].Err.Error(), "Traceback (most recent call last)")
			}
			if c.related != "" {
				require.NotEmpty(t, found[0].Related)
				assert.Contains(t, found[0].Related[0].Where.String()+": "+found[0].Related[0].Message, c.related)
			}
			switch c.name {
			case "module that is not there":
				assert.Contains(t, found[0].Hint, `did you mean "own.task"?`)
			case "function that is not there":
				assert.Contains(t, found[0].Hint, `did you mean "itt"?`)
			}
			require.NoError(t, tr.project.Close())
		})
	}
}

// TestUnwritable sees that an object which reaches the output is a mistake there.
func TestUnwritable(t *testing.T) {
	tr := plant(t, map[string]string{"taskcluster/own/tasks.py": finish + "\ndef it(config, tasks):\n    for task in tasks:\n        task['f'] = it\n        yield task\n", "taskcluster/kinds/k/kind.yml": one})
	_, err := value.CompactJSON(tr.full().At(0).Document().Value())
	require.ErrorContains(t, err, "cannot be written as JSON")
	assert.Equal(t, "task.payload.f", diag.Flatten(err)[0].Path)
}

// TestRegisterMistakes sees where mistakes of register are reported.
func TestRegisterMistakes(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{"raised", "def register(graph_config):\n    raise Exception('no')\n", `taskcluster/own/__init__.py:2: Exception: no (TG2007)`},
		{"not there", "", `AttributeError: module 'own' has no attribute 'register'`},
		{"exits", "import os\nos._exit(7)\n", `taskcluster/config.yml:8:23: taskgraph.register: the Python process ended: exit status 7 (TG2008)`},
		{"loops", "while True: pass\n", `taskcluster/config.yml:8:23: taskgraph.register: the tree's Python gave nothing back for 500ms and was ended (TG2008)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := plant(t, map[string]string{"taskcluster/own/__init__.py": c.code})
			if c.name == "loops" {
				tr.env["TASKGRAPH_PYTHON_TIMEOUT"] = "0.5"
			}
			require.NoError(t, tr.open(t.Context()))
			for _, phase := range []taskgraph.Phase{taskgraph.FullTaskSet, taskgraph.TargetTaskSet} { // every time
				d := tr.fails(phase)
				require.Len(t, d, 1)
				require.Contains(t, d[0].Error(), c.want)
			}
			_, _, err := tr.project.Registry.Strategies.Lookup("never")
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestMissingPackage names what must be installed and which kinds need it.
func TestMissingPackage(t *testing.T) {
	tr := plant(t, map[string]string{"taskcluster/kinds/k/kind.yml": kind})
	t.Setenv("PYTHONPATH", t.TempDir())
	program, err := exec.LookPath("python3")
	require.NoError(t, err)
	if exec.Command(program, "-c", "import taskgraph").Run() == nil {
		t.Skip("the reference is installed")
	}
	tr.env["TASKGRAPH_PYTHON"] = program
	d := tr.fails(taskgraph.FullTaskSet)[0]
	assert.Equal(t, diag.NeedsPython, d.Code)
	assert.Contains(t, d.Error(), "taskcluster/config.yml:8:23: taskgraph.register: the package taskcluster-taskgraph is not installed in the Python ")
	assert.Contains(t, d.Related[0].Message, "kinds that need Python, too: k")
	assert.Contains(t, d.Hint, "pip install taskcluster-taskgraph")
}

// TestInterpreters finds virtual environments in the tree.
func TestInterpreters(t *testing.T) {
	tr := plant(t, nil)
	p := &taskgraph.Project{Options: taskgraph.Options{Dir: tr.dir, Environment: func(string) string { return "" }}}
	for _, venv := range []string{"venv", ".venv"} {
		require.NoError(t, os.MkdirAll(filepath.Join(tr.dir, venv, "bin"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(tr.dir, venv, "bin", "python"), nil, 0o755))
		program, why, err := interpreter(p)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(tr.dir, venv, "bin", "python"), program)
		assert.Equal(t, venv, why)
	}
	p.Dir, p.CheckoutDir = "", tr.dir // a revision of the same repository
	_, why, err := interpreter(p)
	require.NoError(t, err)
	assert.Equal(t, ".venv", why)
}

// pids waits until Python has written n process ids into a file.
func (tr *tree) pids(n int) []int {
	tr.t.Helper()
	var out []int
	require.Eventually(tr.t, func() bool {
		out = nil
		text, _ := os.ReadFile(filepath.Join(tr.dir, "pids"))
		for _, word := range strings.Fields(string(text)) {
			pid, _ := strconv.Atoi(word)
			out = append(out, pid)
		}
		return len(out) >= n
	}, 20*time.Second, 10*time.Millisecond)
	return out
}

// assertGone sees that processes end.
func assertGone(t *testing.T, pids []int) {
	t.Helper()
	assert.Eventually(t, func() bool {
		for _, pid := range pids {
			if alive(pid) {
				return false
			}
		}
		return true
	}, 10*time.Second, 20*time.Millisecond, "processes are left")
}

// alive says whether a process runs. One that has ended but was not waited for by its parent does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !os.IsNotExist(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// stuck is a transform that starts another program, tells the ids of all processes, and never comes back.
const stuck = finish + `
import os, subprocess, time

def it(config, tasks):
    child = subprocess.Popen(["sleep", "1000"])
    with open("pids.tmp", "w") as f:
        f.write("%d %d %d" % (os.getpid(), os.getppid(), child.pid))
    os.rename("pids.tmp", "pids")
    ENDLESS
    yield from tasks
`

// endless are ways not to come back: in Python, in a system call, and in C that does not let other threads run.
var endless = map[string]string{
	"loop":  "while True: pass",
	"sleep": "time.sleep(1000)",
	"c":     "sum(range(10**13))",
}

func TestTimeout(t *testing.T) {
	for name, how := range endless {
		t.Run(name, func(t *testing.T) {
			tr := plant(t, map[string]string{"taskcluster/own/tasks.py": strings.Replace(stuck, "ENDLESS", how, 1), "taskcluster/kinds/k/kind.yml": one})
			tr.env["TASKGRAPH_PYTHON_TIMEOUT"] = "5s"
			d := tr.fails(taskgraph.FullTaskSet)
			require.Len(t, d, 1)
			assert.Equal(t, "taskcluster/kinds/k/kind.yml: kind k: the tree's Python gave nothing back for 5s and was ended (TG2008)", d[0].Error())
			assert.Equal(t, diag.ExitGeneration, diag.ExitCode(d[0]))
			pids := tr.pids(3)
			require.NoError(t, tr.project.Close())
			assertGone(t, pids)
		})
	}
}

func TestBadTimeout(t *testing.T) {
	for _, text := range []string{"x", "-1", "0", "inf"} {
		tr := plant(t, nil)
		tr.env["TASKGRAPH_PYTHON_TIMEOUT"] = text
		require.NoError(t, tr.open(t.Context()))
		assert.ErrorContains(t, tr.project.Ready(t.Context()), "want seconds, or a duration such as 90s or 5m", text)
	}
}

func TestCancel(t *testing.T) {
	for name, how := range endless {
		t.Run(name, func(t *testing.T) {
			tr := plant(t, map[string]string{"taskcluster/own/tasks.py": strings.Replace(stuck, "ENDLESS", how, 1), "taskcluster/kinds/k/kind.yml": one})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			require.NoError(t, tr.open(ctx))
			go func() {
				_, err := tr.graph(ctx, taskgraph.FullTaskSet)
				done <- err
			}()
			pids := tr.pids(3)
			cancel()
			select {
			case err := <-done:
				require.ErrorIs(t, err, context.Canceled)
			case <-time.After(20 * time.Second):
				t.Fatal("it goes on")
			}
			require.NoError(t, tr.project.Close())
			assertGone(t, pids)
		})
	}
}

// TestDying ends the processes of Python at various points.
func TestDying(t *testing.T) {
	for _, c := range []struct{ name, how, want string }{
		{"killed", "os.kill(os.getpid(), 9)", "the Python process was ended by a signal: killed (TG2008)"},
		{"crashed", "os.kill(os.getpid(), 11)", "the Python process was ended by a signal: segmentation fault (TG2008)"},
		{"exits", "os._exit(5)", "the Python process ended with exit code 5 (TG2008)"},
		{"all killed", "os.kill(0, 9)", "(TG2008)"},
		{"closes everything", "os.closerange(3, 100); time.sleep(0.2)", "(TG2008)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := plant(t, map[string]string{
				"taskcluster/own/tasks.py":     strings.Replace(stuck, "ENDLESS", "next(tasks); "+c.how, 1),
				"taskcluster/kinds/k/kind.yml": one,
				"taskcluster/kinds/l/kind.yml": "loader: taskgraph.loader.transform:loader\ntransforms:\n- own.tasks:nothing\ntasks: {a: {}}\n",
			})
			found := tr.fails(taskgraph.FullTaskSet)
			assert.Contains(t, found[0].Error(), "taskcluster/kinds/k/kind.yml: kind k: ")
			assert.Contains(t, found[0].Error(), c.want)
			assert.Contains(t, found[len(found)-1].Error(), "kind.yml:3:3: ", "what else is wrong is reported, too")
			pids := tr.pids(3)
			require.NoError(t, tr.project.Close())
			assertGone(t, pids)
		})
	}
}

// TestOrphans kills the program itself: Python must end by itself, wherever it is.
func TestOrphans(t *testing.T) {
	if dir := os.Getenv("BRIDGE_TEST_TREE"); dir != "" {
		t.Skip("this is the program that is killed")
	}
	for name, how := range endless {
		t.Run(name, func(t *testing.T) {
			tr := plant(t, map[string]string{"taskcluster/own/tasks.py": strings.Replace(stuck, "ENDLESS", how, 1), "taskcluster/kinds/k/kind.yml": one})
			cmd := exec.Command(os.Args[0], "-test.run", "^TestOrphan$")
			cmd.Env = append(os.Environ(), "BRIDGE_TEST_TREE="+tr.dir)
			require.NoError(t, cmd.Start())
			pids := tr.pids(3)
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait()
			assertGone(t, pids)
		})
	}
}

// TestOrphan is the program that [TestOrphans] kills.
func TestOrphan(t *testing.T) {
	dir := os.Getenv("BRIDGE_TEST_TREE")
	if dir == "" {
		t.Skip("run by another test")
	}
	tr := plant(t, nil)
	tr.dir = dir
	_, err := tr.graph(t.Context(), taskgraph.FullTaskSet)
	t.Fatal(errors.Join(err, errors.New("it came back")))
}

// TestHuge sends a task of many megabytes there and back.
func TestHuge(t *testing.T) {
	tr := plant(t, map[string]string{
		"taskcluster/own/tasks.py":     finish + "\ndef it(config, tasks):\n    for task in tasks:\n        task['big'] = 'x' * (30 << 20)\n        yield task\n\ndef again(config, tasks):\n    for task in tasks:\n        task['big'] = len(task['big'])\n        yield task\n",
		"taskcluster/kinds/k/kind.yml": strings.Replace(one, "own.tasks:it", "own.tasks:it, taskgraph.transforms.task_context, own.tasks:again", 1),
	})
	assert.Equal(t, `{"n":1,"big":31457280}`, json(t, tr.full().At(0).Task.At("payload")))
}
