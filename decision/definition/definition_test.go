package definition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

var noon = time.Date(2026, 5, 6, 12, 0, 0, 123_999_999, time.UTC)

func doc(t *testing.T, text string) *value.Map {
	t.Helper()
	v, err := (&value.Reader{}).JSON("x.json", []byte(text))
	require.NoError(t, err)
	require.NotNil(t, v.Map())
	v.Map().Freeze()
	return v.Map()
}

func text(t *testing.T, m *value.Map) string {
	t.Helper()
	s, err := value.CompactJSON(m.Value())
	require.NoError(t, err)
	return s
}

func TestComplete(t *testing.T) {
	group := Group{DecisionTaskID: "D", SchedulerID: "app-level-1"}
	in := func(id string) bool { return id == "a" || id == "b" }
	for _, c := range []struct{ deps, want string }{
		{`{}`, `["D"]`},
		{`{"dependencies": []}`, `["D"]`},
		{`{"dependencies": ["a"]}`, `["a"]`},
		{`{"dependencies": ["x", "b"]}`, `["x","b"]`},
		{`{"dependencies": ["x"]}`, `["x","D"]`}, // x was there before and may be done long ago
		{`{"dependencies": ["D"]}`, `["D"]`},
		{`{"dependencies": ["x", "D"]}`, `["x","D"]`},
	} {
		before := doc(t, c.deps)
		was := text(t, before)
		def := group.Complete(&taskgraph.Task{Task: before}, in)
		assert.Equal(t, c.want, text(t, value.MapOf("d", def.At("dependencies")))[5:][:len(c.want)], c.deps)
		assert.Equal(t, "D", def.Str("taskGroupId"))
		assert.Equal(t, "app-level-1", def.Str("schedulerId"))
		assert.Equal(t, was, text(t, before), "the task does not change")
	}
	group.TaskGroupID = "G"
	assert.Equal(t, "G", group.Complete(&taskgraph.Task{Task: doc(t, `{}`)}, in).Str("taskGroupId"))
	odd := group.Complete(&taskgraph.Task{Task: doc(t, `{"dependencies": "a"}`)}, in)
	assert.Equal(t, "a", odd.Str("dependencies"), "what is no list is left to the checks")
}

func TestResolver(t *testing.T) {
	r := NewResolver(noon)
	def := doc(t, `{"created": {"relative-datestamp": "0 seconds"}, "a": [{"b": {"relative-datestamp": "1 day"}}, 1, [{"relative-datestamp": "2 h"}]],
		"kept": {"relative-datestamp": "1 day", "more": 1}, "plain": {"x": [1, {"y": 2}]}}`)
	was := text(t, def)
	got, err := r.Definition(def)
	require.NoError(t, err)
	assert.Equal(t, `{"created":"2026-05-06T12:00:00.123Z","a":[{"b":"2026-05-07T12:00:00.123Z"},1,["2026-05-06T14:00:00.123Z"]],`+
		`"kept":{"relative-datestamp":"1 day","more":1},"plain":{"x":[1,{"y":2}]}}`, text(t, got))
	assert.Equal(t, was, text(t, def))
	assert.True(t, value.Same(def.At("plain"), got.At("plain")), "what holds no time is shared")

	same := doc(t, `{"a": 1}`)
	got, err = r.Definition(same)
	require.NoError(t, err)
	assert.Same(t, same, got)

	_, err = r.Definition(doc(t, `{"a": [{"b c": {"relative-datestamp": "soon"}}], "d": {"relative-datestamp": null}, "e": {"relative-datestamp": "999999999 days"}}`))
	assert.ErrorContains(t, err, `a[0].b c: "soon" holds no duration`)
	assert.ErrorContains(t, err, `d: want a duration such as "1 day", got null`)
	assert.ErrorContains(t, err, `e: the duration "999999999 days" ends after the year 9999`)
	_, err = r.Definition(same)
	assert.NoError(t, err, "one bad definition does not spoil the next")
}

func TestSharing(t *testing.T) {
	artifacts := doc(t, `{"public/x": {"expires": {"relative-datestamp": "1 day"}}}`)
	task := func() *value.Map {
		m := value.MapOf("payload", value.MapOf("artifacts", artifacts))
		m.Freeze()
		return m
	}
	r := NewResolver(noon).Sharing()
	a, err := r.Definition(task())
	require.NoError(t, err)
	b, err := r.Definition(task())
	require.NoError(t, err)
	assert.Equal(t, text(t, a), text(t, b))
	assert.True(t, value.Same(a.At("payload").Map().At("artifacts"), b.At("payload").Map().At("artifacts")))
	bad := doc(t, `{"expires": {"relative-datestamp": "never"}}`)
	for range 2 { // remembered or not, the mistake is reported
		_, err = r.Definition(value.MapOf("payload", bad))
		assert.ErrorContains(t, err, "payload.expires")
	}
}

func TestDifferences(t *testing.T) {
	const ours = `{"provisionerId": "p", "workerType": "w", "created": {"relative-datestamp": "0 seconds"}, "deadline": {"relative-datestamp": "1 day"},
		"payload": {"n": 1, "f": 1.0, "list": [1, {"a": "b"}], "at": {"relative-datestamp": "2 days"}, "none": null, "yes": true}, "taskGroupId": "D", "schedulerId": "s"}`
	const theirs = `{"provisionerId": "p", "workerType": "w", "taskQueueId": "p/w", "created": "2026-01-02T03:04:05.678Z", "deadline": "2026-01-03T03:04:05.678Z", "expires": "2027-01-03T03:04:05.678Z",
		"payload": {"at": "2026-01-04T03:04:05.678Z", "n": 1.0, "f": 1, "list": [1, {"a": "b"}], "none": null, "yes": true}, "taskGroupId": "D", "schedulerId": "s",
		"projectId": "none", "dependencies": [], "requires": "all-completed", "routes": [], "priority": "lowest", "retries": 5, "scopes": [], "tags": {}, "extra": {}}`
	got, err := Differences(doc(t, ours), doc(t, theirs))
	require.NoError(t, err)
	assert.Empty(t, got)
	change := func(text string, f func(*value.Map)) *value.Map {
		m := doc(t, text).Copy()
		f(m)
		m.Freeze()
		return m
	}
	for _, c := range []struct {
		path string
		f    func(m *value.Map)
		want string
	}{
		{"created", func(m *value.Map) { m.Set("created", value.NewString("2026-01-02T03:04:05.679Z")) }, ""}, // and so all others
		{"deadline", func(m *value.Map) { m.Set("deadline", value.NewString("2026-01-03T03:04:05.679Z")) }, `deadline is "2026-01-03T03:04:05.678Z" here, "2026-01-03T03:04:05.679Z" there`},
		{"same time", func(m *value.Map) { m.Set("deadline", value.NewString("2026-01-03T03:04:05.6780Z")) }, "="},
		{"payload.n", func(m *value.Map) { m.EditMap("payload").Set("n", value.NewInt(2)) }, "payload.n is 1 here, 2 there"},
		{"payload.n", func(m *value.Map) { m.EditMap("payload").Set("n", value.NewString("1")) }, `payload.n is 1 here, "1" there`},
		{"payload.yes", func(m *value.Map) { m.EditMap("payload").Set("yes", value.NewInt(1)) }, "payload.yes is true here, 1 there"},
		{"payload.at", func(m *value.Map) {
			m.EditMap("payload").Set("at", value.NewString("2026-01-04T03:04:05.679Z"))
		}, `payload.at is "2026-01-04T03:04:05.678Z" here, "2026-01-04T03:04:05.679Z" there`},
		{"payload.list[1].a", func(m *value.Map) { m.EditMap("payload").EditList("list").EditMap(1).Set("a", value.NewString("c")) }, `payload.list[1].a is "b" here, "c" there`},
		{"payload.list", func(m *value.Map) { m.EditMap("payload").EditList("list").AppendStrings("x") }, "payload.list is a list of 2 here, a list of 3 there"},
		{"payload.more", func(m *value.Map) { m.EditMap("payload").Set("more", value.NewInt(1)) }, "payload.more is absent here, 1 there"},
		{"payload.n", func(m *value.Map) { m.EditMap("payload").Delete("n") }, "payload.n is 1 here, absent there"},
		{"retries", func(m *value.Map) { m.Set("retries", value.NewInt(0)) }, "retries is 5 here, 0 there"},
		{"dependencies", func(m *value.Map) { m.EditList("dependencies").AppendStrings("x") }, "dependencies is a list of 0 here, a list of 1 there"},
		{"workerType", func(m *value.Map) { m.Set("workerType", value.NewString("v")) }, `workerType is "w" here, "v" there`},
		{"scopes", func(m *value.Map) { m.Delete("scopes") }, "="},
	} {
		got, err := Differences(doc(t, ours), change(theirs, c.f))
		require.NoError(t, err)
		switch {
		case c.want == "=":
			assert.Empty(t, got, c.path)
		case c.want == "":
			assert.NotEmpty(t, got, c.path)
		default:
			if assert.Len(t, got, 1, c.path) {
				assert.Equal(t, c.path, got[0].Path)
				assert.Equal(t, c.want, got[0].String())
			}
		}
	}
}

// The moment of the queue's task follows from any of its times; where there is none in ours, times are compared as they are.
func TestMoment(t *testing.T) {
	for _, c := range []struct {
		ours, theirs string
		want         int
	}{
		{`{"created": "2026-01-02T03:04:05.678Z", "deadline": {"relative-datestamp": "1 day"}}`, `{"created": "2026-01-02T03:04:05.678Z", "deadline": "2026-01-09T00:00:00.000Z", "expires": "x"}`, 0},
		{`{"created": "2026-01-02T03:04:05.678Z", "deadline": "2026-01-03T03:04:05Z"}`, `{"created": "2026-01-02T03:04:05.678Z", "deadline": "2026-01-03T03:04:05.000Z"}`, 0},
		{`{"created": "2026-01-02T03:04:05.678Z", "deadline": "2026-01-03T03:04:05Z"}`, `{"created": "2026-01-02T03:04:05.679Z"}`, 2},
		{`{"taskQueueId": "p/w"}`, `{"provisionerId": "p", "workerType": "w"}`, 0},
		{`{"provisionerId": "p", "workerType": "w"}`, `{"taskQueueId": "p/v"}`, 2},
		{`{"created": {"relative-datestamp": "0 seconds"}}`, `{"created": "nonsense"}`, 1},
	} {
		got, err := Differences(doc(t, c.ours), doc(t, c.theirs))
		require.NoError(t, err)
		assert.Len(t, got, c.want, "%s %s: %v", c.ours, c.theirs, got)
	}
	_, err := Differences(doc(t, `{"created": {"relative-datestamp": "soon"}}`), doc(t, `{"created": "2026-01-02T03:04:05.678Z"}`))
	assert.Error(t, err)
}
