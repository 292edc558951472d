package star

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// function is a function of a .star file in the tree. It is immutable and safe for concurrent use.
type function struct {
	rt  *runtime
	ref string // as it is named in a document
	fn  *starlark.Function
	pos diag.Pos // where it is defined
	n   int      // how many arguments it gets
}

// signature says what a function gets, and how many of that it has to take.
type signature struct {
	params []string
	least  int
	result bool // it has to return something
}

func (s signature) String() string {
	var forms []string
	for n := s.least; n <= len(s.params); n++ {
		forms = append(forms, "("+strings.Join(s.params[:n], ", ")+")")
	}
	return strings.Join(forms, " or ")
}

var refPattern = regexp.MustCompile(`^([^:]+\.star):([A-Za-z_][A-Za-z_0-9]*)$`)

// isRef says whether a name says where the code is: path.star:function.
func isRef(name string) bool {
	file, _, ok := strings.Cut(name, ":")
	return ok && strings.HasSuffix(file, ".star")
}

// function gives the function that a name in a document leads to. The path is looked up in the directories, in order.
func (rt *runtime) function(ctx context.Context, name string, pos diag.Pos, dirs []string, want signature) (*function, error) {
	parts := refPattern.FindStringSubmatch(name)
	if parts == nil {
		return nil, diag.Errorf(diag.BadStar, pos, "want path.star:function, got %q", name)
	}
	file, err := rt.find(parts[1], pos, dirs)
	if err != nil {
		return nil, err
	}
	m := rt.module(ctx, file)
	if m.err != nil {
		return nil, diag.Placed(m.err, pos, "")
	}
	x, ok := m.globals[parts[2]]
	if !ok {
		return nil, diag.Errorf(diag.BadStarFunction, pos, "%s has no function %q", file, parts[2]).WithHint("%s", diag.DidYouMean(parts[2], m.functions()))
	}
	fn, ok := x.(*starlark.Function)
	if !ok {
		return nil, diag.Errorf(diag.BadStarFunction, pos, "%s: %s is no function, but of the type %s", file, parts[2], x.Type()).WithHint("%s", diag.DidYouMean(parts[2], m.functions()))
	}
	f := &function{rt: rt, ref: name, fn: fn}
	if at := fn.Position(); rt.source(at.Filename()) != nil {
		f.pos = rt.source(at.Filename()).At(int(at.Line), int(at.Col))
	}
	if f.n, ok = arguments(fn, want); !ok {
		return nil, diag.Errorf(diag.BadStarFunction, f.pos, "%s gets %s, but takes %s", fn.Name(), want, paramsOf(fn)).WithRelated(pos, "it is named here")
	}
	if want.result && m.empty[fn.Name()] {
		return nil, diag.Errorf(diag.BadStarFunction, f.pos, "%s returns nothing", fn.Name()).WithRelated(pos, "it is named here").
			WithHint("a function has to say return, also where it changes what it got")
	}
	return f, nil
}

// find gives the file that a path leads to.
func (rt *runtime) find(name string, pos diag.Pos, dirs []string) (string, error) {
	var tried []string
	for _, dir := range dirs {
		file := path.Join(dir, name)
		if path.IsAbs(name) || file == ".." || strings.HasPrefix(file, "../") || slices.Contains(tried, file) {
			continue
		}
		if rt.project.Exists(file) {
			return file, nil
		}
		tried = append(tried, file)
	}
	if len(tried) == 0 {
		return "", diag.Errorf(diag.BadStar, pos, "%q leads out of the repository", name)
	}
	return "", diag.Errorf(diag.BadStar, pos, "there is no file %q", name).WithHint("looked for %s", strings.Join(tried, ", "))
}

// functions gives the names of the functions of a file.
func (m *module) functions() []string {
	var out []string
	for name, x := range m.globals {
		if _, ok := x.(*starlark.Function); ok && !strings.HasPrefix(name, "_") {
			out = append(out, name)
		}
	}
	return out
}

// arguments gives how many of the arguments a function takes, and whether it can be called so.
func arguments(fn *starlark.Function, want signature) (int, bool) {
	positional := fn.NumParams() - fn.NumKwonlyParams()
	if fn.HasVarargs() {
		positional--
	}
	if fn.HasKwargs() {
		positional--
	}
	required := 0
	for i := range positional {
		if fn.ParamDefault(i) == nil {
			required = i + 1
		}
	}
	for i := positional; i < positional+fn.NumKwonlyParams(); i++ {
		if fn.ParamDefault(i) == nil {
			return 0, false
		}
	}
	n := min(positional, len(want.params))
	if fn.HasVarargs() {
		n = len(want.params)
	}
	return n, n >= want.least && required <= n
}

// paramsOf shows the parameters of a function.
func paramsOf(fn *starlark.Function) string {
	names := make([]string, fn.NumParams())
	for i := range names {
		names[i], _ = fn.Param(i)
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// call calls the function and hands what it returns to use, which may still look at it.
func (f *function) call(ctx context.Context, s seen, limits callLimits, args starlark.Tuple, use func(thread *starlark.Thread, x starlark.Value) error) error {
	t := f.rt.task()
	defer f.rt.release(t)
	t.seen = s
	t.begin(ctx, limits)
	defer t.finish()
	if len(args) > f.n {
		args = args[:f.n]
	}
	err := t.protect(func() error {
		x, err := starlark.Call(t.thread, f.fn, args, nil)
		if err != nil {
			return err
		}
		return use(t.thread, x)
	})
	if err == nil {
		return nil
	}
	if _, limit := err.(*limitError); limit {
		return diag.Errorf(diag.StarLimit, f.pos, "%s returned what takes %s", f.fn.Name(), t.over.what)
	}
	if bad, ok := err.(*badResult); ok {
		return diag.Errorf(diag.StarResult, f.pos, "%s %s", f.fn.Name(), bad.what).WithHint("%s", bad.hint)
	}
	return t.wrong(err)
}

// badResult says what is wrong with what a function returned.
type badResult struct{ what, hint string }

func (e *badResult) Error() string { return e.what }

// unfit says that what a function returned cannot be used.
func unfit(what string, err error) error {
	if limit, ok := errors.AsType[*limitError](err); ok {
		return limit
	}
	return &badResult{what: "returned " + what + ": " + err.Error()}
}

// returned says that something else was wanted.
func returned(want string, x starlark.Value) error {
	return &badResult{what: "returned " + describe(x) + ", want " + want}
}

// describe names a value in an error.
func describe(x starlark.Value) string {
	switch x := x.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float:
		return x.String()
	case starlark.String:
		return value.NewString(string(x)[:min(len(x), 200)]).Describe()
	}
	return "a " + typeName(x)
}

// emptyFunctions gives the functions at the top level of a file in which no return has a value.
func emptyFunctions(all []syntax.Stmt) map[string]bool {
	out := map[string]bool{}
	for _, s := range all {
		if def, ok := s.(*syntax.DefStmt); ok && !returns(def.Body) {
			out[def.Name.Name] = true
		}
	}
	return out
}

// returns says whether a return with a value is among the statements, but for functions that are defined there. A function that
// only fails counts as well.
func returns(all []syntax.Stmt) bool {
	return slices.ContainsFunc(all, func(s syntax.Stmt) bool {
		switch s := s.(type) {
		case *syntax.ReturnStmt:
			return s.Result != nil
		case *syntax.IfStmt:
			return returns(s.True) || returns(s.False)
		case *syntax.ForStmt:
			return returns(s.Body)
		case *syntax.ExprStmt:
			if c, ok := s.X.(*syntax.CallExpr); ok {
				name, ok := c.Fn.(*syntax.Ident)
				return ok && name.Name == "fail"
			}
		}
		return false
	})
}
