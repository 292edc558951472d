package taskgraph

import (
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// references resolves the references of task definitions: {"task-reference": text} with <edge> for the task id of the
// dependency of that name, and {"artifact-reference": text} with <edge/path> for the address of one of its artifacts.
// <self> is the task itself, <decision> the decision task, and <<> stands for a plain "<". Where a map stands instead
// of the text, its keys are what is resolved. A map with any other key beside is no reference.
//
// One references serves many tasks, one after the other; it is not safe for concurrent use.
type references struct {
	decision string // task id of the decision task
	urls     *artifactURLs

	self string     // task id of the task at hand
	deps *value.Map // edge name to task id

	clean    [1 << 10]unsafe.Pointer // containers without references, by address
	resolved [1 << 10]resolved       // other containers, by address
	used     []string                // names of the edges that were resolved
	usedSelf bool                    // <self> was resolved
	names    []string                // keeps those of resolved
	buf      []byte
	errs     []*diag.Diagnostic
	homeless error // the first address that could not be made because the root URL is not known
}

// maxNames limits the names that are kept.
const maxNames = 1 << 14

// resolved is what became of a container with references.
type resolved struct {
	from  unsafe.Pointer
	deps  *value.Map // of the task at that time
	names []string   // of the edges that it refers to
	to    value.Value
}

// limit gives up what became of containers when that is much.
func (r *references) limit() {
	if len(r.names) > maxNames {
		clear(r.resolved[:])
		r.names = r.names[:0]
	}
}

// stands says whether the container becomes the same with other dependencies.
func (x *resolved) stands(deps *value.Map) bool {
	if x.deps == deps {
		return true
	}
	for _, name := range x.names {
		before, was := x.deps.At(name).AsString()
		if now, is := deps.At(name).AsString(); now != before || is != was {
			return false
		}
	}
	return true
}

// definition gives a copy of a task definition with the references resolved; it shares with the original whatever has
// none. The copy is the caller's to change, and has a list of dependencies, empty where the original had none. Errors
// collect in r.errs.
func (r *references) definition(def *value.Map, self string, deps *value.Map) *value.Map {
	r.self, r.deps, r.used = self, deps, r.used[:0]
	out := def.Copy()
	out.SetDefault("dependencies", emptyList.Value()) // first of all, since it makes room for more
	for i := range def.Len() {
		e := def.Entry(i)
		n := len(r.errs)
		if v, changed := r.walk(e.Value); changed {
			out.SetAt(i, v)
		}
		r.within(n, e.Key.KeyText())
	}
	return out
}

// walk gives a value with its references resolved, and whether that is another one. Tasks share much that has none, or whose
// references mean the same.
func (r *references) walk(v value.Value) (value.Value, bool) {
	id := v.Identity()
	if id == nil {
		return v, false
	}
	place := uintptr(id) >> 4 % uintptr(len(r.clean))
	if r.clean[place] == id {
		return v, false
	}
	known := &r.resolved[place]
	if known.from == id && known.stands(r.deps) {
		r.used = append(r.used, known.names...)
		return known.to.At(v.Pos()), true
	}
	failed, used, usedSelf := len(r.errs), len(r.used), r.usedSelf
	r.usedSelf = false
	out, changed := r.resolve(v)
	switch {
	case len(r.errs) > failed || r.homeless != nil || r.usedSelf:
	case !changed:
		r.clean[place] = id
	default:
		*known = resolved{id, r.deps, r.usedSince(used), out}
	}
	r.usedSelf = r.usedSelf || usedSelf
	return out, changed
}

// usedSince gives the names of edges from the n-th on, each once.
func (r *references) usedSince(n int) []string {
	from := len(r.names)
	for _, name := range r.used[n:] {
		if !slices.Contains(r.names[from:], name) {
			r.names = append(r.names, name)
		}
	}
	return r.names[from:len(r.names):len(r.names)]
}

// resolve does what walk does.
func (r *references) resolve(v value.Value) (value.Value, bool) {
	switch v.Kind() {
	case value.MapKind:
		return r.walkMap(v)
	case value.ListKind:
		list := v.List()
		var out *value.List
		for i := range list.Len() {
			item := list.At(i)
			if k := item.Kind(); k != value.MapKind && k != value.ListKind {
				continue
			}
			n := len(r.errs)
			if x, changed := r.walk(item); changed {
				if out == nil {
					out = list.Copy()
				}
				out.SetAt(i, x)
			}
			r.within(n, strconv.Itoa(i))
		}
		if out != nil {
			return out.Value().At(v.Pos()), true
		}
	}
	return v, false
}

func (r *references) walkMap(v value.Value) (value.Value, bool) {
	m := v.Map()
	if m.Len() == 1 {
		switch e := m.Entry(0); e.Key.Str() {
		case "task-reference":
			return r.reference(e, r.taskText), true
		case "artifact-reference":
			return r.reference(e, r.artifactText), true
		}
	}
	var out *value.Map
	for i := range m.Len() {
		e := m.Entry(i)
		if k := e.Value.Kind(); k != value.MapKind && k != value.ListKind {
			continue
		}
		n := len(r.errs)
		if x, changed := r.walk(e.Value); changed {
			if out == nil {
				out = m.Copy()
			}
			out.SetAt(i, x)
		}
		r.within(n, e.Key.KeyText())
	}
	if out == nil {
		return v, false
	}
	return out.Value().At(v.Pos()), true
}

// within puts a step before the paths of the errors from the n-th on.
func (r *references) within(n int, step string) {
	for _, d := range r.errs[n:] {
		if d.Path != "" {
			d.Path = step + "." + d.Path
		} else {
			d.Path = step
		}
	}
}

// reference gives what a reference stands for: a text, or a map whose keys are texts.
func (r *references) reference(e value.Entry, expand func(value.Value) string) value.Value {
	m := e.Value.Map()
	if m == nil {
		return r.text(e.Value, e, expand)
	}
	out := value.NewMap(m.Len())
	for x := range m.Entries() {
		n := len(r.errs)
		v, _ := r.walk(x.Value)
		r.within(n, x.Key.KeyText())
		out.SetKey(r.text(x.Key, e, expand), v)
	}
	return out.Value().At(e.Value.Pos())
}

// text expands one text of a reference.
func (r *references) text(v value.Value, e value.Entry, expand func(value.Value) string) value.Value {
	s, ok := v.AsString()
	if !ok {
		r.errs = append(r.errs, diag.Errorf(diag.BadReference, v.Or(e.Key.Pos()).Pos(), "want a string to resolve, got %s", v.Describe()).WithPath(e.Key.Str()))
		return v
	}
	if strings.IndexByte(s, '<') < 0 {
		return v
	}
	return value.NewString(expand(v)).At(v.Pos())
}

// taskText expands <edge>.
func (r *references) taskText(v value.Value) string {
	s := v.Str()
	out := r.buf[:0]
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			break
		}
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			break
		}
		if end == 1 { // "<>" names nothing
			out, s = append(out, s[:open+2]...), s[open+2:]
			continue
		}
		name := s[open+1 : open+end]
		out, s = append(out, s[:open]...), s[open+end+1:]
		if id, ok := r.task(name); ok {
			if len(out) == 0 && s == "" {
				return id // the reference is all there is, as it mostly is
			}
			out = append(out, id...)
		} else if name == "<" {
			out = append(out, '<')
		} else {
			r.unknown(v, name, "task-reference", "self", "decision")
		}
	}
	out = append(out, s...)
	r.buf = out
	return string(out)
}

// task gives the task id that a name stands for in a task-reference.
func (r *references) task(name string) (string, bool) {
	switch name {
	case "self":
		r.usedSelf = true
		return r.self, true
	case "decision":
		return r.decision, true
	}
	r.used = append(r.used, name)
	return r.deps.At(name).AsString()
}

// artifactText expands <edge/path>. As in the reference the edge's name reaches to the first slash, whatever else lies
// between.
func (r *references) artifactText(v value.Value) string {
	s := v.Str()
	out := r.buf[:0]
	for {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			break
		}
		slash := strings.IndexByte(s[open:], '/')
		if slash < 0 {
			break
		}
		slash += open
		end := strings.IndexByte(s[slash:], '>')
		if end < 0 {
			break
		}
		end += slash
		if slash == open+1 || end == slash+1 { // no name, or no path: not a reference
			out, s = append(out, s[:slash+1]...), s[slash+1:]
			continue
		}
		name, path := s[open+1:slash], s[slash+1:end]
		out, s = append(out, s[:open]...), s[end+1:]
		if name == "self" {
			r.errs = append(r.errs, diag.Errorf(diag.BadReference, v.Pos(), "a task cannot refer to artifacts of itself").WithPath("artifact-reference"))
			continue
		}
		id, ok := r.task(name)
		if !ok {
			r.unknown(v, name, "artifact-reference", "decision")
			continue
		}
		prefix, err := r.urls.prefix(path)
		if err != nil {
			if r.homeless == nil {
				r.homeless = diag.Placed(err, v.Pos(), "artifact-reference")
			}
			continue
		}
		out = append(append(append(append(out, prefix...), id...), "/artifacts/"...), path...)
	}
	out = append(out, s...)
	r.buf = out
	return string(out)
}

// unknown reports a reference to something that the task does not depend on.
func (r *references) unknown(v value.Value, name, path string, more ...string) {
	d := diag.Errorf(diag.BadReference, v.Pos(), "no dependency is named %q", name).WithPath(path)
	d.Hint = diag.DidYouMean(name, append(r.deps.Keys(), more...))
	if path == "task-reference" {
		d.Hint += `; write <<> for a plain "<"`
	}
	r.errs = append(r.errs, d)
}

// artifactURLs begins the addresses of artifacts, up to the task id. Artifacts that are not public are fetched through
// the proxy of the task that resolves the references, where there is one.
type artifactURLs struct {
	public, other       string
	publicErr, otherErr error
}

func newArtifactURLs(environment func(string) string) *artifactURLs {
	u := &artifactURLs{}
	begin := func(public bool) (string, error) {
		root, err := taskcluster.RootURL(environment, public)
		if err != nil && environment("TASK_ID") == "" && environment("TASKCLUSTER_ROOT_URL") == "" {
			// In a preview the deployment need not be known.
			return "<TASKCLUSTER_ROOT_URL>/api/queue/v1/task/", nil
		}
		return taskcluster.APIURL(root, "queue", "v1", "task/"), err
	}
	u.public, u.publicErr = begin(true)
	u.other, u.otherErr = begin(false)
	return u
}

// prefix gives what begins the address of an artifact.
func (u *artifactURLs) prefix(artifact string) (string, error) {
	if strings.HasPrefix(artifact, "public/") {
		return u.public, u.publicErr
	}
	return u.other, u.otherErr
}
