package local

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMalformedBodies(t *testing.T) {
	w := newWorld(t)
	root := w.RootCredentials()
	sign := signed(root.ClientID, root.AccessToken, time.Now())
	const path = "/api/queue/v1/task/" + group1
	for name, c := range map[string]struct {
		contentType, body string
		status            int
		code              string
	}{
		"no JSON":         {"application/json", "{", 400, "MalformedPayload"},
		"text":            {"application/json", `"x"`, 400, "MalformedPayload"},
		"number":          {"application/json", `1`, 400, "MalformedPayload"},
		"null":            {"application/json", `null`, 400, "MalformedPayload"},
		"two documents":   {"application/json", `{} {}`, 400, "MalformedPayload"},
		"list":            {"application/json", `[]`, 400, "InputValidationError"},
		"empty":           {"application/json", ``, 400, "MalformedPayload"},
		"no content type": {"", `{}`, 400, "MalformedPayload"},
		"another type":    {"text/plain", `{}`, 400, "MalformedPayload"},
		"with a charset":  {"application/json; charset=utf-8", `{}`, 400, "InputValidationError"},
		"deep":            {"application/json", strings.Repeat("[", 100_000), 400, "MalformedPayload"},
		"deep and closed": {"application/json", strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), 400, "InputValidationError"},
		"large":           {"application/json", `{"x": "` + strings.Repeat("x", maxBody) + `"}`, 413, "InputTooLarge"},
		"additional":      {"application/json", `{"taskId": "` + group1 + `"}`, 400, "InputValidationError"},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, body := w.send("PUT", path, c.contentType, c.body, sign)
			assert.Equal(t, c.status, status, body)
			assert.Contains(t, body, `"code":"`+c.code+`"`)
		})
	}
	// Just below the limit it is not too large.
	status, _, _ := w.send("PUT", path, "application/json", `{"x": "`+strings.Repeat("x", maxBody-100)+`"}`, sign)
	assert.Equal(t, 400, status)
}

func TestMalformedPaths(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]int{
		"/api/queue/v1/task/x":                                                  400,
		"/api/queue/v1/task/" + group1 + "/":                                    404,
		"/api/queue/v1/task//status":                                            404,
		"/api/queue/v1/task/" + group1 + "/status?x=1":                          400,
		"/api/queue/v1/task-group/" + group1 + "/list?limit=x":                  400,
		"/api/queue/v1/task-group/" + group1 + "/list?limit=1;2":                400,
		"/api/queue/v1/task/" + group1 + "/runs/x/artifacts":                    400,
		"/api/queue/v1/task/" + group1 + "/runs/-1/artifacts":                   400,
		"/api/queue/v1/task/" + group1 + "/runs/99999999999999999999/artifacts": 404,
		"/api/index/v1/task/a%00b":                                              400,
		"/api/index/v1/task/%ff":                                                400,
		"/api/index/v1/tasks/":                                                  200,
		"/api/index/v1/tasks":                                                   200,
		"/api/auth/v1/roles":                                                    200, // as the Python client asks
		"/api/auth/v1/roles/":                                                   200,
		"/api/queue/v1/ping/":                                                   200,
		"/api/queue/v1/pending/a":                                               400,
		"/api/queue/v1/task-group/" + group1 + "/list?limit=1&limit=2":          400,
		"/api/purge-cache/v1/purge-cache/a":                                     400,
		"/blobs/":                                                               400,
		"/blobs/x":                                                              403,
		"/blobs/x?signature=%zz":                                                400,
		"/local/notifications/x":                                                404,
	} {
		status, _, body := w.send("GET", path, "", "", nil)
		assert.Equal(t, want, status, "%s %s", path, body)
	}
	for _, method := range []string{"PATCH", "OPTIONS", "CONNECT", "TRACE", "BREW"} {
		r := httptest.NewRequest("GET", "/api/queue/v1/ping", nil)
		r.Method = method
		recorder := httptest.NewRecorder()
		w.Handler().ServeHTTP(recorder, r)
		assert.Equal(t, 404, recorder.Code, method)
	}
	status, h, body := w.send("HEAD", "/api/queue/v1/ping", "", "", nil)
	assert.Equal(t, 200, status)
	assert.Empty(t, body)
	assert.NotEmpty(t, h.Get("Content-Length"))
	status, _, _ = w.send("DELETE", "/blobs/x", "", "", nil)
	assert.Equal(t, 405, status)
}

// The limit of a page is a thousand, whatever is asked for.
func TestPages(t *testing.T) {
	c := &call{query: map[string]string{"limit": "5000"}}
	all := make([]int, 2500)
	rows, token, err := page(c, all)
	require.NoError(t, err)
	assert.Len(t, rows, 1000)
	c.query["continuationToken"] = token
	rows, token, err = page(c, all)
	require.NoError(t, err)
	assert.Len(t, rows, 1000)
	c.query["continuationToken"] = token
	rows, token, err = page(c, all)
	require.NoError(t, err)
	assert.Len(t, rows, 500)
	assert.Empty(t, token)
	c.query = map[string]string{"limit": "0"}
	rows, token, err = page(c, all)
	require.NoError(t, err)
	assert.Empty(t, rows)
	assert.Empty(t, token)
	for _, bad := range []string{"x", "o", "o-1", "ox", "1"} {
		c.query = map[string]string{"continuationToken": bad}
		_, _, err = page(c, all)
		assert.Error(t, err, bad)
	}
	c.query = map[string]string{"continuationToken": "o99999"}
	rows, token, err = page(c, all)
	require.NoError(t, err)
	assert.Empty(t, rows)
	assert.Empty(t, token)
}

// Whatever is sent, the server answers, and never with an internal error.
func FuzzRequests(f *testing.F) {
	s, err := New(Options{ClaimWait: -1, CheckReplies: true, RootToken: "root-token"})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	f.Add("GET", "/api/queue/v1/task/"+group1+"?x=y", "", "application/json", []byte("{}"), true)
	f.Add("PUT", "/api/queue/v1/task/"+group1, `Hawk id="a"`, "application/json", []byte(`{"created": "2024"}`), false)
	f.Add("POST", "/api/hooks/v1/hooks/a/b/trigger", "", "application/json", []byte(`{}`), true)
	f.Add("PUT", "/api/hooks/v1/hooks/a/b", "", "application/json", []byte(`{"metadata": {"name": "n", "description": "d", "owner": "o"}, "task": {"$eval": "now"}, "triggerSchema": {"type": "object"}, "schedule": ["* * * * *"]}`), true)
	f.Add("PUT", "/api/auth/v1/roles/a%2A", "", "application/json", []byte(`{"scopes": ["assume:<..>"], "description": "d"}`), true)
	f.Add("POST", "/api/auth/v1/scopes/expand", "", "application/json", []byte(`{"scopes": ["assume:a*"]}`), true)
	f.Add("POST", "/api/auth/v1/authenticate-hawk", "", "application/json", []byte(`{"method": "get", "resource": "/x?bewit=YVxiXGNcZA", "host": "h", "port": 1}`), true)
	f.Add("PUT", "/api/index/v1/task/a.b", "", "application/json", []byte(`{"taskId": "`+group1+`", "rank": 1e300, "data": {}, "expires": "2030-01-01T00:00:00Z"}`), true)
	f.Add("GET", "/blobs/s3/x?expires=1&signature=x", "", "", []byte(nil), false)
	f.Add("POST", "/api/queue/v1/claim-work/a/b", "", "application/json", []byte(`{"workerGroup": "g", "workerId": "w", "tasks": 1}`), true)
	f.Add("PUT", "/api/object/v1/upload/a%2Fb", "", "application/json", []byte(`{"projectId": "p", "uploadId": "`+group1+`", "expires": "2030-01-01T00:00:00Z", "proposedUploadMethods": {"dataInline": {"contentType": "x", "objectData": "!"}}}`), true)
	f.Fuzz(func(t *testing.T, method, target, authorization, contentType string, body []byte, root bool) {
		r, err := http.NewRequest(method, "http://localhost/", bytes.NewReader(body))
		if err != nil {
			return
		}
		r.RequestURI, r.Host = target, "localhost:1"
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", authorization)
		if root {
			h := hawkHeader{id: RootClient, ts: timestamp(time.Now()), nonce: "x"}
			h.mac = hawkMAC("root-token", "header", hawkRequest{method: method, resource: resource(r), host: "localhost", port: 1}, h)
			r.Header.Set("Authorization", h.String())
		}
		recorder := httptest.NewRecorder()
		s.Handler().ServeHTTP(recorder, r)
		if recorder.Code == http.StatusInternalServerError {
			t.Errorf("%s %q: %s", method, target, recorder.Body)
		}
	})
}

// Whatever a header says, reading it ends, and what is read can be written again.
func FuzzHawkHeader(f *testing.F) {
	f.Add(`Hawk id="a", ts="1", nonce="x", mac="y", ext="z", hash="w"`)
	f.Add(`Hawk id="a" ts="1"`)
	f.Add(`hawk ,`)
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHawkHeader(text)
		if err != nil {
			return
		}
		again, err := parseHawkHeader(h.String())
		require.NoError(t, err)
		assert.Equal(t, h, again)
	})
}

// A schedule that is accepted fires at a time that it allows.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"* * * * *", "0 0 29 2 *", "@daily", "1-5/2,7 * * jan mon-fri", "59 59 23 31 12 7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSchedule(text)
		if err != nil {
			return
		}
		now := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
		at := s.next(now)
		if !at.After(now) || at.Equal(never) {
			t.Errorf("%q fires at %s", text, at)
		}
	})
}
