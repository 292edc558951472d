package python

import (
	"math"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

// samples are values of every kind.
func samples() map[string]value.Value {
	zone := time.FixedZone("", 5400)
	keys := value.NewMap(0)
	for _, k := range []value.Value{value.NewInt(1), value.NewFloat(2.5), value.NewBool(true).At(0), value.Value{}, value.NewString("s"), value.NewBytes([]byte{0}), value.NewDate(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))} {
		keys.SetKey(k, value.NewString("v"))
	}
	huge, _ := new(big.Int).SetString("-123456789012345678901234567890123456789", 10)
	deep := value.NewInt(1)
	for range 200 {
		deep = value.NewList(value.MapOf("k", deep).Value()).Value()
	}
	set := value.NewMap(0)
	set.Set("b", value.Value{})
	set.SetKey(value.NewInt(3), value.Value{})
	return map[string]value.Value{
		"null": {}, "true": value.NewBool(true), "false": value.NewBool(false),
		"zero": value.NewInt(0), "negative": value.NewInt(-1), "int32": value.NewInt(math.MaxInt32), "int64": value.NewInt(math.MinInt64), "huge": value.NewBigInt(huge),
		"float": value.NewFloat(0.1), "whole float": value.NewFloat(1), "negative zero": value.NewFloat(math.Copysign(0, -1)),
		"inf": value.NewFloat(math.Inf(1)), "minus inf": value.NewFloat(math.Inf(-1)), "nan": value.NewFloat(math.NaN()),
		"empty": value.NewString(""), "ascii": value.NewString("a\x00b\n"), "long": value.NewString(strings.Repeat("x", 70000)),
		"unicode": value.NewString("ä€𝄞\u2028"), "lone surrogate": value.NewString("a\xed\xa0\x80b"), "bytes": value.NewBytes([]byte{0, 255}),
		"date": value.NewDate(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)), "time": value.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)),
		"zoned time": value.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, zone)), "keys": keys.Value(), "deep": deep, "set": value.NewSet(set),
		"order": value.MapOf("z", 1, "a", 2, "m", value.MapOf("y", 1, "x", 2)).Value(), "object": object(7, "own.Thing"),
	}
}

// same says whether values are equal, of the same kinds and in the same order.
func same(a, b value.Value) bool {
	return value.PyRepr(a) == value.PyRepr(b) && a.Kind() == b.Kind()
}

func TestMarshalSelf(t *testing.T) {
	for name, v := range samples() {
		if name == "set" { // Python gives sets in an order of its own
			continue
		}
		w := newWriter()
		text := w.message(1, func() { w.element(); w.value(v) })
		if name == "object" {
			continue // goes as a number alone
		}
		got, err := readMessage(text)
		if name == "keys" || name == "date" || name == "time" || name == "zoned time" {
			got, err = readMessage(text)
		}
		require.NoError(t, err, name)
		assert.True(t, same(v, got.List().At(0)), "%s: %s", name, value.PyRepr(got))
	}
}

// TestMarshalPython sends every kind of value to Python, where its type is looked at, and back.
func TestMarshalPython(t *testing.T) {
	program, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	w := newWriter()
	var names []string
	all := samples()
	delete(all, "object")
	text := w.message(len(all), func() {
		for name, v := range all {
			names = append(names, name)
			w.element()
			w.value(v)
		}
	})
	dir := t.TempDir()
	source, err := programs.ReadFile("bridge/values.py")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/values.py", source, 0o644))
	cmd := exec.Command(program, "-B", "-c", `
import sys, values
data = sys.stdin.buffer.read()
objects = values.Objects()
message = values.unpack(data, objects)
sys.stdout.buffer.write(values.pack([message, [repr(v) if len(repr(v)) < 10000 else "" for v in message]], objects))
`)
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, strings.NewReader(string(text)), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	back, err := readMessage(out)
	require.NoError(t, err)
	for i, name := range names {
		v, got, repr := all[name], back.List().At(0).List().At(i), back.List().At(1).List().At(i).Str()
		if name == "set" {
			assert.True(t, value.Equal(v, got), name)
			continue
		}
		assert.True(t, same(v, got), "%s: %s", name, value.PyRepr(got))
		if repr != "" && name != "lone surrogate" && name != "unicode" {
			assert.Equal(t, value.PyRepr(v), repr, name)
		}
	}
}

// TestSurrogateEscape sees what Python makes of a string that is no UTF-8, such as the name of a file.
func TestSurrogateEscape(t *testing.T) {
	assert.Equal(t, "a\xed\xb3\xbfb", surrogates("a\xffb"))
	assert.Equal(t, "\xed\xb2\x80\xed\xa0\x80ä", surrogates("\x80\xed\xa0\x80ä"))
}

func TestDamagedMessages(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", "damaged"},
		"cut string":          {"z\x05ab", "damaged"},
		"cut int":             {"i\x01\x00", "damaged"},
		"cut float":           {"g\x01\x00", "damaged"},
		"list of 2 GB":        {"[\xff\xff\xff\x7f", "damaged"},
		"list of 4 GB":        {"[\xff\xff\xff\xff", "damaged"},
		"string of 4 GB":      {"u\xff\xff\xff\xff", "damaged"},
		"integer of 2 GB":     {"l\xff\xff\xff\x7f", "damaged"},
		"integer of -4 GB":    {"l\x00\x00\x00\x80", "damaged"},
		"map without end":     {"{z\x01aN", "damaged"},
		"key that is a list":  {"{[\x00\x00\x00\x00N0", "which a task cannot hold"},
		"code":                {"c", "type that a task cannot hold"},
		"complex":             {"y", "type that a task cannot hold"},
		"unknown reference":   {"r\x00\x00\x00\x00", "damaged"},
		"contains itself":     {"\xdb\x01\x00\x00\x00r\x00\x00\x00\x00", "contains itself"},
		"deep":                {strings.Repeat("[\x01\x00\x00\x00", 600) + "N", "levels deep"},
		"not a pair":          {"[\x01\x00\x00\x00N", "damaged"},
		"fix of a bad path":   {fixed1("z\x01x"), "damaged"},
		"fix of a far place":  {fixed1("i\x05\x00\x00\x00"), "damaged"},
		"fix that is no list": {"[\x02\x00\x00\x00N[\x01\x00\x00\x00N", "damaged"},
	} {
		_, err := readMessage([]byte(c.text))
		assert.ErrorContains(t, err, c.want, name)
	}
}

// fixed1 gives a message of an empty list with a fix at a step.
func fixed1(step string) string {
	return "[\x02\x00\x00\x00[\x00\x00\x00\x00[\x01\x00\x00\x00[\x03\x00\x00\x00[\x01\x00\x00\x00" + step + "z\x01dz\x012"
}

// TestShared sees that what Python shared is shared here, and can be changed in one place alone.
func TestShared(t *testing.T) {
	// [{"a": 1}, the same]
	text := "[\x02\x00\x00\x00[\x02\x00\x00\x00\xfbz\x01ai\x01\x00\x00\x000r\x00\x00\x00\x00N"
	v, err := readMessage([]byte(text))
	require.NoError(t, err)
	l := v.List().Copy()
	l.EditMap(0).Set("a", value.NewInt(2))
	assert.Equal(t, `[{"a":2},{"a":1}]`, json(t, l.Value()))
}

func FuzzReadMessage(f *testing.F) {
	w := newWriter()
	f.Add(w.message(1, func() { w.element(); w.value(samples()["keys"]) }))
	f.Add([]byte("[\x02\x00\x00\x00\xfbz\x01ai\x01\x00\x00\x000r\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := readMessage(text)
		if err != nil {
			return
		}
		// What can be read can be written, and is the same then.
		w := newWriter()
		again, err := readMessage(w.message(1, func() { w.element(); w.value(v) }))
		if err != nil || value.PyRepr(again.List().At(0)) != value.PyRepr(v) {
			if !strings.Contains(value.PyRepr(v), "set") && !strings.Contains(value.PyRepr(v), `x00python`) && !strings.Contains(value.PyRepr(v), `udc`) && !strings.Contains(value.PyRepr(v), "{") {
				t.Fatalf("%q: %v, %s", text, err, value.PyRepr(v))
			}
		}
	})
}
