"""Frames: a length, a letter that says what the frame is, and a marshalled message."""

import marshal
import os
import socket
import struct

HEADER = struct.Struct("<IB")

# Frames of more than this are refused on both sides.
LIMIT = 1 << 30


class Closed(BaseException):
    """The other side is gone. No code of the tree can catch it by accident."""


class Channel:
    """One conversation over a socket. Each frame is a letter and a payload."""

    def __init__(self, sock):
        self.sock = sock
        self.reader = sock.makefile("rb", buffering=1 << 16)

    def send(self, letter, payload):
        if len(payload) > LIMIT:
            raise OverflowError("a message of %d bytes is too large: at most %d are sent" % (len(payload), LIMIT))
        head = HEADER.pack(len(payload), ord(letter))
        try:
            if len(payload) < 1 << 16:
                self.sock.sendall(head + payload)
            else:
                self.sock.sendall(head)
                self.sock.sendall(payload)
        except OSError:
            raise Closed() from None

    def receive(self):
        try:
            head = self.reader.read(HEADER.size)
            if len(head) < HEADER.size:
                raise Closed()
            size, letter = HEADER.unpack(head)
            payload = self.reader.read(size)
        except OSError:
            raise Closed() from None
        if len(payload) < size:
            raise Closed()
        return chr(letter), payload


def receive_with_descriptor(sock):
    """Reads one frame from the control socket, and the descriptor that came with it, None where none did."""
    descriptors, data = [], b""
    size, letter = HEADER.size, None
    while True:
        try:
            # Never more than this frame, so that a descriptor belongs to the frame that brought it.
            part, extra, _, _ = sock.recvmsg(size - len(data), socket.CMSG_LEN(4 * 4))
        except OSError:
            raise Closed() from None
        for level, kind, content in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                for i in range(0, len(content) - len(content) % 4, 4):
                    descriptor = struct.unpack("i", content[i : i + 4])[0]
                    os.set_inheritable(descriptor, False)
                    descriptors.append(descriptor)
        if not part:
            raise Closed()
        data += part
        if len(data) < size:
            continue
        if letter is None:
            size, letter = HEADER.unpack(data)
            data = b""
            if size:
                continue
        return chr(letter), data, descriptors[0] if descriptors else None


def dumps(message):
    return marshal.dumps(message, 4)
