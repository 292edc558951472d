package taskcluster

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcindex"
	"github.com/taskcluster/taskcluster/v87/clients/client-go/tcqueue"
	"golang.org/x/sync/errgroup"
)

// Index answers what optimization asks: which tasks exist already, and whether they are any good.
// Implementations are safe for concurrent use.
type Index interface {
	// FindTasks gives the ids of the tasks at the index paths. Paths that the index does not know are absent.
	FindTasks(ctx context.Context, paths []string) (map[string]string, error)
	// Statuses gives how the tasks fared. Tasks that the queue does not know are absent.
	Statuses(ctx context.Context, taskIDs []string) (map[string]Status, error)
}

// Status is how a task fared.
type Status struct {
	State   string // unscheduled, pending, running, completed, failed or exception
	Expires string // when the queue forgets the task, in [TimeFormat]; "" where that is not known
}

var (
	_ Index = (*Client)(nil)
	_ Index = OfflineIndex{}
)

// OfflineIndex is an index without tasks, for work without a network.
type OfflineIndex struct{}

// FindTasks finds nothing.
func (OfflineIndex) FindTasks(context.Context, []string) (map[string]string, error) {
	return map[string]string{}, nil
}

// Statuses knows nothing.
func (OfflineIndex) Statuses(context.Context, []string) (map[string]Status, error) {
	return map[string]Status{}, nil
}

// How much is asked at once. The services answer at most 1,000 items a page, and the order of pages is only sure
// where there is one.
const (
	pageSize       = "1000"
	pathsAtOnce    = 1000
	statusesAtOnce = 500
	requestsAtOnce = 8
)

// FindTasks asks the index service.
func (c *Client) FindTasks(ctx context.Context, paths []string) (map[string]string, error) {
	found := make(map[string]string, len(paths))
	err := batches(ctx, paths, pathsAtOnce, func(ctx context.Context, mu *sync.Mutex, batch []string) error {
		for token := ""; ; {
			page, err := c.index(ctx).FindTasksAtIndex(token, pageSize, &tcindex.ListTasksAtIndexRequest{Indexes: batch})
			if err != nil {
				return failure(fmt.Sprintf("looking up %d index paths", len(batch)), err)
			}
			mu.Lock()
			for _, t := range page.Tasks {
				if t.Namespace != "" && t.TaskID != "" {
					found[t.Namespace] = t.TaskID
				}
			}
			mu.Unlock()
			if token = page.ContinuationToken; token == "" {
				return nil
			}
		}
	})
	return found, err
}

// Statuses asks the queue service.
func (c *Client) Statuses(ctx context.Context, taskIDs []string) (map[string]Status, error) {
	known := make(map[string]Status, len(taskIDs))
	err := batches(ctx, taskIDs, statusesAtOnce, func(ctx context.Context, mu *sync.Mutex, batch []string) error {
		for token := ""; ; {
			page, err := c.queue(ctx).Statuses(token, pageSize, &tcqueue.TaskDefinitionsResponse{TaskIds: batch})
			if err != nil {
				return failure(fmt.Sprintf("asking for the status of %d tasks", len(batch)), err)
			}
			mu.Lock()
			for _, t := range page.Statuses {
				if t.TaskID != "" && t.Status.State != "" {
					known[t.TaskID] = Status{State: t.Status.State, Expires: t.Status.Expires.String()}
				}
			}
			mu.Unlock()
			if token = page.ContinuationToken; token == "" {
				return nil
			}
		}
	})
	return known, err
}

// batches cuts the distinct items into pieces and runs a request for each, several at a time. The first error
// ends the others.
func batches(ctx context.Context, items []string, size int, request func(ctx context.Context, mu *sync.Mutex, batch []string) error) error {
	distinct := slices.Compact(slices.Sorted(slices.Values(items)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requestsAtOnce)
	var mu sync.Mutex
	for batch := range slices.Chunk(distinct, size) {
		group.Go(func() error { return request(ctx, &mu, batch) })
	}
	return group.Wait()
}
