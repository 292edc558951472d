package taskgraph

import "github.com/taskgraph-go/decision/internal/slugid"

// TaskID gives the task id that a decision task uses for a label: always the same one, so that a decision task that
// is run again after it died half-way creates what is missing and nothing twice. It is a slugid in its nice form: a
// version 4 UUID whose first bit is 0, in URL-safe base64 without padding, so that it never begins with a dash.
func TaskID(decisionTaskID, label string) string { return slugid.Derived(decisionTaskID, label) }
