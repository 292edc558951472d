package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// cronService is a deployment of Taskcluster, as far as cron needs it, with the rules of the real one that matter here, and a
// server of Mercurial.
type cronService struct {
	*httptest.Server
	now   time.Time
	files map[string]string // of the repository, the same at all revisions
	push  int               // the number of the newest push

	mu       sync.Mutex
	tasks    map[string]map[string]any
	created  []string // ids, in order
	conflict int
	// fault says what goes wrong with a request: "" nothing, "down" no answer but 503, "lost" what is asked is done and the
	// connection breaks.
	fault func(r *http.Request) string
	fired []map[string]any // payloads of hooks
	fires []map[string]any // what the hooks service remembers
	index map[string]string
	texts map[string]string // artifacts
}

func newCronService(t testing.TB) *cronService {
	s := &cronService{tasks: map[string]map[string]any{}, index: map[string]string{}, texts: map[string]string{}, files: map[string]string{}, push: 100}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /api/queue/v1/task/{id}", s.create)
	mux.HandleFunc("GET /api/queue/v1/task/{id}", s.task)
	mux.HandleFunc("GET /api/queue/v1/task/{id}/artifacts/{name...}", s.artifact)
	mux.HandleFunc("GET /api/index/v1/task/{path}", s.find)
	mux.HandleFunc("POST /api/auth/v1/scopes/expand", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("POST /api/hooks/v1/hooks/{group}/{id}/trigger", s.trigger)
	mux.HandleFunc("GET /api/hooks/v1/hooks/{group}/{id}/last-fires", s.lastFires)
	mux.HandleFunc("GET /hg/app/json-pushes", s.pushes)
	mux.HandleFunc("GET /hg/app/raw-file/{rev}/{path...}", s.file)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := ""
		if s.fault != nil {
			fault = s.fault(r)
		}
		switch fault {
		case "down":
			http.Error(w, "<html>no", http.StatusServiceUnavailable)
			return
		case "lost":
			mux.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *cronService) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (s *cronService) refuse(w http.ResponseWriter, status int, code, message string) {
	s.answer(w, status, map[string]any{"code": code, "message": message + "\n\n---\n\n* method:  createTask", "requestInfo": map[string]any{}})
}

func (s *cronService) create(w http.ResponseWriter, r *http.Request) {
	var def map[string]any
	if err := json.NewDecoder(r.Body).Decode(&def); err != nil {
		s.refuse(w, 400, "MalformedPayload", err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("id")
	created, err := time.Parse("2006-01-02T15:04:05.000Z", fmt.Sprint(def["created"]))
	if off := s.now.Sub(created).Abs(); err != nil || off > 15*time.Minute {
		s.refuse(w, 400, "InputError", fmt.Sprintf("created is off by %s", off))
		return
	}
	for key, v := range map[string]any{"retries": 5.0, "requires": "all-completed", "projectId": "none", "tags": map[string]any{}, "routes": []any{}, "dependencies": []any{},
		"taskQueueId": fmt.Sprintf("%v/%v", def["provisionerId"], def["workerType"]), "taskGroupId": id} {
		if _, ok := def[key]; !ok {
			def[key] = v
		}
	}
	if there := s.tasks[id]; there != nil {
		if !reflect.DeepEqual(there, def) {
			s.conflict++
			s.refuse(w, 409, "RequestConflict", "taskId "+id+" already used by another task.")
			return
		}
		s.answer(w, 200, map[string]any{"status": map[string]any{"taskId": id}})
		return
	}
	s.tasks[id] = def
	s.created = append(s.created, id)
	s.answer(w, 200, map[string]any{"status": map[string]any{"taskId": id}})
}

func (s *cronService) task(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if def := s.tasks[r.PathValue("id")]; def != nil {
		s.answer(w, 200, def)
		return
	}
	s.refuse(w, 404, "ResourceNotFound", "no such task")
}

func (s *cronService) artifact(w http.ResponseWriter, r *http.Request) {
	if text, ok := s.texts[r.PathValue("id")+"/"+r.PathValue("name")]; ok {
		if r.URL.Query().Has("content") {
			io.WriteString(w, text)
			return
		}
		w.Header().Set("Location", s.URL+r.URL.Path+"?content")
		s.answer(w, 303, map[string]any{"storageType": "s3", "url": s.URL + r.URL.Path + "?content"})
		return
	}
	s.refuse(w, 404, "ResourceNotFound", "no such artifact")
}

func (s *cronService) find(w http.ResponseWriter, r *http.Request) {
	if id, ok := s.index[r.PathValue("path")]; ok {
		s.answer(w, 200, map[string]any{"taskId": id, "namespace": r.PathValue("path"), "rank": 0, "data": map[string]any{}, "expires": "2099-01-01T00:00:00.000Z"})
		return
	}
	s.refuse(w, 404, "ResourceNotFound", "no such task")
}

// trigger fires a hook that makes an action task of its payload.
func (s *cronService) trigger(w http.ResponseWriter, r *http.Request) {
	var payload map[string]any
	if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
		s.refuse(w, 400, "MalformedPayload", err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fired = append(s.fired, payload)
	id := fmt.Sprintf("action%02dAAAAAAQAAAAAAAA", len(s.fired))
	action := payload["decision"].(map[string]any)["action"].(map[string]any)
	user := payload["user"].(map[string]any)
	text := func(v any) string { out, _ := json.Marshal(v); return string(out) }
	s.tasks[id] = map[string]any{"payload": map[string]any{"env": map[string]any{
		"ACTION_TASK_GROUP_ID": action["taskGroupId"], "ACTION_CALLBACK": action["cb_name"], "ACTION_TASK_ID": text(user["taskId"]), "ACTION_INPUT": text(user["input"]),
	}}}
	s.fires = append(s.fires, map[string]any{"taskId": id, "result": "success", "taskCreateTime": s.now.Format(time.RFC3339Nano)})
	s.answer(w, 200, map[string]any{"taskId": id, "status": map[string]any{"taskId": id}})
}

func (s *cronService) lastFires(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fires) == 0 {
		s.refuse(w, 404, "ResourceNotFound", "no fires")
		return
	}
	s.answer(w, 200, map[string]any{"lastFires": s.fires})
}

// revision gives the newest revision.
func (s *cronService) revision() string { return fmt.Sprintf("%040x", 0xabc000+s.push) }

func (s *cronService) pushes(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.push
	if set := r.URL.Query().Get("changeset"); set != "default" {
		if _, err := fmt.Sscanf(set, "%x", &n); err != nil || n-0xabc000 > s.push {
			http.Error(w, "unknown revision", 404)
			return
		}
		n -= 0xabc000
	}
	s.answer(w, 200, map[string]any{"pushes": map[string]any{fmt.Sprint(n): map[string]any{"user": "dev", "date": 1_770_000_000 + n, "changesets": []any{
		map[string]any{"node": fmt.Sprintf("%040x", 0xdef000+n), "parents": []any{fmt.Sprintf("%040x", 0xabc000+n-1)}},
		map[string]any{"node": fmt.Sprintf("%040x", 0xabc000+n), "parents": []any{fmt.Sprintf("%040x", 0xdef000+n)}},
	}}}})
}

func (s *cronService) file(w http.ResponseWriter, r *http.Request) {
	if text, ok := s.files[r.PathValue("path")]; ok && strings.HasPrefix(r.PathValue("rev"), "0") {
		io.WriteString(w, text)
		return
	}
	http.Error(w, "no such file", 404)
}
