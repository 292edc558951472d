package reference

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskgraph-go/decision/cli"
)

// commands gives the page of the commands.
func commands() string {
	root := cli.Describe(cli.Standard())
	var out strings.Builder
	out.WriteString(generated("the commands of package cli"))
	out.WriteString("# Commands\n\n")
	out.WriteString("The result of a command goes to stdout, everything else to stderr. [Exit codes](errors.md#exit-codes) tell families of\nfailures apart.\n\n")
	command(&out, root)
	return out.String()
}

// command writes the section of a command and those of the ones below it.
func command(out *strings.Builder, c *cobra.Command) {
	out.WriteString("## " + c.CommandPath() + "\n\n")
	about := c.Long
	if about == "" {
		about = c.Short + "."
	}
	if c.Name() == "completion" {
		out.WriteString("Prints a script that completes commands and flags in a shell: " + strings.Join(subcommands(c), ", ") + ".\n\n")
		out.WriteString("```text\ntaskgraph completion bash\n```\n\n")
		return
	}
	out.WriteString(indentedToText(about) + "\n\n")
	if c.Runnable() && c.HasParent() {
		out.WriteString("```text\n" + c.UseLine() + "\n```\n\n")
	}
	if c.HasAvailableSubCommands() {
		t := newTable("command", "")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				t.row("["+code(sub.CommandPath())+"](#"+strings.ReplaceAll(sub.CommandPath(), " ", "-")+")", sub.Short)
			}
		}
		out.WriteString(t.String() + "\n")
	}
	flags := c.LocalFlags().FlagUsages()
	if !c.HasParent() {
		flags = c.PersistentFlags().FlagUsages()
	}
	if flags != "" {
		out.WriteString("```text\n" + flags + "```\n\n")
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			command(out, sub)
		}
	}
}

func subcommands(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	return names
}

// indentedToText makes blocks of the lines that a help text indents.
func indentedToText(s string) string {
	var out []string
	inside := false
	for line := range strings.SplitSeq(s, "\n") {
		if indented := strings.HasPrefix(line, "  "); indented != inside {
			out = append(out, "```"+map[bool]string{true: "text"}[indented])
			inside = indented
		}
		out = append(out, strings.TrimPrefix(line, "  "))
	}
	if inside {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}
