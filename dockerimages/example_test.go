package dockerimages_test

import (
	"fmt"
	"testing/fstest"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/dockerimages"
	"github.com/taskgraph-go/decision/value"
)

func ExampleImages() {
	tree := fstest.MapFS{
		"taskcluster/docker/linux/Dockerfile": {Data: []byte("# %ARG VERSION\nFROM debian:$VERSION\nVOLUME /builds\n"), Mode: 0o644},
	}
	images := dockerimages.New(dockerimages.Config{Tree: tree, Sources: &diag.Sources{}})

	digest, err := images.ContextDigest("taskcluster/docker/linux", value.MapOf("VERSION", "12"), 0)
	fmt.Println(digest, err)
	volumes, err := images.Volumes("taskcluster/docker/linux")
	fmt.Println(volumes, err)
	_, err = images.ContextDigest("taskcluster/docker/linux", nil, 0)
	fmt.Println(err)
	// Output:
	// 40305046ccf4feb9f99ac4991783c570443bc4dab0535be138f7fb6b2a7af845 <nil>
	// [/builds] <nil>
	// missing argument "VERSION": the docker image is given no such args (TG3013)
}
