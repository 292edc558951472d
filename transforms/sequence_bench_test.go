package transforms

import (
	"fmt"
	"strings"
	"testing"

	"github.com/taskgraph-go/decision/value"
)

// benchmarkSequence measures what one task costs that comes out of a sequence.
func benchmarkSequence(b *testing.B, text string) {
	c := document(b, "bench.yml", text).Map()
	w := newBench(b, c)
	b.ReportAllocs()
	made := 0
	for b.Loop() {
		made += len(w.run(c.At("transforms").List(), stubs(c)))
	}
	if err := w.errs.Err(sources); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(made), "ns/task")
}

const benchTask = `
      description: "test {matrix[suite]} on {matrix[os]}"
      worker-type: linux
      worker: {docker-image: {in-tree: test}, max-run-time: 3600, env: {SUITE: "{matrix[suite]}", A: "1", B: "2"}, artifacts: [{type: file, name: public/log.txt, path: /log.txt}]}
      run: {using: run-task, command: [run-tests, "--suite={matrix[suite]}"], cwd: "{{checkout}}"}
      treeherder: {symbol: "T({matrix[suite]})", platform: linux/opt, tier: 1, kind: test}
      when: {files-changed: ["src/**", "tests/**", "build/**"]}
      run-on-projects: [main, try]
      attributes: {build_platform: linux}
`

func BenchmarkMatrix(b *testing.B) {
	benchmarkSequence(b, "transforms: [matrix]\ntasks:\n  t:\n      matrix: {os: [a, b, c, d, e, f, g, h, i, j], suite: [a, b, c, d, e, f, g, h, i, j]}"+benchTask)
}

func BenchmarkChunking(b *testing.B) {
	benchmarkSequence(b, "transforms: [chunking]\ntasks:\n  t:\n      chunk: {total-chunks: 100, substitution-fields: [label, treeherder.symbol, worker.env]}\n      label: \"t-{this_chunk}\""+
		strings.NewReplacer("matrix[suite]", "this_chunk", "matrix[os]", "total_chunks").Replace(benchTask))
}

func BenchmarkFromDeps(b *testing.B) {
	var deps strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&deps, "  - {kind: build, label: build-%d, attributes: {platform: p%d, suffix: tar.gz, build-type: opt, tier: 1}}\n", i, i)
	}
	benchmarkSequence(b, "transforms: [from_deps]\nconfig: {kind-dependencies: [build]}\ndeps:\n"+deps.String()+
		"tasks:\n  t:\n      from-deps: {copy-attributes: true, fetches: {build: [{artifact: \"target.{suffix}\"}, {artifact: log.txt}]}}"+benchTask)
}

func BenchmarkTaskContext(b *testing.B) {
	var tasks strings.Builder
	for i := range 100 {
		fmt.Fprintf(&tasks, "  t%d: {}\n", i)
	}
	benchmarkSequence(b, "transforms: [task_context]\ndefaults:\n      task-context: {from-parameters: {level: level}, from-object: {matrix: {os: a, suite: b}, checkout: x}, substitution-fields: [description, worker, run.command, treeherder.symbol]}"+
		benchTask+"tasks:\n"+tasks.String())
}

func BenchmarkOrderTasks(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, "k-%d: other-%d k-%d\n", i, i, i/2)
	}
	stubs := orderable(strings.Replace(text.String(), "k-0: other-0 k-0", "k-0:", 1))
	w := newBench(b, value.NewMap(0))
	w.cfg.Kind = "k"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := orderTasks(w.cfg, stubs); err != nil {
			b.Fatal(err)
		}
	}
}
