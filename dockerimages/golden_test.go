package dockerimages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/value"
)

// golden is a context and the digest that the reference gives it.
type golden struct {
	name  string
	files []file
	args  *value.Map
	want  string
}

var goldens = []golden{
	{
		name:  "an empty Dockerfile",
		files: []file{dockerFile("")},
		want:  "79420678cec1c1eff069ba52d1911e023804ddb8ba90eb8672f2d9f989ae0e28",
	},
	{
		name:  "the mode of the Dockerfile does not count",
		files: []file{{name: imageDir + "/Dockerfile", content: "FROM x\n", mode: 0o700}},
		want:  "a1718dba0888aad9105de68fea3b18f45fd415bf35871d236a2ed16532312ab8",
	},
	{
		name:  "no newline at the end",
		files: []file{dockerFile("FROM x\nRUN y")},
		want:  "9bb1feee6dc98469095ea856992112fa178bec1588a581c9f27c77b50bfdef16",
	},
	{
		name:  "line ends are the same in the Dockerfile only",
		files: []file{dockerFile("FROM x\r\nRUN y\rRUN z\n\r\n"), {name: imageDir + "/other", content: "a\r\nb\r"}},
		want:  "00ebcc8605b14937412c85b2d607a1dcb277eff41fefc83d4cbfef068cb593fd",
	},
	{
		name: "modes",
		files: []file{
			dockerFile("FROM x\n"), {name: imageDir + "/a", mode: 0o600}, {name: imageDir + "/b", mode: 0o755},
			{name: imageDir + "/c", mode: 0o444}, {name: imageDir + "/d", mode: 0o644 | fs.ModeSticky},
		},
		want: "89a94e6074e9271650d381e765397c54c33a59366a2a6d62e294ebb5720d4772",
	},
	{
		name: "sizes around a block",
		files: []file{
			dockerFile("FROM x\n"), {name: imageDir + "/511", content: strings.Repeat("a", 511)},
			{name: imageDir + "/512", content: strings.Repeat("b", 512)}, {name: imageDir + "/513", content: strings.Repeat("c", 513)},
			{name: imageDir + "/100000", content: strings.Repeat("0123456789", 10000)},
		},
		want: "0b22205a1addd7f5c03ccad72446b5b5a6c0f4683b2e6a0fda616e2af8a54156",
	},
	{
		name: "an archive that ends with a record",
		files: []file{
			dockerFile("FROM x\n"), {name: imageDir + "/x", content: strings.Repeat("x", 10240-4*512-512)},
		},
		want: "d9caf77bbcb30557b74cf1bf49eaedc721a1c07a451bb0da7be86b02023632b5",
	},
	{
		name: "names around the limit",
		files: []file{
			dockerFile("FROM x\n"), {name: imageDir + "/" + strings.Repeat("a", 99), content: "99"},
			{name: imageDir + "/" + strings.Repeat("a", 100), content: "100"}, {name: imageDir + "/" + strings.Repeat("a", 101), content: "101"},
			{name: imageDir + "/" + strings.Repeat("é", 50), content: "100 bytes"}, {name: imageDir + "/x" + strings.Repeat("é", 50), content: "101 bytes, cut inside of a character"},
			{name: imageDir + "/" + strings.Repeat(strings.Repeat("d", 150)+"/", 4) + "file", content: "beyond 512"},
			{name: imageDir + "/" + strings.Repeat("e/", 255) + "f", content: "511, and a block with its NUL"},
			{name: imageDir + "/" + strings.Repeat("g/", 255) + "gg", content: "512"},
		},
		want: "c16c9fc782bd780ac355114cccc376fa83ef69cc9494d0bcf4bb454097b74ae8",
	},
	{
		name: "names in the order of code points",
		files: []file{
			dockerFile("FROM x\n"), {name: imageDir + "/\uffee", content: "1"}, {name: imageDir + "/\U0001f680", content: "2"},
			{name: imageDir + "/ä", content: "3"}, {name: imageDir + "/a", content: "4"}, {name: imageDir + "/a b", content: "5"},
			{name: imageDir + "/B", content: "6"}, {name: imageDir + "/d/x", content: "7"}, {name: imageDir + "/d.x", content: "8"},
			{name: imageDir + "/d-x", content: "9"}, {name: imageDir + "/a\nb", content: "10"},
		},
		want: "00a34db83d8a4106da4f6f98345ef42af3f4391f225266af9823761f52f1e1aa",
	},
	{
		name: "names that are not UTF-8",
		files: []file{
			dockerFile("FROM x\n"), {name: imageDir + "/\xff", content: "1"}, {name: imageDir + "/\xe2\x82x", content: "2"},
			{name: imageDir + "/\uffee", content: "3"}, {name: imageDir + "/\ud7ff", content: "4"}, {name: imageDir + "/\xed\xa0\x80", content: "5"},
		},
		want: "745cb094e20642e78b708543439e40154b4a4f9db4bbac77ff15f15071bacc90",
	},
	{
		name: "what Python compiled is left out",
		files: []file{
			dockerFile("FROM x\n# %include lib\n"), {name: imageDir + "/__pycache__/x.pyc"}, {name: imageDir + "/d/__pycache__/x.pyc"},
			{name: imageDir + "/d/x.pyc"}, {name: imageDir + "/e/__pycache__"}, {name: "lib/__pycache__/x"}, {name: "lib/x.py"},
		},
		want: "b8a92a22177c88602403095be58cc8a2f607f10609726f067ea9e135fb54f5c6",
	},
	{
		name: "symbolic links",
		files: []file{
			dockerFile("FROM x\n# %include linked\n# %include links\n"), {name: imageDir + "/real/file", content: "x", mode: 0o755},
			{name: imageDir + "/to-file", link: "real/file"}, {name: imageDir + "/to-dir", link: "real"},
			{name: imageDir + "/to-link", link: "to-file"}, {name: imageDir + "/to-other", link: "../../../lib/x.py"},
			{name: "lib/x.py", content: "1"}, {name: "linked", link: "lib"}, {name: "links/f", link: "../linked/x.py"},
		},
		want: "d65c6eece4ff77647aade8451000d5a3b992ce4342f899f25ac9443f16ce868a",
	},
	{
		name: "an image that is a symbolic link",
		files: []file{
			{name: imageDir, link: "other"}, {name: "taskcluster/docker/other/Dockerfile", content: "FROM x\n"},
			{name: "taskcluster/docker/other/sub/file", content: "x"},
		},
		want: "2c599a0cb64d33fff079e3c245f5dad415a08227d127bc7cb2ffa09c8d3615f2",
	},
	{
		name: "a Dockerfile that is a symbolic link",
		files: []file{
			{name: imageDir + "/Dockerfile", link: "../Dockerfile.shared"}, {name: "taskcluster/docker/Dockerfile.shared", content: "# %include lib\n"},
			{name: "lib/x.py", content: "1"},
		},
		want: "b741a05fbc6931b5c953257e5825f6f7a2c644e9270b9f5de95ae2db0d3f1458",
	},
	{
		name: "includes",
		files: []file{
			dockerFile("# %include lib/x.py\n# %include ./lib/y.py\n# %include lib/../lib/z\n# %include   lib/sub/  \n# %include lib/sub//deep\n" +
				"#%include nothing\n # %include nothing\n# %include\tlib/tab\n# %include\u00a0lib/nbsp\n# %includeXlib/x\n# %include lib/x\x1c\n# %include lib/y.py/\n"),
			{name: "lib/x.py", content: "x", mode: 0o755}, {name: "lib/y.py", content: "y"}, {name: "lib/z", content: "z"}, {name: "lib/sub/a", content: "a"},
			{name: "lib/sub/deep/b", content: "b"}, {name: "lib/tab", content: "t"}, {name: "lib/nbsp", content: "n"}, {name: "lib/x", content: "one"},
		},
		want: "71c5bee624797c2d1dc0c63005ab1c4370b535f971c967294a2c07cf60f8769a",
	},
	{
		name: "what is included wins",
		files: []file{
			dockerFile("# %include lib/x\n# %include-run-task \n"), {name: imageDir + "/topsrcdir/lib/x", content: "own"}, {name: "lib/x", content: "included"},
			{name: imageDir + "/topsrcdir/lib/y", content: "own"}, {name: imageDir + "/run-task/hgrc", content: "own"}, {name: imageDir + "/run-task/more", content: "own"},
		},
		want: "ada3b4ae7716f53fafb145f20d60c2bfa029bbb1a32a083bc08b2577c6e8ade4",
	},
	{
		name:  "run-task without a newline after it",
		files: []file{dockerFile("FROM x\n# %include-run-task")},
		want:  "c2937be6cbd5ba2f2fd1bcbd5d5e27c95662cec32e2506a387db7bbeb05caac9",
	},
	{
		name:  "arguments",
		files: []file{dockerFile("# %ARG A\n# %ARG AB\n# %ARG A_B\nX $A $AB $A_B $A-B $A.B $$A \\$A ${A} $A$AB x$A $a $Aé $A\u00b2 $A\u0301\nVOLUME $A\n# %ARG B\nY $B\n")},
		args:  arguments("A", "one", "AB", "two", "A_B", "three", "B", "four $A"),
		want:  "d3dfe361b638850b36380a9ad85147013cac11681e9d627c51f7e5fe36378e7d",
	},
	{
		name:  "arguments in arguments, and twice",
		files: []file{dockerFile("$B\n# %ARG B\n# %ARG A\n$A $B\n# %ARG B\n$A $B\n")},
		args:  arguments("A", "a$B", "B", "<$A>"),
		want:  "75dbf885d3763cc6ec98385cf8cfb8a7ab8da3ead6cddba01385ce5fda08a32d",
	},
	{
		name:  "arguments with odd names",
		files: []file{dockerFile("# %ARG A-\n# %ARG é\n# %ARG x y\n# %ARGQQ\n$A-b $A- $é $éé $x y $x yz $Q $QQ\n")},
		args:  arguments("A-", "1", "é", "2", "x y", "3", "Q", "4"),
		want:  "9c6e69e3c7b578d80d68b1c9b33e4e6ece8ad1d89a56bbc485a214273d708a0b",
	},
	{
		name:  "escapes",
		files: []file{dockerFile("# %ARG A\nx $A y\n")},
		args:  arguments("A", `\n\t\\ \g<0> \g<00> \0 \07 \012 \101 \377 \. \é \  \$A`),
		want:  "cb1e0f78b1d423136e2f28cfa775bbf3f6a8b5a4ed3f7b98eaee462f0d0c17bc",
	},
	{
		name:  "an escape that is not used",
		files: []file{dockerFile("FROM x\n# %ARG A\n# %ARG B")},
		args:  arguments("A", `\q`, "B", `\1`),
		want:  "a1718dba0888aad9105de68fea3b18f45fd415bf35871d236a2ed16532312ab8",
	},
	{
		name:  "includes with arguments",
		files: []file{dockerFile("# %ARG WHERE\n# %include $WHERE/x\n# %ARG LINE\n$LINE lib/y\n# %ARG TWO\n$TWO\n"), {name: "lib/x", content: "x"}, {name: "lib/y", content: "y"}},
		args:  arguments("WHERE", "lib", "LINE", "# %include", "TWO", `# %include lib/y\n`),
		want:  "d035769feec5def95d39e1ef42362e29bf3989ba322c1b44608e437e36797730",
	},
}

func TestGoldens(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have other modes")
	}
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			images, sources := open(t, plant(t, g.files...), nil)
			got, err := images.ContextDigest(imageDir, g.args, 0)
			if !assert.NoError(t, err) {
				t.Log(messages(err, sources))
			}
			assert.Equal(t, g.want, got)
		})
	}
}

func TestWriteContext(t *testing.T) {
	g := goldens[slices.IndexFunc(goldens, func(g golden) bool { return g.name == "names around the limit" })]
	images, _ := open(t, plant(t, g.files...), nil)
	var zipped, again bytes.Buffer
	digest, err := images.WriteContext(&zipped, "group/naïve", imageDir, nil, 0)
	require.NoError(t, err)
	assert.Equal(t, g.want, digest)
	_, err = images.WriteContext(&again, "group/naïve", imageDir, nil, 0)
	require.NoError(t, err)
	assert.Equal(t, again.Bytes(), zipped.Bytes())

	z, err := gzip.NewReader(&zipped)
	require.NoError(t, err)
	assert.Equal(t, "naïve.tar", z.Name)
	assert.True(t, z.ModTime.Equal(time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)))
	tar, err := io.ReadAll(z)
	require.NoError(t, err)
	sum := sha256.Sum256(tar)
	assert.Equal(t, g.want, hex.EncodeToString(sum[:]))
}

func TestNamesThatGzipCannotHold(t *testing.T) {
	images, _ := open(t, plant(t, dockerFile("FROM x\n")), nil)
	var b bytes.Buffer
	_, err := images.WriteContext(&b, "日本", imageDir, nil, 0)
	require.NoError(t, err)
	z, err := gzip.NewReader(&b)
	require.NoError(t, err)
	assert.Empty(t, z.Name)
}
