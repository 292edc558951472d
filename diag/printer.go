package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Printer writes diagnostics for people: the line that editors understand, an excerpt with a caret, where
// contributing values come from, and the hint.
type Printer struct {
	W       io.Writer
	Sources *Sources // nil: no excerpts
	Max     int      // print at most this many diagnostics; 0 means all
	Verbose bool     // also what the underlying errors say
}

// Print writes all diagnostics of an error, and how many were left out.
func (p Printer) Print(err error) {
	all := Flatten(err)
	for i, d := range all {
		if p.Max > 0 && i == p.Max {
			fmt.Fprintf(p.W, "... and %d more\n", len(all)-i)
			return
		}
		p.one(d)
	}
}

func (p Printer) one(d *Diagnostic) {
	if d.Pos != 0 && d.Where.Line == 0 {
		if w := p.Sources.Position(d.Pos); w.File != "" {
			d.Where = w
		}
	}
	fmt.Fprintln(p.W, d.Error())
	if d.Where.Line > 0 && d.Pos != 0 {
		p.excerpt(d.Pos, d.Where)
	}
	for _, r := range d.Related {
		w := r.Where
		if w.File == "" {
			w = p.Sources.Position(r.Pos)
		}
		if w.File != "" {
			fmt.Fprintf(p.W, "  %s: %s\n", w, r.Message)
		} else {
			fmt.Fprintf(p.W, "  %s\n", r.Message)
		}
	}
	if n := len(d.Also); n > 0 {
		shown := d.Also[:min(n, maxAlso)]
		more := ""
		if n > len(shown) {
			more = fmt.Sprintf(" and %d more", n-len(shown))
		}
		fmt.Fprintf(p.W, "  the same for: %s%s\n", strings.Join(shown, ", "), more)
	}
	if d.Stage != "" {
		fmt.Fprintf(p.W, "  found by: %s\n", d.Stage)
	}
	if d.Hint != "" {
		fmt.Fprintf(p.W, "  hint: %s\n", d.Hint)
	}
	if p.Verbose && d.Err != nil && d.Err.Error() != d.Message {
		fmt.Fprintf(p.W, "  because: %s\n", d.Err)
	}
}

func (p Printer) excerpt(pos Pos, at Position) {
	lines := p.Sources.Lines(pos, 2)
	for i, text := range lines {
		n := at.Line - len(lines) + 1 + i
		mark := " "
		if n == at.Line {
			mark = ">"
		}
		fmt.Fprintf(p.W, " %s %5d | %s\n", mark, n, shorten(text))
	}
	if len(lines) > 0 {
		last := []rune(lines[len(lines)-1])
		if at.Column-1 <= len(last) && at.Column <= maxExcerpt {
			pad := strings.Map(func(r rune) rune {
				if r == '\t' {
					return r
				}
				return ' '
			}, string(last[:at.Column-1]))
			fmt.Fprintf(p.W, "         | %s^\n", pad)
		}
	}
}

const maxExcerpt = 160

// maxAlso is how many tasks are named that meet the same mistake.
const maxAlso = 5

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxExcerpt {
		return s
	}
	return string([]rune(s)[:maxExcerpt]) + "..."
}
