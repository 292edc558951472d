package taskgraph

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Graph is a directed graph with named edges between nodes with dense ids, built once and then immutable. An edge
// leads from a node to what it depends on. Nodes keep the order in which they were added; everything iterates in
// that order, edges in the order of definition.
type Graph struct {
	names []string
	index *index   // shared by graphs of the same nodes
	out   [][]Edge // by node; nil without edges
	in    [][]int32
	count int
}

// index finds nodes by name, and in the order of the names. Each is made when it is first needed.
type index struct {
	once sync.Once
	ids  map[string]int32

	sorting sync.Once
	sorted  []int32
}

// Edge leads to a node, under a name.
type Edge struct {
	To   int32
	Name string
}

// NewGraph gives a graph of the nodes without edges. The names must be distinct.
func NewGraph(names []string) *Graph {
	return &Graph{names: names, index: &index{}}
}

// bare gives a graph of the same nodes without edges.
func (g *Graph) bare() *Graph { return &Graph{names: g.names, index: g.index} }

// ids gives the nodes by name.
func (g *Graph) ids() map[string]int32 {
	g.index.once.Do(func() {
		g.index.ids = make(map[string]int32, len(g.names))
		for i, n := range g.names {
			g.index.ids[n] = int32(i)
		}
	})
	return g.index.ids
}

// expect makes room for edges; only while the graph is built.
func (g *Graph) expect(edges func(node int) int) {
	n := 0
	for i := range g.names {
		n += edges(i)
	}
	g.out = make([][]Edge, len(g.names))
	room := make([]Edge, n)
	for i := range g.out {
		n := edges(i)
		g.out[i], room = room[:0:n], room[n:]
	}
}

// link adds an edge; only while the graph is built.
func (g *Graph) link(from, to int32, name string) {
	if g.out == nil {
		g.out = make([][]Edge, len(g.names))
	}
	g.out[from] = append(g.out[from], Edge{to, name})
	g.count++
}

// finish builds the reverse direction.
func (g *Graph) finish() *Graph {
	if g.count == 0 {
		g.out = nil
		return g
	}
	degree := make([]int32, len(g.names))
	for _, edges := range g.out {
		for _, e := range edges {
			degree[e.To]++
		}
	}
	backing := make([]int32, g.count)
	g.in = make([][]int32, len(g.names))
	for i, d := range degree {
		g.in[i], backing = backing[:0:d], backing[d:]
	}
	for from, edges := range g.out {
		for _, e := range edges {
			g.in[e.To] = append(g.in[e.To], int32(from))
		}
	}
	return g
}

// sorted gives the nodes in the order of their names.
func (g *Graph) sorted() []int32 {
	g.index.sorting.Do(func() { g.index.sorted = sortedPlaces(g.names) })
	return g.index.sorted
}

// Len gives the number of nodes.
func (g *Graph) Len() int { return len(g.names) }

// Edges gives the number of edges.
func (g *Graph) Edges() int { return g.count }

// Name gives a node's name.
func (g *Graph) Name(id int32) string { return g.names[id] }

// ID gives a node's id and whether there is such a node.
func (g *Graph) ID(name string) (int32, bool) {
	id, ok := g.ids()[name]
	return id, ok
}

// Links gives the edges from a node to its dependencies.
func (g *Graph) Links(id int32) []Edge {
	if g.out == nil {
		return nil
	}
	return g.out[id]
}

// Dependents gives the nodes that depend on one, a node once for each of its edges.
func (g *Graph) Dependents(id int32) []int32 {
	if g.in == nil {
		return nil
	}
	return g.in[id]
}

// LoopError says that nodes depend on each other. Nodes is one such loop, from its least name on; the first node is
// not repeated at the end.
type LoopError struct{ Nodes []string }

// Error shows the loop as a chain.
func (e *LoopError) Error() string {
	return fmt.Sprintf("dependency loop: %s -> %s", strings.Join(e.Nodes, " -> "), e.Nodes[0])
}

// Postorder gives the nodes such that each comes after all that it depends on: breadth first, in node order where
// the edges leave a choice. It gives the first of [Graph.Loops] when there is none.
func (g *Graph) Postorder() ([]int32, error) { return g.order(false) }

// Preorder gives the nodes such that each comes before all that it depends on.
func (g *Graph) Preorder() ([]int32, error) { return g.order(true) }

func (g *Graph) order(reverse bool) ([]int32, error) {
	degree := make([]int32, len(g.names))
	for i := range g.names {
		if reverse {
			degree[i] = int32(len(g.Dependents(int32(i))))
		} else {
			degree[i] = int32(len(g.Links(int32(i))))
		}
	}
	queue := make([]int32, 0, len(g.names))
	for i, d := range degree {
		if d == 0 {
			queue = append(queue, int32(i))
		}
	}
	done := func(id int32) {
		if degree[id]--; degree[id] == 0 {
			queue = append(queue, id)
		}
	}
	for i := 0; i < len(queue); i++ {
		if reverse {
			for _, e := range g.Links(queue[i]) {
				done(e.To)
			}
		} else {
			for _, d := range g.Dependents(queue[i]) {
				done(d)
			}
		}
	}
	if len(queue) < len(g.names) {
		return nil, g.Loops()[0]
	}
	return queue, nil
}

// Loops gives loops that have no node in common, at least one of those that any node is on, each from its least name
// on. There are none in a graph that has an order.
func (g *Graph) Loops() []*LoopError {
	const onPath, finished = 1, 2
	state, inLoop := make([]uint8, len(g.names)), make([]bool, len(g.names))
	type frame struct {
		id   int32
		next int
	}
	var loops []*LoopError
	for start := range g.names {
		if state[start] != 0 {
			continue
		}
		path := []frame{{id: int32(start)}}
		state[start] = onPath
		for len(path) > 0 {
			top := &path[len(path)-1]
			if top.next == len(g.Links(top.id)) {
				state[top.id] = finished
				path = path[:len(path)-1]
				continue
			}
			to := g.Links(top.id)[top.next].To
			top.next++
			switch state[to] {
			case onPath:
				loop := path[slices.IndexFunc(path, func(f frame) bool { return f.id == to }):]
				if slices.ContainsFunc(loop, func(f frame) bool { return inLoop[f.id] }) {
					continue
				}
				var nodes []string
				for _, f := range loop {
					inLoop[f.id] = true
					nodes = append(nodes, g.names[f.id])
				}
				least := slices.Index(nodes, slices.Min(nodes))
				loops = append(loops, &LoopError{Nodes: append(nodes[least:], nodes[:least]...)})
			case 0:
				state[to] = onPath
				path = append(path, frame{id: to})
			}
		}
	}
	return loops
}

// Closure says of each node whether it is one of the given ones or a dependency of them, directly or not.
func (g *Graph) Closure(nodes []int32) []bool {
	in := make([]bool, len(g.names))
	stack := make([]int32, 0, len(nodes))
	for _, id := range nodes {
		if !in[id] {
			in[id] = true
			stack = append(stack, id)
		}
	}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, e := range g.Links(id) {
			if !in[e.To] {
				in[e.To] = true
				stack = append(stack, e.To)
			}
		}
	}
	return in
}
