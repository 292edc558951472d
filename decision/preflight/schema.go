package preflight

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/taskgraph-go/decision/value/schema"
)

//go:embed schemas
var files embed.FS

// The schemas, by file name without .json. A # and a number choose one of the alternatives that a file has.
const (
	queueSchema   = "queue/create-task-request"
	dockerWorker  = "docker-worker/payload"
	genericPosix  = "generic-worker/multiuser_posix#0"
	genericDocker = "generic-worker/multiuser_posix#1" // what was made for docker-worker, which generic-worker runs as well
	genericWindow = "generic-worker/multiuser_windows"
)

// checkers holds a checker for each schema that was asked for. What the tasks of a graph share is checked once.
type checkers struct {
	mu  sync.Mutex
	all map[string]*schema.Checker
}

// get gives the checker for a schema.
func (c *checkers) get(name string) *schema.Checker {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]*schema.Checker{}
	}
	if c.all[name] == nil {
		c.all[name] = schema.NewChecker(load(name))
	}
	return c.all[name]
}

// load compiles a schema that is part of the program.
func load(name string) *schema.Schema {
	name, alternative, _ := strings.Cut(name, "#")
	text, err := files.ReadFile("schemas/" + name + ".json")
	if err != nil {
		panic(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		panic(fmt.Errorf("%s: %w", name, err))
	}
	if alternative != "" {
		i, err := strconv.Atoi(alternative)
		if err != nil {
			panic(err)
		}
		doc = doc.(map[string]any)["oneOf"].([]any)[i]
	}
	text, err = json.Marshal(modern(doc))
	if err != nil {
		panic(err)
	}
	return schema.MustCompile(name+".yml", text)
}

// dateTime is what the services take for a time.
const dateTime = `^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$`

// modern gives a schema of draft 6, which the services use, in the words that package schema knows. What is left out
// says nothing about a task: names, the formats uri and regex, and that an integer is a multiple of one.
func modern(doc any) any {
	m, ok := doc.(map[string]any)
	if !ok {
		return doc
	}
	out := map[string]any{}
	for key, v := range m {
		switch key {
		case "$id", "$schema":
		case "format":
			if v == "date-time" {
				out["pattern"] = dateTime
			}
		case "multipleOf":
			if v != 1.0 {
				panic(fmt.Errorf("multipleOf %v is not understood", v))
			}
		case "enum":
			if all := v.([]any); len(all) == 1 {
				out["const"] = all[0]
			} else {
				out[key] = v
			}
		case "dependencies":
			var rules []any
			needs := v.(map[string]any)
			for _, field := range slices.Sorted(maps.Keys(needs)) {
				rules = append(rules, map[string]any{
					"if":   map[string]any{"required": []any{field}},
					"then": map[string]any{"required": needs[field]},
				})
			}
			out["allOf"] = rules
		case "properties", "patternProperties":
			fields := map[string]any{}
			for field, s := range v.(map[string]any) {
				fields[field] = modern(s)
			}
			out[key] = fields
		case "items", "additionalProperties", "not":
			out[key] = modern(v)
		case "anyOf", "oneOf", "allOf":
			if all := alternatives(v.([]any)); all != nil {
				out[key] = all
			}
		default:
			out[key] = v
		}
	}
	return out
}

// alternatives gives the branches of a union, nil where one of them takes anything.
func alternatives(branches []any) []any {
	var out []any
	for _, b := range branches {
		s := modern(b)
		if m, ok := s.(map[string]any); ok && len(m) == 0 {
			return nil
		}
		out = append(out, s)
	}
	return out
}
