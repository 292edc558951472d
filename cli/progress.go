package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// progress shows how far long work is, on a terminal only. Its zero value shows nothing.
type progress struct {
	w           io.Writer
	what        string // what is counted, such as graphs
	done, total int
}

func (a *App) progress(total int, what string) *progress {
	p := &progress{total: total, what: what}
	if f, ok := a.Stderr.(*os.File); ok && !a.quiet && term.IsTerminal(int(f.Fd())) {
		p.w = f
		p.at(0)
	}
	return p
}

func (p *progress) step() { p.at(p.done + 1) }

// of shows how much is done, where the total is only known now.
func (p *progress) of(done, total int) {
	p.total = total
	p.at(done)
}

// at shows how much is done.
func (p *progress) at(done int) {
	if p.done = done; p.w != nil {
		fmt.Fprintf(p.w, "\r%d/%d %s", p.done, p.total, p.what)
	}
}

// shown says whether anybody sees it.
func (p *progress) shown() bool { return p.w != nil }

// above is a writer of whole lines, each of which takes the place of the progress until that shows again.
func (p *progress) above() io.Writer { return aboveProgress{p.w} }

type aboveProgress struct{ w io.Writer }

func (a aboveProgress) Write(line []byte) (int, error) {
	if _, err := a.w.Write(append([]byte("\r\x1b[K"), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}

func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
