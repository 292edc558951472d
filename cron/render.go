package cron

import (
	"encoding/json"
	"fmt"
	"runtime/metrics"
	"time"

	jsone "github.com/json-e/json-e/v4"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// What a template may cost. Real ones take some milliseconds and no memory to speak of.
const (
	maxRenderTime   = 700 * time.Millisecond
	maxRenderMemory = 256 << 20
	watchEvery      = 2 * time.Millisecond
)

// RenderTemplate is a [Render] that uses the JSON-e library. A rendering that takes too long, or too much memory, is left to
// itself, since the library cannot be stopped: the program should end soon after such an error.
func RenderTemplate(template value.Value, context *value.Map, functions map[string]func(text string) string) (value.Value, error) {
	plainTemplate, err := plain(template)
	if err != nil {
		return value.Value{}, err
	}
	plainContext, err := plain(context.Value())
	if err != nil {
		return value.Value{}, err
	}
	names := plainContext.(map[string]any)
	for name, f := range functions {
		names[name] = jsone.WrapFunction(f)
	}
	type result struct {
		v   any
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("%v", p)
			}
			done <- r
		}()
		r.v, r.err = jsone.Render(plainTemplate, names)
	}()
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	late := time.After(maxRenderTime)
	before := heap()
	for {
		select {
		case r := <-done:
			if r.err != nil {
				return value.Value{}, diag.Errorf(diag.BadCron, template.Pos(), "the template cannot be rendered: %w", r.err)
			}
			return fromPlain(r.v, template.Pos())
		case <-late:
			return value.Value{}, diag.Errorf(diag.LimitExceeded, template.Pos(), "the template takes longer than %s to render", maxRenderTime)
		case <-watch.C:
			if heap() > before+maxRenderMemory {
				return value.Value{}, diag.Errorf(diag.LimitExceeded, template.Pos(), "the template needs more than %d MiB to render", maxRenderMemory>>20)
			}
		}
	}
}

// heap gives how much memory objects take.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// plain gives a value as the library takes it.
func plain(v value.Value) (any, error) {
	text, err := value.AppendJSON(nil, v, value.JSONStyle{}, 0)
	if err != nil {
		return nil, err
	}
	var out any
	err = json.Unmarshal(text, &out)
	return out, err
}

// fromPlain gives what the library made as a value.
func fromPlain(x any, pos diag.Pos) (value.Value, error) {
	text, err := json.Marshal(x)
	if err != nil {
		return value.Value{}, diag.Errorf(diag.BadCron, pos, "what the template renders to is no JSON: %w", err)
	}
	v, err := (&value.Reader{}).JSON("what the template renders to", text)
	return v.At(pos), err
}
