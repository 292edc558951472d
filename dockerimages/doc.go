// Package dockerimages makes the contexts of docker images: the archives from which an image task builds its image, and
// the digests that tell whether an image must be built again.
//
// An image is defined by a directory with a Dockerfile. Its context is a tar archive of everything in that directory,
// together with what special comments of the Dockerfile ask for:
//
//	# %include <path>     adds a file or directory of the repository, below topsrcdir/
//	# %include-run-task   adds the run-task program and its companions, below run-task/, and the lines that install them
//	# %ARG <name>         replaces $<name> in the lines that follow with an argument of the image
//
// The archive depends on nothing but names, contents, permission bits and arguments, so that its digest is the same on
// every machine, and the same as that of the reference:
//
//	images := dockerimages.New(dockerimages.Config{Tree: tree, RunTask: dockerimages.Standin(), Sources: sources})
//	digest, err := images.ContextDigest("taskcluster/docker/linux", args, argsPos)
//	digest, err = images.WriteContext(file, "linux", "taskcluster/docker/linux", args, argsPos)
//	volumes, err := images.Volumes("taskcluster/docker/linux")
//
// Where it is stricter than the reference: no symbolic link and no %include leads out of the repository, files that are
// neither regular nor links to regular ones are refused, directories that cannot be read are an error, a bare %include
// (which would add everything) is one too, and %include of the whole repository leaves out the data of version control.
// Names of arguments stand for themselves, never for regular expressions.
package dockerimages
