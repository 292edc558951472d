package filehash

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/taskgraph-go/decision/internal/glob"
)

// match gives the tracked names that match a pattern, sorted. It is worked out once for each pattern.
func (h *Hasher) match(names []string, pattern string) []string {
	h.mu.Lock()
	out, ok := h.matches[pattern]
	h.mu.Unlock()
	if ok {
		return out
	}
	compiled := glob.Compile(pattern)
	for _, name := range candidates(names, pattern) {
		if compiled.Match(name) {
			out = append(out, name)
		}
	}
	h.mu.Lock()
	h.matches[pattern] = out
	h.mu.Unlock()
	return out
}

// candidates narrows the sorted names to those that begin as the pattern does. Most patterns are the name of a file or
// begin with that of a directory, and there may be many names and many patterns.
func candidates(names []string, pattern string) []string {
	literal, _, _ := strings.Cut(pattern, "*")
	return below(names, strings.TrimSuffix(literal, "/")) // a/** matches a as well
}

// below gives the names that begin with a prefix.
func below(names []string, prefix string) []string {
	from := sort.SearchStrings(names, prefix)
	to := from + sort.Search(len(names)-from, func(i int) bool { return !strings.HasPrefix(names[from+i], prefix) })
	return names[from:to]
}

// siblings gives what stands in the deepest tracked directory on the way to a name: files, and directories without
// what they hold.
func siblings(names []string, name string) []string {
	dir := path.Dir(name)
	for dir != "." && dir != "/" && len(below(names, dir+"/")) == 0 {
		dir = path.Dir(dir)
	}
	prefix := ""
	if dir != "." && dir != "/" {
		prefix = dir + "/"
	}
	var out []string
	for _, n := range below(names, prefix) {
		first, _, _ := strings.Cut(n[len(prefix):], "/")
		out = append(out, prefix+first)
	}
	return slices.Compact(out)
}
