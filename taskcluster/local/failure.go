package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// statuses are the codes of refusals, and the status of HTTP that each comes with.
var statuses = map[string]int{
	"MalformedPayload":        http.StatusBadRequest, // the body is no JSON
	"InvalidRequestArguments": http.StatusBadRequest, // a part of the path or the query has not the form it must have
	"InputValidationError":    http.StatusBadRequest, // the body does not fit its schema
	"InputError":              http.StatusBadRequest, // anything else that is wrong with what was sent
	"NoMatchingBackend":       http.StatusBadRequest,
	"DenylistedAddress":       http.StatusBadRequest,
	"AuthenticationFailed":    http.StatusUnauthorized,
	"InsufficientScopes":      http.StatusForbidden,
	"ResourceNotFound":        http.StatusNotFound,
	"NoMatchingMethod":        http.StatusNotAcceptable,
	"RequestConflict":         http.StatusConflict,
	"ResourceExpired":         http.StatusGone,
	"InputTooLarge":           http.StatusRequestEntityTooLarge,
	"TooManyRequests":         http.StatusTooManyRequests, // of fault injection only
	"InternalServerError":     http.StatusInternalServerError,
	"NotServed":               http.StatusNotImplemented, // only here: the real services have what this one has not
	"ServiceUnavailable":      http.StatusServiceUnavailable,
}

// failure is a refusal, which a service answers with.
type failure struct {
	code    string
	message string
	status  int            // 0: that of the code
	header  http.Header    // more headers of the answer
	details map[string]any // what the message is about, for the log
}

func (f *failure) Error() string { return f.code + ": " + f.message }

// refuse makes a refusal.
func refuse(code, format string, args ...any) *failure {
	return &failure{code: code, message: fmt.Sprintf(format, args...)}
}

func (f *failure) httpStatus() int {
	if f.status != 0 {
		return f.status
	}
	if status := statuses[f.code]; status != 0 {
		return status
	}
	return http.StatusInternalServerError
}

// requestInfo is what every refusal says about the request.
type requestInfo struct {
	Method  string            `json:"method"`
	Params  map[string]string `json:"params"`
	Payload any               `json:"payload"`
	Time    string            `json:"time"`
}

// refusal is the body of an answer that refuses.
type refusal struct {
	Code        string      `json:"code"`
	Message     string      `json:"message"`
	RequestInfo requestInfo `json:"requestInfo"`
}

// body gives the answer in the form that the services have: behind the message stands once more what was asked.
func (f *failure) body(info requestInfo) refusal {
	if info.Params == nil {
		info.Params = map[string]string{}
	}
	if info.Payload == nil {
		info.Payload = map[string]any{}
	}
	var b strings.Builder
	b.WriteString(f.message)
	fmt.Fprintf(&b, "\n\n---\n\n* method:     %s\n* errorCode:  %s\n* statusCode: %d\n* time:       %s", info.Method, f.code, f.httpStatus(), info.Time)
	return refusal{Code: f.code, Message: b.String(), RequestInfo: info}
}

// pretty gives a value as indented JSON, for messages.
func pretty(v any) string {
	var b bytes.Buffer
	if json.Indent(&b, mustJSON(v), "", "  ") != nil {
		return fmt.Sprint(v)
	}
	return b.String()
}
