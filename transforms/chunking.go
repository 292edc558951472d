package transforms

import (
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
	"github.com/taskgraph-go/decision/value"
)

// chunkingSequence makes of one task as many as its chunk.total-chunks says. Which one a task is stands in its
// attributes and in the fields that chunk.substitution-fields names.
func chunkingSequence() taskgraph.Sequence {
	return taskgraph.Sequence{
		validateStep("chunking"),
		{Name: "chunk_tasks", Each: chunkTasks, Expands: true},
	}
}

func chunkTasks(_ *taskgraph.Config, stub *value.Map, yield func(*value.Map)) error {
	chunk, _ := stub.Delete("chunk")
	if !chunk.Truthy() {
		yield(stub)
		return nil
	}
	count := chunk.Map().At("total-chunks")
	total, ok := count.AsInt()
	if !ok || total > maxTasks {
		return diag.Errorf(diag.LimitExceeded, count.Pos(), "want at most %d chunks, got %s", maxTasks, count.Describe()).WithPath("chunk.total-chunks")
	}
	fields := fieldsOf(chunk.Map().At("substitution-fields").List())
	var this value.Value
	subs := func(name string) (value.Value, bool) {
		switch name {
		case "this_chunk":
			return this, true
		case "total_chunks":
			return count, true
		}
		return value.Value{}, false
	}
	for i := int64(1); i <= total; i++ {
		this = value.NewInt(i)
		task := stub.Copy()
		attributes, err := mapAt(task, "attributes")
		if err != nil {
			return err
		}
		attributes.Set("this_chunk", this)
		attributes.Set("total_chunks", count)
		for _, f := range fields {
			if err := f.substituteRenaming(task, subs); err != nil {
				return value.WithNames(err, []string{"this_chunk", "total_chunks"})
			}
		}
		yield(task)
	}
	return nil
}

// substituteRenaming substitutes in the field and stores the result under the last name of its path, expanded too: a
// path that ends in a placeholder adds a key and leaves the old one.
func (f field) substituteRenaming(stub *value.Map, subs lookup) error {
	if !bracesIn(f.path[strings.LastIndexByte(f.path, '.')+1:]) {
		return f.substitute(stub, subs)
	}
	return f.visit(stub, func(m *value.Map, edit func() *value.Map, key string) error {
		old := m.At(key)
		v, err := value.Substitute(old, subs)
		if err != nil {
			return at(err, old, f.path)
		}
		name, err := value.Format(key, subs)
		if err != nil {
			return at(err, value.Value{}.At(f.pos), "chunk.substitution-fields")
		}
		edit().Set(name, v)
		return nil
	})
}
