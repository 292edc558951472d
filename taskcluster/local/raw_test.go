package local

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/taskcluster/slugid-go/slugid"
)

// rawRequest makes a request and follows no redirect.
func rawRequest(t *testing.T, method, address, contentType, body string, sign func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	require.NoError(t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if sign != nil {
		sign(req)
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(text)
}

// signed signs a request with a client's own credentials.
func signed(id, key string, at time.Time, edit ...func(*hawkHeader)) func(*http.Request) {
	return func(r *http.Request) {
		u := r.URL
		port, _ := strconv.Atoi(u.Port())
		h := hawkHeader{id: id, ts: strconv.FormatInt(at.Unix(), 10), nonce: slugid.Nice()[:6]}
		for _, f := range edit {
			f(&h)
		}
		if h.mac == "" {
			h.mac = hawkMAC(key, "header", hawkRequest{method: r.Method, resource: requestURI(u), host: u.Hostname(), port: port}, h)
		}
		r.Header.Set("Authorization", h.String())
	}
}

func requestURI(u *url.URL) string {
	return u.RequestURI()
}

// String gives the header as clients send it.
func (h hawkHeader) String() string {
	s := `Hawk id="` + h.id + `", ts="` + h.ts + `", nonce="` + h.nonce + `"`
	if h.hash != "" {
		s += `, hash="` + h.hash + `"`
	}
	if h.ext != "" {
		s += `, ext="` + h.ext + `"`
	}
	return s + `, mac="` + h.mac + `"`
}

func mustURL(t *testing.T, text string) *url.URL {
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}

func timestamp(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
