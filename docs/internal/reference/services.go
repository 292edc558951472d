package reference

import (
	"maps"
	"slices"
	"strings"

	"github.com/taskgraph-go/decision/taskcluster/local"
)

// services gives the page about the calls that the local services have.
func services() string {
	var out strings.Builder
	out.WriteString(generated("the references of the services in package taskcluster/local"))
	out.WriteString(`# Services

What [the services on this machine](../concepts/local-services.md) serve of the Taskcluster API, and which calls of the
real services they refuse, with the status 501.
`)
	calls := local.Calls()
	for _, service := range slices.Sorted(maps.Keys(calls)) {
		out.WriteString("\n## " + service + "\n\n")
		t := newTable("", "calls")
		for _, row := range []struct {
			title  string
			served bool
		}{{"served", true}, {"not served", false}} {
			var names []string
			for _, name := range slices.Sorted(maps.Keys(calls[service])) {
				if calls[service][name] == row.served {
					names = append(names, code(name))
				}
			}
			if names != nil {
				t.row(row.title, strings.Join(names, ", "))
			}
		}
		out.WriteString(t.String())
	}
	return out.String()
}
