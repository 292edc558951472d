"""The process that stands at the beginning: it imports what the tree has, and makes a copy of itself for each session.

A session therefore begins with what register() and the imports left, whatever other sessions did, so that its results depend
neither on the order in which kinds are loaded nor on how many are loaded at a time.
"""

import gc
import os
import select
import signal
import socket
import sys

from . import values
from .channel import HEADER, Closed, dumps, receive_with_descriptor
from .session import describe, run
from .world import World

PROTOCOL = 2


def watch_lifeline(descriptor):
    """Ends every process of the group when the other side is gone, even if the tree's code never comes back.

    The pipe is never written to. When its other end closes, the kernel sends SIGIO to the group, and that ends a process
    which does not handle it.
    """
    import fcntl

    # Where the signal ends nothing by itself, code that comes back to Python is ended.
    signal.signal(signal.SIGIO, signal.SIG_DFL if sys.platform == "linux" else lambda *_: os._exit(1))
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    # It may have closed before that.
    if select.select([descriptor], [], [], 0)[0]:
        os._exit(1)


def main(control, lifeline):
    for descriptor in (control, lifeline):
        os.set_inheritable(descriptor, False)
    watch_lifeline(lifeline)
    sock = socket.socket(fileno=control)
    world = World()
    objects = values.Objects()
    wake, woken = os.pipe()
    os.set_blocking(woken, False)

    def send(letter, message):
        world.flush()
        payload = dumps(message)
        sock.sendall(HEADER.pack(len(payload), ord(letter)) + payload)

    def reap(*_):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in sessions:
                sessions.discard(pid)
                send("X", [pid, status])

    sessions = set()
    wakeups = None
    try:
        while True:
            if sessions:
                # Children may end while nothing comes in.
                ready, _, _ = select.select([sock, wake], [], [], None)
                if wake in ready:
                    os.read(wake, 4096)
                    reap()
                if sock not in ready:
                    continue
            letter, payload, descriptor = receive_with_descriptor(sock)
            message = values.unpack(payload, objects)
            if letter == "S":
                try:
                    send("R", [PROTOCOL, sys.version.split()[0], _release(), world.setup(*message)])
                except Closed:
                    raise
                except BaseException as e:
                    send("E", describe(e, world.root_dir, "register", None))
            elif letter in "IPV":
                try:
                    if letter == "I":
                        answer = world.load(*message)
                    elif letter == "P":
                        answer = world.parameter_defaults(*message)
                    else:
                        answer = world.check_parameters(*message)
                    world.flush()
                    payload = values.pack(answer, objects)
                    sock.sendall(HEADER.pack(len(payload), ord("R")) + payload)
                except Closed:
                    raise
                except BaseException as e:
                    send("E", describe(e, world.root_dir, None, None))
            elif letter == "F":
                if wakeups is None:
                    wakeups = signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
                    signal.signal(signal.SIGCHLD, lambda *_: None)
                    gc.collect()
                    gc.freeze()
                world.flush()
                pid = os.fork()
                if pid == 0:
                    code = 1
                    try:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        # What a session makes lives as long as the session does.
                        gc.set_threshold(100000, 50, 100)
                        sock.close()
                        os.close(wake)
                        os.close(woken)
                        run(socket.socket(fileno=descriptor), world)
                        code = 0
                    finally:
                        # Without the exit handlers of the process that this is a copy of.
                        os._exit(code)
                os.close(descriptor)
                sessions.add(pid)
                send("R", [pid])
            else:
                raise Closed()
    except Closed:
        pass
    world.flush()
    os._exit(0)


def _release():
    from . import reference

    return reference.version()
