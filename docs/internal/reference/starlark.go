package reference

import (
	"fmt"
	"strings"

	"github.com/taskgraph-go/decision/extension/star"
)

// starlark gives the page of the standard library of Starlark code, which is made of its docstrings.
func starlark() (string, error) {
	modules, err := star.Library()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(generated("the docstrings of extension/star/library"))
	out.WriteString(starlarkHead)
	index := newTable("file", "for")
	for _, m := range modules {
		first, _, _ := strings.Cut(m.Doc, "\n")
		index.row(fmt.Sprintf("[`%s`](#%s)", m.Name, anchor(m.Name)), first)
	}
	out.WriteString(index.String())
	for _, m := range modules {
		if m.Doc == "" {
			return "", fmt.Errorf("%s has no docstring", m.Name)
		}
		fmt.Fprintf(&out, "\n## %s\n\n%s\n", m.Name, m.Doc)
		for _, f := range m.Functions {
			if f.Doc == "" {
				return "", fmt.Errorf("%s: %s has no docstring", m.Name, f.Name)
			}
			fmt.Fprintf(&out, "\n### %s%s\n\n%s\n", f.Name, escapeHeading(f.Params), strings.ReplaceAll(f.Doc, "```python", "```text"))
		}
	}
	return out.String(), nil
}

// anchor gives the anchor of a heading.
func anchor(heading string) string {
	return strings.NewReplacer("@", "", "/", "", ".", "").Replace(strings.ToLower(heading))
}

// escapeHeading keeps Markdown from making anything of the characters of a signature.
func escapeHeading(s string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`).Replace(s)
}

const starlarkHead = `# Starlark

What functions in .star files get, and what they can load. [Extend in Starlark](../how-to/extend-in-starlark.md) shows how to
use it.

## The language

Starlark is a dialect of Python; the [specification](https://github.com/google/starlark-go/blob/master/doc/spec.md) has its
syntax and built-in functions. Sets, and statements at the top level of a file, are allowed; functions that call themselves,
` + "`while`, `try`, classes and `import`" + ` are not there. Beside what the specification lists, ` + "`struct(name = value)`" + ` makes a
value with fields, and ` + "`fail(*message, at = None, path = \"\", hint = \"\")`" + ` ends the call with a mistake: at a field of a task
or document, where ` + "`at` and `path`" + ` say which. ` + "`print`" + ` writes to the log, which ` + "`--verbose`" + ` shows.

What a file defines cannot be changed once the file is loaded. A file is loaded once. ` + "`load`" + ` takes a path that is relative to the
file, one from the root of the repository that begins with ` + "`//`" + `, or a file of the library.

## What functions get

| for | parameters | returns |
|---|---|---|
| a transform | ` + "`config, task`" + ` | the task, a list of tasks, or None for none. Tasks are worked on at the same time. |
| a transform of all tasks | ` + "`config, tasks`" + ` | a list of tasks. It is one because the second parameter is called ` + "`tasks`" + `. |
| a loader | ` + "`config`" + ` | a list of tasks, each with a ` + "`name`" + ` |
| a target task method | ` + "`tasks`, then `params`, `graph_config`" + ` | a list of labels or tasks |
| a strategy: ` + "`remove`" + ` | ` + "`task`, then `params`, `arg`" + ` | True where the task is not needed |
| a strategy: ` + "`replace`" + ` | ` + "`task`, then `params`, `deadline`, `arg`" + ` | the id of the task that stands in, True for none, False or None to keep the task |
| groups of dependencies | ` + "`config, tasks`, then `arg`" + ` | a list of lists of tasks |
| values for task-context | ` + "`config`, then `task`" + ` | a dict |
| a verification | ` + "`tasks`, then `params`, `graph_config`" + ` | None, or a list of what is wrong: texts, or dicts with ` + "`message`, `label`, `path`, `hint`, `warning`" + ` |
| an action: ` + "`available`, `context`" + ` | ` + "`params`, then `graph_config`" + ` | whether it is offered; a list of dicts of tags, or None |
| an action: ` + "`schema`" + ` | nothing, or ` + "`graph_config`" + ` | the JSON Schema of the input, or None |
| an action: ` + "`run`" + ` | ` + "`config`, then `action`" + ` | None, or what is to be done: a dict or a list of dicts, each with one of ` + "`create`, `rerun`, `cancel`" + `, a list of labels, of tasks or, but for ` + "`create`" + `, of task ids; beside ` + "`create`" + ` perhaps ` + "`times`" + `, 1 to 100 |

Parameters behind "then" may be left out, the last ones first.

A task that a transform gets is a dict, to be changed as it is or copied. Everything else cannot be changed.

- ` + "`config`" + ` has the fields ` + "`kind`, `path`" + ` (the directory of the kind), ` + "`config`" + ` (kind.yml), ` + "`params`, `graph_config`" + ` (config.yml),
  ` + "`kind_dependencies_tasks`" + ` (a dict of tasks by label) and ` + "`write_artifacts`" + ` (whether this is a decision task).
- A task of a graph has the fields ` + "`kind`, `label`, `description`, `attributes`, `task`" + ` (the definition), ` + "`optimization`, `dependencies`," + `
  ` + "`soft_dependencies`, `if_dependencies`" + ` and ` + "`task_id`" + `.
- The ` + "`config`" + ` of an action has the fields ` + "`params` and `graph_config`" + `. ` + "`action`" + ` has ` + "`input`, `task_group_id`, `task_id`, `task`" + ` (the
  definition) and ` + "`label`" + `: the last three are None for an action on the whole group, and ` + "`label`" + ` also for
  a task that is not of the graph. It has ` + "`tasks`" + `, too, the full task graph of the push as a dict of tasks by label, and ` + "`label_to_task_ids`" + `, which has a list of the ids of all
  tasks with a label, the oldest first.

## Limits

A call may take 10,000,000 steps, 256 MiB of memory that operators and built-in functions allocate, and a minute; the section
[` + "`taskgraph.extensions.limits`" + `](schemas/config.md) changes that. A transform of all tasks may take more: for a thousand tasks, as many
steps again. A file has at most 256 KiB, and integers at most 65,536 bits.

## The library

`
