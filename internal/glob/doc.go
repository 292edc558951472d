// Package glob matches paths with the patterns of files-changed, skip-unless-changed and toolchain resources.
//
//	p := glob.Compile("src/**/*.go")
//	p.Match("src/a/b/main.go") // true
//
// In a pattern, * stands for any text inside of one directory, **/ at the start or behind a slash for any number of
// directories, /** at the end for everything below. All else stands for itself; there are no classes and no single
// wildcard. A pattern that matches a directory matches what is below it. The empty pattern matches everything.
//
// The results are those of the function match of the reference's paths, down to odd patterns (** next to other
// characters is *, dir/ matches nothing below dir) and odd paths (// and line ends).
package glob
