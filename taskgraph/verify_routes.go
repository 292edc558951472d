package taskgraph

import (
	"hash/maphash"
	"slices"
	"strings"
	"unsafe"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

// withPrefix gives the routes that begin with a prefix. They are all that may have blanks of what verifications look at. Nobody may keep a
// route; scratch is used again.
func (cfg *VerifyConfig) withPrefix(routes *value.List, prefix string, scratch *[]byte, each func(route string, v value.Value)) {
	for i := range routes.Len() {
		v := routes.At(i)
		s := v.Str()
		if open := cfg.Tasks.open; open != nil && value.MayBegin(s, prefix) && value.HasBlank(s) {
			*scratch = value.AppendFilled((*scratch)[:0], s, open.with)
			s = unsafe.String(unsafe.SliceData(*scratch), len(*scratch))
		}
		if strings.HasPrefix(s, prefix) {
			each(s, v)
		}
	}
}

// isRoute says whether a route is some text.
func (cfg *VerifyConfig) isRoute(v value.Value, text string) bool {
	if open := cfg.Tasks.open; open != nil {
		return value.FillText(v.Str(), open.with) == text
	}
	return v.Str() == text
}

// verifyDistinctRoutes reports tasks that are indexed under the same path below the trust domain's own: the one that
// ends last would win. Two tasks that share several paths are reported once.
func verifyDistinctRoutes(cfg *VerifyConfig, report func(error)) {
	all := cfg.parts()
	prefix := "index." + cfg.Graph.TrustDomain() + ".v2"
	type place struct {
		task *Task
		v    value.Value
	}
	taken := map[uint64]place{} // by hash of the route
	seed := maphash.MakeSeed()
	var scratch []byte
	for i, t := range cfg.Tasks.tasks {
		var conflicts map[*Task]*diag.Diagnostic
		cfg.withPrefix(all[i].routes, prefix, &scratch, func(route string, v value.Value) {
			hash := maphash.String(seed, route)
			first, ok := taken[hash]
			for ok && !cfg.isRoute(first.v, route) { // only the hash is the same
				hash++
				first, ok = taken[hash]
			}
			if !ok {
				taken[hash] = place{t, v}
				return
			}
			if d := conflicts[first.task]; d != nil {
				d.Related = append(d.Related, diag.Related{Message: "so does " + route})
				return
			}
			d := diag.Errorf(diag.RouteConflict, v.Pos(), "the route %q conflicts with that of task %q", route, first.task.Label).WithPath("routes").
				WithRelated(positionOr(first.v, first.task.Pos), "%s has it, too", first.task.Label).
				WithHint("the job-name in the index section must differ, or the product")
			if conflicts == nil {
				conflicts = map[*Task]*diag.Diagnostic{}
			}
			conflicts[first.task] = d
			report(aboutTask(t, d))
		})
	}
}

// notifyFilters are what a notify route may end with.
var notifyFilters = []string{"on-any", "on-completed", "on-defined", "on-failed", "on-exception", "on-pending", "on-resolved", "on-running", "on-transition"}

// verifyNotifications reports notify routes that end with a filter that the notify service does not know, and warns of
// one that is deprecated.
func verifyNotifications(cfg *VerifyConfig, report func(error)) {
	all := cfg.parts()
	warned := map[diag.Pos]bool{}
	var scratch []byte
	for i, t := range cfg.Tasks.tasks {
		cfg.withPrefix(all[i].routes, "notify.", &scratch, func(route string, v value.Value) {
			filter := route[strings.LastIndexByte(route, '.')+1:]
			switch {
			case !slices.Contains(notifyFilters, filter):
				d := diag.Errorf(diag.BadRoute, v.Pos(), "the notify route %q has the unknown filter %q", route, filter).WithPath("routes")
				d.Hint = diag.DidYouMean(filter, notifyFilters)
				report(aboutTask(t, d))
			case filter == "on-any":
				d := aboutTask(t, diag.Warnf(diag.BadRoute, v.Pos(), "the notification filter \"on-any\" is deprecated").
					WithPath("routes").WithHint(`use "on-transition" or "on-resolved"`))
				if !warned[d.Pos] {
					warned[d.Pos] = true
					report(d)
				}
			}
		})
	}
}

// verifyIndexRoutes reports index routes that the index would refuse.
func verifyIndexRoutes(cfg *VerifyConfig, report func(error)) {
	all := cfg.parts()
	var scratch []byte
	for i, t := range cfg.Tasks.tasks {
		cfg.withPrefix(all[i].routes, "index.", &scratch, func(route string, v value.Value) {
			if !isNamespace(route[len("index."):]) {
				report(aboutTask(t, diag.Errorf(diag.BadRoute, v.Pos(), "the route %q is no index path", route).WithPath("routes").
					WithHint("an index path is made of letters, digits and any of !%%'()*-_~ between dots")))
			}
		})
	}
}

// isNamespace says whether a text is an index path. As in the reference a line break at the end does no harm.
func isNamespace(s string) bool { return taskcluster.IsNamespace(strings.TrimSuffix(s, "\n")) }
