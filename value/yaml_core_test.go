package value

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The core schema of YAML 1.2, where it differs from that of YAML 1.1 and where it does not.
func TestCoreSchema(t *testing.T) {
	for text, want := range map[string]string{
		"yes": `"yes"`, "on": `"on"`, "No": `"No"`, "y": `"y"`, "true": "true", "False": "false", "tRUE": `"tRUE"`,
		"~": "null", "NULL": "null", "": "null", "nULL": `"nULL"`, "'null'": `"null"`,
		"010": "10", "0o10": "8", "0x1F": "31", "-0b11": "-3", "+12": "12", "1_000": "1000", "1_": `"1_"`, "0x": `"0x"`, "1:30": `"1:30"`, "08": "8",
		"1e3": "1000.0", "1.": "1.0", ".5": "0.5", "-.5": `"-.5"`, ".inf": "Infinity", "-.INF": "-Infinity", "1e": `"1e"`, "1.5e-3": "0.0015", "190:20:30.15": `"190:20:30.15"`,
		"=": `"="`, "{=: 1}": `{"=":1}`, "{on: off}": `{"on":"off"}`, "{<<: {a: 1}, b: 2}": `{"a":1,"b":2}`, "12345678901234567890": "12345678901234567890",
		"!!bool yes": "true", "-": `[null]`, "a": `"a"`, "1.2.3": `"1.2.3"`,
	} {
		v, err := (&Reader{Core: true}).YAML("t.yml", []byte(text))
		require.NoError(t, err, text)
		got, err := CompactJSON(v)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for text, kind := range map[string]Kind{"2020-01-02": Date, "2020-01-02T03:04:05Z": Time, "2020-99-99": String} {
		v, err := (&Reader{Core: true}).YAML("t.yml", []byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, kind, v.Kind(), text)
	}
}
