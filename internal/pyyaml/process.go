// Package pyyaml asks PyYAML and Python's json, where they are installed, what they make of a text. Tests use it as
// a second opinion; nothing else does.
package pyyaml

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"testing"
)

//go:embed answer.py
var script string

// Process is a running Python. It answers one question at a time.
type Process struct {
	mu  sync.Mutex
	in  io.WriteCloser
	out *bufio.Reader
}

var start = sync.OnceValues(func() (*Process, error) {
	cmd := exec.Command("python3", "-c", script)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{in: in, out: bufio.NewReaderSize(out, 1<<20)}
	var version string
	if err := p.ask("version", nil, &version); err != nil {
		return nil, fmt.Errorf("no PyYAML with libyaml: %w", err)
	}
	return p, nil
})

// Start gives the process that all tests of a binary share. It skips the test where there is no Python with PyYAML
// and libyaml.
func Start(t testing.TB) *Process {
	t.Helper()
	p, err := start()
	if err != nil {
		t.Skip(err)
	}
	return p
}

// Available gives the process, nil where there is none. Fuzz targets use it.
func Available() *Process {
	p, _ := start()
	return p
}

// Answer is what Python makes of a text: a result, or an error with its place where it has one. Lines and columns
// count from 1 and are those of libyaml, which knows more line ends than "\n".
type Answer struct {
	Text  string // the result
	Error string // Python's name of the exception and its message
	Line  int
	Col   int
	// The place of the context of the error, such as the beginning of the collection that was being read.
	ContextLine, ContextCol int
}

// Ask asks one question: what is the name of a function in answer.py.
func (p *Process) Ask(t testing.TB, what string, text []byte) Answer {
	t.Helper()
	var a Answer
	if err := p.ask(what, text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func (p *Process) ask(what string, text []byte, answer any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintf(p.in, "%s %s\n", what, base64.StdEncoding.EncodeToString(text)); err != nil {
		return err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, answer)
}
