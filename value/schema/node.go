package schema

import (
	"math/big"
	"regexp"

	"github.com/taskgraph-go/decision/value"
)

// kinds is a set of [value.Kind].
type kinds uint16

const (
	anyKind   kinds = 1<<(value.SetKind+1) - 1
	numeric   kinds = 1<<value.Int | 1<<value.BigInt | 1<<value.Float
	container kinds = 1<<value.ListKind | 1<<value.MapKind
)

func (k kinds) has(x value.Kind) bool { return k&(1<<x) != 0 }

// jsonKinds are the kinds of the types of JSON Schema, in the order in which errors name them.
var jsonKinds = []struct {
	name, want string
	kinds      kinds
}{
	{"string", "string", 1 << value.String},
	{"integer", "integer", 1<<value.Int | 1<<value.BigInt},
	{"number", "number", numeric},
	{"boolean", "boolean", 1 << value.Bool},
	{"array", "list", 1 << value.ListKind},
	{"object", "map", 1 << value.MapKind},
	{"null", "null", 1 << value.Null},
}

// node is one compiled schema. It does not change once it is compiled.
type node struct {
	kinds kinds  // what type allows
	fits  kinds  // what type allows here and in what the node refers to: nothing else can be valid
	quick kinds  // the ones of these for which there is no other rule
	slot  uint32 // number among the nodes that a [Checker] remembers containers for, from 1; 0 for the others

	enum  []value.Value // also what const allows, as the only one
	tag   string        // the string that const asks for, if it does
	num   []bound
	text  *textRules
	list  *listRules
	maps  *mapRules
	all   []*node // allOf and $ref
	union []*union
	not   *node
	cond  *condition
	keyed *keyed

	description string
}

// bound is a limit of numbers.
type bound struct {
	limit *big.Rat
	whole int64 // limit, where it fits
	fits  bool
	upper bool
	open  bool // the limit itself is outside
}

type textRules struct {
	min, max int // in characters; -1 for none
	pattern  *regexp.Regexp
}

type listRules struct {
	min, max int
	unique   bool
	items    *node // nil allows anything
}

type mapRules struct {
	min, max   int
	fields     table
	names      []string // what properties lists, in the order of the document
	required   []string
	patterns   []pattern
	rest       *node // for keys that neither fields nor patterns know; nil allows anything
	restQuick  kinds
	closed     bool // there may be no such keys
	textKeys   bool
	sparse     bool  // it is faster to look the fields up in the map than the keys of the map in the fields
	keys       *node // propertyNames
	keysQuick  kinds
	exclusive  [][]string
	exactlyOne [][]string
	plans      plans
}

type pattern struct {
	re   *regexp.Regexp
	node *node
}

// union is anyOf or oneOf.
type union struct {
	branches []*node
	byKind   [value.SetKind + 1][]*node // the branches whose type allows a kind
	exactly  bool                       // oneOf
	tag      string                     // field that tells the branches for maps apart, "" for none
	tags     []string                   // its values
	kinds    kinds                      // what any branch allows
}

type condition struct{ test, then, otherwise *node }

// keyed is keyedBy.
type keyed struct {
	fields []string // with by- before each
	value  *node
}

// findFits needs those of all children; those that a recursive schema does not know yet count as all.
func (n *node) findFits() {
	n.fits = n.kinds
	for _, x := range n.all {
		n.fits &= x.fits
	}
	for _, u := range n.union {
		n.fits &= u.kinds
	}
}

// findQuick needs the quick kinds of all children; those that a recursive schema does not know yet count as none.
func (n *node) findQuick() {
	if n.enum != nil || n.not != nil || n.cond != nil || n.keyed != nil {
		return
	}
	k := n.kinds
	if n.num != nil {
		k &^= numeric
	}
	if n.text != nil {
		k &^= 1 << value.String
	}
	if n.list != nil {
		k &^= 1 << value.ListKind
	}
	if n.maps != nil {
		k &^= 1 << value.MapKind
	}
	for _, x := range n.all {
		k &= x.quick
	}
	for _, u := range n.union {
		k &= u.quick()
	}
	n.quick = k
}

func (r *mapRules) copyQuick() {
	for i := range r.fields.fields {
		f := &r.fields.fields[i]
		if f.quick = anyKind; f.node != nil {
			f.quick = f.node.quick
		}
	}
	if r.restQuick = anyKind; r.rest != nil {
		r.restQuick = r.rest.quick
	}
	if r.keysQuick = anyKind; r.keys != nil {
		r.keysQuick = r.keys.quick
	}
	r.sparse = len(r.fields.fields) <= 4 && r.patterns == nil && r.rest == nil && !r.closed && r.keys == nil
}
