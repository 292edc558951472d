package star

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/taskgraph-go/decision/taskgraph"
)

// Config is what the functions of one kind see beside the task. It is immutable and safe for concurrent use.
type Config struct {
	cfg                  *taskgraph.Config
	kind, params, config starlark.Value
	deps                 *Tasks
}

var _ starlark.HasAttrs = (*Config)(nil)

func newConfig(cfg *taskgraph.Config) *Config {
	return &Config{cfg: cfg, kind: frozen(cfg.Map), params: frozen(cfg.Params.Map()), config: frozen(cfg.Graph.Map()), deps: dependencyTasks(cfg.Deps)}
}

func (c *Config) String() string        { return fmt.Sprintf("<config of kind %s>", c.cfg.Kind) }
func (c *Config) Type() string          { return "Config" }
func (c *Config) Freeze()               {}
func (c *Config) Truth() starlark.Bool  { return true }
func (c *Config) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: Config") }

// Attr gives a part.
func (c *Config) Attr(name string) (starlark.Value, error) {
	switch name {
	case "kind":
		return starlark.String(c.cfg.Kind), nil
	case "path":
		return starlark.String(c.cfg.Path), nil
	case "config":
		return c.kind, nil
	case "params":
		return c.params, nil
	case "graph_config":
		return c.config, nil
	case "kind_dependencies_tasks":
		return c.deps, nil
	case "write_artifacts":
		return starlark.Bool(c.cfg.WriteArtifacts), nil
	}
	return nil, nil
}

// AttrNames lists the parts.
func (c *Config) AttrNames() []string {
	return []string{"config", "graph_config", "kind", "kind_dependencies_tasks", "params", "path", "write_artifacts"}
}
