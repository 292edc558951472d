package jsone

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	official "github.com/json-e/json-e/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

// officialDir gives the directory of the official implementation in Go, whose module holds the specification.
func officialDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/json-e/json-e/v4").Output()
	if err != nil || len(out) == 0 {
		t.Skip("the module of the official implementation is not here")
	}
	return strings.TrimSpace(string(out))
}

const specNow = "2017-01-19T16:27:20.974Z"

// plain gives a value as encoding/json reads it, so that numbers of different kinds are equal.
func plain(t *testing.T, v value.Value) any {
	t.Helper()
	text, err := value.CompactJSON(v)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal([]byte(text), &out), text)
	return out
}

// TestSpecification runs the cases of JSON-e's specification.
func TestSpecification(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(officialDir(t), "specification.yml"))
	require.NoError(t, err)
	ran := 0
	for _, part := range strings.Split(string(text), "\n---\n") {
		doc, err := (&value.Reader{}).YAML("specification.yml", []byte(part))
		require.NoError(t, err)
		m := doc.Map()
		if m == nil || !m.Has("title") {
			continue
		}
		ran++
		context := value.MapOf("now", specNow)
		context.Update(m.At("context").Map())
		got, err := Render(m.At("template"), context, Options{})
		if m.At("error").Truthy() || m.At("panic").Truthy() {
			assert.Error(t, err, m.Str("title"))
			continue
		}
		if assert.NoError(t, err, m.Str("title")) {
			assert.Equal(t, plain(t, m.At("result")), plain(t, got), m.Str("title"))
		}
	}
	assert.Greater(t, ran, 500)
}

// TestOfficial holds templates beside the official implementation in Go, where that does what the services do.
func TestOfficial(t *testing.T) {
	context := map[string]any{"now": specNow, "a": "text", "n": 3.0, "f": 0.5, "l": []any{"x", "y", 1.0}, "o": map[string]any{"k": "v", "n": nil}, "t": true, "z": nil}
	text, err := json.Marshal(context)
	require.NoError(t, err)
	doc, err := (&value.Reader{}).JSON("context", text)
	require.NoError(t, err)
	for _, template := range []string{
		`"${a} ${n} ${f} ${t} ${z} $${a}"`, `{"$eval": "n * 2 + f ** 2 - 7 / 2"}`, `{"$eval": "-n ** 2"}`, `{"$eval": "2 ** 3 ** 2"}`, `{"$eval": "!t in l"}`,
		`{"$eval": "l[0:2] + l"}`, `{"$eval": "l[-2:]"}`, `{"$eval": "a[1:-1]"}`, `{"$eval": "o.k + o['k']"}`, `{"$eval": "o['none']"}`, `{"$eval": "o.none"}`,
		`{"$eval": "{a: 1, 'b': [n, {c: a}]}"}`, `{"$eval": "l == ['x', 'y', 1]"}`, `{"$eval": "t == 1"}`, `{"$eval": "'x' in l && 'k' in o && 'ex' in a"}`,
		`{"$eval": "l[7]"}`, `{"$eval": "min(n, f) + max(1, 2) + len(l)"}`, `{"$eval": "join(split('a-b', '-'), '+')"}`, `{"$eval": "str(n) + str(z) + str(t)"}`,
		`{"$eval": "number('1.50') + sqrt(16)"}`, `{"$eval": "typeof(l) + typeof(typeof)"}`, `{"$eval": "defined('a') && !defined('b')"}`, `{"$eval": "fromNow('2 days -')"}`,
		`{"$eval": "a +"}`, `{"$eval": "a b"}`, `{"$eval": "('"}`, `{"$eval": 3}`, `{"$eval": "len"}`, `"${l}"`, `"${a"`, `{"$unknown": 1}`, `{"$$eval": 1, "k-${n}": "${a}"}`,
		`[1, {"$if": "t", "then": 2}, {"$if": "z", "then": 3}]`, `{"a": {"$if": "z", "then": 1}, "b": 2}`, `{"$if": "t", "than": 1}`, `{"$let": {"n": "${n}"}, "in": "${n}!"}`,
		`{"$let": {"f": {"$eval": "len"}}, "in": {"$eval": "f(a)"}}`, `{"$let": {"1": 1}, "in": 2}`, `{"$let": {"x": 1}}`, `{"$merge": [{"a": 1}, {"a": 2, "b": "${a}"}]}`,
		`{"$merge": [1]}`, `{"$mergeDeep": [{"a": {"b": [1]}}, {"a": {"b": [2], "c": 3}}]}`, `{"$flatten": [1, [2, [3]]]}`, `{"$flattenDeep": [1, [2, [3, [4]]]]}`,
		`{"$reverse": [1, 2]}`, `{"$sort": [3, 1, 2]}`, `{"$sort": ["b", "a"]}`, `{"$sort": ["b", 1]}`, `{"$sort": [{"v": 2}, {"v": 1}], "by(x)": "x.v"}`,
		`{"$map": [1, 2], "each(x)": {"$eval": "x + 1"}}`, `{"$map": {"a": 1}, "each(v,k)": {"${k}k": "${v}"}}`, `{"$map": {"a": 1}, "each(p)": {"${p.key}": "${p.val}"}}`, `{"$map": [1], "every(x)": 1}`,
		`{"$reduce": [1, 2, 3], "initial": 0, "each(s,x)": {"$eval": "s + x"}}`, `{"$find": [1, 2, 3], "each(x)": "x == 2"}`, `{"$match": {"t": "yes", "z": "no"}}`,
		`{"$switch": {"t": "yes", "z": "no"}}`, `{"$switch": {"t": 1, "n": 2}}`, `{"$switch": {"z": 1, "$default": "${a}"}}`, `{"$switch": {"z": 1}}`,
		`{"$json": {"b": [1, 0.5, null], "a": "ü\n"}}`, `{"$fromNow": "1 year 2 months 3 weeks 4 days"}`, `{"$fromNow": "-1h", "from": "2020-01-01T00:00:00.000Z"}`, `{"$fromNow": "soon"}`,
		`{"$eval": "range(0, 5, 2)"}`, `{"$eval": "range(5, 0, -2)"}`, `{"$eval": "1.5e3"}`, `{"$eval": "(1"}`, `{"$eval": "[1,]"}`, `{"$eval": "{a: 1,}"}`, `{"$eval": "a.b.c"}`, `{"$eval": "-a"}`,
	} {
		tree, err := (&value.Reader{}).JSON("template", []byte(template))
		require.NoError(t, err, template)
		var anyTree any
		require.NoError(t, json.Unmarshal([]byte(template), &anyTree))
		want, wantErr := official.Render(anyTree, context)
		got, err := Render(tree, doc.Map(), Options{})
		if wantErr != nil {
			assert.Error(t, err, template)
		} else if assert.NoError(t, err, template) {
			assert.Equal(t, want, plain(t, got), template)
		}
	}
}
