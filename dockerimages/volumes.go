package dockerimages

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taskgraph-go/decision/diag"
)

// asciiSpace is what separates volumes.
const asciiSpace = " \t\n\r\v\f"

// Volumes gives the volumes that the Dockerfile in a directory of the tree declares, sorted, each once.
//
// As in the reference this is not quite how docker reads the file: the word VOLUME is in capitals and a space follows it
// (a tab does not do), quotes and backslashes are part of the names, no argument is put in, lines are not continued, and
// lists in brackets are an error. The result is shared and read-only.
func (im *Images) Volumes(dir string) ([]string, error) {
	f, err := im.dockerfile(path.Clean(dir))
	if err != nil {
		return nil, err
	}
	volumes, err := f.volumes()
	return volumes, clone(err)
}

// parseVolumes finds the volumes; a dockerfile remembers them.
func (f *dockerfile) parseVolumes() ([]string, error) {
	var out []string
	var errs diag.List
	offset := 0
	for raw := range bytes.Lines(f.text) {
		rest, ok := bytes.CutPrefix(bytes.Trim(raw, asciiSpace), []byte("VOLUME "))
		if ok {
			rest = bytes.TrimLeft(rest, asciiSpace)
			at := offset + len(bytes.TrimRight(raw, asciiSpace)) - len(rest)
			switch {
			case rest[0] == '[':
				errs.Add(diag.Errorf(diag.BadImage, f.at(at), "cannot read a VOLUME in the form of a list").
					WithHint("write each volume without brackets, quotes and commas, as in: VOLUME /one /two"))
			case !utf8.Valid(rest):
				errs.Add(diag.Errorf(diag.BadImage, f.at(at), "the VOLUME is not UTF-8"))
			default:
				for _, v := range bytes.FieldsFunc(rest, isASCIISpace) {
					out = append(out, string(v))
				}
			}
		}
		offset += len(raw)
	}
	slices.Sort(out)
	return slices.Compact(out), errs.Err(nil)
}

func isASCIISpace(r rune) bool { return strings.ContainsRune(asciiSpace, r) }
