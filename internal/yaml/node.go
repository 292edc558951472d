package yaml

// Kind is the form of a [Node].
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota
	Sequence
	Mapping // its children are keys and values in turn
	Alias
)

// Node is one place in a [Document]. The children of a node follow it: the first at its index + 1, each further
// one at Next of the one before, up to Next of the node itself.
type Node struct {
	Text     string // of a scalar
	Pos      int32  // offset of its first byte: that of its anchor or tag where it has one
	Next     int32  // index of the node after this one and all that it holds
	Ref      int32  // of an alias: the index of the node that is meant; else the index of its explicit tag, 0 for none
	Kind     Kind
	Plain    bool // of a scalar without explicit tag: its look decides what it is; it is a string otherwise
	Anchored bool // an alias may refer to it
}

// Document is what a stream holds: no nodes at all where it is empty, else the root at index 0.
type Document struct {
	Nodes []Node
	Tags  []string // explicit tags in full; the first is empty
}

// Tag gives the explicit tag of a node that is no alias, "" where it has none.
func (d *Document) Tag(n *Node) string { return d.Tags[n.Ref] }

// Limits guard against input that was made to hurt.
type Limits struct {
	Depth int // levels of nesting
	Nodes int // nodes, counted as if every alias were written out
}

// Class says what sort of mistake an [Error] is.
type Class uint8

// The classes.
const (
	Syntax    Class = iota
	Reference       // an alias or anchor that cannot be
	Limit           // larger than the [Limits]
)

// Error is the first mistake of a stream.
type Error struct {
	Class   Class
	Offset  int    // where it was noticed
	Problem string // what is wrong there
	Context string // what was being read, such as "flow map"; empty where that says nothing more
	Begin   int    // where the context begins
}

// Error gives the problem.
func (e *Error) Error() string { return e.Problem }
