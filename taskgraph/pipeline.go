package taskgraph

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// pipeline sends the stubs of one kind through its sequence of steps. Runs of steps that look at one stub at a time
// are cut into batches, which workers take; a step that sees the whole stream waits for all of them, unless it turns out that it
// need not. The order of the stubs never depends on that.
type pipeline struct {
	cfg     *Config
	workers int
	errs    *diag.List

	attempt bool // errors mean nothing, but that it was in vain

	patterns  bool       // tasks may stay of patterns
	interners *sync.Pool // of interners that no worker uses now
	made      func(tasks int)
}

// more says that there are more stubs or tasks, or fewer.
func (p *pipeline) more(n int) {
	if p.made != nil && n != 0 {
		p.made(n)
	}
}

// maxBatch is how many stubs a worker takes at once where there are many.
const maxBatch = 128

// batch gives how many stubs a worker takes at once: few enough to keep all workers busy to the end.
func (p *pipeline) batch(stubs int) int { return max(1, min(maxBatch, stubs/(16*p.workers))) }

// run gives the tasks that the steps make of the stubs, which it takes over.
func (p *pipeline) run(stubs []*value.Map, steps []Step) []*Task {
	p.more(len(stubs))
	for {
		if err := p.cfg.Context.Err(); err != nil {
			p.errs.Add(err)
			return nil
		}
		if len(steps) > 0 && steps[0].All != nil {
			stubs = p.all(stubs, steps[0])
			steps = steps[1:]
			continue
		}
		if tasks, ok := p.early(stubs, steps); ok {
			return tasks
		}
		n := min(1, len(steps))
		for n < len(steps) && steps[n].All == nil && steps[n].Plan == nil && (!steps[n-1].Expands || p.many(stubs)) {
			n++
		}
		if n == len(steps) {
			return each(p, stubs, steps, func(stubs int) finisher[*Task] { return p.tasks(stubs, steps) })
		}
		stubs = each(p, stubs, steps[:n], func(int) finisher[*value.Map] { return finisher[*value.Map]{finish: asItIs} })
		steps = steps[n:]
	}
}

// many says whether there is work for all workers without cutting it anew where stubs become many.
func (p *pipeline) many(stubs []*value.Map) bool { return len(stubs) >= 16*p.workers }

// early sends stubs through all steps at once, as if those with a plan needed none, and says whether that went well. If not, nothing
// happened.
func (p *pipeline) early(stubs []*value.Map, steps []Step) ([]*Task, bool) {
	early := slices.Clone(steps)
	plans := false
	for i, s := range steps {
		if s.All != nil || !s.Contained || s.Plan != nil && s.Early == nil || s.Expands && s.Alike == nil && !p.many(stubs) {
			return nil, false
		}
		if s.Plan != nil {
			plans = true
			early[i].Plan, early[i].Begin = nil, s.Early
		}
	}
	if !plans || !p.cfg.Registry.contained() {
		return nil, false
	}
	attempt, warnings := *p, &diag.List{}
	var made atomic.Int64
	attempt.errs, attempt.attempt = &diag.List{}, true
	attempt.made = func(n int) {
		made.Add(int64(n))
		p.more(n)
	}
	held := p.cfg.held
	p.cfg.held = warnings
	tasks := each(&attempt, stubs, early, func(stubs int) finisher[*Task] { return attempt.tasks(stubs, early) })
	p.cfg.held = held
	if attempt.errs.Failed() || !NewTaskGraph(tasks, false).distinct() {
		p.cfg.failed.Clear()
		p.cfg.memos.Clear()
		p.more(-int(made.Load()))
		return nil, false
	}
	for _, d := range warnings.Warnings(nil) {
		p.cfg.Warn(d)
	}
	for _, d := range attempt.errs.Warnings(nil) {
		p.errs.Add(d)
	}
	return tasks, true
}

// finisher is what a worker does with the stubs that its steps leave.
type finisher[T any] struct {
	finish func(stub *value.Map) (result T, ok bool)
	alike  func(stub *value.Map, last int) (results []T, ok bool) // of a stub for all numbers up to the last; may be nil
	arena  *value.Arena                                           // where stubs live meanwhile; may be nil
	end    func()                                                 // may be nil
}

func asItIs(stub *value.Map) (*value.Map, bool) { return stub, true }

// tasks gives what a worker makes of the stubs that the last step left: tasks. Since tasks of a kind are alike, they share
// what is equal in them. Nothing of a stub stays, so that stubs may live in an arena where the steps keep nothing either.
func (p *pipeline) tasks(stubs int, steps []Step) finisher[*Task] {
	interner, ok := p.interners.Get().(*value.Interner)
	if !ok || !interner.Fits(stubs) {
		interner = value.NewInterner(stubs)
	}
	var arena *value.Arena
	if p.cfg.Registry.contained() && !slices.ContainsFunc(steps, func(s Step) bool { return !s.Contained }) {
		arena = value.NewArena()
	}
	f := finisher[*Task]{
		finish: func(stub *value.Map) (*Task, bool) {
			t, err := newTask(p.cfg.Kind, stub)
			if err != nil {
				p.report(err, stub, "")
				return nil, false
			}
			t.intern(interner)
			return t, true
		},
		arena: arena,
		end: func() {
			arena.Close()
			p.interners.Put(interner)
		},
	}
	if p.cfg.Registry.contained() {
		var numbering *value.Numbering
		f.alike = func(stub *value.Map, last int) ([]*Task, bool) {
			if numbering == nil {
				numbering = value.NewNumbering(interner)
			}
			t, err := newTask(p.cfg.Kind, stub)
			if err != nil {
				return nil, false
			}
			t.intern(interner)
			return t.numbered(numbering, last, p.patterns)
		}
	}
	return f
}

// all runs a step that sees the whole stream.
func (p *pipeline) all(stubs []*value.Map, step Step) (out []*value.Map) {
	defer CatchBug(step.Name, func(err error) { p.report(err, nil, step.Name) })
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
	p.more(len(out) - len(stubs))
	return out
}

// each runs a sequence of steps that see one stub at a time; the first may plan. What comes out is finished by what each worker has
// of its own.
func each[T any](p *pipeline, stubs []*value.Map, steps []Step, finish func(stubs int) finisher[T]) []T {
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
	size := p.batch(len(stubs))
	batches := (len(stubs) + size - 1) / size
	results := make([][]T, batches)
	var next atomic.Int32
	work := func() {
		f := finish(len(stubs))
		if f.end != nil {
			defer f.end()
		}
		var out []T
		r := newRunner(p, steps, fs, f.arena, func(stub *value.Map) {
			if made, ok := f.finish(stub); ok {
				out = append(out, made)
			}
		})
		if f.alike != nil {
			r.alike = func(stub *value.Map, last int) (commit func(), ok bool) {
				made, ok := f.alike(stub, last)
				return func() { out = append(out, made...) }, ok
			}
		}
		for {
			b := int(next.Add(1)) - 1
			if b >= batches {
				return
			}
			in := stubs[b*size : min((b+1)*size, len(stubs))]
			out = make([]T, 0, len(in))
			for i, stub := range in {
				r.through(stub)
				if !p.attempt {
					in[i] = nil // it is garbage from here on
				} else if p.errs.Failed() {
					return
				}
			}
			results[b] = out
			p.more(len(results[b]) - len(in))
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
	out := make([]T, 0, n)
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
	arena  *value.Arena       // where stubs live meanwhile; may be nil
	out    func(*value.Map)   // takes what the last step made

	// alike takes what the last step made for all numbers up to the last; nothing comes of it before commit.
	alike func(stub *value.Map, last int) (commit func(), ok bool)
	blind int    // the steps from there on are
	trial *trial // of the stub that is under way, if it stands for several
}

// trial is the way of a stub for several numbers.
type trial struct {
	last   int
	made   []func() // commits
	failed bool
}

func newRunner(p *pipeline, steps []Step, fs []Each, arena *value.Arena, out func(*value.Map)) *runner {
	r := &runner{p: p, steps: steps, fs: fs, yields: make([]func(*value.Map), len(fs)), arena: arena, out: out, blind: len(steps)}
	for i := range fs {
		r.yields[i] = func(s *value.Map) { r.at(s, i+1) }
		if arena != nil && steps[i].Expands {
			r.yields[i] = func(s *value.Map) {
				mark := arena.Mark()
				r.at(s, i+1)
				arena.Release(mark)
			}
		}
	}
	for r.blind > 0 && steps[r.blind-1].Blind {
		r.blind--
	}
	return r
}

// through sends one stub through the steps. A panic of a step becomes an error that names it.
func (r *runner) through(stub *value.Map) {
	defer func() {
		if x := recover(); x != nil {
			name := r.steps[r.step].Name
			r.p.report(newBug(name, x), stub, name)
		}
		r.arena.Reset()
	}()
	if r.p.attempt && r.arena == nil {
		stub = stub.Copy()
	}
	r.at(r.arena.Adopt(stub), 0)
}

func (r *runner) at(stub *value.Map, i int) {
	if i == len(r.fs) {
		r.end(stub)
		return
	}
	if r.tryAlike(stub, i) {
		return
	}
	r.step = i
	if err := r.fs[i](r.p.cfg, stub, r.yields[i]); err != nil {
		if r.trial != nil {
			r.trial.failed = true
		} else {
			r.p.report(err, stub, r.steps[i].Name)
		}
	}
	r.step = i
}

func (r *runner) end(stub *value.Map) {
	if r.trial == nil {
		r.out(stub)
		return
	}
	commit, ok := r.alike(stub, r.trial.last)
	r.trial.made, r.trial.failed = append(r.trial.made, commit), r.trial.failed || !ok
}

// tryAlike sends one stub in the place of all that a step would make of a stub through the steps that follow, if they can do with that, and
// says whether it went well. If not, nothing happened.
func (r *runner) tryAlike(stub *value.Map, i int) bool {
	if r.steps[i].Alike == nil || r.alike == nil || r.blind > i+1 || r.trial != nil {
		return false
	}
	like, last := r.steps[i].Alike(r.p.cfg, stub)
	if last < 2 {
		return false
	}
	t := &trial{last: last}
	mark := r.arena.Mark()
	r.send(like, i+1, t)
	r.arena.Release(mark)
	if t.failed {
		return false
	}
	for _, commit := range t.made {
		commit()
	}
	return true
}

// send sends a stub on for a trial, which fails where a step panics: whoever sees stubs with their numbers finds out more.
func (r *runner) send(stub *value.Map, i int, t *trial) {
	r.trial = t
	defer func() {
		if recover() != nil {
			t.failed = true
		}
		r.trial = nil
	}()
	r.at(stub, i)
}

// report adds an error, with what the pipeline knows about where it happened.
func (p *pipeline) report(err error, stub *value.Map, step string) {
	p.cfg.drop(stub)
	for _, found := range diag.Flatten(err) {
		d := new(*found) // several tasks may meet the same error
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
				d.Pos = StubPos(stub)
			}
			if d.Pos == 0 {
				d.Where.File = p.cfg.Path + "/kind.yml"
			}
		}
		p.errs.Add(d)
	}
}
