package vcs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"unicode/utf8"
)

// Error is a failure of git or hg.
type Error struct {
	Tool   string
	Args   []string
	Dir    string
	Code   int    // exit code, -1 where the program was killed
	Stderr string // what it said
	Err    error
}

// Error gives the command and what the program said about it.
func (e *Error) Error() string {
	said := strings.TrimSpace(e.Stderr)
	if said == "" {
		said = e.Err.Error()
	}
	return fmt.Sprintf("%s %s: %s", e.Tool, strings.Join(e.Args, " "), said)
}

// Unwrap gives what the operating system said.
func (e *Error) Unwrap() error { return e.Err }

// program is git or hg, ready to be run in one directory.
type program struct {
	tool, path, dir string
	env             []string
}

func newProgram(tool, dir string, env ...string) (program, error) {
	path, err := exec.LookPath(tool)
	if err != nil {
		return program{}, fmt.Errorf("%q is a %s repository, but the program %s is not there: %w", dir, tool, tool, err)
	}
	return program{tool: tool, path: path, dir: dir, env: append(os.Environ(), env...)}, nil
}

// command prepares a run that ends with ctx and has nobody to ask.
func (p program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	return cmd
}

// failure makes an *Error of what a run ended with. A cancelled context is given as such.
func (p program) failure(ctx context.Context, args []string, stderr string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code := -1
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	}
	return &Error{Tool: p.tool, Args: args, Dir: p.dir, Code: code, Stderr: stderr, Err: err}
}

// output runs the program and gives what it wrote.
func (p program) output(ctx context.Context, args ...string) (string, error) {
	cmd := p.command(ctx, args...)
	var out strings.Builder
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", p.failure(ctx, args, said.String(), err)
	}
	return out.String(), nil
}

// line runs the program and gives what it wrote without blanks around it.
func (p program) line(ctx context.Context, args ...string) (string, error) {
	out, err := p.output(ctx, args...)
	return strings.TrimSpace(out), err
}

// lines runs the program and gives the lines it wrote that are not empty.
func (p program) lines(ctx context.Context, args ...string) ([]string, error) {
	out, err := p.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for l := range strings.SplitSeq(out, "\n") {
		if l = strings.TrimSuffix(l, "\r"); l != "" {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// text is output for what people wrote, which need not be in any known encoding.
func (p program) text(ctx context.Context, args ...string) (string, error) {
	out, err := p.output(ctx, args...)
	if err == nil && !utf8.ValidString(out) {
		return "", fmt.Errorf("%s %s: %w", p.tool, strings.Join(args, " "), ErrNotText)
	}
	return out, err
}

// exitCode gives the exit code that an error stands for, 0 where it stands for none.
func exitCode(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// revision refuses what the program would take for an option.
func revision(rev string) error {
	if strings.HasPrefix(rev, "-") {
		return fmt.Errorf("%q is no revision: it begins with a dash", rev)
	}
	return nil
}

// filter checks a diff filter and gives it in upper case.
func filter(letters string) (string, error) {
	if letters == "" {
		return "ADM", nil
	}
	upper := strings.ToUpper(letters)
	if bad := strings.Trim(upper, "ADM"); bad != "" {
		return "", fmt.Errorf("diff filter %q: only the letters A, D and M are known", letters)
	}
	return upper, nil
}
