// Package sourcetree reads the files of a repository: of its work tree with [Open], or of any of its revisions through
// whatever else implements [Tree].
//
//	tree, err := sourcetree.Open(".")
//	name, info, err := sourcetree.Resolve(tree, "taskcluster/docker/linux")
//
// Names are slash-separated and relative to the root, as in io/fs. No name and no symbolic link leads out of the tree:
// what a graph is made of must be in the repository, or two clones of it would not make the same graph.
//
// It does not know which files are tracked; that is for version control to say.
package sourcetree
