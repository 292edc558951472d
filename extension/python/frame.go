package python

import (
	"encoding/binary"
	"fmt"
	"io"
)

// protocolVersion is the version of the protocol that both sides must speak.
const protocolVersion = 2

// The letters of frames.
const (
	frameSetup    = 'S' // Go: import the reference and register
	frameImport   = 'I' // Go: import modules of the tree
	frameDefaults = 'P' // Go: defaults of parameters
	frameCheck    = 'V' // Go: check parameters
	frameFork     = 'F' // Go: begin a session on the socket that comes along
	frameExit     = 'X' // Python: a session's process ended
	frameCall     = 'C' // Go: do something
	frameNeed     = 'N' // Python: give me something
	frameData     = 'D' // Go: here it is
	frameOutput   = 'O' // Python: a part of what the call makes
	frameResult   = 'R' // Python: done
	frameError    = 'E' // Python: an exception
)

// maxFrame is how long the payload of a frame may be.
const maxFrame = 1 << 30

const frameHeader = 5

// appendFrame appends a frame.
func appendFrame(dst []byte, letter byte, payload []byte) []byte {
	return append(appendHeader(dst, letter, len(payload)), payload...)
}

// appendHeader appends the header of a frame with a payload of n bytes.
func appendHeader(dst []byte, letter byte, n int) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(n)), letter)
}

// readFrame reads a frame.
func readFrame(r io.Reader) (letter byte, payload []byte, err error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("a message of %d bytes is too large: at most %d are read", n, maxFrame)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[4], payload, err
}
