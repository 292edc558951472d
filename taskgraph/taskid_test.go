package taskgraph

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/internal/slugid"
)

const nicePattern = `^[A-Za-f][A-Za-z0-9_-]{7}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$`

func TestTaskID(t *testing.T) {
	// These must never change: a decision task that is run again by a newer program must find the tasks it made.
	assert.Equal(t, "dOtVMv-tTxC7PTnuG1yDUw", TaskID("DECISION-TASK", "build-linux"))
	assert.Equal(t, "bjQLnP-zSpicpUTmu3gKLA", TaskID("", ""))

	nice := regexp.MustCompile(nicePattern)
	seen := map[string]bool{}
	for i := range 5000 {
		id := TaskID("fN1SbArXTPSVFNUvaOlinQ", strconv.Itoa(i))
		require.Regexp(t, nice, id)
		require.False(t, seen[id])
		seen[id] = true
	}
	assert.Equal(t, TaskID("a", "b"), TaskID("a", "b"))
	assert.NotEqual(t, TaskID("a", "b"), TaskID("a", "c"))
	assert.NotEqual(t, TaskID("a", "b"), TaskID("c", "b"))
	assert.NotEqual(t, TaskID("ab", "c"), TaskID("a", "bc"))
	long := strings.Repeat("x", 1000)
	assert.Len(t, TaskID(long, long), 22)
}

func TestSlugidsAreThoseOfTheVectors(t *testing.T) {
	text, err := os.ReadFile("../../shared/vectors/slugid.json")
	if err != nil {
		t.Skip(err)
	}
	var doc struct {
		NicePattern string
		Vectors     []struct{ Kind, Slug, UUID string }
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	assert.Equal(t, doc.NicePattern, nicePattern)
	n := 0
	for _, v := range doc.Vectors {
		if v.Kind != "nice" {
			continue
		}
		n++
		b, err := hex.DecodeString(strings.ReplaceAll(v.UUID, "-", ""))
		require.NoError(t, err)
		assert.Equal(t, v.Slug, slugid.Nice([16]byte(b)))
		b[0] |= 0x80
		b[6] |= 0xf0
		b[8] |= 0xc0
		assert.Equal(t, v.Slug, slugid.Nice([16]byte(b)), "version, variant and first bit are fixed")
	}
	assert.NotZero(t, n)
}
