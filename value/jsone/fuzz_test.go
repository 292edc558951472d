package jsone

import (
	"encoding/json"
	"testing"

	official "github.com/json-e/json-e/v4"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// FuzzExpression evaluates expressions. Nothing makes it panic, the same comes out twice, and what the official
// implementation takes without panicking gives the same, but for what that is known to do otherwise.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{"a + 'x'", "l[1:]", "-n ** 2", "o.k == o['k']", "!t || n in l", "{a: [1, {b: l}]}", "join(l, ',')", "(1", "fromNow('1 day')", "a[0:-1]", "1 < 2 == t", "range(0, n)", "str(n / 3)"} {
		f.Add(s)
	}
	context := map[string]any{"now": specNow, "a": "text", "n": 3.0, "l": []any{"x", 1.0, nil}, "o": map[string]any{"k": "v"}, "t": true}
	text, _ := json.Marshal(context)
	doc, err := (&value.Reader{}).JSON("context", text)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		if len(expression) > 200 {
			return
		}
		o := Options{Sources: &diag.Sources{}, Limits: Limits{Steps: 20_000, Weight: 5_000, Text: 50_000}}
		template := value.MapOf("$eval", expression).Value()
		got, err := Render(template, doc.Map(), o)
		again, errAgain := Render(template, doc.Map(), o)
		if (err == nil) != (errAgain == nil) || err == nil && !value.Equal(got, again) {
			t.Fatalf("%q differs from itself", expression)
		}
		if err != nil {
			return
		}
		want, ok := byOfficial(expression, context)
		if !ok {
			return
		}
		ours, err := value.CompactJSON(got)
		if err != nil {
			return // an infinity
		}
		theirs, err := json.Marshal(filled(want))
		if err != nil {
			return
		}
		var a, b any
		if json.Unmarshal([]byte(ours), &a) != nil || json.Unmarshal(theirs, &b) != nil {
			return
		}
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if string(x) != string(y) {
			t.Fatalf("%q gives %s, and %s by the official implementation", expression, x, y)
		}
	})
}

// filled puts empty lists where the official implementation has none at all, and 0 for its negative one, which JSON does
// not have in JavaScript.
func filled(v any) any {
	switch v := v.(type) {
	case float64:
		return v + 0
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = filled(item)
		}
		return out
	case map[string]any:
		for k, item := range v {
			v[k] = filled(item)
		}
	}
	return v
}

// byOfficial asks the official implementation, which panics now and then.
func byOfficial(expression string, context map[string]any) (out any, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	out, err := official.Render(map[string]any{"$eval": expression}, context)
	return out, err == nil
}

// FuzzTemplate renders documents. Nothing makes it panic or run on.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"{$if: t, then: 1}", "{$let: {x: [1]}, in: {$map: {$eval: x}, 'each(y)': '${y}'}}", "{$switch: {t: 1, $default: 2}}", "{$sort: [b, a]}", "{$json: {a: 1}}", "{$fromNow: 1 day}",
		"{$reduce: [1, 2], initial: 0, 'each(a,b)': {$eval: a + b}}", "{$merge: [{a: 1}]}", "{$mergeDeep: [{a: [1]}, {a: [2]}]}", "{$find: [1], 'each(x)': t}", "{$match: {t: 1}}", "'$${a} ${a}'", "{$$a: {'${a}': 1}}",
		"{$flattenDeep: [[[1]]]}", "{$reverse: [1, 2]}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sources := &diag.Sources{}
		doc, err := (&value.Reader{Sources: sources, Core: true, Limits: value.Limits{Bytes: 2000}}).YAML("t", []byte(text))
		if err != nil {
			return
		}
		_, _ = Render(doc, value.MapOf("a", "text", "t", true, "now", specNow), Options{Sources: sources, Limits: Limits{Steps: 20_000, Weight: 5_000, Text: 50_000}})
	})
}
