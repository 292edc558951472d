package local

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FaultKind is a way in which a service fails.
type FaultKind string

// What can go wrong.
const (
	Latency    FaultKind = "latency"     // the answer comes later by Delay
	Status     FaultKind = "status"      // an answer with Status instead of the deed
	DropBefore FaultKind = "drop-before" // the connection ends and nothing is done
	DropAfter  FaultKind = "drop-after"  // it is done and the connection ends without an answer
	Duplicate  FaultKind = "duplicate"   // the request arrives twice; the second answer is sent
	SlowBody   FaultKind = "slow-body"   // the answer comes in pieces, over Delay
)

// Fault is something that goes wrong on purpose.
type Fault struct {
	// Route says which calls can be hit: queue.createTask, queue.*, *, or blobs for stored content. It may have the
	// stars and brackets of path.Match. A name without a dot means the call of any service.
	Route string
	Kind  FaultKind
	// Probability is how many of the calls are hit, from 0 to 1.
	Probability float64
	// Status is what a [Status] fault answers: 429, or one from 500 up.
	Status int
	// RetryAfter, with a Status, is sent in the header of that name if it is at least a second.
	RetryAfter time.Duration
	// Delay is of [Latency] and [SlowBody].
	Delay time.Duration
	// Burst is for how many tries of the same request in a row the fault holds once it hits. Zero is one.
	Burst int
}

// Validate says what is wrong with a fault.
func (f Fault) Validate() error {
	_, err := path.Match(f.Route, "")
	switch {
	case err != nil:
		return fmt.Errorf("fault: the route %q is no pattern", f.Route)
	case f.Route == "":
		return fmt.Errorf("fault: no route is given; * means every one")
	case math.IsNaN(f.Probability) || f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("fault %s: the probability %v is not between 0 and 1", f.Route, f.Probability)
	case f.Burst < 0 || f.Delay < 0 || f.RetryAfter < 0:
		return fmt.Errorf("fault %s: burst, delay and pause cannot be negative", f.Route)
	}
	switch f.Kind {
	case Status:
		if f.Status != http.StatusTooManyRequests && (f.Status < 500 || f.Status > 599) {
			return fmt.Errorf("fault %s: the status %d is neither 429 nor 5xx", f.Route, f.Status)
		}
	case Latency, SlowBody:
		if f.Delay == 0 {
			return fmt.Errorf("fault %s: %s needs a delay", f.Route, f.Kind)
		}
	case DropBefore, DropAfter, Duplicate:
	default:
		return fmt.Errorf("fault %s: there is no kind %q", f.Route, f.Kind)
	}
	return nil
}

// ParseFault reads a fault as the command line has it: ROUTE:KIND[=VALUE][:PROBABILITY[:BURST]]. The kind may be a
// status, whose value is what Retry-After says. Without a probability every call is hit.
//
//	*:latency=20ms
//	queue.createTask:503:0.1
//	queue.*:429=2s:0.05:3
//	*:drop-after:0.01
func ParseFault(s string) (Fault, error) {
	f := Fault{Probability: 1}
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 4 {
		return f, fmt.Errorf("fault %q is not ROUTE:KIND[=VALUE][:PROBABILITY[:BURST]]", s)
	}
	f.Route = parts[0]
	kind, value, valued := strings.Cut(parts[1], "=")
	var pause time.Duration
	if valued {
		var err error
		if pause, err = time.ParseDuration(value); err != nil {
			return f, fmt.Errorf("fault %q: %q is no duration, such as 20ms", s, value)
		}
	}
	if code, err := strconv.Atoi(kind); err == nil {
		f.Kind, f.Status, f.RetryAfter = Status, code, pause
	} else {
		f.Kind, f.Delay = FaultKind(kind), pause
	}
	if len(parts) > 2 {
		p, err := strconv.ParseFloat(parts[2], 64)
		if err != nil {
			return f, fmt.Errorf("fault %q: %q is no probability", s, parts[2])
		}
		f.Probability = p
	}
	if len(parts) > 3 {
		n, err := strconv.Atoi(parts[3])
		if err != nil || n < 1 {
			return f, fmt.Errorf("fault %q: %q is no number of tries", s, parts[3])
		}
		f.Burst = n
	}
	return f, f.Validate()
}

// String gives the fault as [ParseFault] reads it.
func (f Fault) String() string {
	kind, value := string(f.Kind), f.Delay
	if f.Kind == Status {
		kind, value = strconv.Itoa(f.Status), f.RetryAfter
	}
	if value != 0 {
		kind += "=" + value.String()
	}
	text := fmt.Sprintf("%s:%s:%s", f.Route, kind, strconv.FormatFloat(f.Probability, 'g', -1, 64))
	if f.Burst > 0 {
		text += ":" + strconv.Itoa(f.Burst)
	}
	return text
}

// faultPlan decides which requests are hit. The fate of a request depends on the seed, on what it asks for and on how
// often that was asked before; not on what others ask meanwhile. So the same client meets the same faults, however
// many connections it has.
type faultPlan struct {
	seed    uint64
	faults  []Fault
	certain bool // every fault hits or never does, however often something was asked

	mu    sync.Mutex
	tries map[string]int // by method and path
	burst map[string]int // tries that are still hit, by fault, method and path
}

// SetFaults replaces the faults and begins to count anew.
func (s *Server) SetFaults(seed uint64, faults ...Fault) error {
	for _, f := range faults {
		if err := f.Validate(); err != nil {
			return err
		}
	}
	if len(faults) == 0 {
		s.faults.Store(nil)
		return nil
	}
	certain := !slices.ContainsFunc(faults, func(f Fault) bool { return f.Probability > 0 && f.Probability < 1 })
	s.faults.Store(&faultPlan{seed: seed, faults: faults, certain: certain, tries: map[string]int{}, burst: map[string]int{}})
	return nil
}

// chosen gives the faults that hit a request.
func (p *faultPlan) chosen(route, key string) []*Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	try := 0
	if !p.certain {
		try = p.tries[key]
		p.tries[key]++
	}
	var hit []*Fault
	for i := range p.faults {
		f := &p.faults[i]
		if !f.concerns(route) {
			continue
		}
		if f.Probability == 1 { // in a burst or not
			hit = append(hit, f)
			continue
		}
		burst := strconv.Itoa(i) + " " + key
		switch {
		case p.burst[burst] > 0:
			p.burst[burst]--
		case chance(p.seed, i, key, try) >= f.Probability:
			continue
		case f.Burst > 1:
			p.burst[burst] = f.Burst - 1
		}
		hit = append(hit, f)
	}
	return hit
}

// concerns says whether a fault is one of these calls.
func (f *Fault) concerns(route string) bool {
	if f.Route == "*" {
		return true
	}
	if full, _ := path.Match(f.Route, route); full {
		return true
	}
	_, name, _ := strings.Cut(route, ".")
	short, _ := path.Match(f.Route, name)
	return short && !strings.Contains(f.Route, ".")
}

// chance gives a number from 0 up to 1 that depends on its arguments only.
func chance(seed uint64, fault int, key string, try int) float64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %d %s", seed, fault, try, key)
	x := h.Sum64()
	// The last bytes have hardly reached the upper bits: mix them.
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// hit lets a request meet its faults. It says whether it was answered.
func (p *faultPlan) hit(s *Server, w http.ResponseWriter, r *http.Request) bool {
	route, key := s.routeID(r)
	var twice, after bool
	var slow time.Duration
	for _, f := range p.chosen(route, key) {
		s.log.Debug("fault", "call", route, "fault", f.String())
		switch f.Kind {
		case Latency:
			delay(r.Context(), f.Delay)
		case DropBefore:
			panic(http.ErrAbortHandler)
		case DropAfter:
			after = true
		case Duplicate:
			twice = true
		case SlowBody:
			slow += f.Delay
		case Status:
			sendStatus(w, r, f, route, newStamp(s.now()).String())
			return true
		}
	}
	if !twice && !after && slow == 0 {
		return false
	}
	// A body that is too large is passed on, to be refused.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBlob))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	again := func() *heldAnswer {
		copied := r.Clone(r.Context())
		copied.Body = io.NopCloser(bytes.NewReader(body))
		held := &heldAnswer{header: http.Header{}, status: http.StatusOK}
		s.serveOnce(held, copied)
		return held
	}
	answer := again()
	if twice {
		answer = again()
	}
	if after {
		panic(http.ErrAbortHandler)
	}
	sendSlowly(w, r, answer, slow)
	return true
}

// wait waits with the runtime's timer, or until the context ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// routeID gives the name of the call that a request makes, and what tells its tries from others.
func (s *Server) routeID(r *http.Request) (route, key string) {
	rawPath, _, _ := strings.Cut(resource(r), "?")
	key = r.Method + " " + rawPath
	if strings.HasPrefix(rawPath, "/blobs/") {
		return "blobs", key
	}
	rest, _ := strings.CutPrefix(rawPath, "/api/")
	service, rest, _ := strings.Cut(rest, "/")
	version, rest, _ := strings.Cut(rest, "/")
	if found, _ := s.api.find(service, version, r.Method, rest); found != nil {
		return found.id(), key
	}
	return "-", key
}

// sendStatus answers as what stands in front of the services does, or as they themselves.
func sendStatus(w http.ResponseWriter, r *http.Request, f *Fault, route, now string) {
	code := map[int]string{http.StatusTooManyRequests: "TooManyRequests", http.StatusInternalServerError: "InternalServerError"}[f.Status]
	if code == "" {
		code = "ServiceUnavailable"
	}
	refusal := &failure{code: code, status: f.Status, message: "this failure is injected"}
	h := http.Header{}
	if seconds := int(f.RetryAfter.Round(time.Second).Seconds()); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	_, name, _ := strings.Cut(route, ".")
	writeJSON(w, r, &answer{status: f.Status, header: h, body: refusal.body(requestInfo{Method: name, Time: now})})
}

// heldAnswer is an answer that is not sent yet.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header             { return h.header }
func (h *heldAnswer) WriteHeader(status int)          { h.status = status }
func (h *heldAnswer) Write(piece []byte) (int, error) { return h.body.Write(piece) }

// sendSlowly sends an answer that is ready, in pieces.
func sendSlowly(w http.ResponseWriter, r *http.Request, answer *heldAnswer, over time.Duration) {
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.status)
	const pieces = 10
	body := answer.body.Bytes()
	for i := range pieces {
		from, to := i*len(body)/pieces, (i+1)*len(body)/pieces
		if _, err := w.Write(body[from:to]); err != nil {
			return
		}
		if over == 0 {
			continue
		}
		_ = http.NewResponseController(w).Flush() // nothing to flush is no matter
		select {
		case <-time.After(over / pieces):
		case <-r.Context().Done():
			return
		}
	}
}
