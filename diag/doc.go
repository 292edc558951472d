// Package diag describes what is wrong with what a user wrote: a [Diagnostic] carries a stable code, a
// message, the position, the path inside the document, what contributed and a hint. Values of this package
// hold data only; [Printer] turns them into text.
//
// A position is a 32-bit [Pos] that [Sources] resolves to file, line and column. It costs nothing to carry
// one beside every value of a document, and it survives every transform that keeps the value.
//
//	var list diag.List
//	list.Add(diag.Errorf(diag.UnknownField, pos, "unknown field %q", "comand").WithHint("did you mean %q?", "command"))
//	if err := list.Err(); err != nil {
//		diag.Printer{W: os.Stderr, Sources: sources}.Print(err)
//	}
//
// It is not a logger: progress and verdicts are logged with log/slog.
package diag
