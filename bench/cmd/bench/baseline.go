package main

import (
	"errors"
	"fmt"
	"io"
)

// errWorse says that something has become worse than the baseline.
var errWorse = errors.New("worse than the baseline")

// figure is a result that does not depend on the machine, with what the baseline says of it.
type figure struct {
	tasks       int
	name        string
	before, now float64
}

// figures pairs the results of two reports by number of tasks, and by format and number of parameter sets. What only
// one of them has, or what is 0 in the baseline, is left out.
func figures(before, now *report) []figure {
	var out []figure
	add := func(tasks int, name string, before, now float64) {
		if before > 0 {
			out = append(out, figure{tasks, name, before, now})
		}
	}
	for _, n := range now.Results {
		for _, b := range before.Results {
			if b.Tasks != n.Tasks {
				continue
			}
			add(n.Tasks, "full/yardstick", b.FullRatio, n.FullRatio)
			add(n.Tasks, "morphed/yardstick", b.MorphedRatio, n.MorphedRatio)
			add(n.Tasks, "peak bytes per task", b.PeakBytesPerTask, n.PeakBytesPerTask)
			for _, ns := range n.Sets {
				for _, bs := range b.Sets {
					if bs.Format == ns.Format && bs.Sets == ns.Sets {
						add(n.Tasks, fmt.Sprintf("%d sets %s in single runs", ns.Sets, ns.Format), bs.Singles, ns.Singles)
					}
				}
			}
		}
	}
	return out
}

// compare prints each figure beside the baseline's and returns errWorse where one is greater by more than the
// tolerance, a fraction. A baseline that has nothing in common with the results is an error, too: it checks nothing.
func compare(w io.Writer, before, now *report, tolerance float64) error {
	all := figures(before, now)
	if len(all) == 0 {
		return errors.New("the baseline has no results for these numbers of tasks")
	}
	worse := 0
	fmt.Fprintln(w)
	for _, f := range all {
		verdict := "ok"
		if f.now > f.before*(1+tolerance) {
			verdict = "WORSE"
			worse++
		}
		fmt.Fprintf(w, "%7d tasks  %-26s baseline %9.2f  now %9.2f  %+6.1f%%  %s\n", f.tasks, f.name, f.before, f.now, (f.now/f.before-1)*100, verdict)
	}
	if worse > 0 {
		return fmt.Errorf("%w: %d of %d figures, by more than %.0f%%", errWorse, worse, len(all), tolerance*100)
	}
	return nil
}
