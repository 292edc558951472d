// Package repourl reads the addresses of repositories on the two hosts that the reference knows, GitHub and
// hg.mozilla.org, in all the forms that git and Mercurial take:
//
//	r, err := repourl.Parse("git@github.com:mozilla/gecko-dev.git")
//	r.Name() // "gecko-dev", the default of the parameter project
//	r.Path   // "mozilla/gecko-dev"
//
// It accepts and refuses what the Python package mozilla-repo-urls does, of which the reference makes the
// default of project, down to its oddities: a link to a directory on GitHub is named after that directory, and
// a plain http address of hg.mozilla.org has no name at all.
//
// It does not normalise addresses and asks no service.
package repourl
