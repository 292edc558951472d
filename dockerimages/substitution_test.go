package dockerimages

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestApply(t *testing.T) {
	for _, c := range []struct{ needle, line, want string }{
		{"$A", "$A", "x"},
		{"$A", "$A $AB $A_ $A1 $A-$A", "x $AB $A_ $A1 x-x"},
		{"$A", "$$A", "$x"},
		{"$A", "$Aé $A² $A\u0301 $A…", "$Aé $A² x\u0301 x…"},
		{"$A-", "$A- $A-b $A-", "$A- xb $A-"},
		{"$", "$ $a $$a", "$ xa $xa"},
		{"$$", "$$$a", "$xa"},
		{"$A", "a", "a"},
	} {
		s := &substitution{needle: c.needle, text: "x"}
		got, used := s.apply(c.line)
		assert.Equal(t, c.want, got, c.line)
		assert.Equal(t, c.want != c.line, used, c.line)
	}
}

func TestExpand(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{text: "", want: ""},
		{text: "plain $A é", want: "plain $A é"},
		{text: `\a\b\f\n\r\t\v\\`, want: "\a\b\f\n\r\t\v\\"},
		{text: `a\nb\nc`, want: "a\nb\nc"},
		{text: `\.\-\ \$\é\"`, want: `\.\-\ \$\é\"`},
		{text: `\g<0>\g<00>`, want: "$A$A"},
		{text: `\0\00\000\0000\08`, want: "\x00\x00\x00\x000\x008"},
		{text: `\101\1018\377`, want: "AA8ÿ"},
		{text: `\070\0777`, want: "8?7"},
		{text: `\1`, err: `\1 refers to a group, and there is none`},
		{text: `\12`, err: `\12 refers to a group, and there is none`},
		{text: `\128`, err: `\12 refers to a group, and there is none`},
		{text: `\81x`, err: `\81 refers to a group, and there is none`},
		{text: `\400`, err: `the octal escape \400 is beyond \377`},
		{text: `\q`, err: `unknown escape \q`},
		{text: `C:\Users`, err: `unknown escape \U`},
		{text: `\x41`, err: `unknown escape \x`},
		{text: `a\`, err: "it ends with a backslash"},
		{text: `\\\`, err: "it ends with a backslash"},
		{text: `\g`, err: `\g needs a < after it`},
		{text: `\gx`, err: `\g needs a < after it`},
		{text: `\g<0`, err: `\g< has no > after it`},
		{text: `\g<>`, err: `\g<> names no group`},
		{text: `\g<1>`, err: `\g<1> refers to a group that is not there`},
		{text: `\g<name>`, err: `\g<name> refers to a group that is not there`},
	} {
		got, err := expand(c.text, "$A")
		if c.err != "" {
			assert.EqualError(t, err, c.err, c.text)
			continue
		}
		assert.NoError(t, err, c.text)
		assert.Equal(t, c.want, got, c.text)
	}
}
