package dockerimages

import (
	"fmt"
	"io"
	"sync"
)

// epoch is the modification time of everything in an archive: 2016-01-01, as in the reference.
const epoch = 1451606400

// The tar format counts in blocks; an archive as a whole is a number of records.
const (
	blockSize  = 512
	recordSize = 20 * blockSize
	nameSize   = 100
)

// archiver writes tar archives of regular files in the GNU format, equal to the bit to those that the reference hashes:
// no owner, one modification time, zeros in the device fields, a long-name entry before each name of more than 100 bytes.
// That is why archive/tar does not serve: it leaves device fields empty and encodes long names its own way.
type archiver struct {
	w       io.Writer
	written int64
	header  [blockSize]byte
}

// add writes one file. Exactly size bytes are taken from content; fewer are an error.
func (a *archiver) add(name string, mode uint32, size int64, content io.Reader) error {
	if len(name) > nameSize {
		if err := a.writeHeader("././@LongLink", 'L', 0, int64(len(name))+1, 0); err != nil {
			return err
		}
		if err := a.write(append([]byte(name), 0)); err != nil {
			return err
		}
		if err := a.pad(blockSize); err != nil {
			return err
		}
	}
	if err := a.writeHeader(name, '0', mode, size, epoch); err != nil {
		return err
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	// The bare interfaces keep CopyBuffer from going around the buffer.
	n, err := io.CopyBuffer(struct{ io.Writer }{a.w}, io.LimitReader(content, size), *buf)
	a.written += n
	if err == nil && n != size {
		err = fmt.Errorf("it has %d bytes, not the %d it had before: %w", n, size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return err
	}
	return a.pad(blockSize)
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// close ends the archive: two empty blocks, then empty ones up to a whole record.
func (a *archiver) close() error {
	if err := a.write(make([]byte, 2*blockSize)); err != nil {
		return err
	}
	return a.pad(recordSize)
}

func (a *archiver) write(p []byte) error {
	n, err := a.w.Write(p)
	a.written += int64(n)
	return err
}

// zeros is what padding is made of.
var zeros [recordSize]byte

func (a *archiver) pad(unit int64) error {
	if over := a.written % unit; over > 0 {
		return a.write(zeros[:unit-over])
	}
	return nil
}

// writeHeader writes the block that stands before a file's content. The place of each field is that of the GNU format.
func (a *archiver) writeHeader(name string, typeflag byte, mode uint32, size, mtime int64) error {
	h := a.header[:]
	clear(h)
	copy(h[0:100], name) // a name that does not fit is cut; the long-name entry has it
	octal(h[100:108], int64(mode&0o7777))
	octal(h[108:116], 0) // user
	octal(h[116:124], 0) // group
	octal(h[124:136], size)
	octal(h[136:148], mtime)
	copy(h[148:156], "        ")
	h[156] = typeflag
	copy(h[257:265], "ustar  \x00")
	octal(h[329:337], 0) // major and minor number of a device: zeros, which no current tar program writes for a file
	octal(h[337:345], 0)
	var sum int64
	for _, b := range h {
		sum += int64(b)
	}
	octal(h[148:155], sum)
	return a.write(h)
}

// octal fills a field with the digits of a number and a NUL, or with the number in base 256 when it has too many digits.
func octal(field []byte, n int64) {
	last := len(field) - 1
	if n>>(3*last) != 0 {
		for i := last; i > 0; i-- {
			field[i] = byte(n)
			n >>= 8
		}
		field[0] = 0x80
		return
	}
	field[last] = 0
	for i := last - 1; i >= 0; i-- {
		field[i] = byte('0' + n&7)
		n >>= 3
	}
}
