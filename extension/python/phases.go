package python

import (
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// add adds what the tree registered to the project's registry: what is not found by its name but run in any case, and what stands in
// the place of something built in. What register changed of the graph config holds from now on.
func (b *bridge) add(r *taskgraph.Registry, w *world) error {
	registered := w.registered
	if v, ok := registered.Get("graph config"); ok {
		changed, err := readMessage(v.AsBytes())
		if err != nil {
			return err
		}
		if before := b.project.Config.Map(); changed.Map() != nil {
			config, _ := graftMap(before, changed.Map())
			b.project.ReplaceConfig(r, config)
		}
	}
	if v, ok := registered.Get("project parameters"); ok {
		projects, err := readMessage(v.AsBytes())
		if err != nil {
			return err
		}
		for name, set := range projects.Map().All() {
			if set.Map() != nil {
				r.ProjectParameters.Replace(name, set.Map())
			}
		}
	}
	for _, name := range foreign(registered, "target", r.TargetMethods.Names()) {
		r.TargetMethods.Replace(name, b.selection("target", name))
	}
	for _, name := range foreign(registered, "filter", r.Filters.Names()) {
		r.Filters.Replace(name, b.selection("filter", name))
	}
	for _, name := range foreign(registered, "strategy", r.Strategies.Names()) {
		r.Strategies.Replace(name, b.strategy(r, registered, name))
	}
	for _, name := range foreign(registered, "payload", r.PayloadBuilders.Names()) {
		r.PayloadBuilders.Replace(name, b.payloadBuilder(name))
	}
	for _, name := range foreign(registered, "index", r.IndexBuilders.Names()) {
		r.IndexBuilders.Replace(name, b.indexBuilder(name))
	}
	for _, name := range foreign(registered, "group-by", r.GroupBys.Names()) {
		r.GroupBys.Replace(name, b.groupBy(name))
	}
	for _, name := range foreign(registered, "set-name", r.SetNames.Names()) {
		r.SetNames.Replace(name, b.setName(name))
	}
	for e := range registered.At("run").List().Values() {
		l := e.List()
		if l.Len() == 3 && l.At(2).IsTrue() {
			r.RunHandlers.Replace(taskgraph.RunName(l.At(0).Str(), l.At(1).Str()), b.runHandler(l.At(0).Str(), l.At(1).Str()))
		}
	}
	for e := range registered.At("morph").List().Values() {
		if n, ok := e.List().At(0).AsInt(); ok {
			r.Morphs.Replace(e.List().At(1).Str(), b.morph(int(n)))
		}
	}
	for e := range registered.At("verification").List().Values() {
		b.addVerification(r, e.List())
	}
	for e := range registered.At("action").List().Values() {
		b.addAction(r, e.List())
	}
	if registered.At("caches").IsTrue() {
		r.SetCaches(b.caches)
	}
	if names := registered.At("parameters"); !names.IsNull() {
		r.ParameterExtensions = append(slices.Clip(r.ParameterExtensions), b.parameters(w, names.List().Strings()))
	}
	return nil
}

// foreign gives the names in a registry that the tree registered, of those which it has in common with what is built in, and all
// that are new.
func foreign(registered *value.Map, registry string, builtIn []string) []string {
	var out []string
	for e := range registered.At(registry).List().Values() {
		l := e.List()
		if l.Len() != 2 {
			continue
		}
		name := l.At(0).Str()
		if l.At(1).IsTrue() || !slices.Contains(builtIn, name) {
			out = append(out, name)
		}
	}
	return out
}

// selection gives a target task method or a filter that runs in Python.
func (b *bridge) selection(registry, name string) func(*taskgraph.Selection) ([]*taskgraph.Task, error) {
	return func(sel *taskgraph.Selection) ([]*taskgraph.Task, error) {
		s, err := b.ofParams(sel.Params)
		if err != nil {
			return nil, err
		}
		v, err := s.call(call{op: "select", args: []argument{text(registry), text(name), s.listNumbers(slices.Collect(sel.Tasks.All()))}})
		if err != nil {
			return nil, b.after(err)
		}
		chosen := map[string]bool{}
		for l := range v.List().Values() {
			label, ok := l.AsString()
			if !ok || sel.Tasks.Task(label) == nil {
				return nil, diag.Errorf(diag.UnknownName, 0, "%q chose %s, which is no task", name, l.Describe())
			}
			chosen[label] = true
		}
		var out []*taskgraph.Task
		for t := range sel.Tasks.All() {
			if chosen[t.Label] {
				out = append(out, t)
			}
		}
		return out, nil
	}
}

// phases are the phases that verifications may be for, by the reference's names.
var phases = []taskgraph.Phase{taskgraph.Initial, taskgraph.GraphConfigPhase, taskgraph.ParametersPhase, taskgraph.KindsPhase, taskgraph.FullTaskSet,
	taskgraph.FullTaskGraph, taskgraph.TargetTaskSet, taskgraph.TargetTaskGraph, taskgraph.OptimizedTaskGraph, taskgraph.MorphedTaskGraph}

// addVerification adds a verification that runs in Python.
func (b *bridge) addVerification(r *taskgraph.Registry, e *value.List) {
	if e.Len() != 4 {
		return
	}
	place, _ := e.At(1).AsInt()
	i := slices.IndexFunc(phases, func(p taskgraph.Phase) bool { return p.String() == e.At(0).Str() })
	if i < 0 {
		return
	}
	phase := phases[i]
	edges := phase != taskgraph.FullTaskSet && phase != taskgraph.TargetTaskSet
	name := e.At(2).Str()
	for other := range r.Verifications.All() {
		if other == name {
			name = "python: " + name
		}
	}
	r.Verifications.Replace(name, taskgraph.Verification{Phase: phase, Projects: e.At(3).List().Strings(), Check: func(cfg *taskgraph.VerifyConfig, report func(error)) {
		s, err := b.ofParams(cfg.Params)
		if err != nil {
			report(err)
			return
		}
		var tasks []*taskgraph.Task
		if cfg.Tasks != nil {
			tasks = slices.Collect(cfg.Tasks.All())
		}
		_, err = s.call(call{op: "verify", args: []argument{
			text(phase.String()), whole(place), s.listNumbers(tasks), flag(edges), func(w *writer) { writeKinds(w, cfg.Kinds) },
		}})
		if err == nil {
			return
		}
		err = b.after(err)
		for _, d := range diag.Flatten(err) {
			// A plain Exception is how verifications refuse a graph. Any other is a slip of theirs.
			if d.Code == diag.PythonError && (strings.Contains(d.Message, "Exception: ") || d.Where.File == "") {
				d.Code = diag.Verification
			}
		}
		report(err)
	}})
}

func writeKinds(w *writer, kinds map[string]*taskgraph.Kind) {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	w.header(codeList, len(names))
	at := len(w.path)
	w.path = append(w.path, step{}, step{index: 2})
	for i, name := range names {
		w.path[at].index = i
		w.header(codeList, 3)
		w.str(name)
		w.str(kinds[name].Path)
		w.value(kinds[name].Map.Value())
	}
	w.path = w.path[:at]
}

// morph gives a morph that runs in Python.
func (b *bridge) morph(place int) taskgraph.Morph {
	return func(cfg *taskgraph.MorphConfig) error {
		s, err := b.ofParams(cfg.Params)
		if err != nil {
			return err
		}
		tasks := slices.Collect(cfg.Tasks())
		v, err := s.call(call{op: "morph", args: []argument{whole(int64(place)), s.listNumbers(tasks), func(w *writer) {
			w.code(codeDict)
			for _, t := range tasks {
				w.str(t.Label)
				w.str(t.TaskID)
			}
			w.code(codeNull)
		}}})
		if err != nil {
			return b.after(err)
		}
		if v.List().Len() != 3 {
			return errBadMessage
		}
		for e := range v.List().At(0).List().Values() {
			t, err := s.task(e.List().At(0))
			fields := e.List().At(1).Map()
			if err != nil || fields == nil {
				return errBadMessage
			}
			to, same, err := morphed(t, fields)
			if err != nil {
				return err
			}
			if !same {
				cfg.Change(t, to)
			}
		}
		var removed []*taskgraph.Task
		for n := range v.List().At(2).List().Values() {
			t, err := s.task(n)
			if err != nil {
				return errBadMessage
			}
			removed = append(removed, t)
		}
		cfg.Remove(removed...)
		return addTasks(cfg, v.List().At(1).List())
	}
}

// morphed gives a task with what a morph in Python changed of it, and whether that is nothing.
func morphed(t *taskgraph.Task, fields *value.Map) (to *taskgraph.Task, same bool, err error) {
	to, same = new(*t), true
	for name, v := range fields.All() {
		want := map[string]value.Kind{"description": value.String, "optimization": v.Kind(), "soft_dependencies": value.ListKind, "if_dependencies": value.ListKind}
		kind, ok := want[name]
		if !ok {
			kind = value.MapKind
		}
		if v.Kind() != kind {
			d := diag.Errorf(diag.PythonError, t.Pos, "a morph left %s as %q", v.Describe(), name)
			d.Label = t.Label
			return nil, false, d
		}
		var unchanged bool
		switch name {
		case "task":
			to.Task, unchanged = graftMap(t.Task, v.Map())
		case "attributes":
			to.Attributes, unchanged = graftMap(t.Attributes, v.Map())
		case "dependencies":
			to.Dependencies, unchanged = graftMap(t.Dependencies, v.Map())
		case "description":
			to.Description = v.Str()
			unchanged = to.Description == t.Description
		case "optimization":
			to.Optimization = graft(t.Optimization, v)
			unchanged = value.Equal(to.Optimization, t.Optimization)
		case "soft_dependencies":
			to.SoftDependencies = graft(t.SoftDependencies.Value(), v).List()
			unchanged = value.Equal(to.SoftDependencies.Value(), t.SoftDependencies.Value())
		case "if_dependencies":
			to.IfDependencies = graft(t.IfDependencies.Value(), v).List()
			unchanged = value.Equal(to.IfDependencies.Value(), t.IfDependencies.Value())
		}
		same = same && unchanged
	}
	return to, same, nil
}

// addTasks adds the tasks that a morph made. Their task ids are ours, and where they depend on each other, so are those.
func addTasks(cfg *taskgraph.MorphConfig, added *value.List) error {
	ids := map[string]string{}
	for e := range added.Values() {
		if e.List().Len() != 8 {
			return errBadMessage
		}
		ids[e.List().At(0).Str()] = cfg.TaskID(e.List().At(2).Str())
	}
	for e := range added.Values() {
		l := e.List()
		deps := l.At(7).Map().Copy()
		for i := range deps.Len() {
			if id, ok := ids[deps.Entry(i).Value.Str()]; ok {
				deps.SetAt(i, value.NewString(id))
			}
		}
		err := cfg.Add(&taskgraph.Task{Kind: l.At(1).Str(), Label: l.At(2).Str(), Description: l.At(3).Str(), Attributes: l.At(4).Map(), Task: l.At(5).Map(),
			Optimization: l.At(6), Dependencies: deps})
		if err != nil {
			return err
		}
	}
	return nil
}

// addAction adds an action that runs in Python.
func (b *bridge) addAction(r *taskgraph.Registry, e *value.List) {
	if e.Len() != 9 {
		return
	}
	place, _ := e.At(0).AsInt()
	order, _ := e.At(1).AsInt()
	a := &taskgraph.Action{Name: e.At(4).Str(), Title: e.At(5).Str(), Description: e.At(6).Str(), Symbol: e.At(7).Str(), Order: int(order), Permission: e.At(3).Str()}
	offer := func(p *parameters.Params) (value.Value, error) {
		s, err := b.ofParams(p)
		if err != nil {
			return value.Value{}, err
		}
		v, err := s.call(call{op: "action-offer", args: []argument{whole(place)}})
		if err != nil {
			return v, b.after(err)
		}
		return v, nil
	}
	a.Available = func(p *parameters.Params) (bool, error) {
		v, err := offer(p)
		return v.List().Len() == 2, err
	}
	a.Context = func(p *parameters.Params) (*value.List, error) {
		v, err := offer(p)
		if err != nil || v.List().Len() != 2 {
			return nil, err
		}
		return v.List().At(0).List(), nil
	}
	if e.At(8).IsTrue() {
		a.Schema = func(*taskgraph.GraphConfig) (value.Value, error) { return b.actionSchema(place) }
	}
	a.Run = func(args *taskgraph.ActionArgs) error {
		s, err := b.ofParams(args.Params)
		if err != nil {
			return err
		}
		_, err = s.call(call{op: "action", args: []argument{
			text(e.At(2).Str()), func(w *writer) { optionalText(w, args.TaskGroupID) }, func(w *writer) { optionalText(w, args.TaskID) }, document(args.Input),
		}})
		if err != nil {
			return b.after(err)
		}
		return nil
	}
	r.Actions.Replace(e.At(2).Str(), a)
}

func optionalText(w *writer, s string) {
	if s == "" {
		w.code(codeNone)
	} else {
		w.str(s)
	}
}

// actionSchema gives the schema of an action's input.
func (b *bridge) actionSchema(place int64) (value.Value, error) {
	s, err := b.ofNothing()
	if err != nil {
		return value.Value{}, err
	}
	defer s.close()
	v, err := s.call(call{op: "action-schema", args: []argument{whole(place)}})
	if err != nil {
		return v, b.after(err)
	}
	return v, nil
}

// nameSet gives the names of the strategies in a set, with what they are called in logs.
func (b *bridge) nameSet(name string) (value.Value, error) {
	s, err := b.ofNothing()
	if err != nil {
		return value.Value{}, err
	}
	defer s.close()
	v, err := s.call(call{op: "strategies", args: []argument{text(name)}})
	if err != nil {
		return v, b.after(err)
	}
	return v, nil
}

// parameters gives the extension of the parameters that the tree declares.
func (b *bridge) parameters(w *world, names []string) parameters.Extension {
	return parameters.Extension{
		Names: append(make([]string, 0, len(names)), names...),
		Defaults: func(cfg parameters.DefaultsContext) (*value.Map, error) {
			v, err := b.askWorld(w, frameDefaults, func(wr *writer) {
				wr.element()
				wr.str(w.dir)
			}, 1)
			return v.Map(), err
		},
		Check: func(values *value.Map, strict bool) []*diag.Diagnostic {
			v, err := b.askWorld(w, frameCheck, func(wr *writer) {
				wr.element()
				wr.dict(values)
				wr.element()
				wr.bool(strict)
			}, 2)
			if err != nil {
				return diag.Flatten(err)
			}
			if v.IsNull() {
				return nil
			}
			x := exception{class: "", message: v.Str()}
			return []*diag.Diagnostic{diag.Errorf(diag.BadParameters, 0, "%s", strings.TrimPrefix(x.Error(), ": "))}
		},
	}
}

// askWorld asks the process that sessions are copies of.
func (b *bridge) askWorld(w *world, letter byte, args func(wr *writer), n int) (value.Value, error) {
	timeout, err := b.timeout()
	if err != nil {
		return value.Value{}, err
	}
	wr := newWriter()
	return b.ask(w, letter, wr.message(n, func() { args(wr) }), timeout)
}
