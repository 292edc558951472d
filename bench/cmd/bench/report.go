package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"
)

// report is the results of one run of this command, and the form of a baseline.
type report struct {
	Note    string   `json:"note,omitempty"`
	Go      string   `json:"go,omitempty"`
	CPUs    int      `json:"cpus,omitempty"`
	Runs    int      `json:"runs,omitempty"`
	Seed    uint64   `json:"seed,omitempty"`
	Results []result `json:"results"`
}

// result is the figures of one size. Seconds are those of the fastest run; what ends in Ratio is relative to the
// yardstick and can be compared between machines.
type result struct {
	Tasks            int     `json:"tasks"`
	FullRatio        float64 `json:"full-ratio"`
	MorphedRatio     float64 `json:"morphed-ratio"`
	PeakBytesPerTask float64 `json:"peak-bytes-per-task"`

	FullSeconds      float64 `json:"full-seconds,omitempty"`
	FullCPUSeconds   float64 `json:"full-cpu-seconds,omitempty"`
	MorphedSeconds   float64 `json:"morphed-seconds,omitempty"`
	YardstickSeconds float64 `json:"yardstick-seconds,omitempty"`
	PeakBytes        int64   `json:"peak-bytes,omitempty"`
	GraphBytes       int64   `json:"graph-bytes,omitempty"`

	Sets []setsResult `json:"sets,omitempty"`
}

// setsResult is the cost of many parameter sets in one process.
type setsResult struct {
	Format        string  `json:"format"` // the option for the output
	Sets          int     `json:"sets"`
	Singles       float64 `json:"singles"` // how many runs with one set cost as much
	Seconds       float64 `json:"seconds,omitempty"`
	SingleSeconds float64 `json:"single-seconds,omitempty"`
	PeakBytes     int64   `json:"peak-bytes,omitempty"`
}

// newResult puts the figures of one size together.
func newResult(full, morphed usage, y *yardstick) *result {
	r := &result{
		Tasks:            y.Tasks,
		FullSeconds:      rounded(full.wall.Seconds()),
		FullCPUSeconds:   rounded(full.cpu.Seconds()),
		MorphedSeconds:   rounded(morphed.wall.Seconds()),
		YardstickSeconds: rounded(y.Seconds),
		PeakBytes:        max(full.peak, morphed.peak),
		GraphBytes:       y.GraphBytes,
	}
	r.FullRatio = rounded(full.wall.Seconds() / y.Seconds)
	r.MorphedRatio = rounded(morphed.wall.Seconds() / y.Seconds)
	r.PeakBytesPerTask = rounded(float64(r.PeakBytes) / float64(r.Tasks))
	return r
}

// rounded cuts digits off that mean nothing.
func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

// addSets adds the cost of many parameter sets.
func (r *result) addSets(format string, count int, single, all usage) {
	r.Sets = append(r.Sets, setsResult{
		Format:        format,
		Sets:          count,
		Singles:       rounded(all.wall.Seconds() / single.wall.Seconds()),
		Seconds:       rounded(all.wall.Seconds()),
		SingleSeconds: rounded(single.wall.Seconds()),
		PeakBytes:     all.peak,
	})
}

// microsPerTask gives the time of a full graph for each of its tasks.
func (r *result) microsPerTask() float64 { return r.FullSeconds / float64(r.Tasks) * 1e6 }

// print prints a table.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d CPUs, best of %d runs\n\n", r.Go, r.CPUs, r.Runs)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "tasks\tfull s\tcpu s\tmorphed s\tyardstick s\tfull/yardstick\tmorphed/yardstick\tpeak MiB\tpeak B/task\tgraph B/task\tµs/task\t")
	for _, x := range r.Results {
		fmt.Fprintf(t, "%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.2f\t%.2f\t%.1f\t%.0f\t%.0f\t%.1f\t\n", x.Tasks, x.FullSeconds, x.FullCPUSeconds, x.MorphedSeconds,
			x.YardstickSeconds, x.FullRatio, x.MorphedRatio, float64(x.PeakBytes)/(1<<20), x.PeakBytesPerTask, float64(x.GraphBytes)/float64(x.Tasks), x.microsPerTask())
	}
	t.Flush()
	if n := len(r.Results); n > 1 {
		first, last := r.Results[0], r.Results[n-1]
		fmt.Fprintf(w, "\na task of %d costs %.2f times as much as a task of %d\n", last.Tasks, last.microsPerTask()/first.microsPerTask(), first.Tasks)
	}
	for _, x := range r.Results {
		for _, s := range x.Sets {
			fmt.Fprintf(w, "\n%d tasks, full %s of %d parameter sets: %.3f s, as much as %.2f single runs of %.3f s; peak %.1f MiB",
				x.Tasks, s.Format, s.Sets, s.Seconds, s.Singles, s.SingleSeconds, float64(s.PeakBytes)/(1<<20))
		}
		if len(x.Sets) > 0 {
			fmt.Fprintln(w)
		}
	}
}

// write writes the report to a file, as a baseline for later.
func (r *report) write(file string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// readReport reads a baseline.
func readReport(file string) (*report, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}
