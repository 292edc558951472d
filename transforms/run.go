package transforms

import (
	"errors"
	"sync"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/transforms/schemas"
	"github.com/taskgraph-go/decision/value"
	"github.com/taskgraph-go/decision/value/schema"
)

// runSequence turns run descriptions into task descriptions.
func runSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("run"),
		{Name: "rewrite_when_to_optimization", Each: rewriteWhen},
		{Name: "set_implementation", Plan: setRunImplementation, Early: setRunImplementationEarly},
		{Name: "set_label", Each: setLabel},
		{Name: "use_fetches", Plan: useFetches, Early: useFetchesEarly},
		{Name: "make_task_description", Each: makeTaskDescription},
	}
}

// validateStep checks every stub against a schema.
func validateStep(name string) taskgraph.Step {
	return taskgraph.Step{Name: "validate " + name, Begin: func(*taskgraph.Config) (taskgraph.Each, error) {
		s := schema.NewChecker(schemas.Load(name))
		return func(_ *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
			if err := invalid(s.Validate(stub.Value())); err != nil {
				return err
			}
			yield(stub)
			return nil
		}, nil
	}}
}

// checker gives what checks values of a kind against a schema: it knows what it has seen already.
func checker(cfg *taskgraph.Config, s *schema.Schema) *schema.Checker {
	type key struct{ *schema.Schema }
	return taskgraph.Memo(cfg, key{s}, func() *schema.Checker { return schema.NewChecker(s) })
}

// invalid makes one error of what a schema found.
func invalid(found []*diag.Diagnostic) error {
	if len(found) == 0 {
		return nil
	}
	return &diag.Errors{All: found}
}

// rewriteWhen makes when.files-changed an optimization. A change of the kind itself always counts.
func rewriteWhen(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	when, _ := stub.Delete("when")
	if !when.Truthy() {
		yield(stub)
		return nil
	}
	type key struct {
		files unsafe.Pointer
		from  string
		pos   diag.Pos
	}
	files, from := when.Map().At("files-changed"), stub.Str("task-from")
	stub.Set("optimization", taskgraph.Memo(cfg, key{files.Identity(), from, when.Pos()}, func() value.Value {
		patterns := files.List().Copy()
		patterns.AppendStrings(cfg.Path + "/kind.yml")
		if from != "" && from != "kind.yml" {
			patterns.AppendStrings(cfg.Path + "/" + from)
		}
		return skipKeys.Map(patterns.Value().At(when.Pos())).Value().At(when.Pos())
	}))
	yield(stub)
	return nil
}

var skipKeys = value.NewKeys("skip-unless-changed")

// setRunImplementation takes the worker implementation and operating system from the worker type.
func setRunImplementation(_ *taskgraph.Config, stubs []*value.Map) ([]*value.Map, taskgraph.Each, error) {
	shared := sharedWorkers(stubs)
	return stubs, func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		if first, ok := shared[stub]; ok {
			return diag.Errorf(diag.BadWorker, stub.KeyPos("worker"), "is the same map as the worker of another task, by a YAML alias, and each task completes its own").
				WithPath("worker").WithRelated(first, "the other task's").WithHint("put what is common into task-defaults")
		}
		return runImplementation(cfg, stub, yield)
	}, nil
}

// setRunImplementationEarly does not know the stubs: it fails where two have the same worker, which may be fine.
func setRunImplementationEarly(*taskgraph.Config) (taskgraph.Each, error) {
	var workers sync.Map // that are not the stub's own
	return func(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
		if worker := stub.At("worker"); worker.Map() != nil && worker.Lasting() {
			if _, again := workers.LoadOrStore(worker.Identity(), true); again {
				return errNeedsPlan
			}
		}
		return runImplementation(cfg, stub, yield)
	}, nil
}

// errNeedsPlan is what steps give that cannot do without a look at all stubs.
var errNeedsPlan = errors.New("all tasks of the kind must be known first")

// sharedWorkers gives the stubs whose worker is another one's by a YAML alias, with the place of that one. The reference
// fails for them, because a transform completes the map twice. What task-defaults, chunks or a matrix made of one task is not
// shared there.
func sharedWorkers(stubs []*value.Map) map[*value.Map]diag.Pos {
	var shared map[*value.Map]diag.Pos
	first := make(map[unsafe.Pointer]*value.Map)
	for _, stub := range stubs {
		worker, ok := stub.Get("worker")
		if !ok || worker.Map() == nil {
			continue
		}
		other, seen := first[worker.Identity()]
		if !seen {
			first[worker.Identity()] = stub
			continue
		}
		here, there := stub.KeyPos("worker"), other.KeyPos("worker")
		attributes := stub.At("attributes").Map()
		if here != there && !attributes.Has("matrix") && !attributes.Has("this_chunk") && !attributes.Has("primary-kind-dependency") {
			if shared == nil {
				shared = map[*value.Map]diag.Pos{}
			}
			shared[stub] = there
		}
	}
	return shared
}

func runImplementation(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	workerType := stub.At("worker-type")
	implementation, os, err := cfg.Graph.Implementation(workerType.Str(), workerType.Pos())
	if err != nil {
		return err
	}
	if os != "" {
		stub.EditMap("tags").Set("os", value.NewString(os))
	}
	stub.EditMap("tags").Set("worker-implementation", value.NewString(implementation))
	worker := stub.EditMap("worker")
	if worker == nil {
		worker = value.NewMap(2)
		stub.Set("worker", worker.Value())
		worker = stub.EditMap("worker")
	}
	if v, ok := worker.Get("implementation"); ok {
		return diag.Errorf(diag.BadWorker, worker.KeyPos("implementation"), "must not be set to %s: it follows from worker-type %q", v.Describe(), workerType.Str()).
			WithPath("worker.implementation")
	}
	if err := workerShape(worker); err != nil {
		return err
	}
	worker.Set("implementation", value.NewString(implementation))
	if os != "" {
		worker.Set("os", value.NewString(os))
	}
	yield(stub)
	return nil
}

// workerShape reports fields that the run transforms add to, but cannot. What else may be wrong with a worker the task
// transforms report.
func workerShape(worker *value.Map) error {
	var found []*diag.Diagnostic
	check := func(want string, fits func(value.Value) bool, keys ...string) {
		for _, key := range keys {
			if v := worker.At(key); !v.IsNull() && !fits(v) {
				found = append(found, diag.Errorf(diag.WrongType, v.Or(worker.KeyPos(key)).Pos(), "want %s, got %s", want, v.Describe()).WithPath("worker."+key))
			}
		}
	}
	check("map", func(v value.Value) bool { return v.Map() != nil }, "env")
	check("list", func(v value.Value) bool { return v.List() != nil }, "artifacts", "caches", "mounts")
	return invalid(found)
}

// setLabel makes the label of a task that has only a name: kind-name.
func setLabel(cfg *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	if err := labelFromName(cfg, stub); err != nil {
		return err
	}
	yield(stub)
	return nil
}

func labelFromName(cfg *taskgraph.Config, stub *value.Map) error {
	if !stub.Has("label") {
		name, ok := stub.Get("name")
		if !ok {
			return diag.Errorf(diag.BadTask, 0, "task has neither a name nor a label")
		}
		stub.Set("label", value.NewString(cfg.Kind+"-"+value.PyStr(name)).At(stub.KeyPos("name")).Or(name.Pos()))
	}
	if stub.At("name").Truthy() {
		stub.Delete("name")
	}
	return nil
}

// makeTaskDescription lets the handler for run.using on the task's worker implementation complete a task description.
func makeTaskDescription(cfg *taskgraph.Config, task *value.Map, yield func(*value.Map)) error {
	implementation := task.At("worker").Map().Str("implementation")
	// Always-optimized tasks never run and so need no place to work in.
	if implementation == "docker-worker" || implementation == "generic-worker" {
		task.EditMap("run").SetDefault("workdir", value.NewString("/builds/worker"))
	}
	desc := task.Copy()
	desc.SetDefaults(descriptionDefaults)
	if err := ConfigureForRun(cfg, task, desc); err != nil {
		return err
	}
	desc.Delete("run")
	yield(desc)
	return nil
}

// descriptionDefaults make handlers simpler: what they add to is always there.
var descriptionDefaults = value.NewKeys("attributes", "dependencies", "soft-dependencies", "routes", "scopes", "extra").
	Map(noMap, noMap, noList, noList, noList, noMap)

// ConfigureForRun applies the handler for task's run.using and worker implementation to desc, the task description to
// be. Handlers that build on another one set run.using and call it again. It fails when there is no such handler or
// when the run section does not fit its schema.
func ConfigureForRun(cfg *taskgraph.Config, task, desc *value.Map) error {
	using := task.At("run").Map().At("using")
	implementation := task.At("worker").Map().Str("implementation")
	if using.Str() != "run-task" && isNumbered(desc) {
		return errNumbered
	}
	h, err := runHandler(cfg, using.Str(), implementation)
	if err != nil {
		return diag.Placed(err, using.Pos(), "run.using")
	}
	if h == nil {
		return noHandler(cfg, using, implementation)
	}
	if h.Defaults != nil {
		task.EditMap("run").SetDefaults(h.Defaults)
	}
	if h.Schema != nil {
		found := checker(cfg, h.Schema).Validate(task.At("run"))
		for _, d := range found {
			d.Path = joinPath("run", d.Path)
		}
		if err := invalid(found); err != nil {
			return err
		}
	}
	return h.Run(cfg, task, desc)
}

// runHandler gives the handler for tasks, nil where there is none.
func runHandler(cfg *taskgraph.Config, using, implementation string) (*taskgraph.RunHandler, error) {
	type key struct{ using, implementation string }
	return taskgraph.MemoErr(cfg, key{using, implementation}, func() (*taskgraph.RunHandler, error) {
		h, ok, err := cfg.Registry.RunHandlers.Lookup(taskgraph.RunName(using, implementation))
		if !ok {
			return nil, err
		}
		return &h, err
	})
}

func joinPath(prefix, rest string) string {
	switch {
	case rest == "":
		return prefix
	case rest[0] == '[':
		return prefix + rest
	}
	return prefix + "." + rest
}

// noHandler says which run.using there are for the implementation, or where the wanted one would work.
func noHandler(cfg *taskgraph.Config, using value.Value, implementation string) error {
	var here, elsewhere []string
	for _, name := range cfg.Registry.RunHandlers.Names() {
		u, impl := splitRunName(name)
		if impl == implementation {
			here = append(here, u)
		}
		if u == using.Str() {
			elsewhere = append(elsewhere, impl)
		}
	}
	d := diag.Errorf(diag.BadRun, using.Pos(), "no run.using %q on worker implementation %q", using.Str(), implementation).WithPath("run.using")
	switch {
	case len(elsewhere) > 0:
		d.WithHint("run.using %q works on: %s", using.Str(), joinList(elsewhere))
	default:
		d.WithHint("%s", diag.DidYouMean(using.Str(), here))
	}
	return d
}
