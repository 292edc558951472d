package example

import (
	"fmt"
	"strconv"
	"strings"
)

// Page is a document with examples.
type Page struct {
	lines []string // with their line ends
	steps []step
}

// step is one thing that a page asks for.
type step struct {
	line    int    // the first line of the step, counted from 1
	project string // begin this project, where it is not ""
	block   *block // or do what this block says
}

// block is a fenced block.
type block struct {
	language    string
	attributes  map[string]string
	first, last int // the lines between the fences, counted from 0; last is not part of it
}

// shown are the languages whose blocks need not be anything but text.
var shown = map[string]bool{"": true, "text": true, "mermaid": true}

// uses are the attributes that say what a block is for. A block has one of them.
var uses = []string{"file", "run", "not-run"}

// Parse reads a page.
func Parse(text string) (*Page, error) {
	p := &Page{lines: strings.SplitAfter(text, "\n")}
	for i := 0; i < len(p.lines); i++ {
		line := strings.TrimSpace(p.lines[i])
		if comment, ok := strings.CutPrefix(line, "<!-- project:"); ok {
			name, closed := strings.CutSuffix(comment, "-->")
			if !closed {
				return nil, fmt.Errorf("line %d: the comment does not end", i+1)
			}
			p.steps = append(p.steps, step{line: i + 1, project: strings.TrimSpace(name)})
			continue
		}
		info, ok := strings.CutPrefix(line, "```")
		if !ok {
			continue
		}
		b := &block{first: i + 1}
		for b.last = i + 1; b.last < len(p.lines) && strings.TrimSpace(p.lines[b.last]) != "```"; b.last++ {
		}
		if b.last == len(p.lines) {
			return nil, fmt.Errorf("line %d: the block does not end", i+1)
		}
		if err := b.describe(info); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		p.steps = append(p.steps, step{line: i + 1, block: b})
		i = b.last
	}
	return p, nil
}

// describe reads what stands behind the opening fence.
func (b *block) describe(info string) error {
	b.attributes = map[string]string{}
	b.language, info, _ = strings.Cut(strings.TrimSpace(info), " ")
	for info = strings.TrimSpace(info); info != ""; info = strings.TrimSpace(info) {
		end := strings.IndexAny(info, " =")
		if end < 0 {
			end = len(info)
		}
		name := info[:end]
		info = info[end:]
		value := ""
		if rest, ok := strings.CutPrefix(info, "="); ok {
			if quoted, err := strconv.QuotedPrefix(rest); err == nil {
				value, _ = strconv.Unquote(quoted)
				info = rest[len(quoted):]
			} else {
				value, info, _ = strings.Cut(rest, " ")
			}
		}
		b.attributes[name] = value
	}
	n := 0
	for _, use := range uses {
		if _, ok := b.attributes[use]; ok {
			n++
		}
	}
	if n != len(b.attributes) || n > 1 {
		return fmt.Errorf("a block has one of %s behind its language", strings.Join(uses, ", "))
	}
	if n == 0 && !shown[b.language] {
		return fmt.Errorf("it is not said what this %s is for: want one of %s", b.language, strings.Join(uses, ", "))
	}
	return nil
}

// text gives what stands in a block, without the indentation of the fences.
func (p *Page) text(b *block) string {
	fence := p.lines[b.first-1]
	indent := fence[:len(fence)-len(strings.TrimLeft(fence, " "))]
	var out strings.Builder
	for _, line := range p.lines[b.first:b.last] {
		out.WriteString(strings.TrimPrefix(line, indent))
	}
	return out.String()
}
