package python

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

// interpreterVariable is the environment variable that names the interpreter.
const interpreterVariable = "TASKGRAPH_PYTHON"

// interpreter gives the Python that runs the code of a tree, and says where it was found: what the environment variable
// names, else that of a virtual environment in the tree, else the python3 of the search path.
func interpreter(p *taskgraph.Project) (program, why string, err error) {
	if name := p.Environment(interpreterVariable); name != "" {
		program, err := exec.LookPath(name)
		if err != nil {
			return "", "", missingInterpreter("the Python that $%s names, %q, cannot be run: %w", interpreterVariable, name, reason(err))
		}
		if program, err = filepath.Abs(program); err != nil {
			return "", "", err
		}
		return program, "$" + interpreterVariable, nil
	}
	for _, dir := range []string{p.Dir, p.CheckoutDir} {
		if dir == "" {
			continue
		}
		for _, venv := range []string{".venv", "venv"} {
			program := filepath.Join(dir, venv, "bin", "python")
			if info, err := os.Stat(program); err == nil && !info.IsDir() {
				return program, venv, nil
			}
		}
	}
	program, err = exec.LookPath("python3")
	if err != nil {
		return "", "", missingInterpreter("there is no Python: neither .venv nor venv in the tree, nor python3 on the search path")
	}
	return program, "python3", nil
}

func missingInterpreter(format string, args ...any) *diag.Diagnostic {
	return diag.Errorf(diag.NeedsPython, 0, format, args...).WithHint("%s", howToInstall)
}

const howToInstall = "make a virtual environment in the tree with the release that it pins: python3 -m venv .venv && .venv/bin/pip install taskcluster-taskgraph; or name another Python in $" + interpreterVariable

// reason gives what is wrong without the name of the operation.
func reason(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// splitName splits the name of a Python object, "module:object", and says whether it has that form.
func splitName(name string) (module, object string, ok bool) {
	module, object, ok = strings.Cut(name, ":")
	return module, object, ok && isDotted(module) && isDotted(object) && !strings.HasSuffix(module, ".star")
}

// isDotted says whether a text is identifiers with dots between them.
func isDotted(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i, c := range part {
			if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 || i > 0 && c >= '0' && c <= '9') {
				return false
			}
		}
	}
	return true
}
