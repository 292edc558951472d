package local

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/taskgraph-go/decision/internal/atomicfile"
)

// blobStore keeps the content of artifacts and objects, by key. It is safe for concurrent use.
type blobStore interface {
	put(key string, content []byte) error
	get(key string) ([]byte, bool, error)
}

func newBlobStore(dir string) (blobStore, error) {
	if dir == "" {
		return &memoryBlobs{content: map[string][]byte{}}, nil
	}
	return diskBlobs{dir}, os.MkdirAll(dir, 0o700)
}

type memoryBlobs struct {
	mu      sync.RWMutex
	content map[string][]byte
}

func (m *memoryBlobs) put(key string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.content[key] = content
	return nil
}

func (m *memoryBlobs) get(key string) ([]byte, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	content, ok := m.content[key]
	return content, ok, nil
}

// diskBlobs keeps a file for each key, named by its digest, so that no name leads anywhere else.
type diskBlobs struct{ dir string }

func (d diskBlobs) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(d.dir, hex.EncodeToString(sum[:1]), hex.EncodeToString(sum[:]))
}

func (d diskBlobs) put(key string, content []byte) error {
	file := d.file(key)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(file, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func (d diskBlobs) get(key string) ([]byte, bool, error) {
	content, err := os.ReadFile(d.file(key))
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	return content, err == nil, err
}

// storedObject is what is known of stored content. Its rows are by the name of the object.
type storedObject struct {
	ContentType     string            `json:"contentType"`
	ContentEncoding string            `json:"contentEncoding,omitempty"`
	Size            int64             `json:"size"`
	Public          bool              `json:"public,omitempty"` // no signature is needed to read it
	ProjectID       string            `json:"projectId,omitempty"`
	UploadID        string            `json:"uploadId,omitempty"` // while it is not finished
	Expires         stamp             `json:"expires,omitzero"`
	Hashes          map[string]string `json:"hashes,omitempty"`
	Announced       *int64            `json:"announced,omitempty"` // how large the content was said to be
	Stored          bool              `json:"stored,omitempty"`    // there is content
}

// maxBlob is how large an upload may be.
const maxBlob = 512 << 20

// blobURL makes an address that lets one method be used until a time.
func (s *Server) blobURL(root, method, key, contentType string, until time.Time) string {
	q := url.Values{"expires": {strconv.FormatInt(until.Unix(), 10)}}
	q.Set("signature", s.signBlob(method, key, contentType, q.Get("expires")))
	return root + "/blobs/" + escapeKey(key) + "?" + q.Encode()
}

// publicURL is the address of what everybody may read.
func publicURL(root, key string) string { return root + "/blobs/" + escapeKey(key) }

func escapeKey(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

func (s *Server) signBlob(method, key, contentType, until string) string {
	mac := hmac.New(sha256.New, []byte(s.signKey))
	fmt.Fprintf(mac, "%s\n%s\n%s\n%s", method, key, contentType, until)
	return hex.EncodeToString(mac.Sum(nil))
}

// serveBlob takes and gives content, as a store with signed addresses does. It gives the status.
func (s *Server) serveBlob(w http.ResponseWriter, r *http.Request) int {
	refuse := func(status int, format string, args ...any) int {
		http.Error(w, fmt.Sprintf(format, args...), status)
		return status
	}
	path, rawQuery, _ := strings.Cut(resource(r), "?")
	key, ok := unescape(strings.TrimPrefix(path, "/blobs/"))
	if !ok || key == "" {
		return refuse(http.StatusBadRequest, "the name cannot be read")
	}
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return refuse(http.StatusBadRequest, "the query cannot be read")
	}
	s.mu.Lock()
	row, known := s.objects.rows[key]
	s.mu.Unlock()
	method, contentType := r.Method, ""
	switch method {
	case http.MethodHead:
		method = http.MethodGet
	case http.MethodGet:
	case http.MethodPut:
		contentType = r.Header.Get("Content-Type")
	default:
		return refuse(http.StatusMethodNotAllowed, "only GET and PUT")
	}
	if !(method == http.MethodGet && known && row.Public) {
		until, err := strconv.ParseInt(q.Get("expires"), 10, 64)
		if err != nil || !sameText(q.Get("signature"), s.signBlob(method, key, contentType, q.Get("expires"))) {
			return refuse(http.StatusForbidden, "the signature does not match; the content type has to be the same as when the address was made")
		}
		if s.now().Unix() > until {
			return refuse(http.StatusForbidden, "the address has expired")
		}
	}
	if method == http.MethodPut {
		return s.takeBlob(w, r, key, refuse)
	}
	content, found, err := s.blobs.get(key)
	if err != nil {
		s.log.Error("stored content", "key", key, "error", err)
		return refuse(http.StatusInternalServerError, "the content cannot be read")
	}
	if !found || !known {
		return refuse(http.StatusNotFound, "no such key")
	}
	if row.ContentEncoding != "" {
		w.Header().Set("Content-Encoding", row.ContentEncoding)
	}
	w.Header().Set("Content-Type", row.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	// Nobody's page may run scripts here.
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
	return http.StatusOK
}

func (s *Server) takeBlob(w http.ResponseWriter, r *http.Request, key string, refuse func(int, string, ...any) int) int {
	// The official Go client does not say the length of what it uploads to the object service.
	if r.ContentLength < 0 && !strings.HasPrefix(key, objectKey("")) {
		return refuse(http.StatusLengthRequired, "the length of the content is needed")
	}
	if r.ContentLength > maxBlob {
		return refuse(http.StatusRequestEntityTooLarge, "more than %d MB", maxBlob>>20)
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, maxBlob+1))
	if len(content) > maxBlob {
		return refuse(http.StatusRequestEntityTooLarge, "more than %d MB", maxBlob>>20)
	}
	if err != nil || r.ContentLength >= 0 && int64(len(content)) != r.ContentLength {
		return refuse(http.StatusBadRequest, "the content broke off")
	}
	s.mu.Lock()
	announced := s.objects.rows[key].Announced
	s.mu.Unlock()
	if announced != nil && int64(len(content)) != *announced {
		return refuse(http.StatusForbidden, "the content has %d bytes, and %d were announced", len(content), *announced)
	}
	sum := sha256.Sum256(content)
	if err := s.storeBlob(key, content, r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding")); err != nil {
		s.log.Error("stored content", "key", key, "error", err)
		return refuse(http.StatusInternalServerError, "the content cannot be stored")
	}
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	w.WriteHeader(http.StatusOK)
	return http.StatusOK
}

// storeBlob keeps content for a key that was announced.
func (s *Server) storeBlob(key string, content []byte, contentType, encoding string) error {
	if err := s.blobs.put(key, content); err != nil {
		return err
	}
	if encoding == "identity" {
		encoding = ""
	}
	s.mu.Lock()
	row := s.objects.rows[key]
	row.ContentType, row.ContentEncoding, row.Size, row.Stored = contentType, encoding, int64(len(content)), true
	s.objects.set(key, row)
	s.mu.Unlock()
	return s.journal.wait()
}
