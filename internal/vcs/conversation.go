package vcs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"sync"
)

// conversation is a program that answers one request after the other, for as long as it is asked. It starts
// with the first request and ends with close, or with its context.
type conversation struct {
	program
	ctx   context.Context // what ends the program, which outlives each request
	args  []string
	greet func() error // what comes before the first request; nil is nothing

	mu     sync.Mutex
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	said   bytes.Buffer
	failed error // set once: the conversation cannot go on
}

var errClosed = errors.New("the tree was closed")

// ask runs talk, which writes to in and reads from out. An error of talk ends the conversation, since nobody
// knows then what will be read next: what the program refuses in good order is no error of talk.
func (c *conversation) ask(talk func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return c.failed
	}
	// The program may still answer for a moment after its context has ended.
	err := c.ctx.Err()
	if err == nil && c.cmd == nil {
		err = c.start()
	}
	if err == nil {
		err = talk()
	}
	if err != nil {
		c.stop()
		c.failed = c.failure(c.ctx, c.args, c.said.String(), err)
	}
	return c.failed
}

func (c *conversation) start() error {
	cmd := c.command(c.ctx, c.args...)
	cmd.Stderr = &c.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.cmd, c.in, c.out = cmd, in, bufio.NewReaderSize(out, 1<<16)
	if c.greet == nil {
		return nil
	}
	return c.greet()
}

// stop ends the program, which leaves by itself when its input ends.
func (c *conversation) stop() error {
	if c.cmd == nil {
		return nil
	}
	c.in.Close()
	_, err := io.Copy(io.Discard, c.out)
	err = errors.Join(err, c.cmd.Wait())
	c.cmd = nil
	return err
}

func (c *conversation) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = errClosed
	}
	err := c.stop()
	if c.ctx.Err() != nil {
		return nil // killed with its context, as promised
	}
	return err
}
