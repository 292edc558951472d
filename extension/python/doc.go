// Package python runs the code of a tree that is written in Python: loaders, transforms and whatever else a tree registers with
// the reference, the Python program taskgraph. All else stays in Go.
//
// [Extension] is for a registry. When a project is opened whose graph config names a function to register
// with, or when a kind names a loader or a transform that is not built in, a Python process is started that has the reference
// package installed, and there the tree's modules run as they are. Trees that need none start none.
//
// The process imports the tree's modules once. For each kind that needs it, and for the phases after the kinds, it makes a copy
// of itself, a session, which therefore begins in the same state whatever other kinds did. Sessions of several kinds run
// at the same time. Stubs stream through a session: consecutive Python transforms of a kind take one trip.
//
//	r := taskgraph.NewRegistry()
//	...
//	r.Extensions = append(r.Extensions, python.Extension)
//
// The protocol is in docs/reference/bridge-protocol.md. Values keep their types and their order, and what Python did not
// change keeps its position, so that a mistake that is found later is reported where it stands in the YAML.
//
// The program on the other side is in the directory bridge.
package python
