package dockerimages

import (
	"net"
	"os"
	"testing"
)

// makeSocket makes something that is no regular file.
func makeSocket(t *testing.T, name string) error {
	// The path of a socket must be short.
	short, err := os.MkdirTemp("", "s")
	if err != nil {
		return err
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	l, err := net.Listen("unix", short+"/s")
	if err != nil {
		return err
	}
	t.Cleanup(func() { l.Close() })
	return os.Rename(short+"/s", name)
}
