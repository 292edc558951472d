package value

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pyyaml"
)

// agreeOnYAML checks that a text is the same value to PyYAML, or is refused by both.
func agreeOnYAML(t testing.TB, p *pyyaml.Process, text []byte) {
	t.Helper()
	v, err := (&Reader{Limits: Limits{Nodes: 100_000}}).YAML("x.yml", text)
	for _, d := range diag.Flatten(err) {
		if d.Code == diag.LimitExceeded || strings.Contains(d.Message, "inside of what it refers to") {
			return // Python has no such limits
		}
	}
	want := p.Ask(t, "load", text)
	if err != nil {
		require.NotEmpty(t, want.Error, "PyYAML accepts %q as %s, not so: %v", text, want.Text, err)
		return
	}
	require.Empty(t, want.Error, "PyYAML refuses %q, got %s", text, canonical(v))
	require.Equal(t, want.Text, canonical(v), "%q", text)
}

// sharedYAML gives all YAML files that are beside the project.
func sharedYAML(t *testing.T) []string {
	var files []string
	filepath.WalkDir("../../shared", func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".yml") {
			files = append(files, path)
		}
		return nil
	})
	if len(files) == 0 {
		t.Skip("no files to read")
	}
	return files
}

// TestYAMLFiles reads every file and, where there is a second opinion, compares with it.
func TestYAMLFiles(t *testing.T) {
	p := pyyaml.StartIfInstalled(t)
	for _, file := range sharedYAML(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		v, err := (&Reader{Sources: &diag.Sources{}}).YAML(file, text)
		if err != nil {
			require.Contains(t, file, "errors/", "%v", err)
			for _, d := range diag.Flatten(err) {
				require.NotZero(t, d.Pos, "%v", err)
			}
		}
		if p == nil {
			continue
		}
		agreeOnYAML(t, p, text)
		if err != nil {
			continue
		}
		json, err := CompactJSON(v)
		want := p.Ask(t, "to_json", text)
		require.Equal(t, want.Error != "", err != nil, "%s: %v, %v", file, err, want)
		if err == nil {
			require.Equal(t, want.Text, json, file)
		}
	}
}

// scalarSoup is what random scalars are made of.
var scalarSoup = strings.Fields(`0 1 9 12 017 08 0b 0b1 0x 0x1F 0o7 _ . + - : :3 :30 :60 e E e+3 e-3 1e3 .5 .inf .Inf .nan .NaN -.inf 2001-12-14
	2001-1-1 2001-02-30 T t Z 21:59:43 1:2:3 .10 -5 +05:30 +24:00 yes Yes yES no NO on OFF true False null Null NULL ~ y n = << ! a`)

var tagSoup = strings.Fields("!!str !!int !!float !!bool !!null !!timestamp !!binary !!set !!omap !!pairs !!seq !!map !!merge !!value ! !x")

// frames hold one or two scalars.
var frames = []string{"%s", "[%s, %s]", "%s: %s", "{%s: 1, %s: 2}", "- %s\n- %s", "? %s\n: %s", "'%s'", "\"%s\"", "|\n  %s\n", "! |\n  %s\n", "! \"%s\"",
	"{=: %s}", "a: &a {x: %s}\nb: {<<: *a, y: %s}", "a: &a {x: 1, y: %s}\nb: &b {y: %s, z: 3}\nc: {x: 5, <<: [*a, *b], w: 1}\nd: {<<: *a, <<: *b}",
	"<<: %s\na: 1", "<<: [{a: %s}, {a: 2, b: %s}]\nb: 3", "{1: a, true: b, 1.0: c, %s: %s}", "a: &a %s\nb: *a\nc: [*a, %s]", "[{a: %s}, {b: %s}]", "!!omap [{a: %s}, %s: 1]",
	"!!set {a, %s}", "!!pairs [{a: %s}, {<<: 1}]", "!!str {=: %s}", "{%s, %s: }", "- <<: {%s: 1, %s: 2}\n  x: 1\n  x: 2"}

// randomSeed gives the seed of random tests. The environment can set it, and the number of cases: YAML_SEED="7 100000".
func randomSeed(n *int) uint64 {
	seed := uint64(1)
	fmt.Sscan(os.Getenv("YAML_SEED"), &seed, n)
	return seed
}

func randomScalar(r *rand.Rand) string {
	s := ""
	if r.IntN(4) == 0 {
		s = tagSoup[r.IntN(len(tagSoup))] + " "
	}
	for range 1 + r.IntN(3) {
		if r.IntN(12) == 0 {
			s += " "
		}
		s += scalarSoup[r.IntN(len(scalarSoup))]
	}
	return s
}

// TestRandomScalars compares what scalars, tags and merge keys mean.
func TestRandomScalars(t *testing.T) {
	p := pyyaml.Start(t)
	n := 2000
	if testing.Short() {
		n = 500
	}
	seed := randomSeed(&n)
	r := rand.New(rand.NewPCG(seed, 7))
	for range n {
		frame := frames[r.IntN(len(frames))]
		args := []any{randomScalar(r), randomScalar(r)}[:strings.Count(frame, "%s")]
		text := fmt.Sprintf(frame, args...)
		if r.IntN(8) == 0 {
			text = tagSoup[r.IntN(len(tagSoup))] + " " + text
		}
		agreeOnYAML(t, p, []byte(text))
	}
}
