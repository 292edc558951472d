package docs

import (
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// plain gives a page without its fenced blocks and comments.
func plain(text string) string {
	var out strings.Builder
	fenced := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if !fenced {
			out.WriteString(line)
		}
	}
	return comment.ReplaceAllString(out.String(), "")
}

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// links gives the targets of the links of a page.
func links(text string) []string {
	var out []string
	for _, m := range link.FindAllStringSubmatch(plain(text), -1) {
		out = append(out, m[1])
	}
	return out
}

// headings gives the titles of the sections of a page.
func headings(text string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(plain(text), -1) {
		out = append(out, m[1])
	}
	return out
}

// anchors gives what links to sections of a page may name.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, h := range headings(text) {
		out[anchor(h)] = true
	}
	return out
}

// anchor gives the name of a section in links, as the usual renderers make it.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// goEnv gives a setting of the go command.
func goEnv(name string) string { return goSettings()[name] }

var goSettings = sync.OnceValue(func() map[string]string {
	names := []string{"GOROOT", "GOCACHE", "GOMODCACHE", "GOPATH"}
	text, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if i < len(names) {
			out[names[i]] = strings.TrimSpace(line)
		}
	}
	return out
})
