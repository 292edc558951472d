package taskcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"

	"github.com/taskgraph-go/decision/diag"
)

// Error is a refusal of a service.
type Error struct {
	Status  int    // of HTTP
	Code    string // the service's own name for it, such as ResourceNotFound; may be empty
	Message string // what it says about it; may be empty
}

// Error gives status, code and the first line of the message.
func (e *Error) Error() string {
	said, _, _ := strings.Cut(strings.TrimSpace(e.Message), "\n")
	text := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Code != "" {
		text = fmt.Sprintf("%d %s", e.Status, e.Code)
	}
	if said != "" {
		text += ": " + said
	}
	return text
}

// maxDetails is how many lines of an explanation are given.
const maxDetails = 20

// Details gives the lines of the message beyond the first one, which Error gives, and without the details of the request,
// which follow a rule.
func (e *Error) Details() []string {
	message, _, _ := strings.Cut(e.Message, "\n---\n")
	lines := strings.Split(strings.TrimSpace(message), "\n")[1:]
	var out []string
	for _, l := range lines {
		if l = strings.TrimRight(l, " \r\t"); l == "" || strings.HasPrefix(l, "```") {
			continue
		}
		if len(out) == maxDetails {
			return append(out, "...")
		}
		out = append(out, l)
	}
	return out
}

// IsNotFound says whether an error means that what was asked for does not exist, or does no longer.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// failure makes a diagnostic of what the official client ended with. A cancelled context is given as such.
func failure(what string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	call, ok := errors.AsType[*tcclient.APICallException](err)
	if !ok {
		return diag.Errorf(diag.Network, 0, "%s: %v", what, err)
	}
	if resp := call.CallSummary.HTTPResponse; resp != nil && resp.StatusCode >= 400 {
		refusal := &Error{Status: resp.StatusCode}
		// Something between us and the service may have answered in another form.
		_ = json.Unmarshal([]byte(call.CallSummary.HTTPResponseBody), refusal)
		refusal.Status = resp.StatusCode
		return diag.Errorf(diag.Network, 0, "%s: %v", what, refusal)
	}
	return diag.Errorf(diag.Network, 0, "%s: %v", what, call.RootCause)
}
