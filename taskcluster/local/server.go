package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskcluster/slugid-go/slugid"
	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"

	"github.com/taskgraph-go/decision/taskcluster"
)

// RootClient is the client that may do everything.
const RootClient = "static/taskcluster/root"

// Client is somebody who may call.
type Client struct {
	ID          string
	AccessToken string // empty: one is made
	Scopes      []string
	Expires     time.Time // zero: in a thousand years
}

// Options say how the services behave. The zero value keeps everything in memory and the time of the real services.
type Options struct {
	// RootURL is the address that links begin with. Empty: what the request was sent to.
	RootURL string
	// State is the directory that keeps everything. Empty: nothing is kept.
	State string
	// RootToken is the access token of [RootClient]. Empty: the one of the state, or a new one.
	RootToken string
	// Clients and Roles are there from the beginning. They replace those in the state of the same name.
	Clients []Client
	Roles   map[string][]string
	// Clock gives the time. Nil: the machine's. Deadlines, claims and schedules follow it: whatever is due is done
	// before the next request is served, and by [Server.Settle].
	Clock func() time.Time
	// SignatureClock gives the time that signatures of requests are compared with. Nil: the machine's, because that is
	// what clients sign with, even where Clock is another.
	SignatureClock func() time.Time
	// NewID makes ids of tasks, uploads and tokens. Nil: random slugids.
	NewID func() string
	// Faults are what goes wrong on purpose, see [Fault]. Seed decides which requests are hit.
	Faults []Fault
	Seed   uint64
	// ClaimWait is how long claimWork waits for a task. Zero: 20 seconds; negative: not at all.
	ClaimWait time.Duration
	// ClaimTimeout is how long a claim lasts. Zero: 20 minutes.
	ClaimTimeout time.Duration
	// MaxDeadline is how far ahead a deadline may be. Zero: 5 days.
	MaxDeadline time.Duration
	// CheckReplies checks every reply against its schema, where there is one. A reply that does not fit is an
	// internal error.
	CheckReplies bool
	// Log is told of every request, refusal and failure. Nil discards. No secret is logged.
	Log *slog.Logger
}

// Server is the services of a deployment. It is safe for concurrent use.
type Server struct {
	o       Options
	log     *slog.Logger
	api     api
	journal *journal
	blobs   blobStore
	faults  atomic.Pointer[faultPlan]
	signKey string    // signs addresses of stored content
	started time.Time // by the machine's clock
	closing chan struct{}
	// draining closes closing once; closed closes the store once.
	draining sync.Once
	closed   func() error

	// mu guards everything below. It is never held while waiting for something.
	mu       sync.Mutex
	auth     authState
	queue    queueState
	index    indexState
	hooks    hookState
	secrets  *table[secret]
	purges   *table[purgeRequest]
	notify   notifyState
	objects  *table[storedObject]
	due      dueHeap
	arrivals chan struct{} // closed and replaced when tasks become pending

	directory atomic.Pointer[directory]
}

// New opens the services, with what the state directory holds. Close them at the end.
func New(o Options) (*Server, error) {
	s := &Server{o: o, log: o.Log, started: time.Now(), closing: make(chan struct{}), arrivals: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.o.Clock == nil {
		s.o.Clock = time.Now
	}
	if s.o.SignatureClock == nil {
		s.o.SignatureClock = time.Now
	}
	if s.o.NewID == nil {
		s.o.NewID = slugid.Nice
	}
	setDefault(&s.o.ClaimWait, 20*time.Second)
	setDefault(&s.o.ClaimTimeout, 20*time.Minute)
	setDefault(&s.o.MaxDeadline, 5*24*time.Hour)
	s.o.RootURL = strings.TrimRight(o.RootURL, "/")
	s.api = loadAPI()
	if err := s.SetFaults(o.Seed, o.Faults...); err != nil {
		return nil, err
	}
	var err error
	if s.journal, err = openJournal(o.State, &s.mu); err != nil {
		return nil, err
	}
	s.closed = sync.OnceValue(s.journal.close)
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.closed())
	}
	return s, nil
}

func setDefault(d *time.Duration, to time.Duration) {
	if *d == 0 {
		*d = to
	}
}

// load reads the state and adds what the options want.
func (s *Server) load() error {
	s.mu.Lock()
	err := s.loadTables()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.journal.wait()
}

func (s *Server) loadTables() error {
	dir := ""
	if s.o.State != "" {
		dir = filepath.Join(s.o.State, "blobs")
	}
	var err error
	if s.blobs, err = newBlobStore(dir); err != nil {
		return err
	}
	for _, f := range []func() error{s.loadAuth, s.loadQueue, s.loadIndex, s.loadHooks, s.loadNotify} {
		if err := f(); err != nil {
			return err
		}
	}
	if s.secrets, err = newTable[secret](s.journal, "secrets"); err != nil {
		return err
	}
	if s.purges, err = newTable[purgeRequest](s.journal, "purge-cache"); err != nil {
		return err
	}
	if s.objects, err = newTable[storedObject](s.journal, "objects"); err != nil {
		return err
	}
	return nil
}

// Close writes what is left and closes the store. Requests must have ended.
func (s *Server) Close() error {
	s.drain()
	return s.closed()
}

// drain sends home who waits for work.
func (s *Server) drain() {
	s.draining.Do(func() { close(s.closing) })
}

// now gives the time.
func (s *Server) now() time.Time { return s.o.Clock() }

// Handler serves the API below /api/, the references and schemas, and stored content below /blobs/.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// RootCredentials are those of [RootClient].
func (s *Server) RootCredentials() *tcclient.Credentials {
	c := s.directory.Load().clients[RootClient]
	return &tcclient.Credentials{ClientID: c.ID, AccessToken: c.AccessToken}
}

// Credentials makes temporary credentials with these scopes and no others but those of everybody. They last a day.
func (s *Server) Credentials(scopes ...string) *tcclient.Credentials {
	return s.credentials("", 24*time.Hour, scopes)
}

// NamedCredentials makes temporary credentials that call themselves by a client id of their own.
func (s *Server) NamedCredentials(clientID string, scopes ...string) *tcclient.Credentials {
	return s.credentials(clientID, 24*time.Hour, scopes)
}

// Environment gives the variables by which clients, and this program, find a deployment at an address and show who they
// are. Without credentials they are nobody.
func Environment(rootURL string, c *tcclient.Credentials) map[string]string {
	env := map[string]string{taskcluster.RootURLVariable: rootURL}
	if c != nil {
		env[taskcluster.ClientIDVariable], env[taskcluster.AccessTokenVariable] = c.ClientID, c.AccessToken
		if c.Certificate != "" {
			env[taskcluster.CertificateVariable] = c.Certificate
		}
	}
	return env
}

// credentials makes temporary credentials as the services do for workers.
func (s *Server) credentials(name string, lifetime time.Duration, scopes []string) *tcclient.Credentials {
	now := s.now()
	if scopes == nil {
		scopes = []string{}
	}
	root := s.RootCredentials()
	c := certificate{
		Version: 1, Scopes: scopes, Seed: s.o.NewID() + s.o.NewID(),
		// The clock of who checks may be a little behind.
		Start: now.Add(-time.Minute).UnixMilli(), Expiry: now.Add(lifetime).UnixMilli(),
	}
	id := root.ClientID
	if name != "" {
		id, c.Issuer = name, root.ClientID
	}
	c.Signature = c.sign(root.AccessToken, id)
	return &tcclient.Credentials{ClientID: id, AccessToken: temporaryToken(root.AccessToken, c.Seed), Certificate: string(mustJSON(c))}
}

// Running is services that listen.
type Running struct {
	*Server
	listener net.Listener
	http     *http.Server
	stop     context.CancelFunc
	served   chan error
	ticked   chan struct{}
}

// Listen serves on a port of the loopback interface; 0 is any that is free. What is due is done every second.
func (s *Server) Listen(port int) (*Running, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Running{Server: s, listener: l, stop: stop, served: make(chan error, 1), ticked: make(chan struct{})}
	r.http = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 128 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	go func() { r.served <- r.http.Serve(l) }()
	go func() {
		defer close(r.ticked)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.Settle()
			}
		}
	}()
	return r, nil
}

// RootURL is the address of the deployment.
func (r *Running) RootURL() string {
	if r.o.RootURL != "" {
		return r.o.RootURL
	}
	return "http://" + r.listener.Addr().String()
}

// Shutdown ends the requests that run, for as long as the context lasts, and closes the server.
func (r *Running) Shutdown(ctx context.Context) error {
	r.stop()
	<-r.ticked
	r.drain()
	err := r.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, r.http.Close())
	}
	if serveErr := <-r.served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return errors.Join(err, r.Close())
}
