package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// maxBody is how large a request may be. Room for maxExpected is made as soon as a request says how long it is.
const (
	maxBody     = 10 << 20
	maxExpected = 64 << 10
)

// handler makes the reply to a call: nil for none, an [answer], or what is sent as JSON.
type handler func(c *call) (any, error)

// answer is a reply that is not simply JSON with the status 200.
type answer struct {
	status int
	header http.Header
	body   any // JSON; nil for none
}

// call is a request to one of the services.
type call struct {
	s      *Server
	route  *route
	req    *http.Request
	root   string // the address of the deployment as the caller knows it
	params map[string]string
	query  map[string]string
	body   []byte
	input  any // the body; an empty object if there is none
	now    time.Time

	who        *identity // once it is known
	authorized bool
}

// serve answers a request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if plan := s.faults.Load(); plan != nil && plan.hit(s, w, r) {
		return
	}
	s.serveOnce(w, r)
}

// serveOnce answers a request without faults.
func (s *Server) serveOnce(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	status, id := 0, "-"
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.log.Error("panic", "call", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			status = http.StatusInternalServerError
			writeJSON(w, r, &answer{status: status, body: refuse("InternalServerError", "Internal Server Error").body(requestInfo{Method: id, Time: newStamp(s.now()).String()})})
		}
		s.log.Debug("request", "call", id, "status", status, "took", time.Since(start))
	}()
	rawPath, _, _ := strings.Cut(resource(r), "?")
	switch {
	case strings.HasPrefix(rawPath, "/blobs/"):
		id = "blobs"
		status = s.serveBlob(w, r)
		return
	case strings.HasPrefix(rawPath, "/references/"), strings.HasPrefix(rawPath, "/schemas/"):
		if text, ok := dataFile(rawPath); ok && r.Method == http.MethodGet {
			status = http.StatusOK
			writeJSON(w, r, &answer{status: status, body: json.RawMessage(text)})
			return
		}
	case rawPath == notificationsPath && r.Method == http.MethodGet:
		status = http.StatusOK
		writeJSON(w, r, &answer{status: status, body: object{"notifications": s.Notifications()}})
		return
	}
	rest, isAPI := strings.CutPrefix(rawPath, "/api/")
	service, rest, _ := strings.Cut(rest, "/")
	version, rest, _ := strings.Cut(rest, "/")
	route, params := s.api.find(service, version, r.Method, rest)
	if !isAPI || route == nil {
		status = http.StatusNotFound
		writeJSON(w, r, &answer{status: status, body: refuse("ResourceNotFound", "there is nothing at this address").body(requestInfo{Method: "-", Time: newStamp(s.now()).String()})})
		return
	}
	id = route.id()
	c := &call{s: s, route: route, req: r, params: params, root: s.rootURL(r)}
	reply := c.answer()
	status = reply.status
	writeJSON(w, r, reply)
}

// resource is path and query as they were sent.
func resource(r *http.Request) string {
	res := r.RequestURI
	if res == "" {
		res = r.URL.RequestURI()
	}
	if !strings.HasPrefix(res, "/") { // in absolute form, as proxies get it
		if _, after, ok := strings.Cut(res, "://"); ok {
			if i := strings.IndexByte(after, '/'); i >= 0 {
				return after[i:]
			}
		}
		return "/"
	}
	return res
}

// rootURL is the address of the deployment, for links.
func (s *Server) rootURL(r *http.Request) string {
	if s.o.RootURL != "" {
		return s.o.RootURL
	}
	return "http://" + r.Host
}

// answer does what is asked, in the order of the real services: who asks, the path, the query, the body, the deed.
func (c *call) answer() *answer {
	c.now = c.s.now()
	c.input = object{}
	v, err := c.run()
	if e := c.s.journal.wait(); e != nil {
		err = e
	}
	if err == nil {
		reply, ok := v.(*answer)
		switch {
		case v == nil:
			return &answer{status: http.StatusNoContent}
		case !ok:
			reply = &answer{status: http.StatusOK, body: v}
		}
		if err = c.checkReply(reply); err == nil {
			return reply
		}
	}
	return c.refused(err)
}

func (c *call) run() (any, error) {
	if err := c.readBody(); err != nil {
		return nil, err
	}
	if c.route.handler == nil {
		return nil, refuse("NotServed", "%s is a call of the real service that the local one does not serve", c.route.id())
	}
	c.s.settle(c.now)
	if c.route.scopes == nil {
		c.authorized = true
	} else if c.route.early {
		if err := c.authorize(nil, nil); err != nil {
			return nil, err
		}
	}
	for _, check := range []func() error{c.checkParams, c.readQuery, c.checkInput} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	v, err := c.route.handler(c)
	if err == nil && !c.authorized {
		return nil, fmt.Errorf("%s did not ask for scopes", c.route.id())
	}
	return v, err
}

// readBody reads the body, and parses it if it is said to be JSON.
func (c *call) readBody() error {
	var read bytes.Buffer
	read.Grow(int(min(max(c.req.ContentLength, 0), maxExpected)) + bytes.MinRead)
	if _, err := read.ReadFrom(io.LimitReader(c.req.Body, maxBody+1)); err != nil {
		return refuse("MalformedPayload", "the body broke off: %v", err)
	}
	text := read.Bytes()
	if len(text) > maxBody {
		return refuse("InputTooLarge", "the body is larger than %d MB", maxBody>>20)
	}
	c.body = text
	if len(text) == 0 || !c.isJSON() {
		return nil
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return refuse("MalformedPayload", "the body is no JSON: %v", err)
	}
	switch v.(type) {
	case object, []any:
		c.input = v
		return nil
	}
	return refuse("MalformedPayload", "the body is neither an object nor a list")
}

func (c *call) isJSON() bool {
	const usual = "application/json"
	said := c.req.Header.Get("Content-Type")
	if said == usual {
		return true
	}
	t, _, err := mime.ParseMediaType(said)
	return err == nil && t == usual
}

func (c *call) checkParams() error {
	var wrong []string
	for _, name := range sortedKeys(c.params) {
		if p := patterns()[c.route.service][name]; p != nil && !p.MatchString(c.params[name]) {
			wrong = append(wrong, fmt.Sprintf("%s is %q, which does not match %s", name, c.params[name], p))
		}
	}
	if wrong != nil {
		return refuse("InvalidRequestArguments", "parts of the address are wrong:\n%s", strings.Join(wrong, "\n"))
	}
	return nil
}

func (c *call) readQuery() error {
	_, raw, _ := strings.Cut(resource(c.req), "?")
	c.query = map[string]string{}
	if raw == "" {
		return nil
	}
	all, err := url.ParseQuery(raw)
	if err != nil {
		return refuse("InvalidRequestArguments", "the query cannot be read: %v", err)
	}
	known := map[string]bool{}
	for _, name := range c.route.query {
		known[name] = true
	}
	var wrong []string
	for _, name := range sortedKeys(all) {
		values := all[name]
		switch p := queries()[name]; {
		case name == "bewit":
		case !known[name]:
			wrong = append(wrong, fmt.Sprintf("the query has an unknown parameter %q", name))
		case len(values) != 1:
			wrong = append(wrong, fmt.Sprintf("the query has %q more than once", name))
		case p != nil && !p.MatchString(values[0]):
			wrong = append(wrong, fmt.Sprintf("the query has %s=%q, which does not match %s", name, values[0], p))
		default:
			c.query[name] = values[0]
		}
	}
	if wrong != nil {
		return refuse("InvalidRequestArguments", "%s", strings.Join(wrong, "\n"))
	}
	return nil
}

func (c *call) checkInput() error {
	if c.route.input == nil {
		return nil
	}
	if len(c.body) == 0 || !c.isJSON() {
		return refuse("MalformedPayload", "the body must be JSON with the content type application/json, not %q", c.req.Header.Get("Content-Type"))
	}
	// As in the real services defaults are filled in while checking, so that what is required may come from one.
	c.route.input.fill(c.input)
	if wrong := c.route.input.check(c.input); wrong != nil {
		return refuse("InputValidationError", "the body does not fit its schema:\n  %s", strings.Join(wrong, "\n  "))
	}
	return nil
}

// data gives the body as an object; what is no object has not come here.
func (c *call) data() object {
	o, _ := c.input.(object)
	if o == nil {
		o = object{}
	}
	return o
}

// authorize refuses who has not the scopes that the call needs. The parameters of the path are known already.
func (c *call) authorize(texts map[string]string, lists map[string][]string) error {
	p := scopeParams{texts: c.params, lists: lists}
	if len(texts) > 0 {
		p.texts = make(map[string]string, len(c.params)+len(texts))
		for k, v := range c.params {
			p.texts[k] = v
		}
		for k, v := range texts {
			p.texts[k] = v
		}
	}
	need, err := c.route.scopes.render(p)
	if err != nil {
		return err
	}
	return c.demand(need)
}

// demand refuses who has not these scopes.
func (c *call) demand(need expression) error {
	who := c.identity()
	if who.status == authFailed {
		return &failure{code: "AuthenticationFailed", message: who.message, header: http.Header{"Www-Authenticate": {"hawk"}}}
	}
	rest, missing := need.missing(who.scopes)
	if !missing {
		c.authorized = true
		return nil
	}
	if who.status != authSuccess {
		return refuse("InsufficientScopes", "credentials are needed that satisfy this expression of scopes:\n\n```\n%s\n```", pretty(need.data()))
	}
	return refuse("InsufficientScopes", "client %s is missing the following scopes:\n\n```\n%s\n```\n\nThe call needs this expression of scopes:\n\n```\n%s\n```",
		who.clientID, pretty(rest.data()), pretty(need.data()))
}

// identity says who asks.
func (c *call) identity() *identity {
	if c.who == nil {
		c.who = c.s.identify(c.req, c.body, c.now)
	}
	return c.who
}

// clientID is the name of who asks.
func (c *call) clientID() string {
	if who := c.identity(); who.status == authSuccess {
		return who.clientID
	}
	return "auth-failed:" + c.identity().status
}

func (c *call) checkReply(reply *answer) error {
	if !c.s.o.CheckReplies || c.route.output == nil || reply.body == nil {
		return nil
	}
	if reply.status != http.StatusOK && reply.status != http.StatusSeeOther {
		return nil
	}
	var v any
	if err := json.Unmarshal(mustJSON(reply.body), &v); err != nil {
		return err
	}
	if wrong := c.route.output.check(v); wrong != nil {
		return fmt.Errorf("the reply of %s does not fit its schema: %s", c.route.id(), strings.Join(wrong, "; "))
	}
	return nil
}

// refused makes the answer of an error.
func (c *call) refused(err error) *answer {
	f, ok := err.(*failure)
	if !ok {
		c.s.log.Error("failure", "call", c.route.id(), "error", err)
		f = refuse("InternalServerError", "Internal Server Error: %v", err)
	}
	c.s.log.Debug("refused", "call", c.route.id(), "code", f.code, "details", f.details)
	var payload any = c.input
	if o, ok := payload.(object); ok && c.route.service == "secrets" {
		hidden := object{"secret": "(OMITTED)"}
		for k, v := range o {
			if k != "secret" {
				hidden[k] = v
			}
		}
		payload = hidden
	}
	info := requestInfo{Method: c.route.name, Params: c.params, Payload: payload, Time: newStamp(c.now).String()}
	return &answer{status: f.httpStatus(), header: f.header, body: f.body(info)}
}

// writeJSON sends an answer.
func writeJSON(w http.ResponseWriter, r *http.Request, a *answer) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	// What the services say may change at any time.
	w.Header().Set("Cache-Control", "no-store, no-cache, must-revalidate")
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	text, ok := a.body.(json.RawMessage)
	if !ok {
		text = mustJSON(a.body)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // the client may be gone
	}
}

// hostAndPort gives what a signature says about the server.
func hostAndPort(r *http.Request) (string, int) {
	host, portText, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, portText = r.Host, ""
	}
	port := 80
	if n, err := strconv.Atoi(portText); err == nil {
		port = n
	}
	if forwarded := r.Header.Get("X-Forwarded-Port"); forwarded != "" {
		if n, err := strconv.Atoi(forwarded); err == nil {
			port = n
		}
	} else if r.Header.Get("X-Forwarded-Proto") == "https" {
		port = 443
	}
	return host, port
}

// page cuts a list into pages by offset, as most calls do.
func page[T any](c *call, all []T) (rows []T, token string, err error) {
	offset, limit := 0, 1000
	if text := c.query["limit"]; text != "" {
		if n, err := strconv.Atoi(text); err == nil {
			limit = min(n, limit)
		}
	}
	if text := c.query["continuationToken"]; text != "" {
		plain, ok := strings.CutPrefix(text, "o")
		if offset, err = strconv.Atoi(plain); !ok || err != nil || offset < 0 {
			return nil, "", refuse("InputError", "the continuation token is none of ours")
		}
	}
	offset = min(offset, len(all))
	end := min(offset+limit, len(all))
	if end < len(all) && end > 0 {
		token = "o" + strconv.Itoa(end)
	}
	return all[offset:end], token, nil
}

// paged adds the token to a reply, unless it was the last page.
func paged(reply object, token string) object {
	if token != "" {
		reply["continuationToken"] = token
	}
	return reply
}

// monitoring are the calls that every service has.
var monitoring = map[string]handler{
	"ping": func(c *call) (any, error) {
		return object{"alive": true, "uptime": time.Since(c.s.started).Seconds()}, nil
	},
	"lbheartbeat": func(*call) (any, error) { return object{}, nil },
	"heartbeat":   func(*call) (any, error) { return object{}, nil },
	"version": func(*call) (any, error) {
		return object{"version": "local", "commit": "local", "source": "taskgraph local", "build": "NONE"}, nil
	},
}
