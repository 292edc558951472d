package taskcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	tcclient "github.com/taskcluster/taskcluster/v87/clients/client-go"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcpurgecache"

	"github.com/taskgraph-go/decision/diag"
)

// RerunTask runs a resolved task once more.
func (c *Client) RerunTask(ctx context.Context, taskID string) error {
	_, err := request((*tcclient.Client)(c.queue(ctx)), nil, http.MethodPost, "/task/"+url.PathEscape(taskID)+"/rerun")
	return err
}

// CancelTask ends a task. The error satisfies [IsConflict] where it is past its deadline.
func (c *Client) CancelTask(ctx context.Context, taskID string) error {
	_, err := request((*tcclient.Client)(c.queue(ctx)), nil, http.MethodPost, "/task/"+url.PathEscape(taskID)+"/cancel")
	return err
}

// TaskState gives how a task fares: unscheduled, pending, running, completed, failed or exception. The error satisfies
// [IsNotFound] where there is no such task.
func (c *Client) TaskState(ctx context.Context, taskID string) (string, error) {
	text, err := request((*tcclient.Client)(c.queue(ctx)), nil, http.MethodGet, "/task/"+url.PathEscape(taskID)+"/status")
	if err != nil {
		return "", err
	}
	var answer struct {
		Status struct {
			State string `json:"state"`
		} `json:"status"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", notJSON("the status of task "+taskID, err)
	}
	return answer.Status.State, nil
}

// GroupStates gives how each task of a group fares. A group that grows meanwhile may have more.
func (c *Client) GroupStates(ctx context.Context, taskGroupID string) (map[string]string, error) {
	states := map[string]string{}
	err := c.pages(ctx, (*tcclient.Client)(c.queue(ctx)), http.MethodGet, "/task-group/"+url.PathEscape(taskGroupID)+"/list", func(text []byte) error {
		var page struct {
			Tasks []struct {
				Status struct {
					TaskID string `json:"taskId"`
					State  string `json:"state"`
				} `json:"status"`
			} `json:"tasks"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return err
		}
		for _, t := range page.Tasks {
			states[t.Status.TaskID] = t.Status.State
		}
		return nil
	})
	return states, about("task group "+taskGroupID, err)
}

// ListTasks gives the tasks right below an index namespace, sorted by their paths. A task at several paths comes once.
func (c *Client) ListTasks(ctx context.Context, namespace string) ([]string, error) {
	paths := map[string]string{}
	err := c.pages(ctx, (*tcclient.Client)(c.index(ctx)), http.MethodGet, "/tasks/"+url.PathEscape(namespace), func(text []byte) error {
		var page struct {
			Tasks []struct {
				Namespace string `json:"namespace"`
				TaskID    string `json:"taskId"`
			} `json:"tasks"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return err
		}
		for _, t := range page.Tasks {
			paths[t.Namespace] = t.TaskID
		}
		return nil
	})
	if err != nil {
		return nil, about(fmt.Sprintf("index namespace %q", namespace), err)
	}
	names := make([]string, 0, len(paths))
	for name := range paths {
		names = append(names, name)
	}
	slices.Sort(names)
	var ids []string
	for _, name := range names {
		if !slices.Contains(ids, paths[name]) {
			ids = append(ids, paths[name])
		}
	}
	return ids, nil
}

// ListArtifacts gives the names of the artifacts of a task's newest run, sorted.
func (c *Client) ListArtifacts(ctx context.Context, taskID string) ([]string, error) {
	var names []string
	err := c.pages(ctx, (*tcclient.Client)(c.queue(ctx)), http.MethodGet, "/task/"+url.PathEscape(taskID)+"/artifacts", func(text []byte) error {
		var page struct {
			Artifacts []struct {
				Name string `json:"name"`
			} `json:"artifacts"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return err
		}
		for _, a := range page.Artifacts {
			names = append(names, a.Name)
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names), about("artifacts of task "+taskID, err)
}

// PurgeCache makes the workers of a pool drop a cache before their next task.
func (c *Client) PurgeCache(ctx context.Context, workerPoolID, cache string) error {
	s := tcpurgecache.New(nil, c.rootURL)
	s.Context, s.HTTPClient, s.HTTPBackoffClient = ctx, c.http, once
	body, err := json.Marshal(map[string]string{"cacheName": cache})
	if err != nil {
		return err
	}
	_, err = request((*tcclient.Client)(s), body, http.MethodPost, "/purge-cache/"+url.PathEscape(workerPoolID))
	return err
}

// maxPages is how many pages of a list are read.
const maxPages = 1000

// pages reads a list to its end.
func (c *Client) pages(_ context.Context, service *tcclient.Client, method, route string, read func([]byte) error) error {
	query := url.Values{"limit": {pageSize}}
	for range maxPages {
		text, err := request(service, nil, method, route+"?"+query.Encode())
		if err != nil {
			return err
		}
		var page struct {
			ContinuationToken string `json:"continuationToken"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return err
		}
		if err := read(text); err != nil {
			return err
		}
		if page.ContinuationToken == "" {
			return nil
		}
		query.Set("continuationToken", page.ContinuationToken)
	}
	return diag.Errorf(diag.Network, 0, "a list with more than %d pages", maxPages)
}

func notJSON(what string, err error) error {
	return diag.Errorf(diag.Network, 0, "%s: the service does not answer with JSON: %w", what, err)
}

// about says what a failed request was about.
func about(what string, err error) error {
	if err == nil {
		return nil
	}
	if _, isJSON := err.(*json.SyntaxError); isJSON || strings.HasPrefix(err.Error(), "json: ") {
		return notJSON(what, err)
	}
	return diag.Errorf(diag.Network, 0, "%s: %w", what, err)
}
