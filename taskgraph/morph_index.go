package taskgraph

import (
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pyre"
	"github.com/taskgraph-go/decision/value"
)

// MaxRoutes is how many routes the queue allows a task to have.
const MaxRoutes = 64

// addIndexTasks takes the index routes from tasks that have more routes than the queue allows, and adds for each such
// task one that inserts it into the index when it is done.
func addIndexTasks(c *MorphConfig) error {
	var crowded []*Task
	for t := range c.Tasks() {
		if t.Task.At("routes").List().Len() > MaxRoutes {
			crowded = append(crowded, t.whole(newNumbering()))
		}
	}
	if len(crowded) == 0 {
		return nil
	}
	scopes, err := newIndexScopes(c.Graph)
	if err != nil {
		return err
	}
	var errs diag.List
	for _, t := range crowded {
		if err := addIndexTask(c, t, scopes); err != nil {
			for _, d := range diag.Flatten(err) {
				errs.Add(aboutTask(t, d))
			}
		}
	}
	c.Project.Log.Info("added index tasks", "tasks", len(crowded))
	return errs.Err(c.Project.Sources)
}

// addIndexTask adds the index task of one task.
func addIndexTask(c *MorphConfig, parent *Task, summary *indexScopes) error {
	var paths []string
	routes := value.NewList()
	for v := range parent.Task.At("routes").List().Values() {
		if path, ok := strings.CutPrefix(v.Str(), "index."); ok {
			paths = append(paths, path)
		} else {
			routes.Append(v)
		}
	}
	provisioner, workerType, err := c.Graph.WorkerType("misc", c.Params.Level(), 0)
	if err != nil {
		for _, d := range diag.Flatten(err) {
			d.Pos = parent.Task.At("routes").Pos()
			d.Message = "has more than 64 routes, so an index task is needed, but: " + d.Message
			d.Hint = "add the worker alias misc to workers.aliases of config.yml, or leave out some routes"
		}
		return err
	}
	scopes, err := summary.of(paths)
	if err != nil {
		return err
	}
	def := parent.Task.Copy()
	def.Set("routes", routes.Value())
	c.SetDefinition(parent, def)

	metadata := parent.Task.At("metadata").Map()
	label := "index-task-" + parent.Label
	rank := value.NewInt(0)
	if v, ok := parent.Task.At("extra").Map().At("index").Map().Get("rank"); ok {
		rank = v
	}
	payload := value.MapOf(
		"image", value.MapOf(
			"path", "public/image.tar.zst",
			"namespace", "taskgraph.cache.level-3.docker-images.v2.index-task.latest",
			"type", "indexed-image",
		),
		"features", value.MapOf("taskclusterProxy", true),
		"maxRunTime", 600,
		"command", append([]string{"insert-indexes.js"}, paths...),
		"env", value.MapOf("TARGET_TASKID", parent.TaskID, "INDEX_RANK", value.PyStr(rank)),
	)
	return c.Add(&Task{
		Kind:         "misc",
		Label:        label,
		Dependencies: value.MapOf("parent", parent.TaskID),
		Pos:          parent.Pos,
		Task: value.MapOf(
			"provisionerId", provisioner,
			"workerType", workerType,
			"dependencies", []string{parent.TaskID},
			"created", value.MapOf("relative-datestamp", "0 seconds"),
			"deadline", parent.Task.At("deadline"),
			"expires", parent.Task.At("deadline"), // there is no point in outliving the parent's deadline
			"metadata", value.MapOf(
				"name", label,
				"description", "index-task for "+value.PyStr(metadata.At("description")),
				"owner", metadata.At("owner"),
				"source", metadata.At("source"),
			),
			"scopes", scopes,
			"payload", payload,
		),
	})
}

// indexScopes turns index paths into the scopes that inserting there takes. One scope for each path would be more than
// temporary credentials can hold, so paths are cut where a pattern says: behind its first group, with a star. The first
// pattern is that of the trust domain's own paths; the others come from index-path-regexes of config.yml.
type indexScopes struct {
	domain   string // begins the trust domain's own paths
	patterns []indexPattern
}

const indexPatternsPath = "taskgraph.index-path-regexes"

type indexPattern struct {
	*pyre.Regexp
	v value.Value
}

func newIndexScopes(g *GraphConfig) (*indexScopes, error) {
	s := &indexScopes{domain: g.TrustDomain() + ".v2."}
	var errs diag.List
	for v := range g.Taskgraph("index-path-regexes").List().Values() {
		re, err := pyre.Cached(v.Str())
		if err != nil {
			errs.Add(diag.Placed(err, v.Pos(), indexPatternsPath))
			continue
		}
		s.patterns = append(s.patterns, indexPattern{re, v})
	}
	return s, errs.Err(nil)
}

// of gives the scopes for some paths, sorted, each once.
func (s *indexScopes) of(paths []string) ([]string, error) {
	scopes := make([]string, 0, len(paths))
	for _, path := range paths {
		short, err := s.shorten(path)
		if err != nil {
			return nil, err
		}
		scopes = append(scopes, "index:insert-task:"+short)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes), nil
}

// shorten cuts a path where the first pattern that matches says.
func (s *indexScopes) shorten(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, s.domain); ok {
		if project, _, more := strings.Cut(rest, "."); more {
			return s.domain + project + ".*", nil
		}
	}
	for _, p := range s.patterns {
		found, err := p.FindMatch(path)
		if err != nil {
			return "", diag.Placed(err, p.v.Pos(), indexPatternsPath)
		}
		if found == nil {
			continue
		}
		begin, ok := found.Group(1)
		if !ok {
			return "", diag.Errorf(diag.BadRegexp, p.v.Pos(), "the pattern matches %q, but has no group that says where to cut it", path).
				WithPath(indexPatternsPath).WithHint("put parentheses around the part to keep, as in ^(project\\.[^.]*\\.).*")
		}
		return begin + "*", nil
	}
	return path, nil
}
