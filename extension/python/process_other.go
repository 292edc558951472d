//go:build !unix

package python

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// The program on the other side copies itself for each session, which needs a Unix system.
type process struct{}

var errNoUnix = errors.New("code in Python can be run on Unix systems only")

func startProcess(string, string, []string, func(string)) (*process, error) { return nil, errNoUnix }

func (*process) request(context.Context, byte, []byte, *os.File, time.Duration) (byte, []byte, error) {
	return 0, nil, errNoUnix
}
func (*process) fork(context.Context, time.Duration) (*link, error) { return nil, errNoUnix }
func (*process) kill()                                              {}
func (*process) close()                                             {}

type link struct{ io.ReadCloser }

func (*link) send([]byte, []byte) error { return errNoUnix }

func (*link) setDeadline(time.Time) {}
func (*link) kill()                 {}
func (*link) gone() error           { return errNoUnix }
