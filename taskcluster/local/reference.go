package local

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/taskgraph-go/decision/internal/slugid"
)

//go:embed data
var data embed.FS

// services are the services whose references we have.
var services = []string{"auth", "hooks", "index", "notify", "object", "purge-cache", "queue", "secrets"}

// reference is the description of a service, as far as it concerns us.
type reference struct {
	ServiceName string  `json:"serviceName"`
	APIVersion  string  `json:"apiVersion"`
	Entries     []entry `json:"entries"`
}

// entry describes a call.
type entry struct {
	Name   string   `json:"name"`
	Method string   `json:"method"`
	Route  string   `json:"route"`
	Query  []string `json:"query"`
	Scopes any      `json:"scopes"`
	Input  string   `json:"input"`
	Output string   `json:"output"`
}

// route is a call that can be made.
type route struct {
	service, version string
	name             string // in the reference
	method           string
	segments         []segment
	query            []string
	scopes           *scopeTemplate // nil: anybody may call it
	early            bool           // the path says everything that the scopes depend on
	input, output    *schema        // nil: anything goes
	handler          handler        // nil: not served
}

// id is the name by which faults and logs know the call.
func (r *route) id() string { return r.service + "." + r.name }

// segment is a part of a path between slashes.
type segment struct {
	literal string
	param   string // instead of a literal
	wild    bool   // the parameter may hold slashes
	maybe   bool   // the parameter may be absent
}

// wild are the parameters that may hold slashes that are not escaped, by service.
var wild = map[string][]string{
	"queue":       {"name", "taskQueueId"},
	"secrets":     {"name"},
	"object":      {"name"},
	"purge-cache": {"workerPoolId"},
	"index":       {"name"},
}

// optional are the parameters at the end of a path that may be absent.
var optional = map[string]bool{"index.listTasks": true, "index.listNamespaces": true}

const (
	slugPattern  = slugid.Pattern
	namePattern  = `^[\x20-\x7e]+$`
	shortPattern = `^[a-zA-Z0-9_-]{1,38}$`
	indexPattern = `^([a-zA-Z0-9_!~*'()%-]+\.)*[a-zA-Z0-9_!~*'()%-]+$`
	poolPattern  = `^[A-Za-z0-9_-]{1,38}/[A-Za-z0-9_-]{1,38}$`
)

// patterns say what parameters of paths have to look like, by service. Others may be anything. They are compiled when
// the first server is made: most runs of this program make none.
var patterns = sync.OnceValue(func() map[string]map[string]*regexp.Regexp {
	return map[string]map[string]*regexp.Regexp{
		"queue": {
			"taskId":        regexp.MustCompile(slugPattern),
			"taskGroupId":   regexp.MustCompile(slugPattern),
			"taskQueueId":   regexp.MustCompile(`^[a-zA-Z0-9_-]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?$`),
			"provisionerId": regexp.MustCompile(shortPattern),
			"workerType":    regexp.MustCompile(shortPattern),
			"workerGroup":   regexp.MustCompile(shortPattern),
			"workerId":      regexp.MustCompile(shortPattern),
			"runId":         regexp.MustCompile(`^[1-9]*[0-9]+$`),
			"name":          regexp.MustCompile(namePattern),
		},
		"index": {
			"namespace": regexp.MustCompile(indexPattern),
			"indexPath": regexp.MustCompile(indexPattern),
		},
		"auth": {
			"clientId": regexp.MustCompile(`^[A-Za-z0-9!@/:.+|_-]+$`),
			"roleId":   regexp.MustCompile(namePattern),
		},
		"hooks": {
			"hookGroupId": regexp.MustCompile(`^[a-zA-Z0-9_-]{1,1000}$`),
			"hookId":      regexp.MustCompile(`^[a-zA-Z0-9_/-]{1,1000}$`),
		},
		"object":      {"name": regexp.MustCompile(namePattern)},
		"purge-cache": {"workerPoolId": regexp.MustCompile(poolPattern)},
	}
})

// queries say what parameters of queries have to look like.
var queries = sync.OnceValue(func() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"continuationToken": regexp.MustCompile(`.`),
		"limit":             regexp.MustCompile(`^[0-9]+$`),
		"prefix":            regexp.MustCompile(`^[A-Za-z0-9!@/:.+|_-]+$`),
		"quarantined":       regexp.MustCompile(`^(true|false)$`),
	}
})

// api is all calls of all services, by service and method.
type api map[string]map[string][]*route

// loadAPI reads the references once, and gives every call its handler.
var loadAPI = sync.OnceValue(func() api {
	all := api{}
	for _, service := range services {
		text, err := data.ReadFile("data/references/" + service + ".json")
		if err != nil {
			panic(err)
		}
		var ref reference
		if err := json.Unmarshal(text, &ref); err != nil {
			panic(fmt.Sprintf("the reference of %s: %v", service, err))
		}
		all[service] = map[string][]*route{}
		served := handlers[service]
		known := map[string]bool{}
		for _, e := range ref.Entries {
			deed := served[e.Name]
			if deed == nil {
				deed = monitoring[e.Name]
			}
			r, err := newRoute(service, ref.APIVersion, e, deed)
			if err != nil {
				panic(fmt.Sprintf("the reference of %s: %s: %v", service, e.Name, err))
			}
			known[e.Name] = true
			all[service][r.method] = append(all[service][r.method], r)
		}
		for name := range served {
			if !known[name] {
				panic(fmt.Sprintf("%s has no call %s", service, name))
			}
		}
	}
	return all
})

func newRoute(service, version string, e entry, deed handler) (*route, error) {
	r := &route{service: service, version: version, name: e.Name, method: strings.ToUpper(e.Method), query: e.Query, handler: deed}
	for part := range strings.SplitSeq(strings.TrimPrefix(e.Route, "/"), "/") {
		s := segment{literal: part}
		if name, ok := strings.CutPrefix(part, "<"); ok {
			s = segment{param: strings.TrimSuffix(name, ">")}
			s.wild = slices.Contains(wild[service], s.param)
			s.maybe = optional[r.id()]
		}
		r.segments = append(r.segments, s)
	}
	if deed == nil {
		return r, nil
	}
	if e.Scopes != nil {
		t, err := newScopeTemplate(e.Scopes)
		if err != nil {
			return nil, err
		}
		r.scopes, r.early = &t, true
		for _, v := range t.variables(nil) {
			r.early = r.early && slices.ContainsFunc(r.segments, func(s segment) bool { return s.param == v && !s.maybe })
		}
	}
	var err error
	if r.input, err = loadSchema(service, e.Input); err == nil && e.Input != "" && r.input == nil {
		err = fmt.Errorf("there is no schema %s", e.Input)
	}
	if err == nil {
		r.output, err = loadSchema(service, e.Output)
	}
	return r, err
}

// match compares the parts of a path, still escaped, with the route. It gives the parameters.
func (r *route) match(parts []string) (map[string]string, bool) {
	for i, s := range r.segments { // what comes before the first parameter rules out most routes
		if s.param != "" {
			break
		}
		if i >= len(parts) || parts[i] != s.literal {
			return nil, false
		}
	}
	params := map[string]string{}
	return params, matchSegments(r.segments, parts, params)
}

func matchSegments(segments []segment, parts []string, params map[string]string) bool {
	if len(segments) == 0 {
		return len(parts) == 0
	}
	s, rest := segments[0], segments[1:]
	if len(parts) == 0 {
		return s.maybe && len(rest) == 0
	}
	switch {
	case s.param == "":
		return parts[0] == s.literal && matchSegments(rest, parts[1:], params)
	case !s.wild:
		if parts[0] == "" && !(s.maybe && len(parts) == 1) {
			return false
		}
		value, ok := unescape(parts[0])
		params[s.param] = value
		return ok && matchSegments(rest, parts[1:], params)
	}
	for n := len(parts) - len(rest); n >= 1; n-- { // the longest first
		if matchSegments(rest, parts[n:], params) {
			value, ok := unescape(strings.Join(parts[:n], "/"))
			params[s.param] = value
			return ok && value != ""
		}
	}
	return false
}

// unescape undoes percent-encoding, in which a plus is a plus.
func unescape(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		hi, lo := unhex(s[i+1]), unhex(s[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		out = append(out, byte(hi<<4|lo))
		i += 2
	}
	return string(out), true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// find gives the route of a request, with its parameters. As in the real services a slash at the end more or less is the
// same: the clients do not agree on it.
func (a api) find(service, version, method, rest string) (*route, map[string]string) {
	r, params := a.findExactly(service, version, method, rest)
	if r == nil {
		other, had := strings.CutSuffix(rest, "/")
		if !had {
			other += "/"
		}
		r, params = a.findExactly(service, version, method, other)
	}
	return r, params
}

func (a api) findExactly(service, version, method, rest string) (*route, map[string]string) {
	parts := strings.Split(rest, "/")
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, r := range a[service][method] {
		if r.version != version {
			continue
		}
		if params, ok := r.match(parts); ok {
			for name := range params {
				if slices.ContainsFunc(r.segments, func(s segment) bool { return s.param == name && s.maybe }) && params[name] == "" {
					delete(params, name)
				}
			}
			return r, params
		}
	}
	return nil, nil
}

// Calls lists the calls of the real services by service, sorted, and says of each whether it is served here. Those
// that are not answer with 501.
func Calls() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for service, methods := range loadAPI() {
		all[service] = map[string]bool{}
		for _, routes := range methods {
			for _, r := range routes {
				all[service][r.name] = r.handler != nil
			}
		}
	}
	return all
}

// dataFile gives a reference or schema for its address, such as /references/queue/v1/api.json.
func dataFile(urlPath string) ([]byte, bool) {
	urlPath = path.Clean("/" + urlPath)
	if rest, ok := strings.CutPrefix(urlPath, "/references/"); ok {
		service, file, _ := strings.Cut(rest, "/")
		if rest == "manifest.json" {
			return manifest(), true
		}
		if file != "v1/api.json" || !slices.Contains(services, service) {
			return nil, false
		}
		text, err := data.ReadFile("data/references/" + service + ".json")
		return text, err == nil
	}
	if strings.HasPrefix(urlPath, "/schemas/") {
		text, err := data.ReadFile("data" + urlPath)
		return text, err == nil
	}
	return nil, false
}

func manifest() []byte {
	var refs []string
	for _, s := range services {
		refs = append(refs, "/references/"+s+"/v1/api.json")
	}
	return mustJSON(object{"$schema": "/schemas/common/manifest-v3.json#", "references": refs})
}
