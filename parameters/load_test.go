package parameters

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/vcs"
	"github.com/taskgraph-go/decision/value"
)

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

// inDirectory writes files and makes their directory the working one.
func inDirectory(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	t.Chdir(dir)
	return dir
}

// bare is a checkout without anything.
func bare(t *testing.T) *Checkout { return NewCheckout(t.TempDir(), true) }

var noon = time.Date(2022, 9, 22, 12, 0, 0, 0, time.FixedZone("", 2*60*60))

func load(t *testing.T, spec string, o Options) (*Params, error) {
	if o.Checkout == nil {
		o.Checkout = bare(t)
	}
	o.Clock = func() time.Time { return noon }
	if o.Reader == nil {
		o.Reader = &value.Reader{Sources: &diag.Sources{}}
	}
	return Load(t.Context(), spec, o)
}

func TestLoadFile(t *testing.T) {
	const yml, jsn = "project: x\nlevel: '1'\n", `{"project": "x", "level": "1"}`
	inDirectory(t, map[string]string{
		"p.yml": yml, "p.json": jsn, "p.yml.gz": zipped(yml), "p.json.gz": zipped(jsn), "sneaky.yml": zipped(yml), "plain.yml.gz": yml,
		"task-id=odd.yml": yml,
	})
	for _, spec := range []string{"p.yml", "p.json", "p.yml.gz", "p.json.gz", "sneaky.yml", "plain.yml.gz", "task-id=odd.yml"} {
		p, err := load(t, spec, Options{Offline: true})
		require.NoError(t, err, spec)
		assert.Equal(t, "x", p.Project(), spec)
		assert.Equal(t, "1", p.Level(), spec)
		assert.Equal(t, spec, p.Source())
		assert.Equal(t, []string{"project", "level", "base_repository"}, p.Map().Keys()[:3], "the document's own first")
		assert.Equal(t, "nobody@mozilla.com", p.At("owner").Str(), "the rest are defaults")
	}
}

func TestLoadStrict(t *testing.T) {
	inDirectory(t, map[string]string{"p.yml": "project: x\nxyz: 1\nspec: dropped\n"})
	_, err := load(t, "p.yml", Options{Strict: true})
	assert.ErrorContains(t, err, `p.yml:2:1: unknown parameter "xyz" (TG1202)`)
	assert.ErrorContains(t, err, `missing field "level" (TG1202)`)
	assert.Equal(t, diag.ExitInput, diag.ExitCode(err))

	p, err := load(t, "p.yml", Options{})
	require.NoError(t, err)
	assert.True(t, p.At("xyz").IsTrue() == false && p.Map().Has("xyz"))
	assert.False(t, p.Map().Has("spec"))
}

func TestLoadPositions(t *testing.T) {
	inDirectory(t, map[string]string{"p.yml": "project: x\nlevel: 3\nfiles_changed: null\n", "p.json": "{\n  \"level\": 3}"})
	_, err := load(t, "p.yml", Options{})
	assert.EqualError(t, err, "p.yml:2:8: level: want string, got 3 (TG1101)\np.yml:3:16: files_changed: want list, got null (TG1101)")
	_, err = load(t, "p.json", Options{})
	assert.EqualError(t, err, "p.json:2:12: level: want string, got 3 (TG1101)")
}

func TestLoadOverrides(t *testing.T) {
	inDirectory(t, map[string]string{"p.json": `{"some": "data", "project": "x"}`})
	o := Options{Overrides: value.MapOf("some", "other", "target-kinds", nil)}
	p, err := load(t, "p.json", o)
	require.NoError(t, err)
	assert.Equal(t, "other", p.At("some").Str())
	assert.Equal(t, []string{"some", "project", "target-kinds"}, p.Map().Keys()[:3])
	p, err = load(t, "", o)
	require.NoError(t, err)
	assert.Equal(t, "other", p.At("some").Str())
	_, err = load(t, "p.json", Options{Overrides: value.MapOf("level", 1)})
	assert.ErrorContains(t, err, "p.json: level: want string, got 1")
}

func TestLoadMistakes(t *testing.T) {
	inDirectory(t, map[string]string{
		"list.yml": "- a\n", "empty.yml": "", "text.json": `"x"`, "keys.yml": "1: a\nstrict: b\n", "bad.yml": "a: [\n", "bad.json": "{",
		"p.yaml": "a: b", "short.yml.gz": zipped("a: b")[:12], "dir/x.yml": "", "params.yml": "", "two.yml": "a: b\n---\nc: d\n",
	})
	for spec, want := range map[string]string{
		"list.yml":       "list.yml:1:1: want a map of parameters, got a list (TG1101)",
		"empty.yml":      "empty.yml:1:1: want a map of parameters, got null (TG1101)",
		"text.json":      `text.json:1:1: want a map of parameters, got "x" (TG1101)`,
		"keys.yml":       "keys.yml:1:1: want a string as the name of a parameter, got 1 (TG1101)\nkeys.yml:2:1: a parameter cannot be called \"strict\" (TG1201)",
		"bad.yml":        "bad.yml:2:1: ",
		"bad.json":       "bad.json:1:2: ",
		"two.yml":        "two.yml:2:1: ",
		"p.yaml":         "p.yaml: it is not known how to read this: want a name that ends in .yml or .json (TG1001)",
		"short.yml.gz":   "short.yml.gz: cannot be read: unexpected EOF (TG1001)",
		"dir":            "dir: cannot be read: is a directory (TG1001)",
		"missing.yml":    `"missing.yml" is no file, and no other way to name parameters (TG1001)`,
		"ftp://x/y.yml":  `"ftp://x/y.yml" is no file`,
		"task-id=":       `"task-id=" names nothing (TG1001)`,
		"project=":       `"project=" names nothing (TG1001)`,
		"project=x":      `"project=x" cannot be found without a trust domain (TG1201)`,
		"index=a.b":      "TASKCLUSTER_ROOT_URL is not set (TG5001)",
		"list.yml/a.yml": "list.yml/a.yml: cannot be read: not a directory (TG1001)",
	} {
		_, err := load(t, spec, Options{})
		assert.ErrorContains(t, err, want, spec)
	}
	for spec, want := range map[string]string{
		"task_id=abc":   `did you mean "task-id=abc"?`,
		"task-id:abc":   `did you mean "task-id=abc"?`,
		"taskid=abc":    `did you mean "task-id=abc"?`,
		"projects=abc":  `did you mean "project=abc"?`,
		"parms.yml":     `did you mean "params.yml"?`,
		"dir/xx.yml":    `did you mean "dir/x.yml"?`,
		"nothing/alike": "want a file that ends in .yml or .json, a directory of such, a URL, task-id=ID, project=NAME or index=PATH",
	} {
		_, err := load(t, spec, Options{})
		require.Error(t, err, spec)
		assert.Equal(t, want, diag.Flatten(err)[0].Hint, spec)
		assert.Equal(t, diag.ExitInput, diag.ExitCode(err))
	}
}

const taskID = "fdtgsD5DQUmAQZEaGMvQ4Q"

// deployment has one decision task, at one index path.
func deployment(t *testing.T) (root string, env func(string) string) {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, body any) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}
	mux.HandleFunc("GET /api/index/v1/task/{path}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("path") != "bar.v2.foo.latest.taskgraph.decision" {
			answer(w, 404, map[string]any{"code": "ResourceNotFound", "message": "Indexed task not found"})
			return
		}
		answer(w, 200, map[string]any{"taskId": taskID, "expires": "2030-01-01T00:00:00.000Z"})
	})
	var server *httptest.Server
	mux.HandleFunc("GET /api/queue/v1/task/"+taskID+"/artifacts/{name...}", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "public/parameters.yml", r.PathValue("name"))
		at := server.URL + "/store/p"
		w.Header().Set("Location", at)
		answer(w, 303, map[string]any{"storageType": "s3", "url": at})
	})
	mux.HandleFunc("GET /store/p", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, zipped("project: foo\nlevel: 1\n"))
	})
	mux.HandleFunc("GET /p.yml", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "project: web\n") })
	mux.HandleFunc("GET /zipped.json.gz", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, zipped(`{"project": "web"}`)) })
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>") })
	server = httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, func(name string) string {
		return map[string]string{"TASKCLUSTER_ROOT_URL": server.URL}[name]
	}
}

func TestLoadFromTaskcluster(t *testing.T) {
	_, env := deployment(t)
	o := Options{Env: env, TrustDomain: "bar", Overrides: value.MapOf("level", "1")}
	for _, spec := range []string{"task-id=" + taskID, "project=foo", "index=bar.v2.foo.latest.taskgraph.decision"} {
		p, err := load(t, spec, o)
		require.NoError(t, err, spec)
		assert.Equal(t, "foo", p.Project(), spec)
		assert.Equal(t, spec, p.Spec())
	}
	_, err := load(t, "project=foo", Options{Env: env, TrustDomain: "bar"})
	assert.EqualError(t, err, taskID+"/public/parameters.yml:2:8: level: want string, got 1 (TG1101)")

	_, err = load(t, "project=other", o)
	assert.EqualError(t, err, `index path "bar.v2.other.latest.taskgraph.decision": 404 ResourceNotFound: Indexed task not found (TG5001)`)
	assert.Equal(t, diag.ExitNetwork, diag.ExitCode(err))
	_, err = load(t, "task-id=other", o)
	assert.ErrorContains(t, err, `artifact "public/parameters.yml" of task other: 404`)
}

func TestLoadFromWeb(t *testing.T) {
	root, _ := deployment(t)
	for _, name := range []string{"/p.yml", "/p.yml?id=0", "/zipped.json.gz"} {
		p, err := load(t, root+name, Options{})
		require.NoError(t, err, name)
		assert.Equal(t, "web", p.Project())
	}
	_, err := load(t, root+"/page", Options{})
	assert.ErrorContains(t, err, root+"/page: it is not known how to read this")
	_, err = load(t, root+"/none.yml", Options{})
	assert.ErrorContains(t, err, root+"/none.yml: 404 Not Found")
}

func TestLoadOffline(t *testing.T) {
	root, env := deployment(t)
	for _, spec := range []string{"task-id=" + taskID, "project=foo", "index=a.b", root + "/p.yml"} {
		_, err := load(t, spec, Options{Env: env, Offline: true, TrustDomain: "bar"})
		assert.ErrorContains(t, err, "cannot be had offline", spec)
		assert.Equal(t, diag.ExitNetwork, diag.ExitCode(err))
	}
}

// defaultNames is the order that parameters.yml has when nothing is given.
var defaultNames = strings.Fields(`base_repository base_ref base_rev build_date build_number do_not_optimize enable_always_target
	existing_tasks files_changed filters head_ref head_repository head_rev head_tag level moz_build_date next_version
	optimize_strategies optimize_target_tasks owner project pushdate pushlog_id repository_type target_tasks_method tasks_for version`)

func TestDefaultsWithoutRepository(t *testing.T) {
	p, err := load(t, "", Options{})
	require.NoError(t, err)
	assert.Equal(t, defaultNames, p.Map().Keys())
	want := complete(
		"base_repository", "", "base_ref", "", "base_rev", "", "build_date", noon.Unix(), "do_not_optimize", []string{}, "existing_tasks", value.NewMap(0),
		"files_changed", []string{}, "head_ref", "", "head_repository", "", "head_rev", "", "moz_build_date", "20220922120000", "project", "",
		"pushdate", noon.Unix(), "pushlog_id", "0", "repository_type", "git", "tasks_for", "", "version", nil,
	)
	assert.True(t, value.Equal(want.Value(), p.Map().Value()), "%v", p.Map().Keys())
	assert.Empty(t, p.Check(nil, true))
}

func gitRepository(t *testing.T, commands ...[]string) *Checkout {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("1"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "version.txt"), []byte("1.2.3 \r\nsecond line\n"), 0o644))
	for _, args := range append([][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}}, commands...) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return NewCheckout(dir, true)
}

var commit = []string{"commit", "-q", "-m", "first"}

func TestDefaultsFromGit(t *testing.T) {
	c := gitRepository(t, commit, []string{"remote", "add", "origin", "git@github.com:some-owner/some-repo.git"})
	require.NoError(t, os.WriteFile(filepath.Join(c.root, "file"), []byte("2"), 0o644))
	p, err := load(t, "", Options{Checkout: c})
	require.NoError(t, err)
	assert.Equal(t, defaultNames, p.Map().Keys())
	assert.Equal(t, "git@github.com:some-owner/some-repo.git", p.HeadRepository())
	assert.Equal(t, p.HeadRepository(), p.BaseRepository())
	assert.Equal(t, "some-repo", p.Project())
	assert.Equal(t, "main", p.HeadRef())
	assert.Len(t, p.HeadRev(), 40)
	assert.Equal(t, []string{"file"}, p.FilesChanged())
	assert.Equal(t, "1.2.3", p.At("version").Str())
}

func TestDefaultsOnDetachedHead(t *testing.T) {
	p, err := load(t, "", Options{Checkout: gitRepository(t, commit, []string{"checkout", "-q", "--detach"})})
	require.NoError(t, err)
	assert.Equal(t, p.HeadRev(), p.HeadRef())
	assert.Len(t, p.HeadRef(), 40)
	assert.Empty(t, p.HeadRepository(), "no remote")
	assert.Empty(t, p.Project())
}

func TestDefaultsOfForeignRemote(t *testing.T) {
	p, err := load(t, "", Options{Checkout: gitRepository(t, commit, []string{"remote", "add", "origin", "https://gitlab.com/a/b"})})
	require.NoError(t, err)
	assert.Empty(t, p.HeadRepository(), "not understood, so not used")
	assert.Empty(t, p.Project())
	assert.Equal(t, "main", p.HeadRef())
}

func TestDefaultsWithoutCommit(t *testing.T) {
	c := gitRepository(t, []string{"remote", "add", "origin", "https://github.com/a/b"})
	p, err := load(t, "", Options{Checkout: c})
	require.NoError(t, err)
	assert.Empty(t, p.HeadRev())
	assert.Equal(t, "main", p.HeadRef())
	assert.Equal(t, "https://github.com/a/b", p.HeadRepository(), "it does not take a commit to know this")
	assert.Equal(t, "b", p.Project())
	assert.Equal(t, "git", p.RepositoryType())
	assert.Equal(t, "1.2.3", p.At("version").Str())
}

func TestDefaultsWhenGitRefuses(t *testing.T) {
	c := gitRepository(t, []string{"remote", "add", "origin", "https://github.com/a/b"})
	require.NoError(t, os.WriteFile(filepath.Join(c.root, ".git", "config"), []byte("[broken"), 0o644))
	p, err := load(t, "", Options{Checkout: c})
	require.NoError(t, err)
	assert.Empty(t, p.HeadRef(), "all or nothing")
	assert.Empty(t, p.HeadRepository())
	assert.Equal(t, "git", p.RepositoryType())
	assert.Equal(t, "1.2.3", p.At("version").Str(), "a file all the same")
}

func TestDefaultsFromHg(t *testing.T) {
	if _, err := exec.LookPath("hg"); err != nil {
		t.Skip("hg is not installed")
	}
	dir := t.TempDir()
	t.Setenv("HGRCPATH", os.DevNull)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	for _, args := range [][]string{{"init"}, {"commit", "-A", "-m", "first", "-u", "a"}} {
		cmd := exec.Command("hg", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".hg", "hgrc"), []byte("[paths]\ndefault = https://hg.mozilla.org/integration/autoland/\n"), 0o644))
	p, err := load(t, "", Options{Checkout: NewCheckout(dir, true)})
	require.NoError(t, err)
	assert.Equal(t, "hg", p.RepositoryType())
	assert.Equal(t, "autoland", p.Project())
	assert.Equal(t, "https://hg.mozilla.org/integration/autoland/", p.HeadRepository(), "as it is written")
	assert.Len(t, p.HeadRev(), 40)
	assert.Equal(t, p.HeadRev(), p.HeadRef(), "no bookmark")
}

// counting counts what a repository is asked; everything else fails the test.
type counting struct {
	vcs.Repository
	mu    sync.Mutex
	asked int
}

func (c *counting) count() {
	c.mu.Lock()
	c.asked++
	c.mu.Unlock()
}

func (c *counting) Tool() string { return "git" }
func (c *counting) HeadRev(context.Context) (string, error) {
	c.count()
	return "r", nil
}
func (c *counting) Branch(context.Context) (string, error) {
	c.count()
	return "b", nil
}
func (c *counting) RemoteURL(context.Context, string) (string, error) {
	c.count()
	return "https://github.com/o/n", nil
}
func (c *counting) ChangedFiles(_ context.Context, change vcs.Change) ([]string, error) {
	c.count()
	return []string{change.Filter}, nil
}

func TestDefaultsAskOnlyWhatIsMissing(t *testing.T) {
	repo := &counting{}
	o := Options{Checkout: NewRepositoryCheckout(t.TempDir(), repo)}
	_, err := load(t, "", Options{Checkout: o.Checkout, Overrides: complete()})
	require.NoError(t, err)
	assert.Zero(t, repo.asked, "nothing is missing that it knows")

	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			p, err := load(t, "", o)
			assert.NoError(t, err)
			assert.Equal(t, []string{"AM"}, p.FilesChanged())
			assert.Equal(t, "n", p.Project())
		})
	}
	wait.Wait()
	assert.Equal(t, 4, repo.asked, "each thing once")
}

func TestDefaultsOfExtensions(t *testing.T) {
	root := t.TempDir()
	p, err := load(t, "", Options{
		Checkout: NewCheckout(root, true), Overrides: value.MapOf("given", "kept"),
		Extensions: []Extension{{Names: []string{"given", "more"}, Defaults: func(c DefaultsContext) (*value.Map, error) {
			assert.Equal(t, root, c.Root)
			assert.Equal(t, noon, c.Now)
			return value.MapOf("given", "default", "more", 1, "level", "1"), nil
		}}},
	})
	require.NoError(t, err)
	assert.Equal(t, "kept", p.At("given").Str())
	assert.Equal(t, "1", p.Level(), "an extension may replace a base default")
	keys := p.Map().Keys()
	assert.Equal(t, "given", keys[0])
	assert.Equal(t, "more", keys[len(keys)-1])

	_, err = load(t, "", Options{Extensions: []Extension{{Defaults: func(DefaultsContext) (*value.Map, error) {
		return nil, diag.Errorf(diag.BadParameters, 0, "no luck")
	}}}})
	assert.ErrorContains(t, err, "no luck")
}

func TestVersionFile(t *testing.T) {
	for text, want := range map[string]string{"": "", "1": "1", "1\n": "1", " 1 \t\n2": " 1", "1\r2": "1", "\n1": ""} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "version.txt"), []byte(text), 0o644))
		got, ok, err := NewCheckout(dir, true).Version()
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, want, got, "%q", text)
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "version.txt"), 0o755))
	_, ok, err := NewCheckout(dir, true).Version()
	require.NoError(t, err)
	assert.False(t, ok, "a directory is no version")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "latin"), []byte("\xff"), 0o644))
	require.NoError(t, os.Remove(filepath.Join(dir, "version.txt")))
	require.NoError(t, os.Rename(filepath.Join(dir, "latin"), filepath.Join(dir, "version.txt")))
	_, _, err = NewCheckout(dir, true).Version()
	assert.ErrorContains(t, err, "want text in UTF-8")
}

// TestLoadCorpus loads the parameters that the project is tested with.
func TestLoadCorpus(t *testing.T) {
	shared := filepath.Join("..", "..", "shared")
	good, _ := filepath.Glob(filepath.Join(shared, "*", "*", "want", "*", "parameters.yml"))
	if len(good) == 0 {
		t.Skip("not there")
	}
	o := Options{Checkout: bare(t)}
	for _, file := range good {
		p, err := load(t, file, o)
		require.NoError(t, err)
		_, err = p.FileURL("taskcluster/kinds/x/kind.yml", true)
		assert.NoError(t, err, file)
	}
	for _, name := range []string{"225-params-level-number", "228-params-existing-type", "229-params-files-type", "232-params-code-review", "233-params-always-target"} {
		bad, _ := filepath.Glob(filepath.Join(shared, "errors", name, "params", "*.yml"))
		require.Len(t, bad, 1, name)
		_, err := load(t, bad[0], o)
		require.Error(t, err, name)
		assert.NotZero(t, diag.Flatten(err)[0].Where.Line, name)
	}
}
