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

func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
