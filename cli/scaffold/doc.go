// Package scaffold gives a repository its first task graph: the files of a working setup, made from a few answers, and written
// all together or not at all.
//
//	answers := scaffold.Answers{Repository: "https://github.com/example/greeter"}
//	answers.SetDefaults()
//	files, err := scaffold.Files(answers)
//	...
//	err = scaffold.Write(dir, files)
//
// The files are templates in the directory template, with fields in double square brackets. What is written replaces
// .taskcluster.yml and the whole directory taskcluster; [Existing] says beforehand what that would cost. Whether to is for
// the caller to ask. It knows nothing about version control.
package scaffold
