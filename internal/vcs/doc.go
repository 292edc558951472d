// Package vcs asks git or Mercurial about the tree that kinds are kept in: which revision is checked out, what
// changed, which files are tracked, and what a file held at another revision.
//
// A [Repository] speaks through the programs git and hg, never through their files, so that every setting of
// the user's counts. It changes nothing: not the checkout, not the index, not a lock. Only Fetch and Note bring
// something in, and they add to the store alone. Nobody is asked for a password, and with [Options].Offline no
// remote is contacted.
//
//	repo, err := vcs.Find(dir, vcs.Options{})
//	if err != nil { ... }                       // errors.Is(err, vcs.ErrNoRepository), or no such program
//	rev, err := repo.HeadRev(ctx)
//	tree, err := repo.ReadTree(ctx, "HEAD~1")   // an fs.FS over the object store
//	defer tree.Close()
//
// What the methods give is what the reference's repository class gives, quoting of unusual file names
// included, since parameters and digests are made of it. Where the reference is only wrong (splitting names at
// blanks, cutting the first letter off a revision) this package is right instead.
//
// A program that fails gives an [*Error]. There is no caching except of file listings by revision, and the
// methods are safe for concurrent use.
package vcs
