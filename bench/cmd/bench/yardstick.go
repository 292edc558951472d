package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// yardstickCommand is the first argument with which this command runs itself, see [program.run].
const yardstickCommand = "yardstick"

// yardstick is what encoding/json makes of a graph.
type yardstick struct {
	Tasks       int     `json:"tasks"`
	GraphBytes  int64   `json:"graph-bytes"`  // of the file that it was read from, indented
	ResultBytes int     `json:"result-bytes"` // of what was encoded, compact
	Seconds     float64 `json:"seconds"`      // of the fastest run
}

// measureYardstick measures encoding/json on a graph in a file, in a process of its own.
func measureYardstick(ctx context.Context, file string, runs int) (*yardstick, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, yardstickCommand, file, strconv.Itoa(runs))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("yardstick: %w: %s", err, lastLines(stderr.String(), 20))
	}
	y := &yardstick{}
	if err := json.Unmarshal(out, y); err != nil {
		return nil, fmt.Errorf("yardstick: %w", err)
	}
	return y, nil
}

// yardstickMain is the command in that process: it prints a [yardstick] for a file and a number of runs.
func yardstickMain(args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return errors.New("yardstick: expected a file and a number of runs")
	}
	runs, err := strconv.Atoi(args[1])
	if err != nil || runs < 1 {
		return fmt.Errorf("yardstick: expected a number of runs, not %q", args[1])
	}
	y, err := encodeGraph(args[0], runs)
	if err != nil {
		return fmt.Errorf("yardstick: %w", err)
	}
	return json.NewEncoder(stdout).Encode(y)
}

// encodeGraph reads a graph into maps and encodes it again, compact, several times.
func encodeGraph(file string, runs int) (*yardstick, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var graph map[string]any
	if err := json.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(&graph); err != nil {
		return nil, err
	}
	y := &yardstick{Tasks: len(graph), GraphBytes: info.Size()}
	for i := range runs {
		runtime.GC()
		start := time.Now()
		data, err := json.Marshal(graph)
		if err != nil {
			return nil, err
		}
		seconds := time.Since(start).Seconds()
		if i == 0 || seconds < y.Seconds {
			y.Seconds = seconds
		}
		y.ResultBytes = len(data)
	}
	return y, nil
}
