package dockerimages

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/value"
)

func TestMistakes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("other modes, links and words for what went wrong")
	}
	const at = imageDir + "/Dockerfile"
	for _, c := range []struct {
		name  string
		files []file
		args  *value.Map
		want  string
	}{
		{
			name:  "no such image",
			files: []file{{name: "taskcluster/docker/imh/Dockerfile"}, {name: "taskcluster/docker/other/file"}},
			want:  at + ": no Dockerfile for the docker image here (TG3013)\n  hint: did you mean \"imh\"? valid: imh",
		},
		{
			name:  "a directory in place of the Dockerfile",
			files: []file{{name: at + "/x"}},
			want:  at + ": the Dockerfile cannot be read: not a regular file (TG3013)",
		},
		{
			name:  "not UTF-8",
			files: []file{dockerFile("FROM x\nRUN \xff\n")},
			want:  at + ":2:5: the Dockerfile is not UTF-8: byte 0xff cannot stand here (TG3013)",
		},
		{
			name:  "several includes",
			files: []file{dockerFile("# %include  /etc/hosts\n# %include ../../x\r\n# %include\n# %include lib/nope\n# %include nowhere/x\n# %include lib/../..\n"), {name: "lib/nopf"}},
			want: at + ":1:13: extra include path cannot be absolute: \"/etc/hosts\" (TG3013)\n  hint: paths are relative to the root of the repository\n" +
				at + ":2:12: extra include path leads out of the repository: \"../../x\" (TG3013)\n  hint: paths are relative to the root of the repository, not to the Dockerfile\n" +
				at + ":3:11: %include names no path (TG3013)\n  hint: # %include <path>, relative to the root of the repository\n" +
				at + ":4:12: extra include path does not exist: \"lib/nope\" (TG3013)\n  hint: did you mean \"lib/nopf\"?\n" +
				at + ":5:12: extra include path does not exist: \"nowhere/x\" (TG3013)\n  hint: there is no directory \"nowhere\"; paths are relative to the root of the repository\n" +
				at + ":6:12: extra include path leads out of the repository: \"lib/../..\" (TG3013)\n  hint: paths are relative to the root of the repository, not to the Dockerfile",
		},
		{
			name:  "a file is no directory",
			files: []file{dockerFile("# %include lib/x/y\n"), {name: "lib/x"}},
			want:  at + ":1:12: extra include path does not exist: \"lib/x/y\" (TG3013)\n  hint: there is no directory \"lib/x\"; paths are relative to the root of the repository",
		},
		{
			name:  "a NUL in a path",
			files: []file{dockerFile("# %include lib/\x00\n"), {name: "lib/x"}},
			want:  at + ":1:12: extra include path \"lib/\\x00\" cannot be read: invalid argument (TG3013)",
		},
		{
			name:  "missing arguments, and no mistakes that follow from that",
			files: []file{dockerFile("# %ARG FOO\n# %ARG\n# %include $FOO\n# %include $FOOX\n")},
			args:  arguments("FOOO", "x"),
			want: at + ":1:8: missing argument \"FOO\": the docker image is given no such args (TG3013)\n  hint: did you mean \"FOOO\"? valid: FOOO\n" +
				at + ":2:7: %ARG names no argument (TG3013)\n  hint: # %ARG <name>\n" +
				at + ":4:12: extra include path does not exist: \"$FOOX\" (TG3013)\n  hint: paths are relative to the root of the repository",
		},
		{
			name:  "an argument that is no text",
			files: []file{dockerFile("# %ARG FOO\nX $FOO\n")},
			args:  arguments("FOO", 1),
			want:  `want a string for argument "FOO", got ` + value.NewInt(1).Describe() + " (TG3013)",
		},
		{
			name:  "a bad escape, once, where it is used",
			files: []file{dockerFile("# %ARG UNUSED\n# %ARG FOO\n# %include $FOO\n$FOO\n")},
			args:  arguments("FOO", `C:\Users`, "UNUSED", "x"),
			want:  at + ":2:8: argument \"FOO\" cannot be put in: unknown escape \\U (TG3013)\n  hint: a backslash begins an escape here, such as \\n; write \\\\ for a backslash",
		},
		{
			name:  "an argument that grows without end",
			files: []file{dockerFile(strings.Repeat("# %ARG A\n", 60) + "$A\n$A\n")},
			args:  arguments("A", strings.Repeat("x", 1000)+" $A $A"),
			want:  at + ":15:8: argument \"A\" makes the Dockerfile larger than 16 MiB (TG3013)",
		},
		{
			name:  "an include that an argument makes",
			files: []file{dockerFile("FROM x\n# %ARG L\n$L\n")},
			args:  arguments("L", "# %include nope"),
			want:  at + ":3:1: extra include path does not exist: \"nope\" (TG3013)\n  hint: paths are relative to the root of the repository",
		},
		{
			name:  "links out of the tree",
			files: []file{dockerFile("# %include l\n# %include lib\n"), {name: "l", link: "/etc"}, {name: "lib/x", link: "../../x"}, {name: imageDir + "/abs", link: "/etc/hosts"}},
			want: at + ": cannot add \"abs\" to the context of the docker image: leads out of the repository (TG3013)\n" +
				at + ":1:12: extra include path \"l\" leads out of the repository through a symbolic link (TG3013)\n" +
				at + ":2:12: cannot add \"topsrcdir/lib/x\" to the context of the docker image: leads out of the repository (TG3013)",
		},
		{
			name:  "links to nothing and to themselves",
			files: []file{dockerFile(""), {name: imageDir + "/loop", link: "loop"}, {name: imageDir + "/nothing", link: "nowhere"}},
			want: at + ": cannot add \"loop\" to the context of the docker image: too many symbolic links in a row (TG3013)\n" +
				at + ": cannot add \"nothing\" to the context of the docker image: no such file or directory (TG3013)",
		},
		{
			name:  "a Dockerfile from outside",
			files: []file{{name: at, link: "/etc/hosts"}},
			want:  at + ": the Dockerfile cannot be read: leads out of the repository (TG3013)",
		},
		{
			name:  "set-user-ID and set-group-ID",
			files: []file{dockerFile(""), {name: imageDir + "/u", mode: 0o755 | fs.ModeSetuid}, {name: imageDir + "/d/g", mode: 0o755 | fs.ModeSetgid}},
			want: at + ": cannot add \"d/g\" to the context of the docker image: its set-user-ID or set-group-ID bit is set (TG3013)\n  hint: clear it with chmod ug-s, and set it in the Dockerfile where it is needed\n" +
				at + ": cannot add \"u\" to the context of the docker image: its set-user-ID or set-group-ID bit is set (TG3013)\n  hint: clear it with chmod ug-s, and set it in the Dockerfile where it is needed",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			images, sources := open(t, plant(t, c.files...), nil)
			for range 2 { // the second answer is remembered
				digest, err := images.ContextDigest(imageDir, c.args, 0)
				require.Error(t, err)
				assert.Empty(t, digest)
				assert.Equal(t, c.want, messages(err, sources))
				assert.Equal(t, diag.ExitGeneration, diag.ExitCode(err))
			}
			_, err := images.WriteContext(io.Discard, "img", imageDir, c.args, 0)
			assert.Equal(t, c.want, messages(err, sources))
		})
	}
}

func TestImagesOutsideOfTheTree(t *testing.T) {
	images, sources := open(t, plant(t, dockerFile("")), nil)
	for _, dir := range []string{"../x", "/etc", "taskcluster/../../x"} {
		_, err := images.ContextDigest(dir, nil, 0)
		assert.Contains(t, messages(err, sources), "the Dockerfile cannot be read: leads out of the repository", dir)
		_, err = images.Volumes(dir)
		assert.Contains(t, messages(err, sources), "the Dockerfile cannot be read: leads out of the repository", dir)
	}
}

func TestRememberedErrorsAreTheCallers(t *testing.T) {
	images, _ := open(t, plant(t), nil)
	_, err := images.ContextDigest(imageDir, nil, 0)
	err.(*diag.Diagnostic).WithHint("changed").WithRelated(0, "changed")
	_, err = images.ContextDigest(imageDir, nil, 0)
	assert.Empty(t, err.(*diag.Diagnostic).Related)
	assert.NotEqual(t, "changed", err.(*diag.Diagnostic).Hint)
}

func TestWhereArgumentsAreGiven(t *testing.T) {
	images, sources := open(t, plant(t, dockerFile("# %ARG A\n# %ARG B\n$B\n")), nil)
	kind := sources.Add("kind.yml", []byte("args: {B: '\\q'}\n"))
	args := value.NewMap(1)
	args.Set("B", value.NewString(`\q`).At(kind.At(1, 11)))
	_, err := images.ContextDigest(imageDir, args, kind.At(1, 7))
	all := diag.Sorted(diag.Flatten(err), sources)
	require.Len(t, all, 2)
	assert.Equal(t, "kind.yml:1:7", all[0].Related[0].Where.String())
	assert.Equal(t, "kind.yml:1:11", all[1].Related[0].Where.String())
}

func TestFilesThatAreNotRegular(t *testing.T) {
	dir := plant(t, dockerFile("# %include lib/socket\n"), file{name: "lib/x"})
	for _, name := range []string{"lib/socket", imageDir + "/socket"} {
		if err := makeSocket(t, filepath.Join(dir, name)); err != nil {
			t.Skip("no sockets here:", err)
		}
	}
	images, sources := open(t, dir, nil)
	_, err := images.ContextDigest(imageDir, nil, 0)
	assert.Equal(t, imageDir+"/Dockerfile: cannot add \"socket\" to the context of the docker image: not a regular file (TG3013)\n"+
		imageDir+"/Dockerfile:1:12: cannot add \"topsrcdir/lib/socket\" to the context of the docker image: not a regular file (TG3013)", messages(err, sources))
}

func TestUnreadableFilesAndDirectories(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("everything can be read here")
	}
	dir := plant(t, dockerFile(""), file{name: imageDir + "/d/x"})
	require.NoError(t, os.Chmod(filepath.Join(dir, imageDir, "d"), 0))
	images, sources := open(t, dir, nil)
	_, err := images.ContextDigest(imageDir, nil, 0)
	assert.Contains(t, messages(err, sources), "cannot be listed: permission denied")
}

func TestWritersThatFail(t *testing.T) {
	images, _ := open(t, plant(t, dockerFile("")), nil)
	_, err := images.WriteContext(failing{}, "img", imageDir, nil, 0)
	assert.ErrorIs(t, err, io.ErrClosedPipe)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
