package star_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/taskgraph-go/decision/diag"
	"github.com/taskgraph-go/decision/taskgraph"
)

var update = flag.Bool("update", false, "write what is expected into the files of testdata")

// Each file of testdata/mistakes is a tree with one mistake, and what is printed about it.
func TestMistakes(t *testing.T) {
	if testing.Short() {
		t.Skip("some reach limits, which takes long with the race detector, and all is in one goroutine")
	}
	names, err := filepath.Glob("testdata/mistakes/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			f := tree{}
			want := -1
			for i, file := range archive.Files {
				if file.Name == "want" {
					want = i
					continue
				}
				f[file.Name] = string(file.Data)
			}
			began := time.Now()
			_, p, err := f.graph(t, taskgraph.MorphedTaskGraph)
			require.Error(t, err)
			assert.Less(t, time.Since(began), 30*time.Second)
			got := ""
			if p.Project != nil {
				got = printedWith(p.Sources, err)
			} else {
				got = printed(err)
			}
			code := diag.ExitCode(err)
			assert.True(t, code == diag.ExitInput || code == diag.ExitGeneration, "exit code %d", code)
			if *update {
				if want < 0 {
					archive.Files, want = append(archive.Files, txtar.File{Name: "want"}), len(archive.Files)
				}
				archive.Files[want].Data = []byte(got)
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
				return
			}
			if want < 0 {
				require.NoError(t, errors.New("there is no file want; this writes it: go test ./extension/star -update"))
			}
			assert.Equal(t, string(archive.Files[want].Data), got, "where this is right, this writes it: go test ./extension/star -update")
		})
	}
}
