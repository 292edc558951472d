package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/bench"
)

// usage is what one process cost.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory; 0 where the system does not say
}

// program is the taskgraph that is measured.
type program struct{ bin string }

// run runs it in a directory. A nil stdout discards the output without reading it.
//
// On Linux the peak of a child is at least the peak of the process that started it, since it begins in that process's
// memory. This command therefore stays small: the yardstick, which is not, runs in another process.
func (p program) run(ctx context.Context, dir string, stdout *os.File, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, p.bin, args...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, environment(), &stderr
	if stdout != nil {
		cmd.Stdout = stdout
	}
	start := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(start)}
	if err != nil {
		return u, fmt.Errorf("taskgraph %s: %w\n%s", strings.Join(args, " "), err, lastLines(stderr.String(), 20))
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.peak = peakMemory(cmd.ProcessState)
	return u, nil
}

// best runs it several times and gives the least time and the greatest memory.
func (p program) best(ctx context.Context, runs int, dir string, args ...string) (usage, error) {
	var out usage
	for i := range runs {
		u, err := p.run(ctx, dir, nil, args...)
		if err != nil {
			return u, err
		}
		if i == 0 || u.wall < out.wall {
			out.wall, out.cpu = u.wall, u.cpu
		}
		out.peak = max(out.peak, u.peak)
	}
	return out, nil
}

// lastLines gives the end of a text.
func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// measureAll measures every size.
func measureAll(ctx context.Context, s *settings, tmp string, progress io.Writer) (*report, error) {
	out := &report{Go: runtime.Version(), CPUs: runtime.NumCPU(), Runs: s.runs, Seed: s.seed}
	for _, n := range s.sizes {
		fmt.Fprintf(progress, "measuring %d tasks\n", n)
		r, err := measure(ctx, s, tmp, n)
		if err != nil {
			return nil, fmt.Errorf("%d tasks: %w", n, err)
		}
		out.Results = append(out.Results, *r)
	}
	return out, nil
}

// measure measures one size. What it writes it removes, so that the disk needs to hold one graph only.
func measure(ctx context.Context, s *settings, tmp string, n int) (*result, error) {
	dir := filepath.Join(tmp, fmt.Sprint(n))
	defer os.RemoveAll(dir)
	tree, err := newProject(ctx, filepath.Join(dir, "project"), n, s.seed)
	if err != nil {
		return nil, err
	}
	p := program{s.bin}
	arguments := func(phase, format, params string) []string {
		return []string{phase, format, "--offline", "-p", params}
	}
	graph := filepath.Join(dir, "full.json")
	if err := p.writeGraph(ctx, tree, graph, arguments("full", "-J", tree.parameters())); err != nil {
		return nil, err
	}
	full, err := p.best(ctx, s.runs, tree.dir, arguments("full", "-J", tree.parameters())...)
	if err != nil {
		return nil, err
	}
	morphed, err := p.best(ctx, s.runs, tree.dir, arguments("morphed", "-J", tree.parameters())...)
	if err != nil {
		return nil, err
	}
	yard, err := measureYardstick(ctx, graph, s.runs)
	if err != nil {
		return nil, err
	}
	if yard.Tasks != n {
		return nil, fmt.Errorf("the full graph has %d tasks", yard.Tasks)
	}
	os.Remove(graph)
	r := newResult(full, morphed, yard)
	if s.sets > 0 {
		sets := filepath.Join(dir, "sets")
		if err := bench.WriteParameterSets(sets, s.sets, s.seed); err != nil {
			return nil, err
		}
		for _, format := range []string{"-L", "-J"} {
			single, err := p.best(ctx, s.runs, tree.dir, arguments("full", format, tree.parameters())...)
			if err != nil {
				return nil, err
			}
			all, err := p.best(ctx, s.runs, tree.dir, arguments("full", format, sets)...)
			if err != nil {
				return nil, err
			}
			r.addSets(format, s.sets, single, all)
		}
	}
	return r, nil
}

// writeGraph runs it once, with the output in a file.
func (p program) writeGraph(ctx context.Context, tree *project, file string, args []string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := p.run(ctx, tree.dir, f, args...); err != nil {
		return err
	}
	return f.Close()
}
