package transforms

import (
	"path"
	"slices"
	"strings"
)

// pathJoin joins as Python's posixpath does: an absolute path starts anew, an empty last one leaves a slash.
func pathJoin(dir, name string) string {
	switch {
	case strings.HasPrefix(name, "/") || dir == "":
		return name
	case strings.HasSuffix(dir, "/"):
		return dir + name
	}
	return dir + "/" + name
}

// normPath cleans as Python's posixpath does: exactly two slashes at the start stay.
func normPath(p string) string {
	if strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///") {
		return "/" + path.Clean(p)
	}
	return path.Clean(p)
}

// shellQuote makes a word literal for a POSIX shell, with single quotes where it needs any.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsAny(s, "\\\t\r\n '\"#<>&|`(){}$;*?") && !strings.HasPrefix(s, "~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func joinList(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// splitRunName takes the name of a run handler apart.
func splitRunName(name string) (using, implementation string) {
	using, implementation, _ = strings.Cut(name, " on ")
	return using, implementation
}
