package diag

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSorted(t *testing.T) {
	var sources Sources
	b := sources.Add("b.yml", []byte("one\ntwo\nthree\n"))
	a := sources.Add("a.yml", []byte("one\n"))
	about := func(d *Diagnostic, kind, label string) *Diagnostic {
		d.Kind, d.Label = kind, label
		return d
	}
	var list List
	list.Add(Errorf(WrongType, b.At(2, 1), "second"))
	list.Add(about(Errorf(WrongType, b.At(1, 1), "want x"), "k", "k-two"))
	list.Add(about(Errorf(BadParameters, a.At(1, 2), "not there"), "k", ""))
	list.Add(about(Errorf(WrongType, b.At(1, 1), "want x"), "k", "k-one"))
	list.Add(about(Errorf(UnknownField, b.At(1, 1), "an unknown field"), "k", "k-one"))
	list.Add(about(Errorf(BadParameters, a.At(1, 2), "not there"), "l", ""))
	list.Add(about(Errorf(WrongType, b.At(1, 1), "want x"), "k", "k-one"))
	list.Add(about(Errorf(WrongType, b.At(1, 1), "want x"), "k", "k-three"))
	list.Add(about(Errorf(WrongType, 0, "nowhere"), "k", "k-two"))
	list.Add(about(Errorf(WrongType, 0, "nowhere"), "k", "k-one"))
	list.Add(about(Errorf(WrongType, 0, "nowhere"), "k", "k-one"))
	list.Add(Errorf(BadTask, 0, "in a file").InFile("b.yml"))
	list.Add(about(Errorf(BadParameters, 0, "not there"), "k", "").InFile("parameters.yml"))
	list.Add(about(Errorf(BadParameters, 0, "not there"), "l", "").InFile("parameters.yml"))
	err := list.Err(&sources)
	want := strings.Join([]string{
		"k-one: nowhere (TG1101)",
		"k-two: nowhere (TG1101)",
		"a.yml:1:2: not there (TG1201)",
		"b.yml: in a file (TG3018)",
		"b.yml:1:1: k-one: an unknown field (TG1102)",
		"b.yml:1:1: k-one: want x (TG1101)",
		"b.yml:2:1: second (TG1101)",
		"parameters.yml: not there (TG1201)",
	}, "\n")
	assert.EqualError(t, err, want)
	assert.Equal(t, []string{"k-three", "k-two"}, Flatten(err)[5].Also)

	// What was put in order once stays so, and takes what another phase has to say.
	var again List
	again.Add(about(Errorf(WrongType, b.At(1, 1), "want x"), "k", "k-four"))
	again.Add(err)
	err = again.Err(&sources)
	assert.Len(t, Flatten(err), 8)
	assert.Equal(t, "k-four", Flatten(err)[5].Label)
	assert.Equal(t, []string{"k-one", "k-three", "k-two"}, Flatten(err)[5].Also)

	var text strings.Builder
	Printer{W: &text, Sources: &sources}.Print(Flatten(err)[5])
	assert.Equal(t, "b.yml:1:1: k-four: want x (TG1101)\n >     1 | one\n         | ^\n  the same for: k-one, k-three, k-two\n", text.String())
}
