package local

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcobject"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
)

// running makes a task that a worker has, and gives its id.
func (w *world) running() string {
	w.t.Helper()
	id := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Deadline = tcclient.Time(w.clock.now().Add(10 * time.Hour)) })
	_, err := w.root().queue.ClaimTask(id, "0", &tcqueue.TaskClaimRequest{WorkerGroup: "g", WorkerID: "w"})
	require.NoError(w.t, err)
	return id
}

// announce calls createArtifact.
func (w *world) announce(id, name string, fields object) (object, error) {
	if fields["expires"] == nil {
		fields["expires"] = newStamp(w.clock.now().Add(time.Hour)).String()
	}
	body := tcqueue.PostArtifactRequest(mustJSON(fields))
	reply, err := w.root().queue.CreateArtifact(id, "0", name, &body)
	if err != nil {
		return nil, err
	}
	var o object
	require.NoError(w.t, json.Unmarshal([]byte(*reply), &o))
	return o, nil
}

// fetch follows redirects by hand.
func fetch(t *testing.T, address string) (int, string, http.Header) {
	t.Helper()
	resp, err := http.Get(address)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text), resp.Header
}

func put(t *testing.T, address, contentType, content string, header ...string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, address, strings.NewReader(content))
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func TestS3Artifacts(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		w := newWorld(t, func(o *Options) { o.State = dir })
		id := w.running()
		up, err := w.announce(id, "public/dir/a-b.txt", object{"storageType": "s3", "contentType": "text/plain"})
		require.NoError(t, err)
		assert.Equal(t, newStamp(w.clock.now()).Add(45*time.Minute).UnixMilli(), stampOf(up, "expires").UnixMilli())
		assert.Equal(t, http.StatusForbidden, put(t, text(up, "putUrl"), "text/html", "hello"), "another content type")
		assert.Equal(t, http.StatusForbidden, put(t, strings.Replace(text(up, "putUrl"), "a-b", "a-c", 1), "text/plain", "hello"), "another name")
		require.Equal(t, http.StatusOK, put(t, text(up, "putUrl"), "text/plain", "hello"))

		got, err := w.as(nil).queue.GetArtifact(id, "0", "public/dir/a-b.txt")
		require.NoError(t, err)
		assert.Equal(t, "s3", got.StorageType)
		status, content, header := fetch(t, got.URL)
		assert.Equal(t, 200, status)
		assert.Equal(t, "hello", content)
		assert.Equal(t, "text/plain", header.Get("Content-Type"))
		status, h, _ := w.send("GET", "/api/queue/v1/task/"+id+"/artifacts/public/dir/a-b.txt", "", "", nil)
		assert.Equal(t, 303, status, "slashes need no escape")
		assert.Equal(t, "s3", h.Get("x-taskcluster-artifact-storage-type"))
		assert.Equal(t, got.URL, h.Get("Location"))

		_, err = w.announce(id, "private/b", object{"storageType": "s3", "contentType": "text/plain"})
		require.NoError(t, err)
		again, err := w.announce(id, "private/b", object{"storageType": "s3", "contentType": "text/plain"})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, put(t, text(again, "putUrl"), "text/plain", "zipped", "Content-Encoding", "gzip"))
		_, err = w.as(nil).queue.GetLatestArtifact(id, "private/b")
		refused(t, err, 403, "InsufficientScopes")
		private, err := w.with("queue:get-artifact:private/*").queue.GetLatestArtifact(id, "private/b")
		require.NoError(t, err)
		req, err := http.NewRequest("GET", private.URL, nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Encoding", "identity")
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		stored, _ := io.ReadAll(resp.Body)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, "zipped", string(stored))
		assert.Equal(t, "gzip", resp.Header.Get("Content-Encoding"), "as it was stored, whether asked for or not")
		bare, _, _ := strings.Cut(private.URL, "?")
		status, _, _ = fetch(t, bare)
		assert.Equal(t, 403, status)
		w.clock.advance(31 * time.Minute)
		status, _, _ = fetch(t, private.URL)
		assert.Equal(t, 403, status, "addresses of private artifacts last half an hour")
		w.clock.advance(15 * time.Minute)
		assert.Equal(t, http.StatusForbidden, put(t, text(up, "putUrl"), "text/plain", "hello"))
		w.clock.advance(15 * time.Minute)
		_, err = w.as(nil).queue.GetArtifact(id, "0", "public/dir/a-b.txt")
		refused(t, err, 410, "ResourceExpired")
	}
}

func TestReferencesLinksErrors(t *testing.T) {
	w := newWorld(t)
	id := w.running()
	must := func(name string, fields object) {
		t.Helper()
		_, err := w.announce(id, name, fields)
		require.NoError(t, err)
	}
	must("public/ref", object{"storageType": "reference", "contentType": "text/plain", "url": "https://example.com/x"})
	must("public/link", object{"storageType": "link", "contentType": "text/plain", "artifact": "public/link2"})
	must("public/link2", object{"storageType": "link", "contentType": "text/plain", "artifact": "public/ref"})
	must("public/hidden", object{"storageType": "link", "contentType": "text/plain", "artifact": "private/x"})
	must("public/round", object{"storageType": "link", "contentType": "text/plain", "artifact": "public/trip"})
	must("public/trip", object{"storageType": "link", "contentType": "text/plain", "artifact": "public/round"})
	must("public/err", object{"storageType": "error", "reason": "file-missing-on-worker", "message": "it is not there"})
	q := w.as(nil).queue
	got, err := q.GetLatestArtifact(id, "public/link")
	require.NoError(t, err)
	assert.Equal(t, "https://example.com/x", got.URL)
	assert.Equal(t, "reference", got.StorageType)
	_, err = q.GetLatestArtifact(id, "public/hidden")
	assert.Contains(t, refused(t, err, 403, "InsufficientScopes").Message, "queue:get-artifact:private/x")
	_, err = q.GetLatestArtifact(id, "public/round")
	refused(t, err, 400, "InputError")
	status, h, body := w.send("GET", "/api/queue/v1/task/"+id+"/artifacts/public%2Ferr", "", "", nil)
	assert.Equal(t, 424, status)
	assert.Equal(t, "error", h.Get("x-taskcluster-artifact-storage-type"))
	assert.JSONEq(t, `{"reason": "file-missing-on-worker", "message": "it is not there"}`, body)
	_, err = q.GetLatestArtifact(id, "public/none")
	refused(t, err, 404, "ResourceNotFound")

	content := func(name string) object {
		reply, err := q.LatestArtifact(id, name)
		require.NoError(t, err)
		var o object
		require.NoError(t, json.Unmarshal([]byte(*reply), &o))
		return o
	}
	assert.Equal(t, object{"storageType": "reference", "url": "https://example.com/x"}, content("public/link"))
	assert.Equal(t, object{"storageType": "error", "reason": "file-missing-on-worker", "message": "it is not there"}, content("public/err"))

	info, err := q.ArtifactInfo(id, "0", "public/link")
	require.NoError(t, err)
	assert.Equal(t, "link", info.StorageType)
	var names []string
	token := ""
	for {
		list, err := q.ListLatestArtifacts(id, token, "2")
		require.NoError(t, err)
		for _, a := range list.Artifacts {
			names = append(names, a.Name)
		}
		if token = list.ContinuationToken; token == "" {
			break
		}
	}
	assert.Equal(t, []string{"public/err", "public/hidden", "public/link", "public/link2", "public/ref", "public/round", "public/trip"}, names)

	// What may be announced again.
	for _, c := range []struct {
		name   string
		fields object
		ok     bool
	}{
		{"public/ref", object{"storageType": "reference", "contentType": "text/plain", "url": "https://example.com/y"}, true},
		{"public/ref", object{"storageType": "reference", "contentType": "text/html", "url": "https://example.com/y"}, false},
		{"public/ref", object{"storageType": "error", "reason": "file-missing-on-worker", "message": "x"}, false},
		{"public/ref", object{"storageType": "reference", "contentType": "text/plain", "url": "https://example.com/y", "expires": newStamp(w.clock.now().Add(2 * time.Hour)).String()}, true},
		{"public/ref", object{"storageType": "reference", "contentType": "text/plain", "url": "https://example.com/y"}, false},
		{"public/ref", object{"storageType": "link", "contentType": "text/plain", "artifact": "public/err", "expires": newStamp(w.clock.now().Add(2 * time.Hour)).String()}, true},
		{"public/link", object{"storageType": "link", "contentType": "text/plain", "artifact": "public/other"}, false},
		{"public/err", object{"storageType": "error", "reason": "file-missing-on-worker", "message": "it is not there"}, true},
		{"public/err", object{"storageType": "error", "reason": "file-missing-on-worker", "message": "other"}, false},
	} {
		_, err := w.announce(id, c.name, c.fields)
		if c.ok {
			require.NoError(t, err, "%s %v", c.name, c.fields)
		} else {
			refused(t, err, 409, "RequestConflict")
		}
	}
}

func TestWhenArtifactsMayCome(t *testing.T) {
	w := newWorld(t)
	ref := func() object {
		return object{"storageType": "reference", "contentType": "text/plain", "url": "https://example.com/x"}
	}
	idle := w.create()
	_, err := w.announce(idle, "a", ref())
	refused(t, err, 400, "InputError") // nobody has it
	_, err = w.announce(slugid.Nice(), "a", ref())
	refused(t, err, 400, "InputError")
	id := w.running()
	late := ref()
	late["expires"] = newStamp(w.clock.now().Add(49 * time.Hour)).String()
	_, err = w.announce(id, "a", late)
	refused(t, err, 400, "InputError") // after the task
	past := ref()
	past["expires"] = newStamp(w.clock.now().Add(-16 * time.Minute)).String()
	_, err = w.announce(id, "a", past)
	refused(t, err, 400, "InputError")
	_, err = w.announce(id, "a\x01", ref())
	refused(t, err, 400, "InvalidRequestArguments")
	_, err = w.announce(id, "a", object{"storageType": "paper"})
	refused(t, err, 400, "InputValidationError")
	body := tcqueue.PostArtifactRequest(mustJSON(object{"storageType": "link", "contentType": "x", "artifact": "b", "expires": newStamp(w.clock.now().Add(time.Hour)).String()}))
	_, err = w.with("queue:create-artifact:"+id+"/1").queue.CreateArtifact(id, "0", "a", &body)
	refused(t, err, 403, "InsufficientScopes")
	_, err = w.with("queue:create-artifact:"+id+"/0").queue.CreateArtifact(id, "0", "a", &body)
	require.NoError(t, err)
	_, err = w.root().queue.ReportException(id, "0", &tcqueue.TaskExceptionRequest{Reason: "internal-error"})
	require.NoError(t, err)
	w.clock.advance(24 * time.Minute)
	_, err = w.announce(id, "log", ref())
	require.NoError(t, err, "up to 25 minutes after an exception")
	w.clock.advance(2 * time.Minute)
	_, err = w.announce(id, "log2", ref())
	refused(t, err, 409, "RequestConflict")
	done := w.running()
	_, err = w.root().queue.ReportCompleted(done, "0")
	require.NoError(t, err)
	_, err = w.announce(done, "log", ref())
	refused(t, err, 409, "RequestConflict")

	// The latest run is the last one, even if it has nothing.
	_, err = w.root().queue.RerunTask(id)
	require.NoError(t, err)
	_, err = w.root().queue.GetArtifact(id, "0", "log")
	require.NoError(t, err)
	_, err = w.root().queue.GetLatestArtifact(id, "log")
	refused(t, err, 404, "ResourceNotFound")
	_, err = w.root().queue.ListArtifacts(id, "2", "", "")
	refused(t, err, 404, "ResourceNotFound")
	empty, err := w.root().queue.ListArtifacts(id, "1", "", "")
	require.NoError(t, err)
	assert.Empty(t, empty.Artifacts)
	unscheduled := w.create(func(d *tcqueue.TaskDefinitionRequest) { d.Dependencies = []string{w.create()} })
	_, err = w.root().queue.GetLatestArtifact(unscheduled, "log")
	refused(t, err, 404, "ResourceNotFound")
}

// The official client uploads and downloads, small content inside of the request and large content beside it.
func TestObjectArtifacts(t *testing.T) {
	w := newWorld(t)
	id := w.running()
	for name, size := range map[string]int{"public/small": 100, "private/large": 50_000} {
		content := bytes.Repeat([]byte("0123456789"), size/10)
		reply, err := w.announce(id, name, object{"storageType": "object", "contentType": "text/plain"})
		require.NoError(t, err)
		same, err := w.announce(id, name, object{"storageType": "object", "contentType": "text/plain"})
		require.NoError(t, err)
		assert.Equal(t, reply["uploadId"], same["uploadId"])
		_, err = w.root().queue.GetLatestArtifact(id, name)
		refused(t, err, 404, "ResourceNotFound")
		err = w.root().queue.FinishArtifact(id, "0", name, &tcqueue.FinishArtifactRequest{UploadID: text(reply, "uploadId")})
		refused(t, err, 400, "InputError")
		creds := reply["credentials"].(object)
		uploader := w.as(&tcclient.Credentials{ClientID: text(creds, "clientId"), AccessToken: text(creds, "accessToken"), Certificate: text(creds, "certificate")})
		require.NoError(t, uploader.object.UploadFromBuf(text(reply, "projectId"), text(reply, "name"), "text/plain", time.Time(tcclient.Time(stampOf(reply, "expires").Time)), text(reply, "uploadId"), content))
		err = w.root().queue.FinishArtifact(id, "0", name, &tcqueue.FinishArtifactRequest{UploadID: slugid.Nice()})
		refused(t, err, 400, "InputError")
		require.NoError(t, w.root().queue.FinishArtifact(id, "0", name, &tcqueue.FinishArtifactRequest{UploadID: text(reply, "uploadId")}))
		require.NoError(t, w.root().queue.FinishArtifact(id, "0", name, &tcqueue.FinishArtifactRequest{UploadID: text(reply, "uploadId")}))

		got, err := w.root().queue.GetLatestArtifact(id, name)
		require.NoError(t, err)
		status, text1, _ := fetch(t, got.URL)
		assert.Equal(t, 200, status)
		assert.Equal(t, string(content), text1)
		down, contentType, length, err := w.root().queue.DownloadArtifactToBuf(id, 0, name)
		require.NoError(t, err)
		assert.Equal(t, content, down)
		assert.Equal(t, "text/plain", contentType)
		assert.EqualValues(t, len(content), length)
		sum := sha256.Sum256(content)
		meta, err := w.root().object.Object("t/" + id + "/0/" + name)
		require.NoError(t, err)
		assert.Contains(t, string(meta.Hashes), hex.EncodeToString(sum[:]))
		_, err = w.announce(id, name, object{"storageType": "object", "contentType": "text/plain"})
		refused(t, err, 409, "RequestConflict")
	}
	_, err := w.announce(id, "ref", object{"storageType": "reference", "contentType": "x", "url": "https://example.com"})
	require.NoError(t, err)
	refused(t, w.root().queue.FinishArtifact(id, "0", "ref", &tcqueue.FinishArtifactRequest{UploadID: slugid.Nice()}), 400, "InputError")
	refused(t, w.root().queue.FinishArtifact(id, "0", "none", &tcqueue.FinishArtifactRequest{UploadID: slugid.Nice()}), 404, "ResourceNotFound")
}

func TestObjects(t *testing.T) {
	w := newWorld(t)
	o := w.root().object
	expires := tcclient.Time(w.clock.now().Add(time.Hour))
	upload := slugid.Nice()
	start := func(uploadID string, hashes string) error {
		req := &tcobject.CreateUploadRequest{ProjectID: "p", UploadID: uploadID, Expires: expires}
		if hashes != "" {
			req.Hashes = json.RawMessage(hashes)
		}
		req.ProposedUploadMethods.DataInline.ContentType = "text/plain"
		req.ProposedUploadMethods.DataInline.ObjectData = "aGVsbG8="
		_, err := o.CreateUpload("x/y", req)
		return err
	}
	require.NoError(t, start(upload, ""))
	require.NoError(t, start(upload, ""))
	refused(t, start(slugid.Nice(), ""), 409, "RequestConflict")
	_, err := o.StartDownload("x/y", &tcobject.DownloadObjectRequest{AcceptDownloadMethods: tcobject.SupportedDownloadMethods{Simple: true}})
	refused(t, err, 404, "ResourceNotFound") // not finished
	wrong := strings.Repeat("0", 64)
	refused(t, o.FinishUpload("x/y", &tcobject.FinishUploadRequest{ProjectID: "q", UploadID: upload}), 400, "InputError")
	refused(t, o.FinishUpload("x/y", &tcobject.FinishUploadRequest{ProjectID: "p", UploadID: slugid.Nice()}), 409, "RequestConflict")
	refused(t, o.FinishUpload("x/y", &tcobject.FinishUploadRequest{ProjectID: "p", UploadID: upload, Hashes: json.RawMessage(`{"sha256": "` + wrong + `"}`)}), 400, "InputError")
	sum := sha256.Sum256([]byte("hello"))
	right := json.RawMessage(`{"sha256": "` + hex.EncodeToString(sum[:]) + `"}`)
	require.NoError(t, o.FinishUpload("x/y", &tcobject.FinishUploadRequest{ProjectID: "p", UploadID: upload, Hashes: right}))
	require.NoError(t, o.FinishUpload("x/y", &tcobject.FinishUploadRequest{ProjectID: "p", UploadID: upload, Hashes: right}))
	refused(t, o.FinishUpload("x/y", &tcobject.FinishUploadRequest{ProjectID: "p", UploadID: upload, Hashes: json.RawMessage(`{"sha256": "` + wrong + `"}`)}), 409, "RequestConflict")
	status, h, _ := w.send("GET", "/api/object/v1/download/x/y", "", "", signed(w.RootCredentials().ClientID, w.RootCredentials().AccessToken, time.Now()))
	require.Equal(t, 303, status)
	_, content, _ := fetch(t, h.Get("Location"))
	assert.Equal(t, "hello", content)
	_, err = o.StartDownload("x/y", &tcobject.DownloadObjectRequest{})
	refused(t, err, 406, "NoMatchingMethod")
	_, err = w.with("object:download:x/z").object.Object("x/y")
	refused(t, err, 403, "InsufficientScopes")
	w.clock.advance(2 * time.Hour)
	_, err = o.Object("x/y")
	refused(t, err, 404, "ResourceNotFound")
}

// What is put must be as long as was announced.
func TestObjectLength(t *testing.T) {
	w := newWorld(t)
	req := &tcobject.CreateUploadRequest{ProjectID: "p", UploadID: slugid.Nice(), Expires: tcclient.Time(w.clock.now().Add(time.Hour))}
	req.ProposedUploadMethods.PutURL = tcobject.PutURLUploadRequest{ContentType: "text/plain", ContentLength: 5}
	answer, err := w.root().object.CreateUpload("x/z", req)
	require.NoError(t, err)
	var method struct {
		PutURL struct {
			URL     string            `json:"url"`
			Headers map[string]string `json:"headers"`
		} `json:"putUrl"`
	}
	require.NoError(t, json.Unmarshal(mustJSON(answer.UploadMethod), &method))
	assert.Equal(t, http.StatusForbidden, put(t, method.PutURL.URL, "text/plain", "hello!"))
	assert.Equal(t, http.StatusForbidden, put(t, method.PutURL.URL, "text/plain", ""))
	assert.Equal(t, http.StatusOK, put(t, method.PutURL.URL, "text/plain", "hello"))
}

// A name never leads out of the store.
func TestBlobNames(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.State = t.TempDir() })
	id := w.running()
	for _, name := range []string{"../../../../etc/passwd", "/etc/passwd", "a/../../b", "public/..", "a\\b", "%2e%2e/x", "."} {
		up, err := w.announce(id, name, object{"storageType": "s3", "contentType": "text/plain"})
		require.NoError(t, err, name)
		require.Equal(t, http.StatusOK, put(t, text(up, "putUrl"), "text/plain", name), name)
		got, err := w.root().queue.GetArtifact(id, "0", name)
		require.NoError(t, err, name)
		_, content, _ := fetch(t, got.URL)
		assert.Equal(t, name, content)
	}
}
