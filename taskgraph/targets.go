package taskgraph

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pyre"
	"github.com/taskgraph-go/decision/value"
)

// filterByMethod is the filter that leaves the choice to the method that the parameter target_tasks_method names.
func filterByMethod(s *Selection) ([]*Task, error) {
	name := s.Params.At("target_tasks_method")
	method, err := s.Registry.TargetMethods.Find(name.Str(), name.Pos(), diag.UnknownName)
	if err != nil {
		err = inTree(err, "target task method", name.Str())
		for _, d := range diag.Flatten(err) {
			d.Path = "target_tasks_method"
		}
		return nil, err
	}
	return method(s)
}

// targetNothing is the target task method that chooses no task.
func targetNothing(*Selection) ([]*Task, error) { return nil, nil }

// targetDefault is the target task method that chooses what [StandardFilter] lets pass.
func targetDefault(s *Selection) ([]*Task, error) {
	return targetWhere(s, func(*Task) bool { return true })
}

// targetCodeReview chooses, among what [StandardFilter] lets pass, the tasks with the attribute code-review.
func targetCodeReview(s *Selection) ([]*Task, error) {
	return targetWhere(s, func(t *Task) bool { return t.Attribute("code-review").Truthy() })
}

// targetWhere chooses tasks that the standard filter lets pass and for which more holds, too, which several goroutines ask.
func targetWhere(s *Selection, more func(*Task) bool) ([]*Task, error) {
	var errs diag.List
	chosen := tasksWhere(s.Tasks.tasks, func() func(*Task) bool {
		passes := StandardFilter(s)
		return func(t *Task) bool {
			ok, err := passes(t)
			for _, d := range diag.Flatten(err) {
				errs.Add(aboutTask(t, d))
			}
			return ok && more(t)
		}
	})
	return chosen, errs.Err(nil)
}

// StandardFilter gives a function that says of a task whether it says itself, with its attributes, that it should run
// for these parameters:
//
//   - it is not meant for cron, and its shipping_phase is build or absent;
//   - run_on_projects has the project or all; without it the task runs nowhere;
//   - run_on_tasks_for has what the tasks are for or all;
//   - one of run_on_git_branches, which are Python regular expressions, matches the start of the branch, or is all.
//     Branches do not matter outside of git and for pull requests of people who are trusted.
//
// Attributes are read as the reference does, by which a text is a set of letters. The function is for one goroutine.
func StandardFilter(s *Selection) func(*Task) (bool, error) {
	p := s.Params
	project, tasksFor := p.Project(), p.TasksFor()
	anyBranch := p.RepositoryType() != "git" || tasksFor == "github-pull-request"
	branches := branchMatcher{branch: strings.TrimPrefix(p.HeadRef(), "refs/heads/"), known: map[string]branchAnswer{}}
	return func(t *Task) (bool, error) {
		a := t.Attributes
		if a.At("cron").Truthy() {
			return false, nil
		}
		if phase := a.At("shipping_phase"); !phase.IsNull() && phase.Str() != "build" {
			return false, nil
		}
		if !runsOn(a.At("run_on_projects"), project) {
			return false, nil
		}
		if v, ok := a.Get("run_on_tasks_for"); ok && !runsOn(v, tasksFor) {
			return false, nil
		}
		if v, ok := a.Get("run_on_git_branches"); ok && !anyBranch {
			return branches.match(v)
		}
		return true, nil
	}
}

// runsOn says whether a list has a text or "all". A string counts as the set of its characters.
func runsOn(v value.Value, text string) bool {
	if s, ok := v.AsString(); ok {
		return len(text) > 0 && isOneCharacter(text) && strings.Contains(s, text)
	}
	if m := v.Map(); m != nil {
		return m.Has("all") || m.Has(text)
	}
	list := v.List()
	return list.ContainsString("all") || list.ContainsString(text)
}

// branchMatcher matches patterns against one branch, each pattern once.
type branchMatcher struct {
	branch string
	known  map[string]branchAnswer
}

type branchAnswer struct {
	ok  bool
	err error
}

// match says whether one of the patterns matches. All that are wrong are reported, even if another one matches.
func (b *branchMatcher) match(patterns value.Value) (bool, error) {
	list := patterns.List()
	if s, ok := patterns.AsString(); ok {
		list = letters(s, patterns.Pos())
	}
	if list.ContainsString("all") {
		return true, nil
	}
	matches := false
	var errs diag.List
	for v := range list.Values() {
		a, known := b.known[v.Str()]
		if !known {
			var re *pyre.Regexp
			if re, a.err = pyre.Cached(v.Str()); a.err == nil {
				a.ok, a.err = re.Match(b.branch)
			}
			b.known[v.Str()] = a
		}
		matches = matches || a.ok
		if a.err != nil {
			errs.Add(diag.Placed(a.err, v.Pos(), "run-on-git-branches"))
		}
	}
	return matches, errs.Err(nil)
}

// letters gives the characters of a text as strings.
func letters(s string, pos diag.Pos) *value.List {
	out := value.NewList()
	for _, c := range s {
		out.Append(value.NewString(string(c)).At(pos))
	}
	return out
}

// isOneCharacter says whether a text is one character long.
func isOneCharacter(s string) bool {
	n := 0
	for range s {
		n++
	}
	return n == 1
}
