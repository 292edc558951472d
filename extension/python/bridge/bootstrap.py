# Reads the modules of the program from the control socket and runs it.
import importlib.abc, importlib.util, marshal, os, socket, struct, sys

if sys.path and sys.path[0] == "":
    del sys.path[0]
_sock = socket.socket(fileno=3)


def _read(n):
    data = b""
    while len(data) < n:
        part = _sock.recv(n - len(data))
        if not part:
            os._exit(1)
        data += part
    return data


_size, _letter = struct.unpack("<IB", _read(5))
_sources = marshal.loads(_read(_size))
_sock.detach()


class _Bridge(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        package, _, module = name.partition(".")
        if package == "taskgraph_bridge" and (not module or module in _sources):
            return importlib.util.spec_from_loader(name, self, is_package=not module)

    def exec_module(self, module):
        name = module.__name__.partition(".")[2]
        if name:
            exec(compile(_sources[name], "<taskgraph bridge/%s.py>" % name, "exec"), module.__dict__)


sys.meta_path.insert(0, _Bridge())
from taskgraph_bridge.main import main

main(3, 4)
