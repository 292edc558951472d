package parameters

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
)

// The forms of a spec that name a decision task.
const (
	taskPrefix    = "task-id="
	projectPrefix = "project="
	indexPrefix   = "index="
)

// FormatSpec gives a short name for parameters, which goes into names of files and headings: that of their file
// without its ending, or the spec itself.
func FormatSpec(spec string) string {
	switch {
	case spec == "":
		return "defaults"
	case strings.HasPrefix(spec, taskPrefix), strings.HasPrefix(spec, projectPrefix), strings.HasPrefix(spec, indexPrefix):
		return spec
	}
	if u := webAddress(spec); u != nil {
		spec = u.Path
	}
	name := strings.TrimSuffix(filepath.ToSlash(spec), ".gz")
	name = name[strings.LastIndexByte(name, '/')+1:]
	if dot := strings.LastIndexByte(name, '.'); strings.Trim(name[:max(dot, 0)], ".") != "" {
		name = name[:dot]
	}
	return name
}

// webAddress gives spec as an address of http or https, nil where it is none.
func webAddress(spec string) *url.URL {
	u, err := url.Parse(spec)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil
	}
	return u
}

// Expand puts the files of a directory in the place of the directory: those that end in .yml or .json, or either
// and .gz, by name. Other specs stay as they are. Names of files are relative to dir; "" is the working directory.
func Expand(dir string, specs []string) ([]string, error) {
	var out []string
	for _, spec := range specs {
		if info, err := os.Stat(inDir(dir, spec)); spec == "" || err != nil || !info.IsDir() {
			out = append(out, spec)
			continue
		}
		entries, err := os.ReadDir(inDir(dir, spec))
		if err != nil {
			return nil, unreadable(spec, err)
		}
		before := len(out)
		for _, e := range entries {
			if format(e.Name()) != unknownFormat && !e.IsDir() {
				out = append(out, filepath.Join(spec, e.Name()))
			}
		}
		if len(out) == before {
			return nil, diag.Errorf(diag.Unreadable, 0, "there are no parameters in the directory: want files that end in .yml or .json").InFile(spec)
		}
	}
	return out, nil
}

// documentFormat is how a document of parameters is written.
type documentFormat int

const (
	unknownFormat documentFormat = iota
	yamlFormat
	jsonFormat
)

// format tells the format by the name of a file.
func format(name string) documentFormat {
	name = strings.TrimSuffix(name, ".gz")
	switch {
	case strings.HasSuffix(name, ".yml"):
		return yamlFormat
	case strings.HasSuffix(name, ".json"):
		return jsonFormat
	}
	return unknownFormat
}

// unreadable says what is wrong with a spec that leads to no document.
func unreadable(spec string, err error) *diag.Diagnostic {
	if e, ok := err.(*os.PathError); ok {
		err = e.Err
	}
	return diag.Errorf(diag.Unreadable, 0, "cannot be read: %v", err).InFile(spec)
}

// inDir gives the place of a file that is named relative to a directory.
func inDir(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// unknownSpec is for a spec that is not even the name of a file.
func unknownSpec(dir, spec string) *diag.Diagnostic {
	d := diag.Errorf(diag.Unreadable, 0, "%q is no file, and no other way to name parameters", spec)
	name, rest, assigned := strings.Cut(spec, "=")
	if !assigned {
		name, rest, assigned = strings.Cut(spec, ":")
	}
	forms := []string{"task-id", "project", "index"}
	if near := diag.Nearest(name, forms); assigned && (near != "" || slices.Contains(forms, name)) {
		if near == "" {
			near = name
		}
		return d.WithHint("did you mean %q?", near+"="+rest)
	}
	if near := nearFile(dir, spec); near != "" {
		return d.WithHint("did you mean %q?", near)
	}
	return d.WithHint("want a file that ends in .yml or .json, a directory of such, a URL, task-id=ID, project=NAME or index=PATH")
}

// nearFile gives the file in the same directory whose name is closest.
func nearFile(base, spec string) string {
	dir, name := filepath.Split(spec)
	entries, err := os.ReadDir(inDir(base, filepath.Clean(dir+".")))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if format(e.Name()) != unknownFormat {
			names = append(names, e.Name())
		}
	}
	if near := diag.Nearest(name, names); near != "" {
		return dir + near
	}
	return ""
}
