package local

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainJSON is what mustJSON has to give.
func plainJSON(t *testing.T, v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(v))
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func TestEncode(t *testing.T) {
	at := newStamp(time.Date(2026, 1, 2, 3, 4, 5, 6_789_000, time.FixedZone("x", 3600)))
	full := status{
		TaskID: "a", ProvisionerID: "b", WorkerType: "c", TaskQueueID: "b/c", SchedulerID: "d", ProjectID: "e\"<é", TaskGroupID: "f", Priority: "low",
		Deadline: at, Expires: newStamp(at.AddDate(1, 0, 0)), RetriesLeft: -3, State: "pending", Runs: []run{},
	}
	ran := full
	ran.Runs = []run{{State: completed, ReasonCreated: "scheduled", Scheduled: at, Resolved: at}, {RunID: 1, State: running, WorkerID: "w"}}
	for _, v := range []any{
		nil, true, false, "", "plain ~", "a\"b", `a\b`, "tab\t, del\x7f, é, \u2028, <&>, \xff", 0.0, math.Copysign(0, -1), -1.0, 1e14, 1e15, 123456789012345678.0, 1e21, 1e-7, 0.1, -2.5, math.MaxFloat64,
		object(nil), object{}, []any(nil), []any{}, []string(nil), []string{}, []string{"a", "\n"}, json.RawMessage(`{"b": 1,"a":"<"}`), at, stamp{}, newStamp(time.Time{}),
		object{"b": 1.0, "a": []any{nil, "x", object{"é": true, "\n": 2.5}}, "": "y", "status": full, "at": at, "n": 7, "raw": json.RawMessage(` [1, 2]`), "texts": []string{"z"}},
		full, ran, status{}, &full, []object{{"x": full}}, map[string]string{"b": "1", "a": "2"}, struct{ A any }{ran},
	} {
		assert.Equal(t, plainJSON(t, v), string(mustJSON(v)))
	}
	many := object{}
	for i := range 200 {
		many[string(rune('a'+i*7%300))] = float64(i)
	}
	assert.Equal(t, plainJSON(t, many), string(mustJSON(many)))
	assert.Panics(t, func() { mustJSON(object{"f": func() {}}) })
	assert.Panics(t, func() { mustJSON([]any{math.NaN()}) })
}

// Whatever JSON there is, it is encoded as encoding/json does.
func TestEncodeAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var make func(depth int) any
	text := func() string {
		b := []rune{}
		for range random.IntN(6) {
			b = append(b, []rune("ab-_/. \"\\<>&\n\x00é\u2028\U0001f600")[random.IntN(17)])
		}
		return string(b)
	}
	make = func(depth int) any {
		switch n := random.IntN(8); {
		case n == 0:
			return nil
		case n == 1:
			return random.IntN(2) == 0
		case n == 2:
			return float64(random.IntN(1000) - 500)
		case n == 3:
			return random.NormFloat64() * math.Pow(10, float64(random.IntN(50)-25))
		case n < 6 || depth == 0:
			return text()
		case n == 6:
			list := []any{}
			for range random.IntN(5) {
				list = append(list, make(depth-1))
			}
			return list
		}
		o := object{}
		for range random.IntN(40) {
			o[text()] = make(depth - 1)
		}
		return o
	}
	for range 300 {
		v := make(4)
		require.Equal(t, plainJSON(t, v), string(mustJSON(v)))
	}
}
