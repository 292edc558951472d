package bench

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"
)

// MainParameters is the place, in a project, of the parameters of one push that nearly all tasks run on.
const MainParameters = "params/parameters.yml"

// static is what all projects have in common, placed as it is in a project.
//
//go:embed all:tree
var static embed.FS

// generated holds the templates of what depends on the size.
//
//go:embed templates
var generated embed.FS

// templates use <% %>, because braces mean something in kinds.
var templates = template.Must(template.New("").
	Delims("<%", "%>").
	Funcs(template.FuncMap{"join": func(words []string) string { return strings.Join(words, ", ") }}).
	ParseFS(generated, "templates/*.tmpl"))

// Write writes a project whose full task graph has exactly n tasks into dir, which it makes and which should not
// hold anything else. The seed decides names, digests and how tests spread over builds, but not the [Shape]. It fails
// when n is below [MinTasks] and when a file cannot be written.
func Write(dir string, n int, seed uint64) error {
	shape, err := ShapeOf(n)
	if err != nil {
		return err
	}
	if err := writeStatic(dir); err != nil {
		return err
	}
	p := plan(shape, seed)
	if err := p.write(dir); err != nil {
		return err
	}
	return writeTemplate(dir, MainParameters, "parameters", mainPush(seed))
}

// project is what the templates and the loose files of one project are made of.
type project struct {
	fetches    []fetch
	toolchains []toolchain
	builds     []build
	suites     []suite
}

// plan decides on everything in a project.
func plan(shape Shape, seed uint64) *project {
	r := random(seed, "project")
	p := &project{}
	p.fetches = planFetches(r, shape.Fetches)
	p.toolchains = planToolchains(r, shape.Toolchains, p.fetches)
	p.builds = planBuilds(r, shape.Builds, p.fetches, p.toolchains)
	p.suites = planSuites(r, shape.Tests, p.builds, p.toolchains)
	return p
}

// write writes what depends on the size.
func (p *project) write(dir string) error {
	if err := writeTemplate(dir, "taskcluster/kinds/fetch/fetches.yml", "fetches", p.fetches); err != nil {
		return err
	}
	if err := writeTemplate(dir, "taskcluster/kinds/toolchain/toolchains.yml", "toolchains", p.toolchains); err != nil {
		return err
	}
	for _, s := range systems {
		name := "taskcluster/kinds/build/" + s.family + ".yml"
		if err := writeTemplate(dir, name, "builds", only(p.builds, func(b build) bool { return b.Family == s.family })); err != nil {
			return err
		}
	}
	for _, c := range categories {
		name := "taskcluster/kinds/test/" + c.name + ".yml"
		if err := writeTemplate(dir, name, "suites", only(p.suites, func(s suite) bool { return s.Category == c.name })); err != nil {
			return err
		}
	}
	for _, t := range p.toolchains {
		if err := writeFile(dir, t.Config, []byte(t.ConfigContent)); err != nil {
			return err
		}
	}
	return nil
}

// only gives the elements that keep accepts.
func only[T any](all []T, keep func(T) bool) []T {
	var out []T
	for _, x := range all {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

// random gives a source of numbers for one purpose, so that what one part draws does not shift another's.
func random(seed uint64, purpose string) *rand.Rand {
	var key [32]byte
	copy(key[8:], purpose)
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return rand.New(rand.NewChaCha8(key))
}

// writeStatic writes what all projects have in common.
func writeStatic(dir string) error {
	return fs.WalkDir(static, "tree", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		return writeFile(dir, strings.TrimPrefix(name, "tree/"), data)
	})
}

// writeTemplate writes a file that a template makes.
func writeTemplate(dir, name, tmpl string, data any) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, tmpl+".yml.tmpl", data); err != nil {
		return fmt.Errorf("bench: %s: %w", name, err)
	}
	return writeFile(dir, name, b.Bytes())
}

// writeFile writes a file of a project. It sets the permission bits whatever the umask, because digests of docker
// contexts cover them.
func writeFile(dir, name string, data []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if path.Ext(name) == ".sh" {
		mode = 0o755
	}
	if err := os.WriteFile(file, data, mode); err != nil {
		return err
	}
	return os.Chmod(file, mode)
}
