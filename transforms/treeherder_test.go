package transforms

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgraph-go/decision/value"
)

func TestSplitSymbol(t *testing.T) {
	for _, c := range []struct {
		in, group, symbol string
		fails             bool
	}{
		{in: "t", group: "?", symbol: "t"},
		{in: "", group: "?"},
		{in: "g(s)", group: "g", symbol: "s"},
		{in: "(s)", symbol: "s"},
		{in: "g()", group: "g"},
		{in: "s)", group: "?", symbol: "s)"},
		{in: "g(a(b)", group: "g", symbol: "a(b"},
		{in: "g(s)\n", group: "g", symbol: "s"},
		{in: "g(s", fails: true},
		{in: "g(s)x", fails: true},
		{in: "g(s))", fails: true},
		{in: "g(a)(b)", fails: true},
	} {
		group, symbol, err := SplitSymbol(c.in)
		if c.fails {
			assert.Error(t, err, c.in)
			continue
		}
		if assert.NoError(t, err, c.in) {
			assert.Equal(t, []string{c.group, c.symbol}, []string{group, symbol}, c.in)
		}
	}
	assert.Equal(t, "s", JoinSymbol("?", "s"))
	assert.Equal(t, "g(s)", JoinSymbol("g", "s"))
}

func TestTreeherderDefaults(t *testing.T) {
	for kind, want := range map[string]string{
		"build":        `{"platform":"default/opt","tier":1,"kind":"build","symbol":"B"}`,
		"unit-test":    `{"platform":"default/opt","tier":1,"kind":"test","symbol":"UT"}`,
		"docker-image": `{"platform":"default/opt","tier":1,"kind":"other","symbol":"DI"}`,
		"test-build":   `{"platform":"default/opt","tier":1,"kind":"build","symbol":"TB"}`,
		"a--élan":      `{"platform":"default/opt","tier":1,"kind":"other","symbol":"A\u00c9"}`,
	} {
		assert.Equal(t, want, jsonLines(t, treeherderDefaults(kind, "").Value()), kind)
	}
}

func TestArtifactPrefix(t *testing.T) {
	assert.Equal(t, "public/build", ArtifactPrefix(nil))
	assert.Equal(t, "public/build", ArtifactPrefix(value.MapOf("artifact_prefix", "")))
	assert.Equal(t, "private", ArtifactPrefix(value.MapOf("artifact_prefix", "private")))
}
