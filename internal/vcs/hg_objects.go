package vcs

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// hgObjects reads the files of one revision by path. It uses Mercurial's command server, which runs one command
// after the other and spares the tenth of a second that each start costs.
//
// Everything the server writes comes in messages: a letter for the channel, four bytes of length, big end
// first, and the data. Output is on channel o, complaints on e, the exit code on r. Capital letters ask for
// input.
type hgObjects struct {
	server conversation
	rev    string
}

func newHgObjects(ctx context.Context, h *hg, rev string) *hgObjects {
	o := &hgObjects{rev: rev, server: conversation{
		program: h.program, ctx: ctx, args: []string{"serve", "--cmdserver", "pipe", "-R", "."},
	}}
	o.server.greet = o.greeting
	return o
}

func (o *hgObjects) read(path string) ([]byte, error) {
	args := []string{"cat", "-r", o.rev, "path:" + path}
	var out []byte
	var complaints strings.Builder
	var code uint32
	err := o.server.ask(func() (err error) {
		out, code, err = o.run(args, &complaints)
		return err
	})
	if err == nil && code != 0 {
		err = &Error{Tool: "hg", Args: args, Dir: o.server.dir, Code: int(code), Stderr: complaints.String(), Err: fmt.Errorf("exit status %d", code)}
	}
	return out, err
}

func (o *hgObjects) size(path string) (int64, error) {
	data, err := o.read(path)
	return int64(len(data)), err
}

func (o *hgObjects) close() error { return o.server.close() }

func (o *hgObjects) greeting() error {
	_, hello, err := o.message()
	if err == nil && !bytes.Contains(hello, []byte("runcommand")) {
		err = fmt.Errorf("unexpected greeting %q", hello)
	}
	return err
}

// run gives what a command wrote and its exit code.
func (o *hgObjects) run(args []string, complaints io.Writer) (out []byte, code uint32, err error) {
	text := strings.Join(args, "\x00")
	request := binary.BigEndian.AppendUint32([]byte("runcommand\n"), uint32(len(text)))
	if _, err := o.server.in.Write(append(request, text...)); err != nil {
		return nil, 0, err
	}
	for {
		channel, data, err := o.message()
		switch {
		case err != nil:
			return nil, 0, err
		case channel == 'o':
			out = append(out, data...)
		case channel == 'e':
			complaints.Write(data)
		case channel == 'r' && len(data) == 4:
			return out, binary.BigEndian.Uint32(data), nil
		case isRequest(channel):
			return nil, 0, errors.New("hg asks for input")
		}
	}
}

func isRequest(channel byte) bool { return channel >= 'A' && channel <= 'Z' }

// message reads one message. A request for input has a length but no data.
func (o *hgObjects) message() (channel byte, data []byte, err error) {
	var head [5]byte
	if _, err = io.ReadFull(o.server.out, head[:]); err != nil {
		return 0, nil, err
	}
	if isRequest(head[0]) {
		return head[0], nil, nil
	}
	data = make([]byte, binary.BigEndian.Uint32(head[1:]))
	_, err = io.ReadFull(o.server.out, data)
	return head[0], data, err
}
