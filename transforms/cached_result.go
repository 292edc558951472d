package transforms

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// cachedResult is what a task makes that later pushes may use again.
type cachedResult struct {
	typ, name string
	digest    string // of all that the result depends on
}

// newCachedResult gives the result for what it depends on.
func newCachedResult(typ, name string, data []string) cachedResult {
	sum := sha256.Sum256([]byte(strings.Join(data, "\n")))
	return cachedResult{typ: typ, name: name, digest: hex.EncodeToString(sum[:])}
}

// String gives the result as it goes into the digests of what depends on it.
func (r cachedResult) String() string { return r.typ + "/" + r.name + "/" + r.digest }

// addOptimization lets a task be replaced by one that made the same result: it looks the result up in the index at its
// own level and those above, from the highest down, and indexes it at its own level. Pull requests have a place of
// their own, so that what they made is found by pull requests only.
func addOptimization(cfg *taskgraph.Config, desc *value.Map, r cachedResult) error {
	levelText := cfg.Params.Level()
	level, err := strconv.Atoi(strings.TrimSpace(levelText))
	if err != nil || level < 0 {
		return diag.Errorf(diag.BadParameters, cfg.Params.At("level").Pos(), "level: want a number, got %q", levelText)
	}
	prefix := cfg.Graph.CachedTaskPrefix() + ".cache."
	at := func(place string) string { return prefix + place + "." + r.typ + "." + r.name + "." }
	target := at("level-"+levelText) + "hash." + r.digest

	search := value.NewList()
	for l := 3; l >= level; l-- {
		search.AppendStrings(at("level-"+strconv.Itoa(l)) + "hash." + r.digest)
	}
	pullRequest := isPullRequest(cfg.Params)
	ownCache := pullRequest && cfg.Graph.CachePullRequests()
	fromPullRequests := at("pr") + "hash." + r.digest
	if ownCache {
		search.AppendStrings(fromPullRequests)
	}
	optimization := value.NewMap(1)
	optimization.Set("index-search", search.Value())
	desc.Set("optimization", optimization.Value())

	if ownCache || !pullRequest {
		routes, err := listAt(desc, "routes")
		if err != nil {
			return err
		}
		if ownCache {
			routes.AppendStrings("index." + fromPullRequests)
		} else {
			date, err := buildDateLong(cfg.Params)
			if err != nil {
				return err
			}
			human := "index." + at("level-"+levelText)
			routes.AppendStrings("index."+target, human+"latest", human+"pushdate."+date)
		}
	}
	attributes, err := mapAt(desc, "attributes")
	if err != nil {
		return err
	}
	cached := value.NewMap(3)
	cached.Set("type", value.NewString(r.typ))
	cached.Set("name", value.NewString(r.name))
	cached.Set("digest", value.NewString(r.digest))
	attributes.Set("cached_task", cached.Value())
	return nil
}
