package dockerimages

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// FuzzDockerfile checks what must hold for any Dockerfile and argument: no panic, the same answer twice, either a result
// or mistakes with positions in the file, a result that is all of the text where nothing special is in it, and no path
// to include that leads out of the tree.
func FuzzDockerfile(f *testing.F) {
	for _, g := range goldens {
		for _, file := range g.files {
			if strings.HasSuffix(file.name, "/Dockerfile") {
				f.Add([]byte(file.content), "A", g.args.Str("A"))
			}
		}
	}
	f.Add([]byte("# %ARG A\n$A\n# %include $A\nVOLUME [\n"), "A", `..\g<0>\1`)
	f.Add([]byte("# %include ../x\n# %include a/../../b\r# %include /\n"), "", "")
	f.Fuzz(func(t *testing.T, text []byte, name, arg string) {
		args := value.MapOf(name, arg)
		sources := &diag.Sources{}
		df := newDockerfile("Dockerfile", text, sources)
		out, err := df.process(args, 0)
		again, err2 := newDockerfile("Dockerfile", text, sources).process(args, 0)
		if (err == nil) != (err2 == nil) || out != nil && !bytes.Equal(out.content, again.content) {
			t.Fatal("two answers")
		}
		for _, d := range diag.Sorted(diag.Flatten(err), sources) {
			if d.Where.Line < 1 || d.Where.Column < 1 || d.Code != diag.BadImage {
				t.Fatalf("no position: %v", d)
			}
		}
		if out == nil {
			if utf8.Valid(text) {
				t.Fatalf("no result: %v", err)
			}
			return
		}
		for _, inc := range out.includes {
			if inc.path == "" || strings.HasPrefix(inc.path, "/") || strings.HasPrefix(inc.path, "..") && (len(inc.path) == 2 || inc.path[2] == '/') {
				t.Fatalf("include %q", inc.path)
			}
		}
		if !bytes.Contains(text, []byte("# %")) {
			want := bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
			if err != nil || !bytes.Equal(out.content, want) {
				t.Fatalf("got %q, %v, want %q", out.content, err, want)
			}
		}
		volumes, err := df.volumes()
		for _, v := range volumes {
			if v == "" || strings.ContainsAny(v, asciiSpace) {
				t.Fatalf("volume %q", v)
			}
		}
		if err != nil && !bytes.Contains(text, []byte("VOLUME [")) && !bytes.Contains(text, []byte("[")) && utf8.Valid(text) {
			t.Fatal(err)
		}
	})
}
