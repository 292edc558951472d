package pycheck

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// loop reads one question a line and writes one answer a line, both JSON.
const loop = `
import json, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    try:
        out = {"answer": answer(json.loads(line))}
    except Exception as e:
        out = {"error": type(e).__name__ + ": " + str(e)}
    sys.stdout.write(json.dumps(out) + "\n")
    sys.stdout.flush()
`

// Python is a running interpreter. It is safe for concurrent use.
type Python struct {
	mu  sync.Mutex
	in  io.WriteCloser
	out *bufio.Reader
}

// Error is what an exception in Python becomes.
type Error struct{ Message string }

// Error gives the type and the text of the exception.
func (e *Error) Error() string { return e.Message }

// Start runs python3 with a program that defines a function answer of one argument. It skips the test where there
// is no interpreter, and ends the interpreter with the test.
func Start(tb testing.TB, program string) *Python {
	tb.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		tb.Skip("no python3")
	}
	cmd := exec.Command(path, "-B", "-c", program+loop)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Skip("python3 does not start: ", err)
	}
	tb.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &Python{in: in, out: bufio.NewReader(out)}
}

// Ask gives what the program answers to a question, decoded as encoding/json does, or the exception as *[Error].
func (p *Python) Ask(question any) (any, error) {
	line, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("asking python3: %w", err)
	}
	reply, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("asking python3: %w", err)
	}
	var r struct {
		Answer any    `json:"answer"`
		Error  string `json:"error"`
	}
	if err := json.Unmarshal(reply, &r); err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, &Error{r.Error}
	}
	return r.Answer, nil
}

// IsException says whether an error of Ask is an exception of the program rather than a failure to ask.
func IsException(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}
