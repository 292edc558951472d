package preflight

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskcluster"
	"github.com/taskgraph-go/decision/value"
)

const (
	// maxDependencies is how many dependencies the queue takes, the decision task included.
	maxDependencies = 10_000
	// maxBytes is how large a request to a service may be.
	maxBytes = 10 << 20
)

// bytes checks how large the request is.
func (p *part) bytes(def *value.Map) {
	var err error
	if p.size, err = value.AppendJSON(p.size[:0], def.Value(), value.JSONStyle{}, 0); err != nil {
		for _, d := range diag.Flatten(err) {
			p.report(recoded(d, diag.BadDefinition))
		}
		return
	}
	if n := len(p.size); n > maxBytes {
		p.report(diag.Errorf(diag.OverLimit, 0, "the definition has %d bytes, the queue takes %d", n, maxBytes).
			WithHint("large data belongs into an artifact"))
	}
}

// routes checks the routes that lead into the index.
func (p *part) routes(def *value.Map) {
	for v := range def.At("routes").List().Values() {
		path, index := strings.CutPrefix(v.Str(), "index.")
		if index && !taskcluster.IsNamespace(path) {
			p.report(diag.Errorf(diag.BadNamespace, v.Pos(), "the route %q leads to no index path", v.Str()).WithPath("routes").
				WithHint("an index path is made of letters, digits and any of !%%'()*-_~ between dots"))
		}
	}
}

// scopeForms checks how the task's own scopes are written, as far as the schema does not.
func (p *part) scopeForms(def *value.Map) {
	for v := range def.At("scopes").List().Values() {
		if strings.HasSuffix(v.Str(), "**") {
			p.report(diag.Errorf(diag.BadDefinition, v.Pos(), "the scope %q ends in more than one *", v.Str()).WithPath("scopes"))
		}
	}
}
