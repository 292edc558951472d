// Package pyre runs Python regular expressions, as the module re of Python 3.11 understands them.
//
//	re, err := pyre.Cached(`(?!win).*-(\w+)`)
//	ok, err := re.Match("linux64-opt") // as re.match: from the start, not up to the end
//
// A pattern is parsed by this package, which finds what Python refuses, and is then given to one of three engines:
//
//   - literals and patterns of literals, `.`, `.*` and `|`, which is what most people write, need none;
//   - package regexp (RE2, linear time) serves what it can express, on subjects that are plain: ASCII on one line,
//     where its classes and anchors mean what Python's do;
//   - package regexp2 (backtracking, with a time limit) serves look-around, back references, atomic groups and
//     conditionals, and every subject that is not plain.
//
// Both are given the parsed pattern written out in their own syntax, with flags resolved and classes such as \w
// written as the characters that Python means.
//
// Errors are *[diag.Diagnostic] with the code [diag.BadRegexp] and without position.
//
// Two oddities of Python are not reproduced: a search with (?a:\W) in it misses what the match finds, and a condition
// on a group that is not complete may see it as of another attempt.
//
// Not supported: characters by name (\N{...}), the flags L and t, byte patterns.
package pyre
