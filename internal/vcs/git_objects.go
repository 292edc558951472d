package vcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// gitObjects reads blobs by hash, with a git that prints them and one that only prints their sizes.
type gitObjects struct {
	contents, sizes conversation
}

func newGitObjects(ctx context.Context, g *git) *gitObjects {
	return &gitObjects{
		contents: conversation{program: g.program, ctx: ctx, args: []string{"cat-file", "--batch"}},
		sizes:    conversation{program: g.program, ctx: ctx, args: []string{"cat-file", "--batch-check"}},
	}
}

func (o *gitObjects) read(id string) (data []byte, err error) {
	var missing error
	err = o.contents.ask(func() error {
		size, err := requestBlob(&o.contents, id)
		if errors.Is(err, errMissing) {
			missing = err
			return nil
		}
		if err != nil {
			return err
		}
		data = make([]byte, size)
		if _, err := io.ReadFull(o.contents.out, data); err != nil {
			return err
		}
		_, err = o.contents.out.Discard(1) // the line end after the content
		return err
	})
	return data, errors.Join(err, missing)
}

func (o *gitObjects) size(id string) (size int64, err error) {
	var missing error
	err = o.sizes.ask(func() error {
		size, err = requestBlob(&o.sizes, id)
		if errors.Is(err, errMissing) {
			missing = err
			return nil
		}
		return err
	})
	return size, errors.Join(err, missing)
}

func (o *gitObjects) close() error {
	return errors.Join(o.contents.close(), o.sizes.close())
}

var errMissing = errors.New("the object is not in the repository")

// requestBlob asks git for a blob and gives its size. The content, where it is printed, is what can be read next.
func requestBlob(c *conversation, id string) (int64, error) {
	if _, err := io.WriteString(c.in, id+"\n"); err != nil {
		return 0, err
	}
	head, err := c.out.ReadString('\n') // <object> SP <type> SP <size>, or <object> SP missing
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(head)
	if len(fields) == 2 && fields[1] == "missing" {
		return 0, fmt.Errorf("%w: %s", errMissing, id)
	}
	if len(fields) != 3 || fields[1] != "blob" {
		return 0, fmt.Errorf("unexpected answer %q", strings.TrimSpace(head))
	}
	return strconv.ParseInt(fields[2], 10, 64)
}
