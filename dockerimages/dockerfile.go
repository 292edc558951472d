package dockerimages

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/sourcetree"
)

// dockerfile is the text of a Dockerfile. It is immutable and safe for concurrent use.
type dockerfile struct {
	name    string // in the tree, as it was asked for
	text    []byte
	source  func() *diag.Source
	volumes func() ([]string, error)
}

// newDockerfile gives the Dockerfile with a text. The text is registered with the sources when the first mistake in it
// is found, so that the many without mistakes cost nothing.
func newDockerfile(name string, text []byte, sources *diag.Sources) *dockerfile {
	f := &dockerfile{name: name, text: text}
	f.source = sync.OnceValue(func() *diag.Source { return sources.Add(name, text) })
	f.volumes = sync.OnceValues(f.parseVolumes)
	return f
}

// pos gives the position of the file as a whole.
func (f *dockerfile) pos() diag.Pos { return f.source().Pos() }

// at gives the position of a byte of the text.
func (f *dockerfile) at(offset int) diag.Pos { return f.source().Offset(offset) }

// checkUTF8 reports the first byte that is not UTF-8.
func (f *dockerfile) checkUTF8() error {
	for i := 0; i < len(f.text); {
		r, n := utf8.DecodeRune(f.text[i:])
		if r == utf8.RuneError && n == 1 {
			return diag.Errorf(diag.BadImage, f.at(i), "the Dockerfile is not UTF-8: byte 0x%02x cannot stand here", f.text[i])
		}
		i += n
	}
	return nil
}

// line is one line of a Dockerfile as text: whatever ended it is a newline now, and the last line may have none.
type line struct {
	text   string
	offset int // of its first byte in the file
}

// lines splits the text as a program that reads text files portably does: at newlines, carriage returns, and both in
// a row.
func (f *dockerfile) lines() []line {
	out := make([]line, 0, bytes.Count(f.text, []byte{'\n'})+1)
	for from := 0; from < len(f.text); {
		n := bytes.IndexAny(f.text[from:], "\r\n")
		if n < 0 {
			return append(out, line{string(f.text[from:]), from})
		}
		end := from + n
		next := end + 1
		if bytes.HasPrefix(f.text[end:], []byte("\r\n")) {
			next++
		}
		out = append(out, line{string(f.text[from:end]) + "\n", from})
		from = next
	}
	return out
}

// isSpace says what the reference strips from the ends of text: white space, and the four ASCII separators.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// dockerfile gives the Dockerfile in a directory. It is read once.
func (im *Images) dockerfile(dir string) (*dockerfile, error) {
	im.mu.Lock()
	e := im.dockerfiles[dir]
	if e == nil {
		e = &dockerfileEntry{}
		im.dockerfiles[dir] = e
	}
	im.mu.Unlock()
	e.once.Do(func() { e.file, e.err = im.readDockerfile(dir) })
	return e.file, clone(e.err)
}

func (im *Images) readDockerfile(dir string) (*dockerfile, error) {
	name := path.Join(dir, "Dockerfile")
	real, info, err := sourcetree.Resolve(im.tree, name)
	var text []byte
	switch {
	case err == nil && info.Mode().IsRegular():
		text, err = fs.ReadFile(im.tree, real)
	case err == nil:
		err = errNotRegular
	}
	switch {
	case err == nil:
		return newDockerfile(name, text, im.sources), nil
	case errors.Is(err, fs.ErrNotExist):
		d := diag.Errorf(diag.BadImage, 0, "no Dockerfile for the docker image here").InFile(name)
		return nil, d.WithHint("%s", diag.DidYouMean(path.Base(dir), im.definitions(path.Dir(dir))))
	}
	return nil, diag.Errorf(diag.BadImage, 0, "the Dockerfile cannot be read: %v", reason(err)).InFile(name)
}

// definitions gives the names of the directories in a directory that have a Dockerfile.
func (im *Images) definitions(dir string) []string {
	entries, err := fs.ReadDir(im.tree, dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if _, _, err := sourcetree.Resolve(im.tree, path.Join(dir, e.Name(), "Dockerfile")); err == nil {
			out = append(out, e.Name())
		}
	}
	return out
}

// errNotRegular says that something is neither a file nor a link to one.
var errNotRegular = errors.New("not a regular file")

// reason gives what went wrong without the path that an error of the file system repeats.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
