package transforms

import (
	"errors"
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
		{Name: "chunk_tasks", Each: chunkTasks, Alike: alikeChunks, Expands: true},
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
	for i := int64(1); i <= total; i++ {
		this := value.NewInt(i)
		task, err := oneChunk(stub, this, this, count, fields)
		if err != nil {
			return err
		}
		yield(task)
	}
	return nil
}

// oneChunk gives one of the tasks that a stub becomes. this is its number, and text what stands for it in texts.
func oneChunk(stub *value.Map, this, text, count value.Value, fields []field) (*value.Map, error) {
	task := stub.Copy()
	attributes, err := mapAt(task, "attributes")
	if err != nil {
		return nil, err
	}
	attributes.Set("this_chunk", this)
	attributes.Set("total_chunks", count)
	subs := func(name string) (value.Value, bool) {
		switch name {
		case "this_chunk":
			return text, true
		case "total_chunks":
			return count, true
		}
		return value.Value{}, false
	}
	for _, f := range fields {
		if err := f.substituteRenaming(task, subs); err != nil {
			return nil, value.WithNames(err, []string{"this_chunk", "total_chunks"})
		}
	}
	return task, nil
}

// alikeChunks gives one stub for all chunks, where their numbers only go where no transform looks.
func alikeChunks(_ *taskgraph.Config, stub *value.Map) (like *value.Map, last int) {
	chunk := stub.At("chunk").Map()
	count := chunk.At("total-chunks")
	total, ok := count.AsInt()
	if !ok || total < 2 || total > value.MaxNumber {
		return nil, 0
	}
	fields := fieldsOf(chunk.At("substitution-fields").List())
	for _, f := range fields {
		if !mayBeNumbered(f.path) {
			return nil, 0
		}
	}
	stub = stub.Copy()
	stub.Delete("chunk")
	last = int(total)
	like, err := oneChunk(stub, value.NewNumberBlank(last, false), value.NewNumberBlank(last, true), count, fields)
	if err != nil {
		return nil, 0
	}
	return like, last
}

// errNumbered is what blind steps give for stubs whose number they need, which nobody sees.
var errNumbered = errors.New("the number of the chunk must be known")

// isNumbered says whether a stub stands for several chunks.
func isNumbered(stub *value.Map) bool {
	return value.HasNumber(stub.At("attributes").Map().Str("this_chunk"))
}

// mayBeNumbered says whether a number that is not known yet may stand in the texts of a field: steps that are blind pass it on as it is, take
// it apart where no digit counts, or choose by it with [value.EvaluateKeyedBy].
func mayBeNumbered(path string) bool {
	head, rest, deeper := strings.Cut(path, ".")
	switch head {
	case "name", "description":
		return !deeper
	case "attributes", "treeherder":
		return !bracesIn(path)
	case "extra":
		name, _, _ := strings.Cut(rest, ".")
		return deeper && !bracesIn(path) && name != "treeherder" && name != "index"
	case "run":
		return rest == "command"
	case "worker":
		return rest == "env" || strings.HasPrefix(rest, "env.") && !bracesIn(path)
	}
	return false
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
