package schemas_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

func TestDocumentsAreValid(t *testing.T) {
	require.NoError(t, schema.NewSet(os.DirFS(".")).Check())
	for _, name := range schemas.Names() {
		assert.NotEmpty(t, schemas.Load(name).Doc().Title, name)
	}
	assert.Panics(t, func() { schemas.Load("nothing") })
}

// Every field has a description, because the reference documentation is made of them.
func TestFieldsAreDescribed(t *testing.T) {
	var visit func(path string, d schema.Doc)
	visit = func(path string, d schema.Doc) {
		assert.NotEmpty(t, d.Description, path)
		assert.NotContains(t, d.Description, "  ", path)
		for _, f := range d.Fields {
			visit(path+"."+f.Name, f)
		}
	}
	for _, name := range schemas.Names() {
		visit(name, schemas.Load(name).Doc())
	}
}

// valid has the least that each description needs.
var valid = map[string]string{
	"task": `label: a
description: b
worker-type: linux
always-target: false
optimization:
needs-sccache: false`,
	"run": `description: a
worker-type: linux
run: {using: run-task}`,
	"run-task": `using: run-task
command: make
checkout: true
workdir: /w`,
	"toolchain": `using: toolchain-script
script: build.sh
toolchain-artifact: public/build/tool.tar.zst
workdir: /w`,
	"index-search":     "using: index-search\nindex-search: [a.b]",
	"always-optimized": "using: always-optimized",
	"docker-worker": `implementation: docker-worker
os: linux
docker-image: {in-tree: test}
chain-of-trust: false
taskcluster-proxy: false
allow-ptrace: false
loopback-video: false
env: {}
max-run-time: 3600`,
	"generic-worker": `implementation: generic-worker
os: windows
command: [[a], b]
env: {}
max-run-time: 3600
chain-of-trust: false`,
	"beetmover": `implementation: beetmover
max-run-time: 600
release-properties: {app-name: a, app-version: b, branch: c, build-id: d, hash-type: e, platform: f}
upstream-artifacts: [{taskId: {task-reference: <build>}, taskType: build, paths: [a], locale: en-US}]`,
	"invalid":                  "implementation: invalid",
	"always-optimized-payload": "implementation: always-optimized\nos: linux",
	"succeed":                  "implementation: succeed",
	"docker-image":             "name: test",
	"fetch":                    "name: a\ndescription: b\nfetch: {type: static-url}",
	"fetch-static-url":         "type: static-url\nurl: https://example.com/a\nsha256: abc\nsize: 5",
	"fetch-git":                "type: git\nrepo: https://example.com/a\nrevision: abc",
	"chunking":                 "chunk: {total-chunks: 2}",
	"matrix":                   "name: a",
	"from-deps":                "from-deps: {}",
	"task-context":             "task-context: {substitution-fields: []}",
	"notify":                   "notify: {recipients: []}",
	"reference":                "text",
}

func TestLeastDescriptions(t *testing.T) {
	for _, name := range schemas.Names() {
		doc, ok := valid[name]
		if assert.True(t, ok, name) {
			assert.Empty(t, validate(t, name, doc), name)
		}
	}
}

// validate gives what is wrong with a document, one a line.
func validate(t *testing.T, name, text string) string {
	t.Helper()
	sources := &diag.Sources{}
	v, err := (&value.Reader{Sources: sources}).YAML("doc.yml", []byte(text))
	require.NoError(t, err)
	var lines []string
	for _, d := range schemas.Load(name).Validate(v) {
		at := sources.Position(d.Pos)
		lines = append(lines, strings.TrimPrefix(fmt.Sprintf("%d: %s: %s", at.Line, d.Path, d.Message), ": "))
	}
	return strings.Join(lines, "\n")
}

// What is added to the least description, and what is wrong then. Where nothing is, the reference accepts it as well.
func TestDescriptions(t *testing.T) {
	for _, c := range []struct{ schema, add, want string }{
		{"task", "attributes: {a: 1, b: {1: x}}\nextra: {a: !!set {x}}\ntags: {os: linux}", ""},
		{"task", "attributes: {1: a}", `7: attributes: want a string as key, got 1`},
		{"task", "attributes:", `7: attributes: want map, got null`},
		{"task", "tags: {os: 1}", `7: tags.os: want string, got 1`},
		{"task", "name: a", `7: : unknown field "name"`},
		{"task", "worker_type: a", `7: : unknown field "worker_type"`},
		{"task", "dependencies: {build: 5, x: [a]}", ""},
		{"task", "dependencies: {self: a, decision: b}", "7: dependencies: \"self\" is a reserved name of a dependency\n7: dependencies: \"decision\" is a reserved name of a dependency"},
		{"task", "priority: lowest\nrequires: all-resolved\nshipping-phase: ship", ""},
		{"task", "priority:\nrequires:\nshipping-phase:\ntreeherder:\nexpires-after:\ndeadline-after:\nrun-on-git-branches:\nrun-on-tasks-for:\ntask-from:", ""},
		{"task", "priority: urgent", `7: priority: "urgent" is not allowed`},
		{"task", "requires: all", `7: requires: "all" is not allowed`},
		{"task", "treeherder: true", ""},
		{"task", "treeherder: {tier: 1, kind: test, symbol: a(b), platform: x/y}", ""},
		{"task", "treeherder: {tier: '1', kind: tests}", "7: treeherder.tier: want integer, got \"1\"\n7: treeherder.kind: \"tests\" is not allowed"},
		{"task", "treeherder: a(b)", `7: treeherder: want boolean or map, got "a(b)"`},
		{"task", "index: {rank: 5}", ""},
		{"task", "index: {rank: by-date}", `7: index.rank: "by-date" is not allowed`},
		{"task", "index: {rank: 1.0}", `7: index.rank: want string or integer, got 1.0`},
		{"task", "index: {rank: true}", `7: index.rank: want string or integer, got true`},
		{"task", "run-on-projects: all", ""},
		{"task", "run-on-projects: {by-project: {x: 5}}", ""},
		{"task", "run-on-tasks-for: all", `7: run-on-tasks-for: want list, got "all"`},
		{"task", "worker: {implementation: x, anything: 1}", ""},
		{"task", "worker: {}", `7: worker: missing field "implementation"`},
		{"task", "scopes: [a, {task-reference: b}]", `7: scopes[1]: want string, got a map`},
		{"run", "optimization: {anything: 1, index-search: [a], skip-unless-changed: null}", ""},
		{"run", "optimization: {index-search: a}", `4: optimization.index-search: want list, got "a"`},
		{"run", "optimization: {skip-unless-changed: []}\nwhen: {files-changed: []}", `5: : "optimization" and "when" exclude each other`},
		{"run", "optimization:\nwhen: {files-changed: []}", ""},
		{"run", "when: {files-change: []}", `4: when: unknown field "files-change"`},
		{"run", "own: 1\nneeds-sccache:\nalways-target:\nlabel:\nname:", ""},
		{"run", "1: a", `4: : want a string as key, got 1`},
		{"run", "dependencies: {self: a}", ""},
		{"run", "fetches: {fetch: [a, {artifact: b, dest: c, extract: false, verify-hash: true}], x: []}", ""},
		{"run", "fetches: {fetch: a}", `4: fetches.fetch: want list, got "a"`},
		{"run", "fetches: {fetch: [{artifact: a, destination: b}, 5]}", "4: fetches.fetch[0]: unknown field \"destination\"\n4: fetches.fetch[1]: want string or map, got 5"},
		{"run", "worker: {1: a}", ""},
		{"run-task", "use-caches: [checkout, pip]", ""},
		{"run-task", "use-caches: false", ""},
		{"run-task", "use-caches: checkout", `5: use-caches: want boolean or list, got "checkout"`},
		{"run-task", "use-caches: [maven]", `5: use-caches[0]: "maven" is not allowed`},
		{"run-task", "exec-with: zsh", `5: exec-with: "zsh" is not allowed`},
		{"run-task", "cwd:", `5: cwd: want string, got null`},
		{"run-task", "checkout: {gecko: {head_ref: main}}", ""},
		{"run-task", "checkout: {gecko: {branch: main}}", `5: checkout.gecko: unknown field "branch"`},
		{"run-task", "checkout: {gecko: true}", `5: checkout.gecko: want map, got true`},
		{"run-task", "command: [a, {artifact-reference: <a/b>}]", ""},
		{"run-task", "command: {task-reference: <a>}", ""},
		{"run-task", "command: [sleep, 5]", `5: command[1]: want string or map, got 5`},
		{"run-task", "command: 5", `5: command: want string or list or map, got 5`},
		{"toolchain", "toolchain-alias: [a, b]\ntoolchain-env: {A: 1}\nresources: [a]", ""},
		{"toolchain", "arguments:", `5: arguments: want list, got null`},
		{"toolchain", "toolchain-alias: [1]", `5: toolchain-alias[0]: want string, got 1`},
		{"index-search", "other: 1", `3: : unknown field "other"`},
		{"always-optimized", "workdir: a", `2: : unknown field "workdir"`},
		{"docker-worker", "docker-image: a/b@sha256:c\nown: 1", ""},
		{"docker-worker", "docker-image: {in-tree: 1}", `10: docker-image.in-tree: want string, got 1`},
		{"docker-worker", "os: windows", `10: os: want "linux", got "windows"`},
		{"docker-worker", "max-run-time: 3600.0", `10: max-run-time: want integer, got 3600.0`},
		{"docker-worker", "env: {A: '1', B: {artifact-reference: <a/b>}}", ""},
		{"docker-worker", "env: {A: 1}", `10: env.A: want string or map, got 1`},
		{"docker-worker", "env: {A: {task-reference: a, artifact-reference: b}}", `10: env.A: "task-reference" and "artifact-reference" exclude each other`},
		{"docker-worker", "env: {A: {task-refrence: a}}", `10: env.A: missing field "task-reference" or "artifact-reference"`},
		{"docker-worker", "artifacts: [{type: file, path: a, name: b}]\ncaches: [{name: a, mount-point: /a}]", ""},
		{"docker-worker", "artifacts: [{type: link, path: a, name: b}, {type: file}]",
			"10: artifacts[0].type: \"link\" is not allowed\n10: artifacts[1]: missing field \"name\"\n10: artifacts[1]: missing field \"path\""},
		{"docker-worker", "caches: [{type: volatile, name: a, mount-point: /a}]", `10: caches[0].type: want "persistent", got "volatile"`},
		{"docker-worker", "retry-exit-status: [1, x]", `10: retry-exit-status[1]: want integer, got "x"`},
		{"generic-worker", "os: linux-bitbar\nmounts: [{cache-name: a, directory: b}, {content: {task-id: {task-reference: <a>}, artifact: b}, format: zip}]", ""},
		{"generic-worker", "mounts: [{dir: x}]", `7: mounts[0]: unknown field "dir"`},
		{"generic-worker", "os: android", `7: os: "android" is not allowed`},
		{"beetmover", "artifact-map: [anything]\nlocale: a", ""},
		{"beetmover", "release-properties: {app-name: a, app-version: b, branch: c, build-id: d, hash-type: e}", `5: release-properties: missing field "platform"`},
		{"beetmover", "upstream-artifacts: [{task-id: a, taskId: a, taskType: b, paths: [], locale: c}]", `5: upstream-artifacts[0]: unknown field "task-id"`},
		{"succeed", "os: linux", `2: : unknown field "os"`},
		{"docker-image", "args: {A: b}\nparent:\ncache: false\nindex: {product: a}", ""},
		{"docker-image", "args: {A: 1}", `2: args.A: want string, got 1`},
		{"docker-image", "from: a", `2: : unknown field "from"`},
		{"fetch", "docker-image: [anything]\nfetch-alias:", ""},
		{"fetch", "artifact-prefix: 5", `4: artifact-prefix: want string, got 5`},
		{"fetch-static-url", "own: 1\nheaders: {A: b}\ngpg-signature: {sig-url: a, key-path: b}", ""},
		{"fetch-static-url", "sha256: 1234567890", `5: sha256: want string, got 1234567890`},
		{"fetch-static-url", "size: '1'", `5: size: want integer, got "1"`},
		{"fetch-git", "include-dot-git: yes please", `4: include-dot-git: want boolean, got "yes please"`},
		{"chunking", "chunk:", ""},
		{"chunking", "chunk: {total-chunks: '{n}'}", `2: chunk.total-chunks: want integer, got "{n}"`},
		{"chunking", "chunk: {total-chunks: 2, substitution-fields: null}", `2: chunk.substitution-fields: want list, got null`},
		{"matrix", "matrix: {os: [a, 1, true], exclude: [{os: a}], set-name: x, substitution-fields: [name], py: '39', m: {a: 1}}", ""},
		{"matrix", "matrix: {os: 5}", `2: matrix.os: want string or list or map, got 5`},
		{"matrix", "matrix: {exclude: [{os: 1}]}", `2: matrix.exclude[0].os: want string, got 1`},
		{"from-deps", "from-deps: {kinds: [a], set-name: false, with-attributes: {a: [true], b: x}, group-by: {attribute: a}, fetches: {a: [{artifact: x}]}}", ""},
		{"from-deps", "from-deps: {with-attributes: {a: true}}", `2: from-deps.with-attributes.a: want string or list, got true`},
		{"from-deps", "from-deps: {group-by: {}}", `2: from-deps.group-by: want at least 1 field, got 0`},
		{"from-deps", "from-deps: {kind: a}", `2: from-deps: unknown field "kind"`},
		{"from-deps", "from-deps: {fetches: {a: [x]}}", `2: from-deps.fetches.a[0]: want map, got "x"`},
		{"task-context", "task-context: {substitution-fields: [a], from-parameters: {a: b, c: [d]}, from-object: {a: 1}, resolve-keyed-by-options: {defer: [a]}}", ""},
		{"task-context", "task-context: {from-file: a}", `2: task-context: missing field "substitution-fields"`},
		{"task-context", "task-context: {substitution-fields: [], from-object: {1: a}}", `2: task-context.from-object: want a string as key, got 1`},
		{"notify", "notify: {recipients: [{type: email, address: {by-level: {'3': a, default: {by-project: {x: b}}}}}, {type: pulse, routing-key: a, status-type: on-failed}]}", ""},
		{"notify", "notify: {recipients: [{type: irc, channel: x}]}", `2: notify.recipients[0].type: "irc" is not allowed`},
		{"notify", "notify: {recipients: [{type: slack-channel, channel: x}]}", "2: notify.recipients[0]: unknown field \"channel\"\n2: notify.recipients[0]: missing field \"channel-id\""},
		{"notify", "notify: {recipients: [{type: email, address: a, status-type: on-any}]}", `2: notify.recipients[0].status-type: "on-any" is not allowed`},
		{"notify", "notify: {recipients: [], content: {sms: {text: x}}}", `2: notify.content: unknown field "sms"`},
		{"notify", "notifications: {emails: {by-project: {a: [b]}}, subject: x}\nnotify:", ""},
		{"notify", "notifications: {emails: a, subject: x}\nnotify:", `2: notifications.emails: want list, got "a"`},
		{"notify", "notifications: {emails: [], subject: x}", `2: : "notify" and "notifications" exclude each other`},
	} {
		assert.Equal(t, c.want, validate(t, c.schema, valid[c.schema]+"\n"+c.add), "%s: %s", c.schema, c.add)
	}
}

// The mistakes that the reference's schemas find in real kinds are found where they stand.
func TestSharedMistakes(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "errors")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no shared mistakes here")
	}
	for _, c := range []struct{ project, path, schema, want string }{
		{"050-dependency-named-self", "tasks.b", "task", `4: dependencies: "self" is a reserved name of a dependency`},
		{"051-dependency-named-decision", "tasks.b", "task", `4: dependencies: "decision" is a reserved name of a dependency`},
		{"057-task-description-type", "tasks.a", "task", `4: description: want string, got 1`},
		{"062-task-shipping-phase", "tasks.a", "task", `4: shipping-phase: "later" is not allowed`},
		{"063-task-requires", "tasks.a", "task", `4: requires: "all" is not allowed`},
		{"073-task-optimization-type", "tasks.a", "task", `4: optimization.skip-unless-changed: want list, got "src"`},
		{"074-docker-no-image", "tasks.a.worker", "docker-worker", `3: : missing field "docker-image"`},
		{"076-docker-max-run-time-text", "tasks.a.worker", "docker-worker", `4: max-run-time: want integer, got "60"`},
		{"077-docker-max-run-time-bool", "tasks.a.worker", "docker-worker", `4: max-run-time: want integer, got true`},
		{"078-docker-max-run-time-float", "tasks.a.worker", "docker-worker", `4: max-run-time: want integer, got 3600.0`},
		{"079-docker-env-number", "tasks.a.worker", "docker-worker", `4: env.X: want string or map, got 1`},
		{"080-docker-env-reference", "tasks.a.worker", "docker-worker", `4: env.X: "task-reference" and "artifact-reference" exclude each other`},
		{"082-docker-artifact-type", "tasks.a.worker", "docker-worker", `4: artifacts[0].type: "link" is not allowed`},
		{"090-generic-mount-field", "tasks.a.worker", "generic-worker", `3: mounts[0]: unknown field "dir"`},
		{"098-run-no-using", "task-defaults", "run", `1: run: missing field "using"`},
		{"102-run-command-number", "task-defaults.run", "run-task", `1: command[1]: want string or map, got 5`},
		{"103-run-exec-with", "tasks.a.run", "run-task", `2: exec-with: "zsh" is not allowed`},
		{"104-run-use-caches", "tasks.a.run", "run-task", `2: use-caches[0]: "maven" is not allowed`},
		{"118-toolchain-no-artifact", "task-defaults.run", "toolchain", `6: : missing field "toolchain-artifact"`},
		{"130-fetch-no-sha", "tasks.a.fetch", "fetch-static-url", `2: : missing field "sha256"`},
		{"131-fetch-size-text", "tasks.a.fetch", "fetch-static-url", `2: size: want integer, got "1"`},
		{"132-fetch-numeric-sha", "tasks.a.fetch", "fetch-static-url", `2: sha256: want string, got 1234567890`},
		{"137-image-unknown-field", "tasks.img", "docker-image", `6: : unknown field "from"`},
		{"163-index-rank", "tasks.a", "task", `4: index.rank: "by-date" is not allowed`},
		{"169-notify-status", "tasks.a", "notify", `3: notify.recipients[0].status-type: "on-any" is not allowed`},
		{"170-notify-type", "tasks.a", "notify", `3: notify.recipients[0].type: "irc" is not allowed`},
		{"171-notify-both", "tasks.a", "notify", `3: : "notify" and "notifications" exclude each other`},
		{"175-notify-content", "tasks.a", "notify", `3: notify.content: unknown field "sms"`},
		{"195-from-deps-unknown-field", "tasks.a", "from-deps", `4: from-deps: unknown field "kind"`},
		{"211-keyed-not-resolved", "tasks.a", "run", `2: description: want string, got a map`},
	} {
		t.Run(c.project, func(t *testing.T) {
			kinds, _ := filepath.Glob(filepath.Join(root, c.project, "tree", "taskcluster", "kinds", "*", "kind.yml"))
			require.NotEmpty(t, kinds)
			var all []string
			for _, kind := range kinds {
				text, err := os.ReadFile(kind)
				require.NoError(t, err)
				sources := &diag.Sources{}
				v, err := (&value.Reader{Sources: sources}).YAML("kind.yml", text)
				require.NoError(t, err)
				for step := range strings.SplitSeq(c.path, ".") {
					v = v.Map().At(step)
				}
				for _, d := range schemas.Load(c.schema).Validate(v) {
					all = append(all, fmt.Sprintf("%d: %s: %s", sources.Position(d.Pos).Line, d.Path, d.Message))
				}
			}
			assert.True(t, slices.Contains(all, c.want), "want %q among\n%s", c.want, strings.Join(all, "\n"))
		})
	}
}
