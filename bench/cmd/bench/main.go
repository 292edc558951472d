package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errWorse):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

// settings are what the command line says.
type settings struct {
	sizes     []int
	bin       string
	runs      int
	sets      int
	seed      uint64
	json      string
	baseline  string
	tolerance float64
	write     string
}

// run is the command, with its arguments and streams given. It returns errWorse where -baseline finds a loss.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == yardstickCommand {
		return yardstickMain(args[1:], stdout)
	}
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if s.write != "" {
		_, err := newProject(ctx, s.write, s.sizes[0], s.seed)
		return err
	}
	var before *report
	if s.baseline != "" {
		if before, err = readReport(s.baseline); err != nil {
			return err
		}
	}
	tmp, err := os.MkdirTemp("", "taskgraph-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if s.bin == "" {
		if s.bin, err = build(ctx, tmp); err != nil {
			return err
		}
	}
	now, err := measureAll(ctx, s, tmp, stderr)
	if err != nil {
		return err
	}
	now.print(stdout)
	if s.json != "" {
		if err := now.write(s.json); err != nil {
			return err
		}
	}
	if before != nil {
		return compare(stdout, before, now, s.tolerance)
	}
	return nil
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (*settings, error) {
	s := &settings{}
	var sizes string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&sizes, "n", "1000,10000,40000,100000", "numbers of tasks, separated by commas")
	flags.StringVar(&s.bin, "bin", "", "the taskgraph to measure (default: build ./cmd/taskgraph)")
	flags.IntVar(&s.runs, "runs", 3, "runs of each measurement, the best of which counts")
	flags.IntVar(&s.sets, "sets", 0, "also generate for a directory of this many parameter sets at once")
	flags.Uint64Var(&s.seed, "seed", 1, "seed of the projects")
	flags.StringVar(&s.json, "json", "", "write the results to this `file`, in the form of a baseline")
	flags.StringVar(&s.baseline, "baseline", "", "compare with the results in this `file`; status 1 where they have become worse")
	flags.Float64Var(&s.tolerance, "tolerance", 0.15, "what -baseline takes for noise, as a fraction")
	flags.StringVar(&s.write, "write", "", "write and commit a project of the smallest number of tasks to this `directory`, and measure nothing")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if s.runs < 1 {
		return nil, fmt.Errorf("-runs: expected at least 1, not %d", s.runs)
	}
	if s.sets < 0 || s.tolerance < 0 {
		return nil, errors.New("-sets and -tolerance must not be negative")
	}
	for word := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("-n: expected numbers separated by commas, not %q", sizes)
		}
		if _, err := bench.ShapeOf(n); err != nil {
			return nil, fmt.Errorf("-n: %w", err)
		}
		s.sizes = append(s.sizes, n)
	}
	slices.Sort(s.sizes)
	s.sizes = slices.Compact(s.sizes)
	if s.bin != "" {
		bin, err := filepath.Abs(s.bin)
		if err != nil {
			return nil, err
		}
		s.bin = bin
	}
	return s, nil
}
