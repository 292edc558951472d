package local

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// upstream are the schemas of all services, as the official client's module has them. Not every deployment's client
// was built from the same release: what is newer is listed where it matters.
type upstream struct {
	compiler *jsonschema.Compiler
	have     map[string]bool
	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
}

// upstreamSchemas gives them, or skips the test.
func upstreamSchemas(t *testing.T) *upstream {
	t.Helper()
	u := loadUpstream()
	if u == nil {
		t.Skip("the module of the client is not at hand")
	}
	return u
}

// readUpstream reads them from the module cache; nil if that is not possible.
func readUpstream() *upstream {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/taskcluster/taskcluster/v87").Output()
	if err != nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "generated", "references.json"))
	if err != nil {
		return nil
	}
	var files []struct {
		Filename string
		Content  object
	}
	if json.Unmarshal(text, &files) != nil {
		return nil
	}
	u := &upstream{compiler: jsonschema.NewCompiler(), have: map[string]bool{}, compiled: map[string]*jsonschema.Schema{}}
	u.compiler.Draft = jsonschema.Draft7
	u.compiler.AssertFormat = true
	u.compiler.LoadURL = func(s string) (io.ReadCloser, error) { return nil, os.ErrNotExist }
	for _, f := range files {
		if !strings.HasPrefix(f.Filename, "schemas/") || strings.HasPrefix(f.Filename, "schemas/common/") {
			continue
		}
		delete(f.Content, "$id")
		delete(f.Content, "$schema")
		if f.Filename == "schemas/queue/v1/task-status.json" {
			// Newer than this release.
			f.Content["properties"].(object)["priority"] = object{"type": "string"}
		}
		address := "http://upstream/" + f.Filename
		if u.compiler.AddResource(address, bytes.NewReader(mustJSON(f.Content))) != nil {
			return nil
		}
		u.have[address] = true
	}
	return u
}

// schema gives a schema by service and the name in the reference, or nil.
func (u *upstream) schema(t *testing.T, service, name string) *jsonschema.Schema {
	address := "http://upstream/schemas/" + service + "/" + strings.TrimSuffix(name, "#")
	if !u.have[address] {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.compiled[address] == nil {
		s, err := u.compiler.Compile(address)
		require.NoError(t, err)
		u.compiled[address] = s
	}
	return u.compiled[address]
}

// checkedReplies lets everything that goes over the wire be checked.
type checkedReplies struct {
	t    *testing.T
	s    *Server
	u    *upstream
	next http.Handler
}

func (c *checkedReplies) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	recorder := httptest.NewRecorder()
	c.next.ServeHTTP(recorder, r)
	for name, values := range recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
	rest, _ := strings.CutPrefix(r.URL.EscapedPath(), "/api/")
	service, rest, _ := strings.Cut(rest, "/")
	version, rest, _ := strings.Cut(rest, "/")
	route, _ := c.s.api.find(service, version, r.Method, rest)
	if route == nil || recorder.Code != http.StatusOK && recorder.Code != http.StatusSeeOther {
		return
	}
	var reply any
	output := outputs()[route.id()]
	if output == "" {
		return
	}
	s := c.u.schema(c.t, service, output)
	if s == nil {
		return // newer than this release
	}
	if assert.NoError(c.t, json.Unmarshal(recorder.Body.Bytes(), &reply), route.id()) {
		assert.NoError(c.t, s.Validate(reply), "%s: %s", route.id(), recorder.Body)
	}
}

// outputs are the names of the schemas of replies.
var outputs = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, service := range services {
		text, _ := data.ReadFile("data/references/" + service + ".json")
		var ref reference
		_ = json.Unmarshal(text, &ref)
		for _, e := range ref.Entries {
			all[service+"."+e.Name] = e.Output
		}
	}
	return all
})

// Our own schemas of requests accept and refuse what the official ones do.
func TestRequestSchemas(t *testing.T) {
	u := upstreamSchemas(t)
	text, err := data.ReadFile("data/requests.json")
	require.NoError(t, err)
	var docs map[string]any
	require.NoError(t, json.Unmarshal(text, &docs))
	random := rand.New(rand.NewPCG(1, 2))
	for _, key := range sortedKeys(docs) {
		service, name, _ := strings.Cut(key, "/")
		theirs := u.schema(t, service, "v1/"+name+".json")
		if theirs == nil {
			assert.Equal(t, "queue/change-task-priority-request", key)
			continue
		}
		ours, err := compileSchema(docs[key])
		require.NoError(t, err, key)
		good := 0
		for range 3000 {
			v := sample(random, docs[key].(object), 0.08)
			want := theirs.Validate(v) == nil
			if want {
				good++
			}
			require.Equal(t, want, ours.check(v) == nil, "%s: %s: %v %q", key, mustJSON(v), theirs.Validate(v), ours.check(v))
		}
		assert.NotZero(t, good, key)
		assert.NotEqual(t, 3000, good, key)
	}
}

// What a quick check accepts the library accepts, and for good requests it is what decides.
func TestQuickChecks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, service := range services {
		for _, methods := range loadAPI()[service] {
			for _, r := range methods {
				if r.input == nil || r.input.quick == nil {
					continue
				}
				quick := 0
				for range 2000 {
					v := sample(random, r.input.doc, 0.03)
					if r.input.quick(v) {
						quick++
						require.NoError(t, r.input.compiled.Validate(v), "%s: %s", r.id(), mustJSON(v))
					}
				}
				assert.Greater(t, quick, 20, r.id())
			}
		}
	}
	w := newWorld(t)
	create, _ := w.api.find("queue", "v1", "PUT", "task/x")
	require.NotNil(t, create.input.quick)
	var v any
	require.NoError(t, json.Unmarshal(mustJSON(w.task()), &v))
	assert.True(t, create.input.quick(v))
}

// sample makes a value for a schema that fits it, or nearly.
func sample(r *rand.Rand, doc object, wrong float64) any {
	odd := []any{nil, true, false, 1.0, -1.0, 0.5, 33.0, "", "x", "a b", "\u00e4", "static/x", strings.Repeat("x", 39), strings.Repeat("y", 300), []any{}, []any{"a", "a"}, object{}, object{"x": 1.0}, group1, "2024-01-01T00:00:00.000Z", "2024-01-01", "who@example.com", "example.com", "https://example.com/"}
	if r.Float64() < wrong {
		return odd[r.IntN(len(odd))]
	}
	if c, ok := doc["const"]; ok {
		return c
	}
	if e, ok := doc["enum"].([]any); ok {
		return e[r.IntN(len(e))]
	}
	switch doc["type"] {
	case "object":
		o := object{}
		props, _ := doc["properties"].(object)
		for _, name := range sortedKeys(props) {
			required := false
			for _, q := range asList(doc["required"]) {
				required = required || q == name
			}
			if required && r.Float64() > wrong || !required && r.Float64() < 0.5 {
				o[name] = sample(r, props[name].(object), wrong)
			}
		}
		if r.Float64() < wrong {
			o["extra"] = "x"
		}
		return o
	case "array":
		list := []any{}
		item, _ := doc["items"].(object)
		for range r.IntN(3) {
			list = append(list, sample(r, item, wrong))
		}
		return list
	case "integer":
		return float64(r.IntN(40))
	case "boolean":
		return r.IntN(2) == 0
	}
	switch doc["format"] {
	case "date-time":
		return "2024-01-01T00:00:00.000Z"
	case "email":
		return "who@example.com"
	case "uri":
		return "https://example.com/"
	case "hostname":
		return "example.com"
	}
	switch pattern, _ := doc["pattern"].(string); {
	case strings.Contains(pattern, "{64}"):
		return strings.Repeat("0", 64)
	case strings.Contains(pattern, "{128}"):
		return strings.Repeat("0", 128)
	case pattern == slugPattern:
		return group1
	case strings.HasPrefix(pattern, "^(https"):
		return "https://example.com/"
	case strings.Contains(pattern, "}/["):
		return "local/linux"
	}
	return []string{"a", "b-c", "x1"}[r.IntN(3)]
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

// What we have of the real data is what the real data says, without its explanations.
func TestDataIsCurrent(t *testing.T) {
	const shared = "../../../shared"
	if _, err := os.Stat(shared + "/references"); err != nil {
		t.Skip("the originals are not here")
	}
	same := func(own, original string) {
		ours, err := data.ReadFile(own)
		require.NoError(t, err)
		text, err := os.ReadFile(original)
		require.NoError(t, err)
		var doc any
		require.NoError(t, json.Unmarshal(text, &doc))
		assert.JSONEq(t, string(mustJSON(withoutText(doc, false))), string(ours), own)
	}
	for _, s := range services {
		same("data/references/"+s+".json", shared+"/references/"+s+".json")
	}
	files, err := filepath.Glob("data/schemas/*/v1/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		service := filepath.Base(filepath.Dir(filepath.Dir(f)))
		same(filepath.ToSlash(f), filepath.Join(shared, "schemas", service, filepath.Base(f)))
	}
}

// withoutText leaves out titles and descriptions, unless they are names of fields.
func withoutText(v any, names bool) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, x := range v {
			if _, isText := x.(string); isText && !names && (k == "title" || k == "description") {
				continue
			}
			out[k] = withoutText(x, !names && (k == "properties" || k == "patternProperties" || k == "definitions"))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = withoutText(x, false)
		}
		return out
	}
	return v
}
