package definition

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/taskgraph-go/decision/internal/duration"
	"github.com/taskgraph-go/decision/value"
)

// Difference is a place in which two definitions differ.
type Difference struct {
	Path         string
	Ours, Theirs value.Value // null for what is absent
}

// String names the place and both values.
func (d Difference) String() string {
	return fmt.Sprintf("%s is %s here, %s there", d.Path, describe(d.Ours), describe(d.Theirs))
}

func describe(v value.Value) string {
	switch {
	case v.IsNull():
		return "absent"
	case v.List() != nil:
		return fmt.Sprintf("a list of %d", v.List().Len())
	}
	return v.Describe()
}

// Differences compares a completed definition, whose times are relative, with the one that the queue has for the same task.
// That one may have been made at another moment, which follows from its times: ours is made for the same moment before
// they are compared. Defaults that the queue fills in, and where it is free to write a value in another way, do not count.
//
// Without a difference the task that the queue has is the one that would have been created.
func Differences(ours, theirs *value.Map) ([]Difference, error) {
	then, ok := Moment(ours, theirs)
	if !ok { // any moment will do
		then = time.Unix(0, 0)
	}
	ours, err := NewResolver(then).Definition(ours)
	if err != nil {
		return nil, err
	}
	var c comparison
	ours, theirs = withDefaults(ours), withDefaults(theirs)
	if !ours.Has("expires") { // the queue's own choice
		theirs.Delete("expires")
	}
	for _, key := range [...]string{"created", "deadline", "expires"} {
		a, b := ours.At(key), theirs.At(key)
		if !sameTime(a.Str(), b.Str()) {
			c.differ(key, a, b)
		}
		ours.Delete(key)
		theirs.Delete(key)
	}
	c.maps("", ours, theirs)
	slices.SortFunc(c.found, func(a, b Difference) int { return strings.Compare(a.Path, b.Path) })
	return c.found, nil
}

// Moment gives the moment that the times of the queue's definition are relative to. ok is false where ours has no relative time
// that tells.
func Moment(ours, theirs *value.Map) (then time.Time, ok bool) {
	for _, key := range [...]string{"created", "deadline", "expires"} {
		after, relative := ours.At(key).Map().Get(Relative)
		if !relative {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, theirs.Str(key))
		if err != nil {
			continue
		}
		seconds, err := duration.Parse(after.Str())
		if err != nil {
			continue
		}
		return time.Unix(at.Unix()-seconds, int64(at.Nanosecond())).UTC(), true
	}
	return time.Time{}, false
}

// sameTime says whether two texts are the same moment to the millisecond, or the same text.
func sameTime(a, b string) bool {
	if a == b {
		return true
	}
	s, err := time.Parse(time.RFC3339Nano, a)
	if err != nil {
		return false
	}
	t, err := time.Parse(time.RFC3339Nano, b)
	return err == nil && s.Truncate(time.Millisecond).Equal(t.Truncate(time.Millisecond))
}

// defaults are what the queue takes for absent fields.
var defaults = func() *value.Map {
	m := value.MapOf("projectId", "none", "schedulerId", "-", "dependencies", value.NewList(), "requires", "all-completed",
		"routes", value.NewList(), "priority", "lowest", "retries", 5, "scopes", value.NewList(), "payload", value.NewMap(0),
		"tags", value.NewMap(0), "extra", value.NewMap(0))
	m.Freeze()
	return m
}()

// withDefaults gives a copy of a definition with what the queue fills in.
func withDefaults(def *value.Map) *value.Map {
	out := def.Copy()
	out.SetDefaults(defaults)
	if queue := out.Str("taskQueueId"); queue != "" {
		provisioner, workerType, _ := strings.Cut(queue, "/")
		out.SetDefault("provisionerId", value.NewString(provisioner))
		out.SetDefault("workerType", value.NewString(workerType))
	} else {
		out.Set("taskQueueId", value.NewString(out.Str("provisionerId")+"/"+out.Str("workerType")))
	}
	return out
}

type comparison struct{ found []Difference }

func (c *comparison) differ(path string, a, b value.Value) {
	c.found = append(c.found, Difference{Path: path, Ours: a, Theirs: b})
}

func (c *comparison) values(path string, a, b value.Value) {
	switch {
	case a.Map() != nil && b.Map() != nil:
		c.maps(path, a.Map(), b.Map())
	case a.List() != nil && b.List() != nil && a.List().Len() == b.List().Len():
		for i := range a.List().Len() {
			c.values(fmt.Sprintf("%s[%d]", path, i), a.List().At(i), b.List().At(i))
		}
	case !sameScalar(a, b):
		c.differ(path, a, b)
	}
}

func (c *comparison) maps(path string, a, b *value.Map) {
	inside := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	for key, v := range a.All() {
		if other, ok := b.Get(key); ok {
			c.values(inside(key), v, other)
		} else {
			c.differ(inside(key), v, value.Value{})
		}
	}
	for key, v := range b.All() {
		if !a.Has(key) {
			c.differ(inside(key), value.Value{}, v)
		}
	}
}

// sameScalar compares as JSON does in JavaScript: numbers by value, as floats, and nothing else is equal to a number.
func sameScalar(a, b value.Value) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	if a.Kind() != b.Kind() {
		return false
	}
	return value.Equal(a, b)
}

func number(v value.Value) (float64, bool) {
	switch v.Kind() {
	case value.Float:
		return v.AsFloat()
	case value.Int, value.BigInt:
		f, _ := new(big.Float).SetInt(v.AsBigInt()).Float64()
		return f, true
	}
	return 0, false
}
