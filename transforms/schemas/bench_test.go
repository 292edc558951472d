package schemas_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// task makes a typical description of a test task, as it is when the task transforms check it, and its worker.
func task() *value.Map {
	worker := value.MapOf(
		"implementation", "docker-worker", "os", "linux", "docker-image", value.MapOf("in-tree", "test"), "chain-of-trust", false,
		"taskcluster-proxy", true, "allow-ptrace", false, "loopback-video", false, "max-run-time", 3600, "volumes", []string{"/builds/worker/checkouts"},
		"env", value.MapOf("A", "1", "B", "two", "HG_STORE_PATH", "/builds/worker/checkouts/hg-store", "MOZ_FETCHES_DIR", "fetches", "VCS_PATH", "x",
			"MOZ_FETCHES", value.MapOf("task-reference", "[]"), "PROJECT", "p", "LEVEL", "3", "CHUNK", "1", "TOTAL", "2"),
		"caches", []value.Value{value.MapOf("type", "persistent", "name", "checkouts", "mount-point", "/builds/worker/checkouts", "skip-untrusted", false).Value()},
		"artifacts", []value.Value{value.MapOf("type", "directory", "name", "public/logs", "path", "/builds/worker/logs").Value()},
		"command", []string{"/usr/local/bin/run-task", "--gecko-checkout=/builds/worker/checkouts/gecko", "--", "bash", "-cx", "./mach test"},
	)
	return value.MapOf(
		"label", "test-linux64/opt-1", "description", "run some tests", "always-target", false, "optimization", value.MapOf("skip-unless-changed", []string{"a/**", "b/**"}),
		"worker-type", "linux", "needs-sccache", false, "attributes", value.MapOf("build_platform", "linux64", "chunk", 1, "kind", "test"),
		"task-from", "kind.yml", "dependencies", value.MapOf("build", "build-linux64/opt"), "priority", "low", "soft-dependencies", []string{"x"},
		"expires-after", "28 days", "deadline-after", "1 day", "routes", []string{"a.b.c"}, "scopes", []string{"s:1", "s:2"},
		"tags", value.MapOf("os", "linux", "worker-implementation", "docker-worker"), "extra", value.MapOf("suite", "s"),
		"treeherder", value.MapOf("symbol", "T(1)", "kind", "test", "tier", 1, "platform", "linux64/opt"),
		"run-on-projects", []string{"all"}, "run-on-tasks-for", []string{"github-push"}, "worker", worker,
	)
}

func benchmark(b *testing.B, validate func(task, worker value.Value) bool) {
	m := task()
	v, worker := m.Value(), m.At("worker")
	if !validate(v, worker) {
		b.Fatal("the task is not valid")
	}
	b.ReportAllocs()
	for b.Loop() {
		validate(v, worker)
	}
}

func BenchmarkTask(b *testing.B) {
	t, w := schemas.Load("task"), schemas.Load("docker-worker")
	benchmark(b, func(task, worker value.Value) bool { return t.Validate(task) == nil && w.Validate(worker) == nil })
}

func BenchmarkTaskShared(b *testing.B) {
	t, w := schema.NewChecker(schemas.Load("task")), schema.NewChecker(schemas.Load("docker-worker"))
	benchmark(b, func(task, worker value.Value) bool { return t.Validate(task) == nil && w.Validate(worker) == nil })
}

func BenchmarkSmallSchema(b *testing.B) {
	s := schemas.Load("chunking")
	benchmark(b, func(task, _ value.Value) bool { return s.Validate(task) == nil })
}

// BenchmarkCompile compiles all documents, of which a run needs a few.
func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		set := schema.NewSet(os.DirFS("."))
		for _, name := range set.Names() {
			set.MustLoad(name).Validate(value.Value{})
		}
	}
}

func TestValidValuesCostNoAllocation(t *testing.T) {
	m := task()
	v, worker := m.Value(), m.At("worker")
	s, w := schemas.Load("task"), schemas.Load("docker-worker")
	require.Empty(t, s.Validate(v))
	require.Empty(t, w.Validate(worker))
	checker := schema.NewChecker(s)
	checker.Validate(v)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s.Validate(v)
		w.Validate(worker)
		checker.Validate(v)
	}))
}
