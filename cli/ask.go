package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/taskgraph-go/decision/cli/scaffold"
)

// isTerminal says whether somebody is there to answer.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// asker asks questions. A signal interrupts it while it waits.
type asker struct {
	ctx  context.Context
	to   io.Writer
	from *bufio.Reader
}

func newAsker(ctx context.Context, from io.Reader, to io.Writer) *asker {
	return &asker{ctx: ctx, to: to, from: bufio.NewReader(from)}
}

// errNoAnswer says that whoever was asked went away.
var errNoAnswer = usage("the input ended before all questions were answered; nothing was changed")

// line asks for one line and gives it without blanks around it.
func (q *asker) line(question string) (string, error) {
	fmt.Fprint(q.to, question)
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := q.from.ReadString('\n')
		got <- answer{text, err}
	}()
	select {
	case <-q.ctx.Done():
		fmt.Fprintln(q.to)
		return "", q.ctx.Err()
	case a := <-got:
		if a.err != nil && (a.err != io.EOF || strings.TrimSpace(a.text) == "") {
			fmt.Fprintln(q.to)
			return "", errNoAnswer
		}
		return strings.TrimSpace(a.text), nil
	}
}

// ask asks a question until the answer is good; an empty one takes the default.
func (q *asker) ask(question scaffold.Question, a *scaffold.Answers) error {
	place := question.Answer(a)
	usual := *place
	for {
		text := question.Text
		if usual != "" {
			text += " [" + usual + "]"
		}
		line, err := q.line(text + ": ")
		if err != nil {
			return err
		}
		if *place = line; line == "" {
			*place = usual
		}
		if err := question.Check(a); err != nil {
			fmt.Fprintln(q.to, err)
			continue
		}
		return nil
	}
}
