package example

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Options say where a page is run.
type Options struct {
	Root string   // of this repository
	Dir  string   // for the projects; it is empty
	Env  []string // of the commands
	// Update puts what commands print into the page, where it says something else.
	Update bool
}

// runner runs one page.
type runner struct {
	Options
	page     *Page
	project  string // the directory of the project
	dir      string // the directory of the commands
	projects int
	status   int // the exit status of the last command
	errs     []error
	replaced map[*block]string
}

// Run runs the examples of a page. The error names all that is not as the page says. With [Options.Update] it gives the
// page as it should be.
func (p *Page) Run(o Options) (string, error) {
	r := &runner{Options: o, page: p, replaced: map[*block]string{}}
	for _, s := range p.steps {
		if r.project == "" && s.project == "" {
			if err := r.begin("empty"); err != nil {
				return "", err
			}
		}
		var err error
		if s.project != "" {
			err = r.begin(s.project)
		} else {
			err = r.do(s.block)
		}
		if err != nil {
			r.errs = append(r.errs, fmt.Errorf("line %d: %w", s.line, err))
		}
	}
	if r.status != 0 {
		r.errs = append(r.errs, errors.New("the last command fails, and the page does not say so with: $ echo $?"))
	}
	return r.text(), errors.Join(r.errs...)
}

// text gives the page with the replaced blocks.
func (r *runner) text() string {
	var out strings.Builder
	at := 0
	for _, s := range r.page.steps {
		if text, ok := r.replaced[s.block]; ok {
			out.WriteString(strings.Join(r.page.lines[at:s.block.first], ""))
			out.WriteString(text)
			at = s.block.last
		}
	}
	out.WriteString(strings.Join(r.page.lines[at:], ""))
	return out.String()
}

// begin makes a new project the one to work on.
func (r *runner) begin(name string) error {
	if name == "root" {
		r.project, r.dir = r.Root, r.Root
		return nil
	}
	r.projects++
	r.project = filepath.Join(r.Dir, strconv.Itoa(r.projects), "project")
	r.dir = r.project
	if err := os.MkdirAll(r.project, 0o755); err != nil || name == "empty" {
		return err
	}
	if err := os.CopyFS(r.project, os.DirFS(filepath.Join(r.Root, filepath.FromSlash(name)))); err != nil {
		return err
	}
	if text, err := r.shell(commitAll + path.Base(name)); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	return nil
}

// commitAll makes a directory a Git repository; the name of the remote one follows.
const commitAll = "git init --quiet && git add --all && git commit --quiet --message=first && git remote add origin https://github.com/example/"

// do does what a block says.
func (r *runner) do(b *block) error {
	if name, ok := b.attributes["file"]; ok {
		file := filepath.Join(r.project, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		return os.WriteFile(file, []byte(r.page.text(b)), mode)
	}
	if _, ok := b.attributes["run"]; ok {
		return r.console(b)
	}
	return nil
}

// console runs the commands of a block and compares what they print.
func (r *runner) console(b *block) error {
	text := r.page.text(b)
	if !strings.HasPrefix(text, "$ ") {
		return errors.New(`a block that is run begins with "$ "`)
	}
	var out strings.Builder
	var errs []error
	for _, part := range strings.SplitAfter("\n"+text, "\n$ ")[1:] {
		part = strings.TrimSuffix(part, "$ ")
		command, want, _ := strings.Cut(part, "\n")
		for strings.HasSuffix(command, "\\") {
			more, rest, _ := strings.Cut(want, "\n")
			command, want = command+"\n"+strings.TrimPrefix(more, "> "), rest
		}
		got, err := r.command(command)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", command, err))
			continue
		}
		if !matches(got, want) {
			if !r.Update {
				errs = append(errs, fmt.Errorf("$ %s\nprints\n%sand the page says\n%s", command, got, want))
			}
			want = got
		}
		out.WriteString("$ " + strings.ReplaceAll(command, "\n", "\n> ") + "\n" + want)
	}
	if r.Update && out.String() != text {
		fence := r.page.lines[b.first-1]
		indent := fence[:len(fence)-len(strings.TrimLeft(fence, " "))]
		var indented strings.Builder
		for line := range strings.Lines(out.String()) {
			if line != "\n" {
				line = indent + line
			}
			indented.WriteString(line)
		}
		r.replaced[b] = indented.String()
	}
	return errors.Join(errs...)
}

// command runs one command and gives what it prints.
func (r *runner) command(line string) (string, error) {
	if line == "echo $?" {
		out := strconv.Itoa(r.status) + "\n"
		r.status = 0
		return out, nil
	}
	if r.status != 0 {
		status := r.status
		r.status = 0
		return "", fmt.Errorf("the command before it has the exit status %d: show it with $ echo $?", status)
	}
	if dir, ok := strings.CutPrefix(line, "cd "); ok {
		r.dir = filepath.Join(r.dir, filepath.FromSlash(dir))
		_, err := os.Stat(r.dir)
		return "", err
	}
	text, err := r.shell(line)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		r.status, err = exit.ExitCode(), nil
	}
	// Where the project lies is not the same twice.
	out := strings.ReplaceAll(text, r.project, "/project")
	if out != "" && !strings.HasSuffix(out, "\n") {
		out += "\n"
	}
	return out, err
}

// shell runs a command and gives all that it prints.
func (r *runner) shell(line string) (string, error) {
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir, cmd.Env = r.dir, append(slices.Clone(r.Env), "PWD="+r.dir)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// matches says whether lines are as they are wanted, where a line "..." stands for any number of lines.
func matches(got, want string) bool {
	return matchLines(strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n"))
}

func matchLines(got, want []string) bool {
	for i, w := range want {
		if strings.TrimSpace(w) == "..." {
			for skip := i; skip <= len(got); skip++ {
				if matchLines(got[skip:], want[i+1:]) {
					return true
				}
			}
			return false
		}
		if i >= len(got) || strings.TrimRight(got[i], " \n") != strings.TrimRight(w, " \n") {
			return false
		}
	}
	return len(got) == len(want)
}
