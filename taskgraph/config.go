package taskgraph

import (
	"context"
	"log/slog"
	"sync"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/internal/pyre"
	"github.com/taskgraph-go/decision/parameters"
	"github.com/taskgraph-go/decision/value"
)

// Config is what the loader and the transforms of one kind see. It is shared by all of them, at the same time, and
// read-only.
type Config struct {
	// Context ends when the kind was loaded.
	Context context.Context
	// Kind names the kind; Path is its directory, relative to the repository's root.
	Kind, Path string
	// Map is the kind's configuration, the content of kind.yml.
	Map *value.Map
	// Params are the parameters of this generation.
	Params *parameters.Params
	// Graph is the graph config.
	Graph *GraphConfig
	// Project is the tree.
	Project *Project
	// Registry has everything that is named.
	Registry *Registry
	// Deps are the tasks of the kinds that this one depends on.
	Deps *Dependencies
	// WriteArtifacts says that this is a decision task, whose artifacts are wanted.
	WriteArtifacts bool
	// Fast says that digests may be skipped.
	Fast bool
	// Log gets progress and verdicts.
	Log *slog.Logger

	ahead  *ahead     // nil where nothing is to come
	memos  sync.Map   // the memo of each type of key
	failed sync.Map   // labels and names of stubs that an error dropped
	held   *diag.List // takes warnings that may be in vain; nil where they are not
	repos  func() ([]Repository, error)
}

// Warn notes what is not wrong but most likely not meant either. It stops nothing.
func (c *Config) Warn(d *diag.Diagnostic) {
	d.Severity = diag.Warning
	if d.Kind == "" {
		d.Kind = c.Kind
	}
	if c.held != nil {
		c.held.Add(d)
		return
	}
	if c.Project != nil {
		warned := &c.Project.warned
		if c.ahead != nil {
			warned = &c.ahead.warned
		}
		warned.Add(d.InFile(c.Path + "/kind.yml"))
	}
}

// Document gives the content of a YAML file in the tree, as [Project.Document] does. Warnings about it are given if the kind counts: see
// [Config.Settled].
func (c *Config) Document(file string) (value.Value, error) {
	if c.ahead != nil {
		return c.ahead.document(file)
	}
	return c.Project.Document(file)
}

// Settled waits until it is certain that what the kind makes counts. Kinds begin to load while extensions still find out what the tree
// registers, and are loaded anew where that changes something. It is for what must not be done in vain, or twice: code of the tree that
// may do more than compute. The error says that it does not count.
func (c *Config) Settled() error {
	if c.ahead == nil {
		return nil
	}
	return c.ahead.verdict(c.Context)
}

// Failed says whether an error dropped the stub with a label or name, so that what needs it must not be reported again.
func (c *Config) Failed(label string) bool {
	if _, ok := c.failed.Load(label); ok {
		return true
	}
	_, ok := c.failed.Load("\x00")
	return ok
}

// drop remembers a stub that an error dropped.
func (c *Config) drop(stub *value.Map) {
	if stub == nil {
		c.failed.Store("\x00", true)
		return
	}
	if label := stub.Str("label"); label != "" {
		c.failed.Store(label, true)
	} else if name := stub.Str("name"); name != "" {
		c.failed.Store(c.Kind+"-"+name, true)
	} else {
		c.failed.Store("\x00", true)
	}
}

// Dependencies are the tasks of the kinds that a kind depends on: in the order of kinds, then of definition.
type Dependencies struct {
	tasks  []*Task
	once   sync.Once
	places map[string]int

	whole   func() []*Task // the tasks without blanks, once; nil where none is of a pattern
	strayed func() bool    // whether blanks may be seen by code of a tree
}

// NewDependencies gives the set of the tasks.
func NewDependencies(tasks []*Task) *Dependencies { return &Dependencies{tasks: tasks} }

// newDependencies gives the set of the tasks for a kind whose registry it is.
func newDependencies(tasks []*Task, r *Registry) *Dependencies {
	return &Dependencies{tasks: tasks, whole: wholeTasks(tasks), strayed: r.hasStrayed}
}

// All gives the tasks in order. The result is read-only.
func (d *Dependencies) All() []*Task {
	if d == nil {
		return nil
	}
	if d.whole != nil && d.strayed() {
		return d.whole()
	}
	return d.tasks
}

// Task gives the task with a label, nil where there is none.
func (d *Dependencies) Task(label string) *Task {
	if d == nil {
		return nil
	}
	d.once.Do(func() {
		d.places = make(map[string]int, len(d.tasks))
		for i, t := range d.tasks {
			d.places[t.Label] = i
		}
	})
	if i, ok := d.places[label]; ok {
		return d.All()[i]
	}
	return nil
}

// Labels gives the labels in order.
func (d *Dependencies) Labels() []string {
	out := make([]string, 0, len(d.All()))
	for _, t := range d.All() {
		out = append(out, t.Label)
	}
	return out
}

// Repositories gives the repositories that a task may check out, the one that is being built first.
func (c *Config) Repositories() ([]Repository, error) { return c.repos() }

// repositories works out which of the configured repositories is the one being built, from the project.
func repositories(g *GraphConfig, p *parameters.Params) ([]Repository, error) {
	all := g.Taskgraph("repositories").Map()
	current := -1
	if all.Len() == 1 {
		current = 0
	} else {
		for i := range all.Len() {
			e := all.Entry(i)
			pattern := e.Value.Map().At("project-regex")
			if !pattern.IsString() {
				return nil, diag.Errorf(diag.BadConfig, e.Key.Pos(), "repository %q has no project-regex, which is needed where there are several repositories", e.Key.Str())
			}
			re, err := pyre.Cached(pattern.Str())
			if err != nil {
				return nil, diag.Placed(err, pattern.Pos(), "taskgraph.repositories."+e.Key.Str()+".project-regex")
			}
			matches, err := p.Find("project is "+pattern.Str(), func(p *parameters.Params) (value.Value, error) {
				ok, err := re.Match(p.Project())
				return value.NewBool(ok), err
			})
			if err != nil {
				return nil, diag.Placed(err, pattern.Pos(), "taskgraph.repositories."+e.Key.Str()+".project-regex")
			}
			ok := matches.IsTrue()
			if ok && current >= 0 {
				return nil, diag.Errorf(diag.BadConfig, pattern.Pos(), "project %q matches several repositories", p.Project()).
					WithRelated(all.Entry(current).Key.Pos(), "%s matches too", all.Entry(current).Key.Str())
			}
			if ok {
				current = i
			}
		}
	}
	if current < 0 {
		return nil, diag.Errorf(diag.BadConfig, g.Map().KeyPos("taskgraph"), "no repository's project-regex matches project %q", p.Project())
	}
	e := all.Entry(current)
	main := e.Value.Map()
	out := []Repository{{
		Prefix: e.Key.Str(), Name: main.Str("name"), BaseRepository: p.BlankText("base_repository"), HeadRepository: p.BlankText("head_repository"),
		HeadRef: p.BlankText("head_ref"), HeadRev: new(p.BlankText("head_rev")), Type: p.At("repository_type").Str(), SSHSecretName: optional(main, "ssh-secret-name"),
	}}
	for i := range all.Len() {
		if i == current {
			continue
		}
		e := all.Entry(i)
		r := e.Value.Map()
		for _, need := range []string{"default-repository", "default-ref", "type"} {
			if !r.At(need).IsString() {
				return nil, diag.Errorf(diag.MissingField, e.Key.Pos(), "repository %q needs a %s, because project %q is built from another one", e.Key.Str(), need, p.Project())
			}
		}
		out = append(out, Repository{
			Prefix: e.Key.Str(), Name: r.Str("name"), BaseRepository: r.Str("default-repository"), HeadRepository: r.Str("default-repository"),
			HeadRef: r.Str("default-ref"), Type: r.Str("type"), SSHSecretName: optional(r, "ssh-secret-name"),
		})
	}
	return out, nil
}

// optional gives the string at a key, nil where there is none.
func optional(m *value.Map, key string) *string {
	if s, ok := m.At(key).AsString(); ok {
		return &s
	}
	return nil
}
