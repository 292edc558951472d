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
	done, total int
}

func (a *App) progress(total int) *progress {
	p := &progress{total: total}
	if f, ok := a.Stderr.(*os.File); ok && !a.quiet && term.IsTerminal(int(f.Fd())) {
		p.w = f
		fmt.Fprintf(p.w, "0/%d graphs", total)
	}
	return p
}

func (p *progress) step() {
	p.done++
	if p.w != nil {
		fmt.Fprintf(p.w, "\r%d/%d graphs", p.done, p.total)
	}
}

func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
