// Package example runs the examples of the documentation, so that what a page shows is what happens.
//
// A page is read from top to bottom. It works on one project, a directory of its own that is empty at first; its fenced
// blocks write files into it and run commands there. What a block is for stands behind its language:
//
//	```yaml file=taskcluster/config.yml     the block is a file of the project
//	```console run                          the lines that begin with "$ " are run; the others are what they print
//	```console not-run="needs a network"    the block is only shown, and why
//
// Blocks in the languages text and mermaid, and those without a language, are only shown. Every other block has to say
// what it is for. Comments of HTML begin projects and hold what only the test needs:
//
//	<!-- project: examples/hello -->        a new project, a copy of that directory, committed to Git
//	<!-- project: empty -->                 a new project without files
//	<!-- project: root -->                  this repository itself; commands must leave it as it is
//	<!-- check                              the blocks up to --> are run, and readers do not see them
//
//	page, err := example.Parse(text)
//	err = page.Run(example.Options{Root: root, Dir: t.TempDir(), Env: env})
//
// What a command prints to stdout and stderr has to be what the page says, where a line "..." stands for any number of
// lines. A command that fails has to be followed by "$ echo $?". Each command has a shell of its own; "cd" on a line of
// its own holds for those that follow.
package example
