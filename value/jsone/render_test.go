package jsone

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// render reads a template and a context, both YAML, and renders.
func render(t *testing.T, template, context string, o Options) (value.Value, error) {
	t.Helper()
	o.Sources = &diag.Sources{}
	tree, err := (&value.Reader{Sources: o.Sources}).YAML("t.yml", []byte(template))
	require.NoError(t, err)
	vars, err := (&value.Reader{}).YAML("context", []byte(context))
	require.NoError(t, err)
	return Render(tree, vars.Map(), o)
}

// What the services do and the official implementation in Go does not.
func TestLikeJavaScript(t *testing.T) {
	for template, want := range map[string]string{
		`$json: {b: "a <b>&é\u2028", a: 1.0}`:                                                   `"{\"a\":1,\"b\":\"a <b>&\u00e9\u2028\"}"`,
		`$json: [1.0e+21, 1.0e-7, 0.000001, 123456789012345680000.0, -0.0]`:                     `"[1e+21,1e-7,0.000001,123456789012345680000,0]"`,
		`{$sort: [{k: 1, n: a}, {k: 0, n: b}, {k: 1, n: c}, {k: 0, n: d}], "by(x)": x.k}`:       `[{"k":0,"n":"b"},{"k":0,"n":"d"},{"k":1,"n":"a"},{"k":1,"n":"c"}]`,
		`{$map: {b: 1, a: 2, c: 3}, "each(v,k)": {x: "${k}", "${k}": 1}}`:                       `{"a":1,"b":1,"c":1,"x":"c"}`,
		`{$fromNow: 1 day, from: "2020-02-28T00:00:00Z"}`:                                       `"2020-02-29T00:00:00.000Z"`,
		`{$fromNow: "", from: "2020-02-28"}`:                                                    `"2020-02-28T00:00:00.000Z"`,
		`{$map: [], "each(x)": 1}`:                                                              `[]`,
		`{$eval: "1e3 == 1"}`:                                                                   ``,
		`"${1/3} ${2**70} ${10**-7}"`:                                                           `"0.3333333333333333 1.1805916207174113e+21 1e-7"`,
		`{a: [{$eval: "2**5000"}, 1], b: {$eval: "{c: -2**5000, d: 1}"}}`:                       `{"a":[null,1],"b":{"c":null,"d":1}}`,
		`{$eval: "'ä€😀'[1:]"}`:                                                                  `"\u20ac\ud83d\ude00"`,
		`{$let: {a: 1}, in: {$let: {a: 2, b: {$eval: a}}, in: "${a}${b}"}}`:                     `"21"`,
		`{"b${n}": 1, "$$x": {$if: z, then: 1}, c: {$if: z, then: 1, else: {$eval: "[n, z]"}}}`: `{"b1":1,"c":[1,null]}`,
	} {
		got, err := render(t, template, "{n: 1, z: null}", Options{})
		if want == "" {
			assert.Error(t, err, template)
			continue
		}
		if assert.NoError(t, err, template) {
			text, err := value.SortedJSON(got)
			require.NoError(t, err)
			assert.Equal(t, want, text, template)
		}
	}
}

// Every mistake has the place of what is wrong, and all that do not follow from another are reported.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{"a: ${nam}", `t.yml:1:6: a: unknown variable "nam" (TG1401)`},
		{"a: 'x ${name.firts}'", `t.yml:1:14: a: the object has no property "firts" (TG1401)`},
		{"a:\n  - {$eval: 'name.first + 1'}", `t.yml:2:25: a[0].$eval: + wants two numbers or two strings, got "Ada" and 1 (TG1401)`},
		{"a: {$eval: 'name['}", `t.yml:1:18: a.$eval: want a value, got the end, in the expression "name[" (TG1401)`},
		{"a: ${name}\nb: ${1 +}", "t.yml:1:6: a: a map cannot be put into a string (TG1401)\n" + `t.yml:2:9: b: want a value, got } in the expression "1 +" (TG1401)`},
		{"$if: 'nam'\nthen: 1\nels: 2", `t.yml:3:1: $if: "els" cannot stand beside $if (TG1401)`},
		{"$if: {a: 1}\nthen: 1", `t.yml:1:6: $if: the condition of $if is an expression, which is a string, got a map (TG1401)`},
		{"$evla: 1", `t.yml:1:1: unknown operator "$evla" (TG1401)`},
		{"$eval: 1\n$if: 'x'", `t.yml:2:1: a map can have one operator only, and this one has $eval and $if (TG1401)`},
		{"$switch:\n  'true': 1\n  '1 == 1': 2", "t.yml:2:3: $switch: two conditions of a $switch hold: \"1 == 1\" and \"true\" (TG1401)"},
		{"$map: 3\neach(x): 1", `t.yml:1:7: $map: $map wants a list or a map, got 3 (TG1401)`},
		{"$map: [1]\neach: 1", `t.yml:2:1: $map: $map needs a field each(x) or each(x,i), and has nothing else beside it (TG1401)`},
		{"$map: [1, 2]\neach(x): ${x.y}", `t.yml:2:14: $map.each(x): 1 has no property "y" (TG1401)`},
		{"$let: {a-b: 1}\nin: 1", `t.yml:1:8: $let: "a-b" cannot be the name of a variable (TG1401)`},
		{"$let: {a: 1}", `t.yml:1:7: $let: $let needs a field "in" (TG1401)`},
		{"$fromNow: soon", `t.yml:1:11: $fromNow: "soon" is no duration; want one such as "2 days 3 hours" (TG1401)`},
		{"$merge: [{a: 1}, 2]", `t.yml:1:18: $merge: $merge wants maps, got 2 (TG1401)`},
		{"$sort: [1, a]", `t.yml:1:8: $sort: $sort wants numbers only or strings only, got 1 and "a" (TG1401)`},
		{"a: {$eval: min}", "the template renders to a function"},
		{"a: ${min()} ${len(3)} ${name()}", "t.yml:1:6: a: min: want at least 1 arguments, got 0 (TG1401)\nt.yml:1:15: a: len: want a list or a string, got 3 (TG1401)\nt.yml:1:25: a: a map cannot be called (TG1401)"},
		{"a: |\n  first\n  ${nix}\n", `t.yml:1:4: a: unknown variable "nix" (TG1401)`},
		{"a: 2020-01-01", `t.yml:1:4: a: a date has no form in JSON; quote it (TG1401)`},
		{"a: ${1/0}", `t.yml:1:7: a: division by zero (TG1401)`},
		{"a: ${'x}", `t.yml:1:6: a: a string without its end in the expression "'x" (TG1401)`},
		{"a: \"${'x' # 'y'}\"", `t.yml:1:11: a: unexpected # in the expression "'x' # 'y'" (TG1401)`},
	} {
		got, err := render(t, c.template, "{name: {first: Ada}}", Options{})
		require.Error(t, err, "%s\n%v", c.template, got)
		assert.Contains(t, err.Error(), c.want, c.template)
	}
	_, err := render(t, "a: ${event.pusher.emial}", "{event: {pusher: {email: x}}}", Options{})
	assert.Equal(t, `did you mean "email"? valid: email`, diag.Flatten(err)[0].Hint)
}

func TestPositions(t *testing.T) {
	sources := &diag.Sources{}
	tree, err := (&value.Reader{Sources: sources}).YAML("t.yml", []byte("a: ${x}\nb:\n  $if: 'true'\n  then: [1,\n    {c: {$eval: l}}]\n"))
	require.NoError(t, err)
	got, err := Render(tree, value.MapOf("x", 1, "l", []string{"e"}), Options{Sources: sources})
	require.NoError(t, err)
	at := func(v value.Value) string { return sources.Position(v.Pos()).String() }
	assert.Equal(t, "t.yml:1:4", at(got.Map().At("a")))
	b := got.Map().At("b").List()
	assert.Equal(t, "t.yml:4:9", at(got.Map().At("b")))
	assert.Equal(t, "t.yml:5:17", at(b.At(1).Map().At("c")), "what comes from the context has the place that asked for it")
	assert.Equal(t, "t.yml:5:6", sources.Position(b.At(1).Map().KeyPos("c")).String())
}

func TestFunctions(t *testing.T) {
	calls := 0
	o := Options{Functions: map[string]Function{"twice": func(args []value.Value) (value.Value, error) {
		calls++
		if len(args) != 1 || !args[0].IsString() {
			return value.Value{}, errors.New("want a string")
		}
		return value.NewString(args[0].Str() + args[0].Str()), nil
	}}}
	got, err := render(t, `a: ${twice("x")}`, "{}", o)
	require.NoError(t, err)
	assert.Equal(t, "xx", got.Map().Str("a"))
	_, err = render(t, `a: ${twice(1)}`, "{}", o)
	assert.ErrorContains(t, err, "t.yml:1:6: a: twice: want a string (TG1401)")
	assert.Equal(t, 2, calls)
	_, err = Render(value.NewString(""), value.MapOf("a-b", 1), Options{})
	assert.ErrorContains(t, err, "is no identifier")
}

// Templates that would run or grow without end are refused within a second.
func TestBombs(t *testing.T) {
	lines := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i, i+1)
		}
		return b.String()
	}
	nested := func(open, middle, closing string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(closing, n)
	}
	for name, template := range map[string]string{
		"text doubled":       nested(`{$let: {x: "${x}${x}"}, in: `, `"${x}"`, "}", 60),
		"text added":         nested(`{$let: {x: {$eval: "x+x+x+x+x+x+x+x"}}, in: `, `"${x}"`, "}", 60),
		"lists doubled":      nested(`{$let: {x: {$eval: "[x,x]"}}, in: `, `{$eval: x}`, "}", 60),
		"lists in templates": nested(`{$let: {x: [{$eval: x}, {$eval: x}, {$eval: x}]}, in: `, `{$eval: x}`, "}", 60),
		"objects doubled":    nested(`{$let: {x: {$eval: "{a: x, b: x}"}}, in: `, `{$json: {$eval: x}}`, "}", 60),
		"merged":             nested(`{$let: {x: {$mergeDeep: [{a: [{$eval: x}]}, {a: [{$eval: x}]}]}}, in: `, `{$eval: x}`, "}", 60),
		"range":              `{$eval: "range(0, 1000000000000)"}`,
		"range of ranges":    `{$map: {$eval: "range(0, 100000)"}, each(x): {$eval: "range(0, 100000)"}}`,
		"maps in maps":       nested(`{$map: {$eval: "range(0, 1000)"}, "each(x)": `, "1", "}", 6),
		"reduce":             `{$reduce: {$eval: "range(0, 100000)"}, initial: [], "each(a,x)": {$eval: "[a, a]"}}`,
		"deep":               nested("[", "1", "]", 300),
		"deep by reduce":     `{$reduce: {$eval: "range(0, 100000)"}, initial: [], "each(a,x)": {$eval: "[a]"}}`,
		"deep expression":    `{$eval: "` + nested("(", "1", ")", 5000) + `"}`,
		"deep minus":         `{$eval: "` + strings.Repeat("-", 50000) + `1"}`,
		"deep power":         `{$eval: "` + strings.Repeat("1**", 50000) + `1"}`,
		"long sum":           `{$let: {x: {$eval: "join(range(0,100000), '-')"}}, in: {$eval: "` + strings.Repeat("x+", 20000) + `x"}}`,
		"join":               `{$let: {x: {$eval: "join(range(0,100000), '-')"}}, in: {$let: {y: {$eval: "range(0,100000)"}}, in: {$eval: "join(y, x)"}}}`,
		"split":              `{$let: {x: {$eval: "join(range(0,100000), '-')"}}, in: {$map: {$eval: "range(0,1000)"}, "each(i)": {$eval: "split(x, '')"}}}`,
		"compared":           `{$let: {x: {$eval: "range(0,100000)"}}, in: {$map: {$eval: "range(0,100000)"}, "each(i)": {$eval: "x == x"}}}`,
		"looked for":         `{$let: {x: {$eval: "range(0,100000)"}}, in: {$map: {$eval: "range(0,100000)"}, "each(i)": {$eval: "-1 in x"}}}`,
		"sorted":             `{$map: {$eval: "range(0,100000)"}, "each(i)": {$sort: {$eval: "range(0,100000)"}}}`,
		"cut":                `{$let: {x: {$eval: "join(range(0,100000), '-')"}}, in: {$map: {$eval: "range(0,100000)"}, "each(i)": {$eval: "x[1:2]"}}}`,
		"sliced":             `{$let: {x: {$eval: "range(0,100000)"}}, in: {$map: {$eval: "range(0,100000)"}, "each(i)": {$eval: "x[1:]"}}}`,
		"json":               `{$let: {x: {$eval: "range(0,100000)"}}, in: {$map: {$eval: "range(0,100000)"}, "each(i)": {$json: {$eval: x}}}}`,
		"json of json":       nested(`{$json: `, `"\\\""`, "}", 100),
		"many steps":         lines(1, `{$map: {$eval: "range(0,%d+100000)"}, "each(i)": {$map: {$eval: "range(0,%d+100)"}, "each(j)": {$eval: "i*j"}}}`),
		"conditions":         `{$map: {$eval: "range(0,100000)"}, "each(i)": {$switch: {"i == 1": 1, "i == 2": 2, "i == 3": 3, "i == 4": 4, "i == 5": 5}}}`,
		"case":               `{$let: {x: {$eval: "join(range(0,100000), '-')"}}, in: {$map: {$eval: "range(0,100000)"}, "each(i)": {$eval: "len(uppercase(x))"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			got, err := render(t, template, "{x: [1]}", Options{})
			if name == "text doubled" || name == "text added" {
				got, err = render(t, template, "{x: abcdefgh}", Options{})
			}
			took := time.Since(begin)
			require.Error(t, err, "%.200s", got.Describe())
			assert.Contains(t, []diag.Code{diag.LimitExceeded, diag.BadTemplate}, diag.Flatten(err)[0].Code)
			if !raceEnabled {
				assert.Less(t, took, time.Second)
			}
			t.Log(took, diag.Flatten(err)[0].Message)
		})
	}
}
