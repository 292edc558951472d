package taskcluster

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"

	"github.com/taskgraph-go/decision/diag"
)

// hookRoute gives the route of something about a hook, whose id may hold slashes.
func hookRoute(group, id, what string) string {
	return "/hooks/" + url.PathEscape(group) + "/" + url.PathEscape(id) + "/" + what
}

// TriggerHook fires a hook with a payload, which is JSON. It gives the id of the task that the hook created, "" where its
// template made none. Firing again makes another task.
func (c *Client) TriggerHook(ctx context.Context, group, id string, payload []byte) (taskID string, err error) {
	text, err := request((*tcclient.Client)(c.hooks(ctx)), payload, http.MethodPost, hookRoute(group, id, "trigger"))
	if err != nil {
		return "", err
	}
	var answer struct {
		TaskID string `json:"taskId"`
		Status struct {
			TaskID string `json:"taskId"`
		} `json:"status"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", diag.Errorf(diag.Network, 0, "hook %s/%s was triggered, but what the service answers is no JSON: %w", group, id, err)
	}
	if answer.TaskID == "" { // where older services put it
		return answer.Status.TaskID, nil
	}
	return answer.TaskID, nil
}

// Fire is one time that a hook was fired.
type Fire struct {
	TaskID         string `json:"taskId"`
	TaskCreateTime string `json:"taskCreateTime"`
	Result         string `json:"result"` // success or error
}

// LastFires gives the times that a hook was fired and that the service remembers, in the order of the service. It is empty for a
// hook that never was.
func (c *Client) LastFires(ctx context.Context, group, id string) ([]Fire, error) {
	var all []Fire
	for query := ""; ; {
		text, err := request((*tcclient.Client)(c.hooks(ctx)), nil, http.MethodGet, hookRoute(group, id, "last-fires")+query)
		if IsNotFound(err) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var page struct {
			LastFires         []Fire `json:"lastFires"`
			ContinuationToken string `json:"continuationToken"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return nil, diag.Errorf(diag.Network, 0, "what the service answers about the fires of hook %s/%s is no JSON: %w", group, id, err)
		}
		all = append(all, page.LastFires...)
		if page.ContinuationToken == "" {
			return all, nil
		}
		query = "?" + url.Values{"continuationToken": {page.ContinuationToken}}.Encode()
	}
}
