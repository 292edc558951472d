package taskgraph

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// pipeline sends the stubs of one kind through its sequence of steps. Runs of steps that look at one stub at a time
// are cut into batches, which workers take; a step that sees the whole stream waits for all of them. The order of the
// stubs never depends on that.
type pipeline struct {
	cfg     *Config
	workers int
	errs    *diag.List
}

// batchSize is how many stubs a worker takes at once: few enough to keep all workers busy to the end.
const batchSize = 128

// run gives what the steps make of the stubs.
func (p *pipeline) run(stubs []*value.Map, steps []Step) []*value.Map {
	for len(steps) > 0 {
		if err := p.cfg.Context.Err(); err != nil {
			p.errs.Add(err)
			return nil
		}
		if steps[0].All != nil {
			stubs = p.all(stubs, steps[0])
			steps = steps[1:]
			continue
		}
		n := 1
		for n < len(steps) && steps[n].All == nil && steps[n].Plan == nil && !steps[n-1].Expands {
			n++
		}
		stubs = p.each(stubs, steps[:n])
		steps = steps[n:]
	}
	return stubs
}

// all runs a step that sees the whole stream.
func (p *pipeline) all(stubs []*value.Map, step Step) (out []*value.Map) {
	defer p.recover(nil, step.Name)
	in := func(yield func(*value.Map, error) bool) {
		for _, s := range stubs {
			if !yield(s, nil) {
				return
			}
		}
	}
	out = make([]*value.Map, 0, len(stubs))
	for stub, err := range step.All(p.cfg, in) {
		if err != nil {
			p.report(err, stub, step.Name)
			continue
		}
		out = append(out, stub)
	}
	return out
}

// each runs a sequence of steps that see one stub at a time; the first may plan.
func (p *pipeline) each(stubs []*value.Map, steps []Step) []*value.Map {
	fs := make([]Each, len(steps))
	for i, s := range steps {
		var err error
		switch {
		case s.Plan != nil:
			stubs, fs[i], err = s.Plan(p.cfg, stubs)
		case s.Begin != nil:
			fs[i], err = s.Begin(p.cfg)
		default:
			fs[i] = s.Each
		}
		if err != nil {
			p.report(err, nil, s.Name)
			return nil
		}
	}
	batches := (len(stubs) + batchSize - 1) / batchSize
	results := make([][]*value.Map, batches)
	var next atomic.Int32
	work := func() {
		r := newRunner(p, steps, fs)
		for {
			b := int(next.Add(1)) - 1
			if b >= batches {
				return
			}
			in := stubs[b*batchSize : min((b+1)*batchSize, len(stubs))]
			r.out = make([]*value.Map, 0, len(in))
			for _, stub := range in {
				r.through(stub)
			}
			results[b] = r.out
		}
	}
	workers := min(p.workers, batches)
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if batches == 1 {
		return results[0]
	}
	n := 0
	for _, r := range results {
		n += len(r)
	}
	out := make([]*value.Map, 0, n)
	for _, r := range results {
		out = append(out, r...)
	}
	return out
}

// runner sends stubs through a run of steps, one at a time.
type runner struct {
	p      *pipeline
	steps  []Step
	fs     []Each
	yields []func(*value.Map) // yields[i] sends on what step i made
	step   int                // the step that is running
	out    []*value.Map
}

func newRunner(p *pipeline, steps []Step, fs []Each) *runner {
	r := &runner{p: p, steps: steps, fs: fs, yields: make([]func(*value.Map), len(fs))}
	for i := range fs {
		r.yields[i] = func(s *value.Map) { r.at(s, i+1) }
	}
	return r
}

// through sends one stub through the steps. A panic of a step becomes an error that names it.
func (r *runner) through(stub *value.Map) {
	defer func() {
		if x := recover(); x != nil {
			r.p.report(bug(r.steps[r.step].Name, x), stub, r.steps[r.step].Name)
		}
	}()
	r.at(stub, 0)
}

func (r *runner) at(stub *value.Map, i int) {
	if i == len(r.fs) {
		r.out = append(r.out, stub)
		return
	}
	r.step = i
	if err := r.fs[i](r.p.cfg, stub, r.yields[i]); err != nil {
		r.p.report(err, stub, r.steps[i].Name)
	}
	r.step = i
}

// bug makes an error of a panic: a fault of the program, never the user's.
func bug(step string, r any) error {
	return fmt.Errorf("bug: %s: %v\n%s", step, r, debug.Stack())
}

func (p *pipeline) recover(stub *value.Map, step string) {
	if r := recover(); r != nil {
		p.report(bug(step, r), stub, step)
	}
}

// report adds an error, with what the pipeline knows about where it happened.
func (p *pipeline) report(err error, stub *value.Map, step string) {
	p.cfg.drop(stub)
	for _, d := range diag.Flatten(err) {
		if d.Kind == "" {
			d.Kind = p.cfg.Kind
		}
		if stub != nil && d.Label == "" {
			if d.Label = stub.Str("label"); d.Label == "" {
				if name := stub.Str("name"); name != "" {
					d.Label = p.cfg.Kind + "-" + name
				}
			}
		}
		if d.Stage == "" {
			d.Stage = step
		}
		if d.Pos == 0 && d.Where.File == "" {
			if stub != nil {
				d.Pos = firstPos(stub)
			}
			if d.Pos == 0 {
				d.Where.File = p.cfg.Path + "/kind.yml"
			}
		}
		p.errs.Add(d)
	}
}
