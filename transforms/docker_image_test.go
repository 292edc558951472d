package transforms

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

func TestDockerImageContexts(t *testing.T) {
	for _, c := range []struct {
		name, options, hash string
		cached              bool
	}{
		{"digest only", "{}", "digest of taskcluster/docker/base with {}", true},
		{"decision task", "{write-artifacts: true}", "written base", true},
		{"fast", "{fast: true}", "0000000000000000000000000000000000000000", false},
	} {
		b := newBench(t, document(t, "options.yml", c.options).Map())
		got := b.run(value.NewStrings("docker_image"), []*value.Map{value.MapOf("name", "base")})
		require.NoError(t, b.errs.Err(sources), c.name)
		require.Len(t, got, 1, c.name)
		assert.Equal(t, c.hash, got[0].At("worker").Map().At("env").Map().Str("HASH"), c.name)
		assert.Equal(t, c.cached, got[0].Has("cache"), c.name)
	}

	b := newBench(t, document(t, "options.yml", "{write-artifacts: true, fast: true}").Map())
	assert.Empty(t, b.run(value.NewStrings("docker_image"), []*value.Map{value.MapOf("name", "base")}))
	assert.ErrorContains(t, b.errs.Err(sources), "cannot be written without their digests")
}
