package local

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The storage types of artifacts.
const (
	storageS3        = "s3"
	storageObject    = "object"
	storageReference = "reference"
	storageLink      = "link"
	storageError     = "error"
)

// artifact is a row of the queue.
type artifact struct {
	TaskID      string            `json:"taskId"`
	RunID       int               `json:"runId"`
	Name        string            `json:"name"`
	StorageType string            `json:"storageType"`
	ContentType string            `json:"contentType"`
	Expires     stamp             `json:"expires"`
	Details     map[string]string `json:"details"`
	Present     bool              `json:"present"` // false: an upload that is not finished
}

const (
	afterException = 25 * time.Minute // for how long artifacts may come after a run ended with an exception
	putLifetime    = 45 * time.Minute
	getLifetime    = 30 * time.Minute
)

func runKey(taskID string, runID int) string { return taskID + "/" + strconv.Itoa(runID) }

func (a *artifact) key() string { return runKey(a.TaskID, a.RunID) + "/" + a.Name }

// s3Key and objectName are where the content is.
func (a *artifact) s3Key() string      { return "s3/" + a.key() }
func (a *artifact) objectName() string { return "t/" + a.key() }

func (a *artifact) reply() object {
	return object{"storageType": a.StorageType, "name": a.Name, "expires": a.Expires, "contentType": a.ContentType}
}

// createArtifact announces an artifact. For those with content the reply says where to put it.
func createArtifact(c *call) (any, error) {
	in := c.data()
	a := artifact{TaskID: c.params["taskId"], Name: c.params["name"], StorageType: text(in, "storageType"), ContentType: text(in, "contentType"), Expires: stampOf(in, "expires"), Details: map[string]string{}, Present: true}
	if a.ContentType == "" {
		a.ContentType = "application/binary"
	}
	if a.Expires.Before(c.now.Add(-drift)) {
		return nil, refuse("InputError", "expires is past")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t := c.s.queue.tasks[a.TaskID]
	if t == nil {
		return nil, refuse("InputError", "there is no such task")
	}
	n, err := strconv.Atoi(c.params["runId"])
	if err != nil || n >= len(t.Runs) {
		return nil, refuse("InputError", "there is no such run")
	}
	a.RunID = n
	r := t.Runs[n]
	switch {
	case r.WorkerGroup == "" || r.WorkerID == "":
		return nil, refuse("InputError", "no worker has had the run, so it has no artifacts")
	case a.Expires.After(t.Expires.Time):
		return nil, refuse("InputError", "the artifact expires at %s, after its task at %s", a.Expires, t.Expires)
	case r.State != running && !(r.State == exception && r.Resolved.After(c.now.Add(-afterException))):
		return nil, refuse("RequestConflict", "the run is over: artifacts come while it runs, and up to 25 minutes after an exception\n\n%s", pretty(t.status()))
	}
	switch a.StorageType {
	case storageS3:
		a.Details["prefix"] = a.key()
	case storageReference:
		a.Details["url"] = text(in, "url")
	case storageLink:
		a.Details["artifact"] = text(in, "artifact")
	case storageError:
		a.Details["message"], a.Details["reason"] = text(in, "message"), text(in, "reason")
	case storageObject:
		a.Present = false
	}
	old, exists := c.s.queue.artifacts.rows[a.key()]
	if a.StorageType == storageObject {
		if a.Details["uploadId"] = old.Details["uploadId"]; a.Details["uploadId"] == "" {
			a.Details["uploadId"] = c.s.o.NewID()
		}
	}
	if exists && !old.replaceable(a) {
		return nil, refuse("RequestConflict", "there is such an artifact already, and it is not one that may be replaced by this: %s", pretty(old.reply()))
	}
	c.s.keepArtifact(a, exists)
	return c.artifactUpload(t, r, a)
}

// replaceable says whether an artifact may be announced once more like this.
func (a *artifact) replaceable(by artifact) bool {
	switch {
	case by.StorageType != storageLink && a.ContentType != by.ContentType:
		return false
	case a.Expires.After(by.Expires.Time):
		return false
	case a.StorageType == by.StorageType:
		return by.StorageType == storageReference || maps.Equal(a.Details, by.Details)
	}
	return a.StorageType == storageReference && by.StorageType == storageLink
}

// keepArtifact stores an artifact.
func (s *Server) keepArtifact(a artifact, exists bool) {
	s.queue.artifacts.set(a.key(), a)
	if !exists {
		run := runKey(a.TaskID, a.RunID)
		names := s.queue.byRun[run]
		at, _ := slices.BinarySearch(names, a.Name)
		s.queue.byRun[run] = slices.Insert(names, at, a.Name)
	}
}

// artifactUpload says where the content of an artifact is to go.
func (c *call) artifactUpload(t *task, r run, a artifact) (any, error) {
	switch a.StorageType {
	case storageS3:
		row := c.s.objects.rows[a.s3Key()]
		row.ContentType, row.Public, row.Expires = a.ContentType, strings.HasPrefix(a.Name, "public/"), a.Expires
		c.s.objects.set(a.s3Key(), row)
		until := c.now.Add(putLifetime)
		return object{"storageType": storageS3, "contentType": a.ContentType, "expires": newStamp(until), "putUrl": c.s.blobURL(c.root, http.MethodPut, a.s3Key(), a.ContentType, until)}, nil
	case storageObject:
		name, uploadID := a.objectName(), a.Details["uploadId"]
		key := objectKey(name)
		row := c.s.objects.rows[key]
		if !row.Stored {
			row.ProjectID, row.UploadID, row.Expires = t.ProjectID, uploadID, a.Expires
			c.s.objects.set(key, row)
		}
		client := fmt.Sprintf("artifact-upload/%s/on/%s/%s", runKey(a.TaskID, a.RunID), r.WorkerGroup, r.WorkerID)
		lifetime := min(a.Expires.Sub(c.now), 24*time.Hour)
		creds := c.s.credentials(client, lifetime, []string{"object:upload:" + t.ProjectID + ":" + name})
		return object{"storageType": storageObject, "name": name, "projectId": t.ProjectID, "uploadId": uploadID, "expires": a.Expires, "credentials": shown(creds)}, nil
	}
	return object{"storageType": a.StorageType}, nil
}

// finishArtifact makes an artifact of the object service visible.
func finishArtifact(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	n, err := strconv.Atoi(c.params["runId"])
	a, ok := c.s.queue.artifacts.rows[runKey(c.params["taskId"], n)+"/"+c.params["name"]]
	switch {
	case err != nil || !ok:
		return nil, refuse("ResourceNotFound", "task `%s` has in its run %s no artifact `%s`", c.params["taskId"], c.params["runId"], c.params["name"])
	case a.StorageType != storageObject:
		return nil, refuse("InputError", "the artifact is no object")
	case a.Present:
		return nil, nil
	case text(c.data(), "uploadId") != a.Details["uploadId"]:
		return nil, refuse("InputError", "the artifact has another uploadId")
	}
	if row := c.s.objects.rows[objectKey(a.objectName())]; !row.Stored || row.UploadID != "" {
		return nil, refuse("InputError", "the object with the content has not been uploaded")
	}
	a.Present, a.Details = true, map[string]string{}
	c.s.queue.artifacts.set(a.key(), a)
	return nil, nil
}

// latestRun gives the number of the last run, even if it failed.
func (s *Server) latestRun(taskID string) (int, error) {
	t := s.queue.tasks[taskID]
	if t == nil {
		return 0, refuse("ResourceNotFound", "there is no such task")
	}
	if len(t.Runs) == 0 {
		return 0, refuse("ResourceNotFound", "the task has no runs")
	}
	return len(t.Runs) - 1, nil
}

// runOf gives the number of the run that a call is about. Calls for the latest run do not name one.
func (c *call) runOf() (int, error) {
	if text, ok := c.params["runId"]; ok {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, refuse("ResourceNotFound", "there is no run %s", text)
		}
		return n, nil
	}
	return c.s.latestRun(c.params["taskId"])
}

// followLinks gives the artifact that a name leads to. Every name on the way needs its scope.
func (c *call) followLinks() (*artifact, error) {
	names := []string{c.params["name"]}
	if err := c.authorize(nil, map[string][]string{"names": names}); err != nil {
		return nil, err
	}
	n, err := c.runOf()
	if err != nil {
		return nil, err
	}
	for {
		a, ok := c.s.queue.artifacts.rows[runKey(c.params["taskId"], n)+"/"+names[len(names)-1]]
		switch {
		case !ok || !a.Present:
			return nil, refuse("ResourceNotFound", "there is no such artifact")
		case a.Expires.Before(c.now):
			return nil, refuse("ResourceExpired", "the artifact has expired")
		case a.StorageType != storageLink:
			return &a, nil
		}
		next := a.Details["artifact"]
		if slices.Contains(names, next) {
			return nil, refuse("InputError", "links lead in a circle")
		}
		names = append(names, next)
		if err := c.authorize(nil, map[string][]string{"names": names}); err != nil {
			return nil, err
		}
	}
}

// contentURL is where the content of an artifact can be had.
func (c *call) contentURL(a *artifact) (string, error) {
	switch a.StorageType {
	case storageReference:
		return a.Details["url"], nil
	case storageS3:
		if strings.HasPrefix(a.Name, "public/") {
			return publicURL(c.root, a.s3Key()), nil
		}
		return c.s.blobURL(c.root, http.MethodGet, a.s3Key(), "", c.now.Add(getLifetime)), nil
	}
	key := objectKey(a.objectName())
	if row := c.s.objects.rows[key]; !row.Stored {
		return "", refuse("ResourceNotFound", "the object with the content is gone")
	}
	return c.s.blobURL(c.root, http.MethodGet, key, "", c.now.Add(getLifetime)), nil
}

// getArtifact redirects to the content, of a run or the latest one.
func getArtifact(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	a, err := c.followLinks()
	if err != nil {
		return nil, err
	}
	h := http.Header{"X-Taskcluster-Artifact-Storage-Type": {a.StorageType}}
	if a.StorageType == storageError {
		return &answer{status: http.StatusFailedDependency, header: h, body: object{"reason": a.Details["reason"], "message": a.Details["message"]}}, nil
	}
	address, err := c.contentURL(a)
	if err != nil {
		return nil, err
	}
	h.Set("Location", address)
	return &answer{status: http.StatusSeeOther, header: h, body: object{"storageType": a.StorageType, "url": address}}, nil
}

// artifactContent says, for programs, how the content can be had.
func artifactContent(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	a, err := c.followLinks()
	if err != nil {
		return nil, err
	}
	switch a.StorageType {
	case storageError:
		return object{"storageType": a.StorageType, "reason": a.Details["reason"], "message": a.Details["message"]}, nil
	case storageObject:
		name := a.objectName()
		creds := c.s.credentials("artifact-download/"+a.key(), time.Hour, []string{"object:download:" + name})
		return object{"storageType": a.StorageType, "name": name, "credentials": shown(creds)}, nil
	}
	address, err := c.contentURL(a)
	return object{"storageType": a.StorageType, "url": address}, err
}

func artifactInfo(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	n, err := c.runOf()
	if err != nil {
		return nil, err
	}
	a, ok := c.s.queue.artifacts.rows[runKey(c.params["taskId"], n)+"/"+c.params["name"]]
	if !ok || !a.Present {
		return nil, refuse("ResourceNotFound", "there is no such artifact")
	}
	return a.reply(), nil
}

func listArtifacts(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	last, err := c.s.latestRun(c.params["taskId"])
	if err != nil {
		return nil, err
	}
	n, err := c.runOf()
	if err != nil {
		return nil, err
	}
	if n > last {
		return nil, refuse("ResourceNotFound", "task `%s` has no run %d", c.params["taskId"], n)
	}
	var all []artifact
	run := runKey(c.params["taskId"], n)
	for _, name := range c.s.queue.byRun[run] {
		if a := c.s.queue.artifacts.rows[run+"/"+name]; a.Present {
			all = append(all, a)
		}
	}
	rows, token, err := page(c, all)
	out := make([]object, len(rows))
	for i, a := range rows {
		out[i] = a.reply()
	}
	return paged(object{"artifacts": out}, token), err
}
