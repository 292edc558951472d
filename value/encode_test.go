package value

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
)

// taskDocument is a task as the graph's JSON holds it, with keys in the order in which transforms set them.
func taskDocument(t testing.TB, n int) Value {
	text := fmt.Sprintf(`{"kind":"test","label":"test-linux64-opt-mochitest-%[1]d","description":"Mochitest plain run with \"chunk\" %[1]d",
"attributes":{"kind":"test","run_on_projects":["integration","release"],"run_on_tasks_for":["all"],"run_on_git_branches":["all"],"unittest_suite":"mochitest","chunk":%[1]d,
"build_platform":"linux64","build_type":"opt","test_platform":"linux64/opt","always_target":false,"retrigger":null,"shipping_phase":null,"enable-full-crashsymbols":false,"cached":true},
"task":{"provisionerId":"gecko-t","workerType":"t-linux-xlarge","schedulerId":"gecko-level-1","created":{"relative-datestamp":"0 seconds"},"deadline":{"relative-datestamp":"1 day"},"expires":{"relative-datestamp":"28 days"},
"scopes":["secrets:get:project/taskcluster/gecko/hgfingerprint","secrets:get:project/taskcluster/gecko/hgmointernal","docker-worker:cache:gecko-level-1-checkouts-sparse-v3-%[1]d"],
"metadata":{"name":"test-linux64-opt-mochitest-%[1]d","description":"Mochitest plain run ([Treeherder job](https://treeherder.mozilla.org/#/jobs?repo=try&revision=abcdef))","owner":"someone@mozilla.com","source":"https://hg.mozilla.org/try/file/abcdef/taskcluster/kinds/test"},
"routes":["tc-treeherder.v2.try.abcdef.12345","index.gecko.v2.try.latest.firefox.linux64-opt-%[1]d"],"priority":"very-low","requires":"all-completed","retries":5,"tags":{"createdForUser":"someone@mozilla.com","kind":"test","label":"test-linux64-opt-mochitest-%[1]d","os":"linux","worker-implementation":"docker-worker","retrigger":"true","project":"try","trust-domain":"gecko"},
"extra":{"index":{"rank":1700000000},"parent":"abcdefghijklmnop","treeherder":{"symbol":"%[1]d","collection":{"opt":true},"machine":{"platform":"linux64"},"groupName":"Mochitests","groupSymbol":"M","jobKind":"test","tier":1},"suite":{"flavor":"plain","name":"mochitest"},"chunks":{"current":%[1]d,"total":40}},
"payload":{"image":{"path":"public/image.tar.zst","taskId":{"task-reference":"<docker-image>"},"type":"task-image"},"env":{"EXTRA_MOZHARNESS_CONFIG":"{\"installer_url\": \"<build/public/build/target.tar.bz2>\", \"test_packages_url\": \"<build>\"}","MOZHARNESS_CONFIG":"unittests/linux_unittest.py","MOZHARNESS_SCRIPT":"desktop_unittest.py","NEED_PULSEAUDIO":"true","MOZ_FETCHES":"[{\"artifact\":\"public/build/minidump_stackwalk.tar.xz\",\"extract\":true}]","MOZ_FETCHES_DIR":"fetches","SCCACHE_DISABLE":"1","TASKCLUSTER_CACHES":"/builds/worker/checkouts","NEED_WINDOW_MANAGER":"true","ENABLE_E10S":"true"},
"features":{"taskclusterProxy":true,"allowPtrace":false},"cache":{"gecko-level-1-checkouts":"/builds/worker/checkouts","gecko-level-1-tooltool-cache":"/builds/worker/tooltool-cache"},"artifacts":{"public/logs":{"expires":{"relative-datestamp":"28 days"},"path":"/builds/worker/workspace/logs/","type":"directory"},"public/test_info":{"expires":{"relative-datestamp":"28 days"},"path":"/builds/worker/workspace/build/blobber_upload_dir/","type":"directory"}},
"command":["/builds/worker/bin/run-task","--gecko-checkout=/builds/worker/checkouts/gecko","--","/builds/worker/bin/test-linux.sh","--mochitest-suite=mochitest-plain-chunked","--installer-url","--this-chunk=%[1]d","--total-chunks=40"],"maxRunTime":5400,"onExitStatus":{"retry":[4,72],"purgeCaches":[72]},"supersederUrl":"https://coalesce.example.com/v1/list/%[1]d"}},
"dependencies":{"build":"build-linux64/opt","docker-image":"build-docker-image-desktop1804-test"},"soft_dependencies":[],"if_dependencies":[],"optimization":{"skip-unless-changed":["a/**","b/**","c/file.py"]}}`, n)
	v, err := (&Reader{}).JSON("task.json", []byte(text))
	require.NoError(t, err)
	return v
}

func TestCompactJSON(t *testing.T) {
	for text, want := range map[string]string{
		"[1, -5, 12345678901234567890, 1.5, 1e+16, 1.0e+16, 1.0e-5, 100.0, -0.0]": `[1,-5,12345678901234567890,1.5,"1e+16",1e+16,1e-05,100.0,-0.0]`,
		"[.nan, .inf, -.inf]":                        `[NaN,Infinity,-Infinity]`,
		"{b: ~, a: [], c: {}, true: 1}":              `{"b":null,"a":[],"c":{},"true":1}`,
		"{1: a, 1.5: b, null: c, false: d, .inf: e}": `{"1":"a","1.5":"b","null":"c","false":"d","Infinity":"e"}`,
		`"\"\\/\b\f\n\r\t\0\x1f\x7f"`:                `"\"\\/\b\f\n\r\t\u0000\u001f\u007f"`,
		`"é日\U0001F600\u2028\uffff"`:                 `"\u00e9\u65e5\ud83d\ude00\u2028\uffff"`,
		`"0123456\"0123456789é0123456789abcdef\\"`:   `"0123456\"0123456789\u00e90123456789abcdef\\"`,
		"<html>&amp;'":                               `"<html>&amp;'"`,
	} {
		got, err := CompactJSON(readYAML(t, text))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	got, err := CompactJSON(NewString("a\xed\xa0\x80\xffb").At(1))
	require.NoError(t, err)
	assert.Equal(t, `"a\ud800\ufffdb"`, got, "a lone surrogate, and what is no character")
}

// Every string of characters that need an escape or not, of every length around those of the machine's words.
func TestJSONStringsOfAllLengths(t *testing.T) {
	for n := range 35 {
		plain := strings.Repeat("abcdefghijk", 4)[:n]
		got := string(appendJSONString([]byte("x"), plain))
		require.Equal(t, `x"`+plain+`"`, got)
		for i := range n {
			for escaped, want := range map[string]string{"\x00": `\u0000`, "\x1f": `\u001f`, `"`: `\"`, `\`: `\\`, "\x7f": `\u007f`, "é": `\u00e9`, "!": "!", " ": " ", "~": "~", "#": "#", "]": "]", "[": "["} {
				got := string(appendJSONString(nil, plain[:i]+escaped+plain[i:]))
				require.Equal(t, `"`+plain[:i]+want+plain[i:]+`"`, got)
			}
		}
	}
}

func TestAppendJSONIndented(t *testing.T) {
	v := readYAML(t, "b: [1, [], {}, [2]]\na: {d: {e: f}, c: x}\n")
	out, err := AppendJSON([]byte("head "), v, JSONStyle{Indent: 2, SortKeys: true}, 1)
	require.NoError(t, err)
	assert.Equal(t, `head {
    "a": {
      "c": "x",
      "d": {
        "e": "f"
      }
    },
    "b": [
      1,
      [],
      {},
      [
        2
      ]
    ]
  }`, string(out))
	deep := readYAML(t, strings.Repeat("[", 40)+"1"+strings.Repeat("]", 40))
	out, err = AppendJSON(nil, deep, JSONStyle{Indent: 4}, 0)
	require.NoError(t, err)
	assert.Contains(t, string(out), "\n"+strings.Repeat(" ", 160)+"1\n")
}

func TestSortedJSON(t *testing.T) {
	for text, want := range map[string]string{
		"{b: 1, a: 2, ab: 3, B: 4, '': 5, é: 6, 😀: 7, ～: 8}":     `{"":5,"B":4,"a":2,"ab":3,"b":1,"\u00e9":6,"\uff5e":8,"\ud83d\ude00":7}`,
		"{abcdefghij: 1, abcdefghi: 2, abcdefgh: 3, abcdefg: 4}": `{"abcdefg":4,"abcdefgh":3,"abcdefghi":2,"abcdefghij":1}`,
		"{\"abc\\0\": 1, abc: 2}":                                `{"abc":2,"abc\u0000":1}`,
		"{10: a, 9: b, 9.5: c, true: d, -1: e}":                  `{"-1":"e","true":"d","9":"b","9.5":"c","10":"a"}`,
		"{~: a}":                                                 `{"null":"a"}`,
	} {
		got, err := SortedJSON(readYAML(t, text))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// Maps of every size are sorted, whatever order their keys come in.
func TestSortedJSONOfAllSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{2, 3, 10, 63, 64, 65, 66, 200, 70_000} {
		m := NewMap(n)
		var keys []string
		for _, i := range r.Perm(n) {
			key := fmt.Sprintf("%s%d", strings.Repeat("k", i%11), i)
			keys = append(keys, key)
			m.Set(key, NewInt(int64(i)))
		}
		slices.Sort(keys)
		out, err := SortedJSON(m.Value())
		require.NoError(t, err)
		v, err := (&Reader{}).JSON("x.json", []byte(out))
		require.NoError(t, err)
		require.Equal(t, keys, v.Map().Keys())
		again, err := SortedJSON(v) // of what is sorted already
		require.NoError(t, err)
		require.Equal(t, out, again)
	}
}

func TestJSONNotRepresentable(t *testing.T) {
	for _, c := range []struct {
		name, text, at, path, want string
		sorted                     bool
	}{
		{"date", "a: {b: [1, 2001-01-01]}", "x.yml:1:12", "a.b[1]", "a date cannot be written as JSON", false},
		{"timestamp", "a: 2001-01-01T00:00:00Z", "x.yml:1:4", "a", "a timestamp cannot be written", false},
		{"binary", "- {c: !!binary aGk=}", "x.yml:1:7", "[0].c", "a binary cannot be written", false},
		{"set", "a: !!set {b}", "x.yml:1:4", "a", "a set cannot be written", false},
		{"date as key", "a: {2001-01-01: b}", "x.yml:1:5", "a.2001-01-01", "a date cannot be a key", false},
		{"mixed keys", "a: {x: 1, 2: 3}", "x.yml:1:11", "a", `the keys "x" and 2 of one map cannot be sorted`, true},
		{"null among text", "a: {x: 1, ~: 3}", "x.yml:1:11", "a", `the keys "x" and null of one map cannot be sorted`, true},
		{"digits", "a: 0x1" + strings.Repeat("0", 5000), "x.yml:1:4", "a", "more than 4300 digits", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sources := &diag.Sources{}
			v, err := (&Reader{Sources: sources}).YAML("x.yml", []byte(c.text))
			require.NoError(t, err)
			out, err := AppendJSON([]byte("kept"), v, JSONStyle{SortKeys: c.sorted}, 0)
			assert.Equal(t, "kept", string(out))
			require.Error(t, err)
			d := diag.Flatten(err)[0]
			assert.Equal(t, diag.NotRepresentable, d.Code)
			assert.Equal(t, c.at, sources.Position(d.Pos).String())
			assert.Equal(t, c.path, d.Path)
			assert.Contains(t, d.Message, c.want)
		})
	}
}

func TestAppendJSONDoesNotAllocate(t *testing.T) {
	v := taskDocument(t, 1)
	dst := make([]byte, 0, 1<<16)
	for range 2 { // what is written again is known by then
		AppendJSON(dst, v, JSONStyle{Indent: 2, SortKeys: true}, 1)
	}
	assert.Zero(t, testing.AllocsPerRun(10, func() { AppendJSON(dst, v, JSONStyle{Indent: 2, SortKeys: true}, 1) }))
}

func BenchmarkAppendJSON(b *testing.B) {
	const n = 2000
	var tasks []Value
	for i := range n {
		tasks = append(tasks, taskDocument(b, i))
	}
	graph := NewList(tasks...).Value()
	for _, style := range []JSONStyle{{Indent: 2, SortKeys: true}, {Indent: 2}, {}, {SortKeys: true}} {
		b.Run(fmt.Sprintf("indent=%d,sort=%v", style.Indent, style.SortKeys), func(b *testing.B) {
			out, err := AppendJSON(nil, graph, style, 0)
			require.NoError(b, err)
			b.SetBytes(int64(len(out)))
			b.ReportAllocs()
			for b.Loop() {
				out, _ = AppendJSON(out[:0], graph, style, 0)
			}
		})
	}
	b.Run("encoding/json", func(b *testing.B) {
		text, _ := CompactJSON(graph)
		var x any
		require.NoError(b, json.Unmarshal([]byte(text), &x))
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			json.Marshal(x)
		}
	})
}
