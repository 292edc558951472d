package shell

import (
	"errors"
	"strings"
)

// Command is one simple command of a script.
type Command struct {
	// Words are the command and its arguments, without assignments before it and without redirections.
	Words []string
	// Env are the assignments before it, NAME=value.
	Env []string
	// Unknown says that a word depends on the output of another command, which is left out.
	Unknown bool
}

// ErrUnfinished says that a quote or a substitution does not end.
var ErrUnfinished = errors.New("the script ends within a quote or a substitution")

// Commands gives the commands of a script in their order. env answers for variables.
func Commands(script string, env func(name string) string) ([]Command, error) {
	p := &parser{text: script, env: env}
	for p.at < len(p.text) {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	p.endCommand()
	return p.out, nil
}

type parser struct {
	text string
	at   int
	env  func(string) string
	out  []Command
	cmd  Command
	word strings.Builder
	open bool // a word has begun, though it may be empty
	skip bool // the word is where a redirection leads
}

func (p *parser) endWord() {
	if !p.open {
		return
	}
	word := p.word.String()
	p.word.Reset()
	p.open = false
	name, _, assigns := strings.Cut(word, "=")
	switch {
	case p.skip:
		p.skip = false
	case assigns && len(p.cmd.Words) == 0 && isName(name):
		p.cmd.Env = append(p.cmd.Env, word)
	default:
		p.cmd.Words = append(p.cmd.Words, word)
	}
}

func (p *parser) endCommand() {
	p.endWord()
	p.skip = false
	if len(p.cmd.Words) > 0 {
		p.out = append(p.out, p.cmd)
	}
	p.cmd = Command{}
}

func (p *parser) add(s string) {
	p.word.WriteString(s)
	p.open = true
}

// next reads what stands at the place.
func (p *parser) next() error {
	c := p.text[p.at]
	p.at++
	switch c {
	case ' ', '\t', '\r':
		p.endWord()
	case '\n', ';', '|', '(', ')':
		p.endCommand()
	case '&':
		if p.skip && !p.open { // as in 2>&1
			p.add("&")
			return nil
		}
		p.endCommand()
	case '<', '>':
		if p.open && strings.Trim(p.word.String(), "0123456789") == "" { // the number of a file
			p.word.Reset()
			p.open = false
		}
		p.endWord()
		for p.at < len(p.text) && strings.IndexByte("<>-", p.text[p.at]) >= 0 {
			p.at++
		}
		p.skip = true
	case '#':
		if p.open {
			p.add("#")
			return nil
		}
		if i := strings.IndexByte(p.text[p.at:], '\n'); i >= 0 {
			p.at += i
		} else {
			p.at = len(p.text)
		}
	case '\\':
		if p.at < len(p.text) {
			if p.text[p.at] != '\n' {
				p.add(p.text[p.at : p.at+1])
			}
			p.at++
		}
	case '\'':
		i := strings.IndexByte(p.text[p.at:], '\'')
		if i < 0 {
			return ErrUnfinished
		}
		p.add(p.text[p.at : p.at+i])
		p.at += i + 1
	case '"':
		return p.quoted()
	case '$':
		value, err := p.variable()
		if err != nil {
			return err
		}
		p.split(value)
	case '`':
		return p.backquoted()
	default:
		p.add(string(c))
	}
	return nil
}

// split adds the value of a variable without quotes around it: it may be several words.
func (p *parser) split(value string) {
	for i, part := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }) {
		if i > 0 || strings.IndexByte(" \t\n", value[0]) >= 0 {
			p.endWord()
		}
		p.add(part)
	}
	if value != "" && strings.IndexByte(" \t\n", value[len(value)-1]) >= 0 {
		p.endWord()
	}
}

func (p *parser) quoted() error {
	p.open = true
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case '"':
			return nil
		case '\\':
			if p.at < len(p.text) && strings.IndexByte("\"\\$`\n", p.text[p.at]) >= 0 {
				if p.text[p.at] != '\n' {
					p.add(p.text[p.at : p.at+1])
				}
				p.at++
			} else {
				p.add(`\`)
			}
		case '$':
			value, err := p.variable()
			if err != nil {
				return err
			}
			p.add(value)
		case '`':
			if err := p.backquoted(); err != nil {
				return err
			}
		default:
			p.add(string(c))
		}
	}
	return ErrUnfinished
}

// backquoted leaves out a command whose output would stand here.
func (p *parser) backquoted() error {
	p.cmd.Unknown, p.open = true, true
	i := strings.IndexByte(p.text[p.at:], '`')
	if i < 0 {
		return ErrUnfinished
	}
	p.at += i + 1
	return nil
}

// variable gives the value of the variable whose name follows.
func (p *parser) variable() (string, error) {
	rest := p.text[p.at:]
	switch {
	case strings.HasPrefix(rest, "("):
		p.cmd.Unknown, p.open = true, true
		depth := 0
		quote := byte(0)
		for i := range len(rest) {
			switch c := rest[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '\'' || c == '"':
				quote = c
			case c == '(':
				depth++
			case c == ')':
				if depth--; depth == 0 {
					p.at += i + 1
					return "", nil
				}
			}
		}
		return "", ErrUnfinished
	case strings.HasPrefix(rest, "{"):
		i := strings.IndexByte(rest, '}')
		if i < 0 {
			return "", ErrUnfinished
		}
		p.at += i + 1
		name, fallback, has := strings.Cut(rest[1:i], ":-")
		if !isName(name) {
			p.cmd.Unknown = true
			return "", nil
		}
		value := p.env(name)
		if value == "" && has {
			value = fallback
		}
		return value, nil
	}
	n := 0
	for n < len(rest) && (rest[n] == '_' || rest[n] >= 'a' && rest[n] <= 'z' || rest[n] >= 'A' && rest[n] <= 'Z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	p.at += n
	if n == 0 {
		return "$", nil
	}
	return p.env(rest[:n]), nil
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
