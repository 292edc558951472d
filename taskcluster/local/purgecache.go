package local

import (
	"strings"
	"time"
)

// purgeRequest asks workers to forget a cache that is older. Its row is by worker pool and cache.
type purgeRequest struct {
	WorkerPoolID string `json:"workerPoolId"`
	CacheName    string `json:"cacheName"`
	Before       stamp  `json:"before"`
	Expires      stamp  `json:"expires"`
}

func (p purgeRequest) reply() object {
	provisioner, worker, _ := strings.Cut(p.WorkerPoolID, "/")
	return object{"provisionerId": provisioner, "workerType": worker, "cacheName": p.CacheName, "before": p.Before}
}

func purgeCache(c *call) (any, error) {
	pool, cache := c.params["workerPoolId"], text(c.data(), "cacheName")
	if err := c.authorize(map[string]string{"cacheName": cache}, nil); err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.purges.set(pool+"\n"+cache, purgeRequest{pool, cache, newStamp(c.now), newStamp(c.now.AddDate(0, 0, 1))})
	return nil, nil
}

// openPurges gives the requests for a worker pool, or for all if there is no name, since a time.
func (c *call) openPurges(pool string, since time.Time) []object {
	found := []object{}
	for _, key := range sortedKeys(c.s.purges.rows) {
		p := c.s.purges.rows[key]
		if (pool == "" || p.WorkerPoolID == pool) && !p.Before.Before(since) && p.Expires.After(c.now) {
			found = append(found, p.reply())
		}
	}
	return found
}

func allPurgeRequests(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows, token, err := page(c, c.openPurges("", time.Time{}))
	return paged(object{"requests": rows}, token), err
}

func purgeRequests(c *call) (any, error) {
	var since stamp
	if text := c.query["since"]; text != "" {
		var err error
		if since, err = parseStamp(text); err != nil {
			return nil, refuse("InvalidRequestArguments", "the query has since=%q, which is no time", text)
		}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return object{"requests": c.openPurges(c.params["workerPoolId"], since.Time)}, nil
}
