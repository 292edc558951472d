package pyyaml

import (
	_ "embed"
	"encoding/base64"
	"os/exec"
	"sync"
	"testing"

	"github.com/taskgraph-go/decision/internal/pycheck"
)

//go:embed answer.py
var program string

var installed = sync.OnceValue(func() bool {
	return exec.Command("python3", "-c", "from yaml import CSafeLoader").Run() == nil
})

// Process is a running Python. It answers one question at a time.
type Process struct{ python *pycheck.Python }

// Start runs Python until the test ends. It skips the test where there is no Python with PyYAML and libyaml.
func Start(tb testing.TB) *Process {
	tb.Helper()
	p := StartIfInstalled(tb)
	if p == nil {
		tb.Skip("no python3 with PyYAML and libyaml")
	}
	return p
}

// StartIfInstalled is like Start but gives nil instead of skipping the test.
func StartIfInstalled(tb testing.TB) *Process {
	tb.Helper()
	if !installed() {
		return nil
	}
	return &Process{pycheck.Start(tb, program)}
}

// Answer is what Python makes of a text: a result, or an error with its place where it has one. Lines and columns
// count from 1 and are those of libyaml, which knows more line ends than "\n".
type Answer struct {
	Text      string // the result
	Error     string // Python's name of the exception and its message
	Line, Col int
	// The place of the context of the error, such as the beginning of the collection that was being read.
	ContextLine, ContextCol int
}

// Ask asks one question: what is the name of a function in answer.py.
func (p *Process) Ask(tb testing.TB, what string, text []byte) Answer {
	tb.Helper()
	reply, err := p.python.Ask([]string{what, base64.StdEncoding.EncodeToString(text)})
	if err != nil {
		tb.Fatal(err)
	}
	fields := reply.(map[string]any)
	str := func(name string) string { s, _ := fields[name].(string); return s }
	number := func(name string) int { f, _ := fields[name].(float64); return int(f) }
	return Answer{
		Text: str("text"), Error: str("error"), Line: number("line"), Col: number("col"),
		ContextLine: number("context line"), ContextCol: number("context col"),
	}
}
