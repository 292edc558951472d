package star_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// theTask is the task that the table works on.
const theTask = `a: {worker: {env: {A: x, B: [1, {c: 2}]}, caches: [{name: n}, {name: m}]}, list: [3, 1, 2], n: 1}`

// What code does to a task is what it would do to dicts and lists, whichever way it got there.
func TestValues(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"unchanged":           {`pass`, `{"worker":{"env":{"A":"x","B":[1,{"c":2}]},"caches":[{"name":"n"},{"name":"m"}]},"list":[3,1,2],"n":1}`},
		"set deep":            {`task["worker"]["env"]["C"] = "1"; task.pop("list"); task["worker"].pop("caches")`, `{"worker":{"env":{"A":"x","B":[1,{"c":2}],"C":"1"}},"n":1}`},
		"alias":               {`w = task["worker"]; w["env"]["B"][1]["c"] = 3; w.pop("caches"); task.pop("list")`, `{"worker":{"env":{"A":"x","B":[1,{"c":3}]}},"n":1}`},
		"alias of literal":    {`e = {}; task.clear(); task["env"] = e; e["A"] = 1; e["B"] = [e.get("A")]`, `{"env":{"A":1,"B":[1]}}`},
		"alias twice":         {`x = task["worker"]["env"]; task.clear(); task["a"] = x; task["b"] = x; x["A"] = 0`, `{"a":{"A":0,"B":[1,{"c":2}]},"b":{"A":0,"B":[1,{"c":2}]}}`},
		"move":                {`task["x"] = task.pop("worker").pop("caches")[0]`, `{"list":[3,1,2],"n":1,"x":{"name":"n"}}`},
		"after a move":        {`c = task["worker"]["caches"]; task.clear(); task["c"] = c; c[0]["name"] = "z"; c.append(4)`, `{"c":[{"name":"z"},{"name":"m"},4]}`},
		"list methods":        {`l = task["list"]; l.append(1); l.insert(0, 9); l.remove(1); l.extend([5, {}]); l.pop(); l.pop(0); task.pop("worker")`, `{"list":[3,2,1,5],"n":1}`},
		"list update":         {`l = task["list"]; l += [4]; task["list"] += (5,); task.pop("worker")`, `{"list":[3,1,2,4,5],"n":1}`},
		"list in place":       {`task["list"] += [4]; m = task["list"]; m += [5]; task.pop("worker"); task["n"] *= 3`, `{"list":[3,1,2,4,5],"n":3}`},
		"list set and slice":  {`l = task["list"]; l[-1] = "z"; task["s"] = l[1:] + l[::-1]; task.pop("worker")`, `{"list":[3,1,"z"],"n":1,"s":[1,"z","z",1,3]}`},
		"list sums":           {`l = task["list"]; task["s"] = [0] + l + l + [4]; task["t"] = l * 2; task.pop("worker"); task.pop("list")`, `{"n":1,"s":[0,3,1,2,3,1,2,4],"t":[3,1,2,3,1,2]}`},
		"sorted":              {`task["list"] = sorted(task["list"]); task["c"] = sorted(task.pop("worker")["caches"], key = lambda x: x["name"])`, `{"list":[1,2,3],"n":1,"c":[{"name":"m"},{"name":"n"}]}`},
		"sorted lists":        {`x = sorted([task["list"], [1, 9], (3,) and [3, 1]]); task.clear(); task["x"] = x`, `{"x":[[1,9],[3,1],[3,1,2]]}`},
		"min, max":            {`x = [min(task["list"]), max(task["list"]), max(1, 5, 3), max([[1], task["list"]])]; task.clear(); task["x"] = x`, `{"x":[1,3,5,[3,1,2]]}`},
		"dict methods":        {`e = task["worker"]["env"]; x = [e.get("Z", 0), e.setdefault("A", 1), e.setdefault("D", {}), e.popitem(), e.keys(), e.items(), len(e)]; task.clear(); task["x"] = x`, `{"x":[0,"x",{},["A","x"],["B","D"],[["B",[1,{"c":2}]],["D",{}]],2]}`},
		"dict update":         {`task.update({"n": 2}, m = 3); task |= {"k": 4}; task.pop("worker"); task.update([("list", 0)])`, `{"list":0,"n":2,"m":3,"k":4}`},
		"dict or":             {`x = {"z": 0} | task["worker"]["env"] | {"A": 1}; task.clear(); task["x"] = x`, `{"x":{"z":0,"A":1,"B":[1,{"c":2}]}}`},
		"dict of":             {`x = dict(task, n = 2); x.pop("worker"); y = {k: v for k, v in task["worker"]["env"].items() if k == "A"}; task.clear(); task["x"] = x; task["y"] = y`, `{"x":{"list":[3,1,2],"n":2},"y":{"A":"x"}}`},
		"equal":               {`w = task["worker"]; x = [w == {"env": {"A": "x", "B": [1, {"c": 2}]}, "caches": [{"name": "n"}, {"name": "m"}]}, {"name": "n"} == w["caches"][0], [{"name": "n"}] == w["caches"][:1], w["caches"] != [1], [3, 1, 2] == task["list"], [3, 1] < task["list"], task["list"] == (3, 1, 2), w == None]; task.clear(); task["x"] = x`, `{"x":[true,true,true,true,true,true,false,false]}`},
		"in":                  {`w = task["worker"]; x = ["env" in w, "z" not in w, 3 in task["list"], {"name": "m"} in w["caches"], w["caches"][0] in [1, {"name": "n"}], [{"name": "n"}, 5].index(w["caches"][0]), w["caches"].index({"name": "m"})]; task.clear(); task["x"] = x`, `{"x":[true,true,true,true,true,0,1]}`},
		"remove from literal": {`x = [1, {"name": "n"}, 2]; x.remove(task["worker"]["caches"][0]); task.clear(); task["x"] = x`, `{"x":[1,2]}`},
		"types":               {`x = [type(task), type(task["list"]), type({}), type(task["n"]), bool(task), len(task["worker"])]; task.clear(); task["x"] = x`, `{"x":["dict","list","dict","int",true,2]}`},
		"texts":               {`x = [str(task["list"]), "%s %r" % (task["worker"]["caches"], "a"), "{} {a}".format(task["list"], a = {"b": task["list"]}), repr("a"), "%(n)s" % task, "%d%%" % 3]; task.clear(); task["x"] = x`, `{"x":["[3, 1, 2]","[{\"name\": \"n\"}, {\"name\": \"m\"}] \"a\"","[3, 1, 2] {\"b\": [3, 1, 2]}","\"a\"","1","3%"]}`},
		"more values":         {`task.clear(); task["x"] = [1 << 70, 1.5, None, True, "é", (1, (2,)), b"x" == b"x", 7 // 2, 7 % 4, -3]`, `{"x":[1180591620717411303424,1.5,null,true,"\u00e9",[1,[2]],true,3,3,-3]}`},
		"star arguments":      {`f2 = lambda *args, **kwargs: [args, kwargs]; x = f2(*task["list"], **task["worker"]["env"]); task.clear(); task["x"] = x`, `{"x":[[3,1,2],{"A":"x","B":[1,{"c":2}]}]}`},
		"unpacked":            {`a, b, c = task["list"]; (d, e), g = (task["worker"]["caches"], 1); task.clear(); task["x"] = [c, b, a, e["name"], g]`, `{"x":[2,1,3,"m",1]}`},
		"other keys":          {`task.clear(); task["x"] = {1: "a", None: "b", 1.5: "c"}`, `{"x":{"1":"a","null":"b","1.5":"c"}}`},
		"enumerate, zip":      {`x = [enumerate(task["list"]), zip(task["list"], ["a", "b"]), reversed(task["list"]), list(task["worker"]), any(task["list"]), tuple(task["list"])]; task.clear(); task["x"] = x`, `{"x":[[[0,3],[1,1],[2,2]],[[3,"a"],[1,"b"]],[2,1,3],["env","caches"],true,[3,1,2]]}`},
		"text methods":        {`x = ["a,b".split(","), "-".join(["a", "b"]), "abc".replace("b", ""), "A".lower(), "a b".title(), "x".upper(), "a\nb".splitlines(), getattr("a,b", "split")(",")]; task.clear(); task["x"] = x`, `{"x":[["a","b"],"a-b","ac","a","A B","X",["a","b"],["a","b"]]}`},
		"sets":                {`x = [sorted(set([1, 2]) | set([3])), 1 in set([1]), len(set([1, 2]) - set([1])), sorted(set([1]).union([2]))]; task.clear(); task["x"] = x`, `{"x":[[1,2,3],true,1,[1,2]]}`},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.ReplaceAll(c.body, "; ", "\n    ")
			code := "def f(config, task):\n    name, origin = task.pop(\"name\"), task.pop(\"task-from\")\n    " + body + "\n    return task | {\"name\": name}\n"
			got, err := run(t, withStar(code, theTask))
			if err != nil {
				require.NoError(t, err, printed(err))
			}
			assert.Equal(t, "test-a "+c.want, got)
		})
	}
}

// Dates, binary data, large integers, sets and keys that are no text survive, and so does what nobody looks at.
func TestTypesSurvive(t *testing.T) {
	f := withStar(`
def f(config, task):
    v = task["v"]
    if [type(x) for x in v] != ["date", "timestamp", "bytes", "int", "float", "set", "dict", "NoneType", "bool"]:
        fail([type(x) for x in v])
    if v[0].year != 2026 or v[1].hour != 3:
        fail(v[0])
    v.append(v[0])       # the list is made anew
    task["w"] = v[5]
    task["again"] = {"v": task["v"]}
    return task
`, `a: {v: [2026-01-02, 2026-01-02 03:04:05, !!binary aGk=, 123456789012345678901234567890, 1.0, !!set {x, y}, {1: a, true: b, null: c, 2026-01-02: d}, null, yes]}`)
	g, _, err := f.graph(t, taskgraph.FullTaskSet)
	require.NoError(t, err)
	task := g.At(0).Task
	got := value.PyRepr(task.At("v"))
	assert.Equal(t, `[datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5), b'hi', 123456789012345678901234567890, 1.0, {'x', 'y'}, `+
		`{1: 'b', None: 'c', datetime.date(2026, 1, 2): 'd'}, None, True, datetime.date(2026, 1, 2)]`, got)
	assert.Equal(t, got, value.PyRepr(task.At("again").Map().At("v")))
	assert.Equal(t, "{'x', 'y'}", value.PyRepr(task.At("w")))
}

// What was not changed keeps its place in the document, also where it was moved or its neighbours were changed.
func TestPositionsSurvive(t *testing.T) {
	f := withStar(`
def f(config, task):
    task["worker"]["env"]["NEW"] = "1"
    task["worker"]["list"].insert(0, "first")
    task["moved"] = task["worker"].pop("inner")
    return task
`, "a:\n    worker:\n      env:\n        A: x\n      list: [p, q]\n      inner:\n        deep: y\n    plain: 1\n")
	g, p, err := f.graph(t, taskgraph.FullTaskSet)
	require.NoError(t, err)
	task := g.At(0).Task
	where := func(pos diag.Pos) string { return p.Sources.Position(pos).String() }
	kind := "taskcluster/kinds/test/kind.yml:"
	worker := task.At("worker").Map()
	assert.Equal(t, kind+"9:12", where(worker.At("env").Map().At("A").Pos()))
	assert.Equal(t, kind+"9:9", where(worker.At("env").Map().KeyPos("A")))
	assert.Equal(t, kind+"9:9", where(worker.At("env").Pos()))
	assert.Equal(t, kind+"8:7", where(worker.KeyPos("env")))
	assert.Equal(t, kind+"10:14", where(worker.At("list").List().At(1).Pos()), "behind what was inserted")
	assert.Equal(t, kind+"12:15", where(task.At("moved").Map().At("deep").Pos()))
	assert.Equal(t, kind+"13:12", where(task.At("plain").Pos()))
	assert.Zero(t, worker.At("env").Map().At("NEW").Pos())
}

// Whatever a transform does to a task, other tasks and the kind itself do not see it.
func TestSharedValuesStay(t *testing.T) {
	f := withStar(`
def f(config, task):
    defaults = config.config["task-defaults"]
    if defaults["worker"]["env"] != {"A": "1"} or defaults["list"] != [1, {"x": 1}]:
        fail("the kind changed: %r" % (defaults,))
    if task["worker"]["env"] != {"A": "1"} or task["list"] != [1, {"x": 1}]:
        fail("the task changed: %r" % (task,))
    task["worker"]["env"]["A"] = task["name"]
    task["worker"]["env"]["B"] = task["name"]
    task["list"][1]["x"] = task["name"]
    task["list"].append(2)
    return task
`)
	var tasks strings.Builder
	for i := range 500 {
		fmt.Fprintf(&tasks, "  t%d: {}\n", i)
	}
	f["taskcluster/kinds/test/kind.yml"] = "loader: taskgraph.loader.transform:loader\ntransforms: [./f.star:f, ./finish.star:finish]\ntask-defaults: {worker: {env: {A: '1'}}, list: [1, {x: 1}]}\ntasks:\n" + tasks.String()
	g, _, err := f.graph(t, taskgraph.FullTaskSet)
	require.NoError(t, err)
	i := 0
	for task := range g.All() {
		text, err := value.CompactJSON(task.Task.Value())
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf(`{"worker":{"env":{"A":"t%[1]d","B":"t%[1]d"}},"list":[1,{"x":"t%[1]d"},2]}`, i), text)
		i++
	}
}

// A function may drop a task, make several of one, or see all tasks of the kind.
func TestShapes(t *testing.T) {
	for name, c := range map[string]struct{ code, want string }{
		"none":      {"def f(config, task):\n    if task[\"name\"] == \"b\":\n        return None\n    return task\n", "test-a test-c"},
		"list":      {"def f(config, task):\n    return [dict(task, name = task[\"name\"] + str(i)) for i in range(2)]\n", "test-a0 test-a1 test-b0 test-b1 test-c0 test-c1"},
		"tuple":     {"def f(config, task):\n    return task, dict(task, name = \"x\" + task[\"name\"])\n", "test-a test-xa test-b test-xb test-c test-xc"},
		"empty":     {"def f(config, task):\n    return []\n", ""},
		"all":       {"def f(config, tasks):\n    return [t for t in reversed(tasks) if len(tasks) == 3]\n", "test-c test-b test-a"},
		"all twice": {"def f(config, tasks):\n    tasks[0][\"name\"] = \"z\"\n    return tasks + [dict(tasks[0], name = \"y\")]\n", "test-z test-b test-c test-y"},
		"new":       {"def f(config, tasks):\n    return [{\"name\": \"n%d\" % i} for i in range(len(tasks))]\n", "test-n0 test-n1 test-n2"},
	} {
		t.Run(name, func(t *testing.T) {
			g, _, err := withStar(c.code, "a: {}", "b: {}", "c: {}").graph(t, taskgraph.FullTaskSet)
			require.NoError(t, err)
			assert.Equal(t, c.want, strings.Join(labels(g), " "))
		})
	}
}

func labels(g *taskgraph.TaskGraph) []string {
	out := []string{}
	for task := range g.All() {
		out = append(out, task.Label)
	}
	return out
}

// The result does not depend on how many goroutines work.
func TestDeterminism(t *testing.T) {
	f := withStar("def f(config, task):\n    task[\"x\"] = {k: i for i, k in enumerate(sorted(set([\"b\", \"a\", task[\"name\"]])))}\n    return [task, dict(task, name = task[\"name\"] + \"-2\")]\n")
	var tasks []string
	for i := range 1000 {
		tasks = append(tasks, fmt.Sprintf("t%d: {}", i))
	}
	f["taskcluster/kinds/test/kind.yml"] = simple("./f.star:f", tasks...)
	var first string
	for _, workers := range []int{1, 4} {
		p, err := f.open(t, standard())
		require.NoError(t, err)
		p.Workers = workers
		g, err := p.Generator(params(), taskgraph.GeneratorOptions{}).FullTaskSet(context.Background())
		require.NoError(t, err)
		var out strings.Builder
		for task := range g.All() {
			text, err := value.CompactJSON(task.Document().Value())
			require.NoError(t, err)
			out.WriteString(text)
		}
		if first == "" {
			first = out.String()
		}
		assert.Equal(t, first, out.String())
	}
}
