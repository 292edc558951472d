package value

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
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
