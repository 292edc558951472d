package local

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// indexedTask is a row of the index.
type indexedTask struct {
	TaskID  string          `json:"taskId"`
	Rank    float64         `json:"rank"`
	Data    json.RawMessage `json:"data"`
	Expires stamp           `json:"expires"`
}

// indexState is what the index knows, by path.
type indexState struct {
	tasks      *table[indexedTask]
	namespaces *table[stamp]       // with their ends
	names      map[string][]string // of the tasks right below a namespace, sorted
	children   map[string][]string // namespaces right below a namespace, sorted
}

var indexPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(indexPattern) })

func (s *Server) loadIndex() (err error) {
	x := &s.index
	x.names, x.children = map[string][]string{}, map[string][]string{}
	if x.tasks, err = newTable[indexedTask](s.journal, "index"); err != nil {
		return err
	}
	if x.namespaces, err = newTable[stamp](s.journal, "namespaces"); err != nil {
		return err
	}
	for _, path := range sortedKeys(x.tasks.rows) {
		insertName(x.names, path)
	}
	for _, path := range sortedKeys(x.namespaces.rows) {
		insertName(x.children, path)
	}
	return nil
}

// splitPath cuts a path at its last dot.
func splitPath(path string) (namespace, name string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}

func insertName(names map[string][]string, path string) {
	namespace, name := splitPath(path)
	at, found := slices.BinarySearch(names[namespace], name)
	if !found {
		names[namespace] = slices.Insert(names[namespace], at, name)
	}
}

func joinPath(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "." + name
}

func (t indexedTask) reply(path string) object {
	return object{"namespace": path, "taskId": t.TaskID, "rank": t.Rank, "data": t.Data, "expires": t.Expires}
}

// insert puts a task at a path, unless what is there has a higher rank. It gives what is there afterwards.
func (s *Server) insert(path string, t indexedTask) indexedTask {
	old, exists := s.index.tasks.rows[path]
	if exists && old.Rank > t.Rank {
		return old
	}
	namespace, _ := splitPath(path)
	s.ensureNamespace(namespace, t.Expires)
	s.index.tasks.set(path, t)
	if !exists {
		insertName(s.index.names, path)
	}
	return t
}

// ensureNamespace makes a namespace last to the end of the day on which a task in it expires.
func (s *Server) ensureNamespace(namespace string, expires stamp) {
	if namespace == "" {
		return
	}
	y, m, d := expires.UTC().Date()
	end := newStamp(time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC))
	old, exists := s.index.namespaces.rows[namespace]
	if exists && !old.Before(end.Time) {
		return
	}
	parent, _ := splitPath(namespace)
	// The end of a parent is rounded from that of its child, as in the real index.
	s.ensureNamespace(parent, end)
	s.index.namespaces.set(namespace, end)
	if !exists {
		insertName(s.index.children, namespace)
	}
}

// indexTask indexes a task that has completed, by its routes.
func (s *Server) indexTask(t *task) {
	var paths []string
	for _, route := range t.Routes {
		if path, ok := strings.CutPrefix(route, "index."); ok && indexPath().MatchString(path) {
			paths = append(paths, path)
		}
	}
	if paths == nil {
		return
	}
	var said struct {
		Extra struct {
			Index struct {
				Rank    any `json:"rank"`
				Expires any `json:"expires"`
				Data    any `json:"data"`
			} `json:"index"`
		} `json:"extra"`
	}
	if err := json.Unmarshal(t.text, &said); err != nil {
		return // extra.index is no object: as if it were not there
	}
	row := indexedTask{TaskID: t.id, Expires: t.Expires, Data: json.RawMessage("{}")}
	switch rank := said.Extra.Index.Rank.(type) {
	case nil:
	case float64:
		row.Rank = rank
	default:
		s.log.Debug("a task is not indexed: extra.index.rank is no number", "task", t.id)
		return
	}
	switch data := said.Extra.Index.Data.(type) {
	case nil:
	case object:
		row.Data = mustJSON(data)
	default:
		s.log.Debug("a task is not indexed: extra.index.data is no object", "task", t.id)
		return
	}
	if text, ok := said.Extra.Index.Expires.(string); ok {
		if at, err := parseStamp(text); err == nil {
			row.Expires = at
		}
	}
	for _, path := range paths {
		s.insert(path, row)
	}
}

// indexed gives the task at a path that has not expired.
func (c *call) indexed(path string) (indexedTask, error) {
	t, ok := c.s.index.tasks.rows[path]
	if !ok || !t.Expires.After(c.now) {
		return t, refuse("ResourceNotFound", "there is no task at this path")
	}
	return t, nil
}

func findTask(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t, err := c.indexed(c.params["indexPath"])
	if err != nil {
		return nil, err
	}
	return t.reply(c.params["indexPath"]), nil
}

// findTasksAtIndex gives the tasks at many paths. What has expired is still found and paths without a dot never, as
// in the real index.
func findTasksAtIndex(c *call) (any, error) {
	paths := texts(c.data(), "indexes")
	if err := c.authorize(nil, map[string][]string{"indexPaths": paths}); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	found := []object{}
	seen := map[string]bool{}
	for _, path := range paths {
		if t, ok := c.s.index.tasks.rows[path]; ok && !seen[path] && strings.Contains(path, ".") {
			seen[path] = true
			found = append(found, t.reply(path))
		}
	}
	rows, token, err := page(c, found)
	return paged(object{"tasks": rows}, token), err
}

func listTasks(c *call) (any, error) {
	namespace := c.params["namespace"]
	if err := c.authorize(map[string]string{"namespace": namespace}, nil); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	names, token, err := page(c, c.s.index.names[namespace])
	out := make([]object, len(names))
	for i, name := range names {
		path := joinPath(namespace, name)
		out[i] = c.s.index.tasks.rows[path].reply(path)
	}
	return paged(object{"tasks": out}, token), err
}

func listNamespaces(c *call) (any, error) {
	namespace := c.params["namespace"]
	if err := c.authorize(map[string]string{"namespace": namespace}, nil); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	names, token, err := page(c, c.s.index.children[namespace])
	out := make([]object, len(names))
	for i, name := range names {
		path := joinPath(namespace, name)
		out[i] = object{"namespace": path, "name": name, "expires": c.s.index.namespaces.rows[path]}
	}
	return paged(object{"namespaces": out}, token), err
}

func insertTask(c *call) (any, error) {
	in, path := c.data(), c.params["namespace"]
	rank, _ := in["rank"].(float64)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	row := indexedTask{TaskID: text(in, "taskId"), Rank: rank, Data: mustJSON(in["data"]), Expires: stampOf(in, "expires")}
	return c.s.insert(path, row).reply(path), nil
}

func deleteTask(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	path := c.params["namespace"]
	c.s.index.tasks.delete(path)
	namespace, name := splitPath(path)
	if at, found := slices.BinarySearch(c.s.index.names[namespace], name); found {
		c.s.index.names[namespace] = slices.Delete(c.s.index.names[namespace], at, at+1)
	}
	return object{}, nil
}

// findArtifactFromTask redirects to the queue, with a signature of our own for that one artifact.
func findArtifactFromTask(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t, err := c.indexed(c.params["indexPath"])
	if err != nil {
		return nil, err
	}
	name := c.params["name"]
	root, err := url.Parse(c.root)
	if err != nil {
		return nil, err
	}
	r := hawkRequest{method: http.MethodGet, resource: root.EscapedPath() + "/api/queue/v1/task/" + t.TaskID + "/artifacts/" + url.PathEscape(name), host: root.Hostname(), port: 80}
	if n, err := strconv.Atoi(root.Port()); err == nil {
		r.port = n
	} else if root.Scheme == "https" {
		r.port = 443
	}
	own := c.s.RootCredentials()
	ext := mustJSON(object{"authorizedScopes": []string{"queue:get-artifact:" + name}})
	bewit := newBewit(own.ClientID, own.AccessToken, r, c.s.o.SignatureClock().Add(15*time.Minute), base64.StdEncoding.EncodeToString(ext))
	address := root.Scheme + "://" + root.Host + r.resource + "?bewit=" + bewit
	return &answer{status: http.StatusSeeOther, header: http.Header{"Location": {address}}, body: object{"url": address}}, nil
}
