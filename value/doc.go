// Package value holds what YAML and JSON documents hold, in document order and with positions.
//
// A [Value] is 16 bytes: null, bool, int, big int, float, string, bytes, time, list, map or set, and the
// [diag.Pos] it came from. A [Map] keeps insertion order and allows any scalar as key, like the dict that
// the reference makes of a document.
//
// # Sharing
//
// Containers share structure. [Map.Copy] is a few words long whatever the tree holds; a change copies the
// path from the root to what is changed, once, and nothing else:
//
//	b := a.Copy()                          // a and b share everything
//	b.EditMap("worker").Set("x", value.Int(1)) // copies two levels of b; a is as it was
//
// The rules that make this safe without locks:
//
//   - Whoever got a *Map from New, Copy, EditMap or EditList may change it; nobody else may.
//   - What Get, At, All and the other readers give is read-only: to change it, go through EditMap or
//     EditList of the container that holds it.
//   - A container that was put into another one with Set or Append, or whose root was copied, is no longer
//     the caller's to change: get it again with EditMap or EditList.
//   - Reading is safe from any number of goroutines as long as nobody changes that very tree. Copies of one
//     tree may be changed at the same time once [Map.Freeze] was called on the original.
//
// Package value also has what belongs to documents: reading and writing YAML and JSON, dot paths, merging,
// keyed-by resolution and Python format strings.
//
// # Blanks
//
// A text may have blanks, [NewBlank], for what is not known yet. A [Filler] fills them in where an [Outline] says that there are some, and a
// [JSONFiller] in the JSON of a value. Documents never have any, and whoever looks into a text with blanks is wrong: [Format] refuses to.
//
// # Memory
//
// A task is made in many steps, each of which leaves containers that nobody wants any more. While one goroutine works on one task
// after the other, they can live in an [Arena], which it empties in between. [Interner] makes what stays of them: equal parts of
// many tasks are one in memory.
package value
