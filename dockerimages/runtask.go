package dockerimages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/taskgraph-go/decision/diag"
)

// runTaskFiles are the files that belong to run-task, which a directory of it must have.
var runTaskFiles = [...]string{"run-task", "fetch-content", "hgrc", "robustcheckout.py"}

// RunTask is the program that runs commands inside tasks, with its companions: fetch-content, which downloads what a task
// needs, and the configuration and extension with which Mercurial checks out. Images contain them and so digests of
// images cover them. It is immutable and safe for concurrent use.
type RunTask struct {
	files   []RunTaskFile
	suffix  string
	standin bool
}

// RunTaskFile is one file of a [RunTask]. Its mode is 0755 or 0644.
type RunTaskFile struct {
	Name    string
	Mode    fs.FileMode
	Content []byte // not to be changed
}

//go:embed runtask
var standinFiles embed.FS

// Standin gives files that stand for a run-task where none is given. They do nothing but fail with an explanation;
// they are there so that digests have something to cover, and these differ from those of any real run-task.
func Standin() *RunTask { return standin() }

var standin = sync.OnceValue(func() *RunTask {
	r := &RunTask{standin: true}
	for _, name := range runTaskFiles {
		content, err := standinFiles.ReadFile(path.Join("runtask", name))
		if err != nil {
			panic(err) // the files are part of this program
		}
		mode := fs.FileMode(0o644)
		if name == "run-task" || name == "fetch-content" {
			mode = 0o755 // embedded files have lost theirs
		}
		r.add(name, mode, content)
	}
	return r
})

// OpenRunTask reads run-task from a directory of this machine. A file that its owner may execute gets the mode 0755,
// any other 0644, so that digests do not depend on the umask with which it was installed.
//
// All files that are missing or not readable are reported together.
func OpenRunTask(dir string) (*RunTask, error) {
	r := &RunTask{}
	var errs diag.List
	for _, name := range runTaskFiles {
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		if err == nil && !info.Mode().IsRegular() {
			err = errNotRegular
		}
		var content []byte
		if err == nil {
			content, err = os.ReadFile(file)
		}
		if err != nil {
			errs.Add(diag.Errorf(diag.Unreadable, 0, "a directory of run-task needs this file: %v", reason(err)).InFile(file))
			continue
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		r.add(name, mode, content)
	}
	if err := errs.Err(nil); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *RunTask) add(name string, mode fs.FileMode, content []byte) {
	r.files = append(r.files, RunTaskFile{name, mode, content})
	if name == "run-task" {
		sum := sha256.Sum256(content)
		r.suffix = hex.EncodeToString(sum[:])[:20]
	}
}

// Files gives the files in the order run-task, fetch-content, hgrc, robustcheckout.py. The result is read-only.
func (r *RunTask) Files() []RunTaskFile { return r.files }

// Suffix is what ends the names of caches that run-task manages, so that a new run-task does not get the caches of an
// old one: the first 20 hex digits of the SHA-256 of the program.
func (r *RunTask) Suffix() string { return r.suffix }

// IsStandin says that these are the files of [Standin], with which no task can run.
func (r *RunTask) IsStandin() bool { return r.standin }
