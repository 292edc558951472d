package taskgraph

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// graphOf makes a graph of edges written as "a-name>b", and nodes without edges as "a". Nodes are in the order in
// which they are first named.
func graphOf(edges ...string) *Graph {
	type edge struct{ from, name, to string }
	var names []string
	var parsed []edge
	seen := map[string]bool{}
	node := func(n string) {
		if !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	for _, e := range edges {
		from, rest, ok := strings.Cut(e, "-")
		node(from)
		if ok {
			name, to, _ := strings.Cut(rest, ">")
			node(to)
			parsed = append(parsed, edge{from, name, to})
		}
	}
	g := NewGraph(names)
	for _, e := range parsed {
		g.link(g.ids()[e.from], g.ids()[e.to], e.name)
	}
	return g.finish()
}

func (g *Graph) namesOf(ids []int32) string {
	var out []string
	for _, id := range ids {
		out = append(out, g.Name(id))
	}
	return strings.Join(out, " ")
}

var graphShapes = map[string]*Graph{
	"empty":    graphOf(),
	"single":   graphOf("a"),
	"tree":     graphOf("a-L>b", "a-L>c", "b-K>d", "b-K>e", "c-N>f", "c-N>g"),
	"linear":   graphOf("1-L>2", "2-L>3", "3-L>4"),
	"diamonds": graphOf("A-L>F", "A-L>D", "B-L>D", "B-L>E", "C-L>E", "C-L>H", "D-L>F", "D-L>G", "E-L>G", "E-L>H", "F-L>I", "G-L>I", "G-L>J", "H-L>J"),
	"multi":    graphOf("2-red>1", "2-blue>1", "3-red>1", "3-blue>2", "3-green>2", "4-green>3"),
	"disjoint": graphOf("2-red>1", "3-red>1", "3-green>2", "4-green>3", "α-πράσινο>β", "β-κόκκινο>γ", "α-μπλε>γ"),
}

func TestOrders(t *testing.T) {
	for name, g := range graphShapes {
		t.Run(name, func(t *testing.T) {
			post, err := g.Postorder()
			require.NoError(t, err)
			pre, err := g.Preorder()
			require.NoError(t, err)
			require.Len(t, post, g.Len())
			require.Len(t, pre, g.Len())
			place := func(order []int32) []int {
				at := make([]int, g.Len())
				for i, id := range order {
					at[id] = i
				}
				return at
			}
			inPost, inPre := place(post), place(pre)
			for id := range int32(g.Len()) {
				for _, e := range g.Links(id) {
					assert.Less(t, inPost[e.To], inPost[id], "%s before %s", g.Name(e.To), g.Name(id))
					assert.Less(t, inPre[id], inPre[e.To], "%s before %s", g.Name(id), g.Name(e.To))
				}
			}
		})
	}
}

func TestOrdersAreThoseOfTheNodes(t *testing.T) {
	g := graphShapes["tree"]
	post, err := g.Postorder()
	require.NoError(t, err)
	assert.Equal(t, "d e f g b c a", g.namesOf(post))
	pre, err := g.Preorder()
	require.NoError(t, err)
	assert.Equal(t, "a b c d e f g", g.namesOf(pre))
}

func TestLinks(t *testing.T) {
	g := graphShapes["multi"]
	id := func(name string) int32 {
		id, ok := g.ID(name)
		require.True(t, ok)
		return id
	}
	assert.Equal(t, 6, g.Edges())
	assert.Equal(t, []Edge{{id("1"), "red"}, {id("2"), "blue"}, {id("2"), "green"}}, g.Links(id("3")))
	assert.Equal(t, "2 2 3", g.namesOf(g.Dependents(id("1"))), "a dependent comes once for each edge")
	assert.Equal(t, "3 3", g.namesOf(g.Dependents(id("2"))))
	assert.Empty(t, g.Dependents(id("4")))
	_, ok := g.ID("5")
	assert.False(t, ok)
}

func TestClosure(t *testing.T) {
	closure := func(g *Graph, of ...string) string {
		var ids []int32
		for _, n := range of {
			ids = append(ids, g.ids()[n])
		}
		var in []int32
		for id, ok := range g.Closure(ids) {
			if ok {
				in = append(in, int32(id))
			}
		}
		return g.namesOf(in)
	}
	assert.Equal(t, "", closure(graphShapes["tree"]))
	assert.Equal(t, "b c d e f g", closure(graphShapes["tree"], "b", "c"))
	assert.Equal(t, "d", closure(graphShapes["tree"], "d", "d"))
	assert.Equal(t, "2 1 3", closure(graphShapes["multi"], "3"))
	assert.Equal(t, "2 1 3 β γ", closure(graphShapes["disjoint"], "3", "β"))
	assert.Equal(t, "1 2 3 4", closure(graphShapes["linear"], "1"))
	assert.Equal(t, "A B C", closure(graphOf("A-L>B", "B-L>C", "C-L>A"), "A"))
}

func TestLoops(t *testing.T) {
	for name, c := range map[string]struct {
		g    *Graph
		want string
	}{
		"itself":       {graphOf("a-me>a"), "dependency loop: a -> a"},
		"three":        {graphOf("B-L>C", "C-L>A", "A-L>B"), "dependency loop: A -> B -> C -> A"},
		"with a tail":  {graphOf("x-L>y", "y-L>z", "z-L>y", "q"), "dependency loop: y -> z -> y"},
		"first of two": {graphOf("m-L>n", "n-L>m", "a-L>b", "b-L>a"), "dependency loop: m -> n -> m"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range []func() ([]int32, error){c.g.Postorder, c.g.Preorder} {
				_, err := order()
				loop, ok := err.(*LoopError)
				require.True(t, ok, "%v", err)
				assert.EqualError(t, loop, c.want)
			}
		})
	}
}

// randomGraph gives a graph without loops: each node depends on some of those before it.
func randomGraph(r *rand.Rand, n int) *Graph {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("t%d", i)
	}
	g := NewGraph(names)
	for i := 1; i < n; i++ {
		for e := range r.IntN(4) {
			g.link(int32(i), int32(r.IntN(i)), fmt.Sprintf("e%d", e))
		}
	}
	return g.finish()
}

func TestRandomGraphsHaveOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		g := randomGraph(r, 1+r.IntN(30))
		post, err := g.Postorder()
		require.NoError(t, err)
		done := make([]bool, g.Len())
		for _, id := range post {
			for _, e := range g.Links(id) {
				require.True(t, done[e.To])
			}
			done[id] = true
		}
		// One edge back makes a loop, which is found and is one.
		from := post[0]
		to := post[r.IntN(len(post))]
		if reach := g.Closure([]int32{to}); !reach[from] {
			continue
		}
		loopy := NewGraph(g.names)
		for id, edges := range g.out {
			for _, e := range edges {
				loopy.link(int32(id), e.To, e.Name)
			}
		}
		loopy.link(from, to, "back")
		_, err = loopy.finish().Postorder()
		loop, ok := err.(*LoopError)
		require.True(t, ok)
		for i, n := range loop.Nodes {
			next := loopy.ids()[loop.Nodes[(i+1)%len(loop.Nodes)]]
			found := false
			for _, e := range loopy.Links(loopy.ids()[n]) {
				found = found || e.To == next
			}
			require.True(t, found, "%v is no loop", loop.Nodes)
		}
	}
}
