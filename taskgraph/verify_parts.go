package taskgraph

import (
	"hash/maphash"
	"sync"

	"github.com/taskgraph-go/decision/value"
)

// parts is what the standard verifications look at in a task's definition. Each is zero where it is absent or of another
// type.
type parts struct {
	routes                    *value.List
	payload, treeherder       *value.Map
	workerType, provisionerID value.Value
	symbol                    uint64 // hash of the key of treeherder, where that has one collection
	number                    int    // that texts of treeherder are for, 0 where they have no blanks
}

// partsCache finds the parts of all tasks once for all verifications of a phase: in a big graph most of their time goes
// into reading definitions that no cache of the processor holds any more.
type partsCache struct {
	once sync.Once
	all  []parts
}

// parts gives the parts of the tasks, in the order of cfg.Tasks.
func (cfg *VerifyConfig) parts() []parts {
	cfg.cache.once.Do(func() {
		tasks := cfg.Tasks.tasks
		cfg.cache.all = make([]parts, len(tasks))
		seed := maphash.MakeSeed()
		inRanges(len(tasks), func(from, to int) {
			for i := from; i < to; i++ {
				p := partsOf(tasks[i].Task)
				if tasks[i].pattern != nil {
					p.number = int(tasks[i].number)
				}
				if p.treeherder.At("collection").Map().Len() == 1 {
					p.symbol = maphash.Comparable(seed, p.symbolKey())
				}
				cfg.cache.all[i] = p
			}
		})
	})
	return cfg.cache.all
}

func partsOf(def *value.Map) (p parts) {
	for i := range def.Len() {
		e := def.Entry(i)
		switch e.Key.Str() {
		case "routes":
			p.routes = e.Value.List()
		case "payload":
			p.payload = e.Value.Map()
		case "extra":
			p.treeherder = e.Value.Map().At("treeherder").Map()
		case "workerType":
			p.workerType = e.Value
		case "provisionerId":
			p.provisionerID = e.Value
		}
	}
	return p
}
