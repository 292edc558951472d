// Package memo remembers what was made of a text: a compiled pattern, a parsed template.
//
//	var parsed memo.Cache[*Template]
//	t := parsed.Get(text, parse)
//
// It is for results that depend on the text alone. A [Cache] holds a bounded number of them and forgets all of
// them when it is full: what a project uses over and over is back at once, and what comes from hostile input
// cannot fill the memory.
package memo
