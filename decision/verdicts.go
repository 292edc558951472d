package decision

import (
	"bufio"
	"cmp"
	"io"
	"slices"

	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// sortedVerdicts gives verdicts by label.
func sortedVerdicts(all []taskgraph.Verdict) []taskgraph.Verdict {
	return slices.SortedFunc(slices.Values(all), func(a, b taskgraph.Verdict) int { return cmp.Compare(a.Label, b.Label) })
}

// writeVerdicts writes optimizations.log: a line for each task of the target task graph, in the words of the reference
// but without the time, so that the same decision leaves the same bytes.
func writeVerdicts(w io.Writer, verdicts []taskgraph.Verdict) error {
	b := bufio.NewWriter(w)
	for _, v := range verdicts {
		b.WriteString(v.String())
		b.WriteByte('\n')
	}
	return b.Flush()
}

// verdictsDocument gives optimizations.json: the same as data.
func verdictsDocument(verdicts []taskgraph.Verdict) *value.Map {
	tasks := value.NewMap(len(verdicts))
	for _, v := range verdicts {
		m := value.MapOf("outcome", v.Outcome.String(), "reason", v.Reason())
		for name, text := range map[string]string{"removal": v.Removal, "replacement": v.Replacement, "taskId": v.TaskID} {
			if text != "" {
				m.Set(name, value.NewString(text)) // what is written is sorted
			}
		}
		tasks.Set(v.Label, m.Value())
	}
	return value.MapOf("version", 1, "tasks", tasks)
}
