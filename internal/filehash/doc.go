// Package filehash makes digests of sets of tracked files, so that a task that depends on files gets a new cache entry
// when one of them changes.
//
//	hasher := filehash.New(tree, func() ([]string, error) { return repo.QuotedFiles(ctx, "HEAD") })
//	digest, err := hasher.Paths(resources)
//
// Which files exist is what version control has committed; their content is that of the tree. So a digest covers
// changes that are not committed yet, but no file that is not committed yet. The digest is the SHA-256 of one line for
// each file, sorted by name: the SHA-256 of its content in hex, a space, its name.
//
// The same file is read once in the life of a [Hasher] however many patterns match it, and the files are listed once.
package filehash
