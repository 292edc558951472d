package python

import (
	"embed"
	_ "embed"
	"path"
	"strings"
)

//go:embed bridge/*.py
var programs embed.FS

//go:embed bridge/bootstrap.py
var bootstrap string

// sources gives the modules of the program on the other side as a marshalled dict.
func sources() []byte {
	w := newWriter()
	w.code(codeDict)
	entries, _ := programs.ReadDir("bridge")
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".py")
		if name == "bootstrap" {
			continue
		}
		text, err := programs.ReadFile(path.Join("bridge", e.Name()))
		if err != nil {
			continue
		}
		w.str(name)
		w.str(string(text))
	}
	w.code(codeNull)
	return w.buf
}

// emptyMessage is a message without elements.
var emptyMessage = newWriter().message(0, func() {})
