package scaffold

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template"
)

//go:embed all:template
var templates embed.FS

// File is a file to write.
type File struct {
	// Name is relative to the repository's root, with slashes.
	Name string
	Mode fs.FileMode
	Text []byte
}

// Files gives the files for answers, in the order of their names. It fails where an answer is not as it should be.
func Files(a Answers) ([]File, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	var files []File
	err := fs.WalkDir(templates, "template", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f := File{Name: strings.TrimPrefix(name, "template/"), Mode: 0o644}
		switch path.Ext(name) {
		case ".star":
			if !a.Starlark {
				return nil
			}
		case ".sh":
			f.Mode = 0o755
		}
		text, err := templates.ReadFile(name)
		if err != nil {
			return err
		}
		if f.Text, err = render(name, string(text), &a); err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// render fills a template in.
func render(name, text string, a *Answers) ([]byte, error) {
	t, err := template.New(name).Delims("[[", "]]").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("scaffold: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, a); err != nil {
		return nil, fmt.Errorf("scaffold: %w", err)
	}
	return out.Bytes(), nil
}

// StarlarkTransform is the name under which kinds of the template use code in Starlark, where that is possible.
const StarlarkTransform = "./transforms/checks.star:commands"

// Tree gives the files as a tree that can be opened as a project before it is written. An archive in memory is the least that
// the standard library has for this.
func Tree(files []File) (fs.FS, error) {
	var text bytes.Buffer
	w := zip.NewWriter(&text)
	for _, f := range files {
		entry, err := w.Create(f.Name)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.Text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(text.Bytes()), int64(text.Len()))
}
