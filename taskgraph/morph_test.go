package taskgraph

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

// crowded gives a task a number of index routes below a prefix, and the definition that an index task is made of.
func crowded(n int, prefix string, more ...any) func(*Task) {
	return func(t *Task) {
		routes := []any{}
		for i := range n {
			routes = append(routes, fmt.Sprintf("index.%s%d", prefix, i))
		}
		withRoutes(append(routes, more...)...)(t)
		t.Task.Set("metadata", value.MapOf("description", "desc of "+t.Label, "owner", "me@example.com", "source", "https://src").Value())
		t.Task.Set("extra", value.MapOf("index", value.MapOf("rank", 1540722354)).Value())
	}
}

// morphed optimizes and morphs.
func morphed(t *testing.T, g *Generator, tasks ...*Task) (before, after *Optimized) {
	t.Helper()
	before = optimize(t, g, allOf(tasks...))
	after, err := g.morph(t.Context(), before)
	require.NoError(t, err)
	return before, after
}

func TestWithoutAnythingToDoTheGraphIsTheSame(t *testing.T) {
	before, after := morphed(t, testGenerator(t, GeneratorOptions{}), task("a", "", crowded(64, "x.")), task("b", "d:a", attribute("code-review", true)))
	assert.Same(t, before, after)
}

func TestIndexTasks(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{DecisionTaskID: "DDD"})
	before, after := morphed(t, g, task("few", ""), task("many", "d:few", crowded(64, "dom.v2.demo.latest.", "other.route")), task("user", "m:many"))
	assert.Equal(t, []string{"few", "many", "user", "index-task-many"}, labels(after.Graph.tasks))
	many := after.Graph.Task("many")
	assert.Equal(t, []string{"other.route"}, many.Task.At("routes").List().Strings())
	assert.Equal(t, 65, before.Graph.Task("many").Task.At("routes").List().Len(), "the optimized graph is as it was")
	assert.NotContains(t, before.LabelToTaskID, "index-task-many")

	index := after.Graph.Task("index-task-many")
	assert.Equal(t, TaskID("DDD", "index-task-many"), index.TaskID)
	assert.Equal(t, index.TaskID, after.LabelToTaskID["index-task-many"])
	assert.Same(t, index, after.Graph.ByID(index.TaskID))
	assert.Equal(t, "misc", index.Kind)
	paths := []string{"insert-indexes.js"}
	for i := range 64 {
		paths = append(paths, fmt.Sprintf("dom.v2.demo.latest.%d", i))
	}
	want := value.MapOf(
		"attributes", value.MapOf("kind", "misc"), "dependencies", value.MapOf("parent", many.TaskID), "description", "", "if_dependencies", []string{}, "kind", "misc",
		"label", "index-task-many", "optimization", nil, "soft_dependencies", []string{}, "task_id", index.TaskID,
		"task", value.MapOf(
			"provisionerId", "prov", "workerType", "misc", "dependencies", []string{many.TaskID}, "created", value.MapOf("relative-datestamp", "0 seconds"),
			"deadline", value.MapOf("relative-datestamp", "1 hour"), "expires", value.MapOf("relative-datestamp", "1 hour"),
			"metadata", value.MapOf("name", "index-task-many", "description", "index-task for desc of many", "owner", "me@example.com", "source", "https://src"),
			"scopes", []string{"index:insert-task:dom.v2.demo.*"},
			"payload", value.MapOf(
				"image", value.MapOf("path", "public/image.tar.zst", "namespace", "taskgraph.cache.level-3.docker-images.v2.index-task.latest", "type", "indexed-image"),
				"features", value.MapOf("taskclusterProxy", true), "maxRunTime", 600, "command", paths,
				"env", value.MapOf("TARGET_TASKID", many.TaskID, "INDEX_RANK", "1540722354"),
			),
		),
	)
	assert.True(t, value.Equal(want.Value(), index.Document().Value()), "%v", index.Document())

	graph := after.Graph.Graph()
	at := func(label string) int32 { id, _ := graph.ID(label); return id }
	assert.Equal(t, 3, graph.Edges())
	assert.Equal(t, []Edge{{at("many"), "parent"}}, graph.Links(at("index-task-many")))
	assert.Equal(t, []Edge{{at("many"), "m"}}, graph.Links(at("user")))
	assert.Equal(t, []Edge{{at("few"), "d"}}, graph.Links(at("many")))
	assert.Same(t, many, after.Graph.ByID(many.TaskID))
}

func TestIndexTaskWithoutRankOrIndexRoutes(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	routes := []any{}
	for i := range 65 {
		routes = append(routes, fmt.Sprint("x.", i))
	}
	_, after := morphed(t, g, task("many", "", crowded(0, "", routes...), field("extra", nil)))
	index := after.Graph.Task("index-task-many")
	require.NotNil(t, index)
	assert.Equal(t, []string{"insert-indexes.js"}, index.Task.At("payload").Map().At("command").List().Strings())
	assert.Equal(t, "0", index.Task.At("payload").Map().At("env").Map().Str("INDEX_RANK"))
	assert.Zero(t, index.Task.At("scopes").List().Len())
}

func TestIndexScopes(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	scopes := func(patterns ...any) *indexScopes {
		list := value.NewList()
		for _, p := range patterns {
			list.Append(value.Of(p))
		}
		config := newGraphConfig(value.MapOf("trust-domain", "f.x", "taskgraph", value.MapOf("index-path-regexes", list)), g.project)
		s, err := newIndexScopes(config)
		require.NoError(t, err)
		return s
	}
	for path, want := range map[string]string{
		"f.x.v2.demo.latest.a": "f.x.v2.demo.*", "f.x.v2..a": "f.x.v2..*", "f.x.v2.demo": "f.x.v2.demo", "fax.v2.demo.a": "fax.v2.demo.a", "af.x.v2.demo.a": "af.x.v2.demo.a", "f.x.v2.": "f.x.v2.",
		"project.many.p0.x": "project.many.p0.*", "look.ahead.a.b": "look.ahead.a.*", "exact": "exact*", "exactly": "exactly", "f.x.v2.special.more": "f.x.v2.special.*", "first.second": "first.*",
	} {
		got, err := scopes(`^(project\.many\.[^.]*\.).*`, `(?!nope)(look\.ahead\.(?:a|b)\.).*`, `(f\.x\.v2\.special\.more).*`, `(exact)$`, `(first\.)`, `(first\.second)`).of([]string{path})
		require.NoError(t, err)
		assert.Equal(t, []string{"index:insert-task:" + want}, got)
	}
	got, err := scopes().of([]string{"b", "a", "f.x.v2.p.1", "f.x.v2.p.2", "a"})
	require.NoError(t, err)
	assert.Equal(t, []string{"index:insert-task:a", "index:insert-task:b", "index:insert-task:f.x.v2.p.*"}, got)

	for _, pattern := range []string{"nogroup", "(no)?thing|x(y)"} {
		_, err = scopes(value.NewString(pattern).At(7)).of([]string{pattern[:3], "nogroup", "thing"})
		require.Error(t, err, pattern)
		assert.Equal(t, diag.Pos(7), diag.Flatten(err)[0].Pos)
		assert.Contains(t, err.Error(), "no group that says where to cut")
	}
	_, err = newIndexScopes(newGraphConfig(value.MapOf("taskgraph", value.MapOf("index-path-regexes", []value.Value{value.NewString("(").At(3), value.NewString("[").At(4)})), g.project))
	assert.Len(t, diag.Flatten(err), 2)
}

func TestIndexTaskWithoutMiscWorkers(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	g.project.Config = newGraphConfig(value.MapOf("trust-domain", "dom", "workers", value.MapOf("aliases", value.MapOf("linux", value.MapOf()))), g.project)
	o := optimize(t, g, allOf(task("a", "", crowded(65, "x."), at(3)), task("b", "", crowded(65, "x."), at(4))))
	_, err := g.morph(t.Context(), o)
	all := diag.Flatten(err)
	require.Len(t, all, 2)
	for i, d := range all {
		assert.Equal(t, diag.BadWorker, d.Code)
		assert.Equal(t, diag.Pos(3+i), d.Pos)
		assert.Equal(t, "add_index_tasks", d.Stage)
		assert.Contains(t, d.Message, "has more than 64 routes")
		assert.Contains(t, d.Message, `"misc"`)
		assert.Contains(t, d.Hint, "workers.aliases")
	}
}

func TestCodeReviewTask(t *testing.T) {
	review := attribute("code-review", true)
	params := []any{"code-review", value.MapOf("phabricator-build-target", "PHID-1"), "owner", "me@example.com", "head_repository", "https://repo", "head_rev", "abc"}
	g := testGenerator(t, GeneratorOptions{}, params...)
	_, after := morphed(t, g, task("z", "", review), task("a", "", review), task("no", "", attribute("code-review", false)), task("gone", "", review, opt("remove", nil)), task("many", "", crowded(65, "x."), review))
	got := after.Graph.Task("code-review")
	require.NotNil(t, got)
	id := func(l string) string { return TaskID("DECISION-TASK", l) }
	sorted := value.NewList(sortedIDs(value.MapOf("1", id("z"), "2", id("a"), "3", id("many")))...)
	want := value.MapOf(
		"attributes", value.MapOf("kind", "misc"), "dependencies", value.MapOf("z", id("z"), "a", id("a"), "many", id("many")), "description", "", "if_dependencies", []string{}, "kind", "misc",
		"label", "code-review", "optimization", nil, "soft_dependencies", []string{}, "task_id", id("code-review"),
		"task", value.MapOf(
			"provisionerId", "built-in", "workerType", "succeed", "dependencies", sorted, "requires", "all-resolved", "created", value.MapOf("relative-datestamp", "0 seconds"),
			"deadline", value.MapOf("relative-datestamp", "1 day"), "expires", value.MapOf("relative-datestamp", "1 day"),
			"metadata", value.MapOf("name", "code-review", "description", "List all issues found in static analysis and linting tasks", "owner", "me@example.com",
				"source", "https://github.com/taskcluster/taskgraph/raw-file/default/src/taskgraph/morph.py"),
			"scopes", []string{}, "payload", value.MapOf(), "routes", []string{"project.relman.codereview.v1.try_ending"},
			"extra", value.MapOf("code-review", value.MapOf("phabricator-build-target", "PHID-1", "repository", "https://repo", "revision", "abc")),
		),
	)
	assert.True(t, value.Equal(want.Value(), got.Document().Value()), "%v", got.Document())
	assert.Equal(t, []string{"z", "a", "no", "many", "index-task-many", "code-review"}, labels(after.Graph.tasks))

	g.project.Environment = environment(map[string]string{"TASKGRAPH_HEAD_REPOSITORY": "https://hg/tg", "TASKGRAPH_HEAD_REV": "123"})
	_, after = morphed(t, g, task("a", "", review))
	assert.Equal(t, "https://hg/tg/raw-file/123/src/taskgraph/morph.py", after.Graph.Task("code-review").Task.At("metadata").Map().Str("source"))

	before, after := morphed(t, g, task("a", ""))
	assert.Same(t, before, after, "nothing to review")
	g = testGenerator(t, GeneratorOptions{}, "code-review", nil)
	before, after = morphed(t, g, task("a", "", review))
	assert.Same(t, before, after, "nobody to review for")
}

func TestMorphsAddLabelsThatAreNew(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{}, "code-review", value.MapOf("phabricator-build-target", "PHID-1"), "existing_tasks", value.MapOf("index-task-many", "x"))
	for _, c := range []struct {
		tasks []*Task
		want  string
		pos   diag.Pos
	}{
		{[]*Task{task("code-review", "", at(5)), task("a", "", attribute("code-review", true))}, `a morph adds a task with the label "code-review", which another task has`, 5},
		{[]*Task{task("index-task-many", ""), task("many", "", crowded(65, "x."), at(6))}, `a morph adds a task with the label "index-task-many", which another task has`, 6},
	} {
		_, err := g.morph(t.Context(), optimize(t, g, allOf(c.tasks...)))
		all := diag.Flatten(err)
		require.Len(t, all, 1)
		assert.Equal(t, diag.DuplicateLabel, all[0].Code)
		assert.Equal(t, c.want, all[0].Message)
		assert.Equal(t, c.pos, all[0].Pos)
	}
}

func TestMorphsOfOnesOwn(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	g.project.Registry.Morphs.Add("tag", func(c *MorphConfig) error {
		for task := range c.Tasks() {
			def := task.Task.Copy()
			def.EditMap("tags").Set("morphed", value.NewString("yes"))
			c.SetDefinition(task, def)
		}
		c.SetDefinition(&Task{TaskID: "unknown"}, value.NewMap(0))
		return nil
	})
	before, after := morphed(t, g, task("a", ""), task("b", "d:a"))
	assert.Equal(t, "yes", after.Graph.Task("b").Task.At("tags").Map().Str("morphed"))
	assert.False(t, before.Graph.Task("b").Task.Has("tags"))
	assert.Equal(t, 1, after.Graph.Graph().Edges())
	assert.Equal(t, before.LabelToTaskID, after.LabelToTaskID)

	g.project.Registry.Morphs.Add("add", func(c *MorphConfig) error {
		return c.Add(&Task{Kind: "mine", Label: "new", Task: value.MapOf("x", 1)})
	})
	_, after = morphed(t, g, task("a", ""), task("b", "d:a"))
	assert.Equal(t, "mine", after.Graph.Task("new").Attribute("kind").Str())
	assert.Equal(t, 1, after.Graph.Graph().Edges())

	g.project.Registry.Morphs.Add("fail", func(*MorphConfig) error { return errors.New("no") })
	_, err := g.morph(t.Context(), before)
	assert.ErrorContains(t, err, "no")
}

// TestMorphsRemoveAndChange sees what graphs are like after morphs that take tasks away and give others new dependencies.
func TestMorphsRemoveAndChange(t *testing.T) {
	g := testGenerator(t, GeneratorOptions{})
	var gone string
	g.project.Registry.Morphs.Add("rearrange", func(c *MorphConfig) error {
		byLabel := map[string]*Task{}
		for t := range c.Tasks() {
			byLabel[t.Label] = t
		}
		gone = byLabel["gone"].TaskID
		c.Remove(byLabel["gone"])
		c.Remove(byLabel["gone"])
		c.Change(byLabel["gone"], &Task{Label: "back"})
		user := *byLabel["user"]
		user.Label, user.TaskID, user.Dependencies = "renamed", "x", value.MapOf("late", byLabel["late"].TaskID)
		c.Change(byLabel["user"], &user)
		return c.Add(&Task{Label: "gone", Kind: "new"})
	})
	before, after := morphed(t, g, task("first", ""), task("gone", ""), task("user", "f:first"), task("late", ""))
	assert.Equal(t, []string{"first", "gone", "user", "late"}, labels(before.Graph.tasks))
	assert.Equal(t, []string{"first", "user", "late", "gone"}, labels(after.Graph.tasks))
	assert.Equal(t, gone, before.LabelToTaskID["gone"])
	assert.Len(t, after.LabelToTaskID, 4)
	user := after.Graph.Task("user")
	assert.Equal(t, before.LabelToTaskID["user"], user.TaskID)
	assert.Equal(t, "user", user.Label)
	assert.Same(t, user, after.Graph.ByID(user.TaskID))
	id, _ := after.Graph.Graph().ID("user")
	assert.Equal(t, []Edge{{To: 2, Name: "late"}}, after.Graph.Graph().Links(id))
	assert.Equal(t, "new", after.Graph.Task("gone").Kind)
}
