package dockerimages

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/taskgraph-go/decision/internal/sourcetree"
	"github.com/taskgraph-go/decision/value"
)

// cleanModes is a tree as git checks it out without a umask of its own.
type cleanModes struct{ *sourcetree.Dir }

func (t cleanModes) Lstat(name string) (fs.FileInfo, error) {
	info, err := t.Dir.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return info, err
	}
	return cleanMode{info}, nil
}

type cleanMode struct{ fs.FileInfo }

func (i cleanMode) Mode() fs.FileMode {
	if i.FileInfo.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

// TestDigestsOfRealRepositories compares the digests of all images of the recorded graphs. Those that contain run-task
// need the reference's own.
func TestDigestsOfRealRepositories(t *testing.T) {
	graphs, err := filepath.Glob("../../shared/*/*/want/*/full.json.gz")
	require.NoError(t, err)
	if len(graphs) == 0 {
		t.Skip("no recorded graphs here")
	}
	runTask := Standin()
	if dir := os.Getenv("TASKGRAPH_REFERENCE"); dir != "" {
		runTask, err = OpenRunTask(filepath.Join(dir, "taskgraph", "run-task"))
		require.NoError(t, err)
		assert.False(t, runTask.IsStandin())
	}
	compared, seen := 0, map[string]bool{}
	for _, file := range graphs {
		project := filepath.Dir(filepath.Dir(filepath.Dir(file)))
		dir, err := sourcetree.Open(filepath.Join(project, "tree"))
		require.NoError(t, err)
		images := New(Config{Tree: cleanModes{dir}, RunTask: runTask})
		for label, task := range imageTasks(t, file) {
			name := task.Attributes.ImageName
			definition := definition(t, dir, name)
			key := project + "\n" + label + "\n" + task.Task.Payload.Env.Hash
			if seen[key] {
				continue
			}
			seen[key] = true
			in := path.Join("taskcluster/docker", definition)
			text, err := dir.ReadFile(path.Join(in, "Dockerfile"))
			if err != nil || runTask.IsStandin() && bytes.Contains(text, []byte("# %include-run-task")) {
				continue
			}
			got, err := images.ContextDigest(in, buildArgs(t, task.Task.Payload.Env.Args), 0)
			assert.NoError(t, err, key)
			assert.Equal(t, task.Task.Payload.Env.Hash, got, key)
			compared++
		}
		dir.Close()
	}
	t.Logf("%d digests", compared)
	assert.NotZero(t, compared)
}

type imageTask struct {
	Attributes struct {
		ImageName string `json:"image_name"`
	}
	Task struct {
		Payload struct {
			Env struct {
				Hash string          `json:"HASH"`
				Args json.RawMessage `json:"DOCKER_BUILD_ARGS"`
			}
		}
	}
}

// imageTasks gives the tasks of a graph that build images.
func imageTasks(t *testing.T, file string) map[string]imageTask {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var raw map[string]json.RawMessage
	require.NoError(t, json.NewDecoder(z).Decode(&raw))
	out := map[string]imageTask{}
	for label, r := range raw {
		if !bytes.Contains(r, []byte(`"DOCKER_BUILD_ARGS"`)) {
			continue
		}
		var task imageTask
		if json.Unmarshal(r, &task) == nil && task.Task.Payload.Env.Hash != "" {
			out[label] = task
		}
	}
	return out
}

// definition gives the directory of an image, which the kind may say.
func definition(t *testing.T, dir *sourcetree.Dir, image string) string {
	for _, kind := range []string{"taskcluster/kinds/docker-image/kind.yml", "taskcluster/ci/docker-image/kind.yml"} {
		text, err := dir.ReadFile(kind)
		if err != nil {
			continue
		}
		var k struct {
			Tasks map[string]struct{ Definition string }
		}
		require.NoError(t, yaml.Unmarshal(text, &k))
		if d := k.Tasks[image].Definition; d != "" {
			return d
		}
	}
	return image
}

// buildArgs gives the arguments of an image from the environment of its task.
func buildArgs(t *testing.T, raw json.RawMessage) *value.Map {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var reference map[string]string
		require.NoError(t, json.Unmarshal(raw, &reference))
		text = reference["task-reference"]
	}
	var args map[string]string
	require.NoError(t, json.Unmarshal([]byte(text), &args), text)
	delete(args, "DOCKER_IMAGE_PACKAGES")
	out := value.NewMap(len(args))
	for k, v := range args {
		out.Set(k, value.NewString(v))
	}
	return out
}
