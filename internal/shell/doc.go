// Package shell takes scripts apart into commands, so far as that can be done without running them: quotes, escapes,
// variables, and what stands between commands. It is for finding one command in a script, and is no shell: what depends
// on the outcome of other commands is not decided, and their output is not known.
package shell
