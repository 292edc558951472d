package taskcluster

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
)

// CreateTask creates a task. The definition is JSON, sent as it is: the structs of the official client would drop fields that
// are zero, such as no retries at all.
//
// It may be called again with the same definition. The error satisfies [IsConflict] where the task exists with another one,
// and where its group does not take it.
func (c *Client) CreateTask(ctx context.Context, taskID string, definition []byte) error {
	_, err := request((*tcclient.Client)(c.queue(ctx)), definition, http.MethodPut, "/task/"+url.PathEscape(taskID))
	return err
}

// Task gives the definition of a task as JSON, with all defaults filled in. The error satisfies [IsNotFound] where there
// is none.
func (c *Client) Task(ctx context.Context, taskID string) ([]byte, error) {
	return request((*tcclient.Client)(c.queue(ctx)), nil, http.MethodGet, "/task/"+url.PathEscape(taskID))
}

// SealTaskGroup keeps further tasks out of a group, for good. It may be called again.
func (c *Client) SealTaskGroup(ctx context.Context, taskGroupID string) error {
	_, err := request((*tcclient.Client)(c.queue(ctx)), nil, http.MethodPost, "/task-group/"+url.PathEscape(taskGroupID)+"/seal")
	return err
}

// request sends one request and gives the answer's body. A refusal is an [*Error].
func request(service *tcclient.Client, body []byte, method, route string) ([]byte, error) {
	call, err := service.Request(body, method, route, nil)
	if err == nil {
		return []byte(call.HTTPResponseBody), nil
	}
	if ctxErr := service.Context.Err(); ctxErr != nil {
		return nil, ctxErr
	}
	if resp := call.HTTPResponse; resp != nil && resp.StatusCode >= 300 {
		refusal := &Error{}
		_ = json.Unmarshal([]byte(call.HTTPResponseBody), refusal) // what is in between may answer in another form
		refusal.Status = resp.StatusCode
		return nil, refusal
	}
	return nil, err
}

// IsConflict says whether an error means that what was to be made exists already in another form.
func IsConflict(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusConflict
}

// IsForbidden says whether an error means that scopes are missing.
func IsForbidden(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusForbidden
}
