package main

import "github.com/taskgraph-go/decision/taskgraph"

// nightly is the target task method of the nightly cron job: the tasks that have the attribute.
func nightly(s *taskgraph.Selection) (chosen []*taskgraph.Task, err error) {
	for t := range s.Tasks.All() {
		if t.Attribute("nightly").IsTrue() {
			chosen = append(chosen, t)
		}
	}
	return chosen, nil
}
