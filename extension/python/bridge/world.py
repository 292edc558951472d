"""What all sessions share: the reference package, the tree's modules, and what they registered."""

import importlib
import logging
import os
import sys

from . import reference, values
from .session import describe


class Handler(logging.Handler):
    """Writes log records so that the other side can tell their level: a line that begins with two control characters."""

    def emit(self, record):
        try:
            text = self.format(record)
        except Exception:
            text = str(record.msg)
        level = record.levelno
        for line in text.split("\n"):
            sys.stderr.write("\x1e%d\x1f%s\x1f%s\n" % (level, record.name, line))


class World:
    def __init__(self):
        self.graph_config = None
        self.root_dir = ""
        self.found = {}
        self.baseline = {}
        self.base_names = set()

    def flush(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass

    def setup(self, config, root_dir, top, fast, offline, verbose):
        """Imports the reference package and lets the tree register what it has."""
        self.root_dir = top
        os.chdir(top)
        logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[Handler()], format="%(message)s")
        import taskgraph

        if fast:
            taskgraph.fast = True
        from taskgraph.config import GraphConfig

        importlib.import_module("taskgraph.optimize")
        importlib.import_module("taskgraph.target_tasks")
        if offline:
            refuse_network()
        self.baseline = {name: dict(entries) for name, entries in reference.registries().items()}
        # Relative, as the reference has it: releases before 15 leave it so, and names of files depend on that.
        self.graph_config = GraphConfig(config, root_dir=root_dir)
        parameters = importlib.import_module("taskgraph.parameters")
        self.base_names = {str(k) for k in getattr(parameters.base_schema, "schema", {})}
        before, caches = repr(config), repr(reference.caches())
        self.graph_config.register()
        registered = self.registered()
        registered["caches"] = repr(reference.caches()) != caches
        projects = reference.loaded("taskgraph.decision:PER_PROJECT_PARAMETERS")
        if projects:
            registered["project parameters"] = values.pack(projects, values.Objects())
        # What register() changed holds for everything that comes after it.
        if repr(config) != before:
            registered["graph config"] = values.pack(config, values.Objects())
        return registered

    def find(self, name):
        """Gives the object that a name "module:object" leads to."""
        if name not in self.found:
            module, _, path = name.partition(":")
            value = importlib.import_module(module)
            for part in path.split("."):
                value = getattr(value, part)
            self.found[name] = value
        return self.found[name]

    def load(self, names):
        """Imports what the names lead to and gives what is wrong with each, and everything that is registered now."""
        out = {}
        for name in names:
            out[name] = self.check(name)
        if reference.loaded(*(m + ":registry" for m in reference.RUN_MODULES)) is not None:
            # The handlers of the tree may build on those of the reference, which its run transform would import.
            self.siblings(reference.run_module())
        return [out, self.registered()]

    def check(self, name):
        module, _, path = name.partition(":")
        try:
            value = importlib.import_module(module)
        except ModuleNotFoundError as e:
            # Only where the module itself is missing; one that it imports is another matter.
            if e.name and (module == e.name or module.startswith(e.name + ".")):
                return ["module", e.name, self.near(e.name)]
            return ["error", describe(e, self.root_dir, name, None)]
        except BaseException as e:
            return ["error", describe(e, self.root_dir, name, None)]
        for part in path.split("."):
            if not hasattr(value, part):
                return ["attribute", part, sorted(n for n in vars(value) if not n.startswith("_") and callable(getattr(value, n, None)))]
            value = getattr(value, part)
        if not callable(value) and not isinstance(value, dict):
            return ["type", type(value).__name__, []]
        self.found[name] = value
        return None

    def near(self, module):
        """Gives the modules that stand where a missing one was looked for."""
        import pkgutil

        package, _, _ = module.rpartition(".")
        try:
            places = importlib.import_module(package).__path__ if package else [self.graph_config.root_dir]
            prefix = package + "." if package else ""
            return sorted(prefix + m.name for m in pkgutil.iter_modules(places))
        except Exception:
            return []

    def siblings(self, module):
        import pkgutil

        for m in pkgutil.iter_modules(getattr(module, "__path__", [])):
            try:
                importlib.import_module(module.__name__ + "." + m.name)
            except ImportError:
                pass

    # What is registered.

    def registry(self, name):
        return reference.registries()[name]

    def strategies(self, set_name):
        return self.find(set_name) if set_name else reference.strategies()

    def verifications(self):
        found = reference.loaded("taskgraph.util.verify:verifications")
        return getattr(found, "_verifications", {}) if found is not None else {}

    def verification(self, phase, place):
        return self.verifications()[phase][place]

    def morphs(self):
        return reference.loaded("taskgraph.morph:registered_morphs") or []

    def actions(self):
        """Gives the actions, with what their decorator was given: it keeps that in the function that makes their JSON."""
        registry = sys.modules.get("taskgraph.actions.registry")
        out = []
        for action in getattr(registry, "actions", []):
            builder = action.action_builder
            fields = dict(zip(builder.__code__.co_freevars, (c.cell_contents for c in builder.__closure__ or ())))
            fields.setdefault("available", lambda parameters: True)
            fields.setdefault("context", lambda parameters: [])
            fields.setdefault("schema", None)
            # Old releases know generic actions, and others that have a permission of their own.
            permission = getattr(action, "permission", None) or ("generic" if action.generic else action.cb_name)
            fields["order"], fields["cb_name"], fields["permission"] = action.order, action.cb_name, permission
            fields["callback"] = registry.callbacks[action.cb_name]
            out.append(fields)
        return out

    def registered(self):
        """Gives the names of all that the reference's registries hold, and whether each is the tree's own or is not what it was at the start."""
        out = {}
        for registry, entries in reference.registries().items():
            baseline = self.baseline.get(registry, {})
            out[registry] = [[name, self.is_foreign(registry, entry, baseline.get(name))] for name, entry in entries.items() if isinstance(name, str)]
        runs = reference.loaded(*(m + ":registry" for m in reference.RUN_MODULES)) or {}
        out["run"] = [[using, implementation, not reference.is_own(entry[0])] for using, by in runs.items() for implementation, entry in by.items()]
        out["verification"] = [
            [phase, place, getattr(v.func, "__name__", "verification"), getattr(v, "run_on_projects", None)]
            for phase, entries in self.verifications().items()
            for place, v in enumerate(entries)
            if not reference.is_own(v.func)
        ]
        out["morph"] = [[place, getattr(m, "__name__", "morph")] for place, m in enumerate(self.morphs()) if not reference.is_own(m)]
        out["action"] = [
            [place, a["order"], a["cb_name"], a["permission"], a.get("name"), a.get("title"), a.get("description"), a.get("symbol"), a["schema"] is not None]
            for place, a in enumerate(self.actions())
            if not reference.is_own(a["callback"])
        ]
        out["strategy description"] = {n: getattr(s, "description", n) for n, s in reference.strategies().items()}
        out["index search"] = [n for n, s in reference.strategies().items() if type(s).__name__ == "IndexSearch" and reference.is_own(type(s))]
        out["parameters"] = self.parameter_names()
        return out

    def is_foreign(self, registry, entry, before):
        if before is not None:
            return entry is not before
        function = getattr(entry, "builder", entry)
        if registry == "strategy":
            return True
        return not reference.is_own(function)

    def parameter_names(self):
        """Gives the parameters that the tree declares, None where it declares none."""
        module = sys.modules.get("taskgraph.parameters")
        if module is None:
            return None
        functions = getattr(module, "defaults_functions", [])
        names = set()
        extensions = getattr(module, "_parameter_extensions", None)
        if extensions is not None:
            for extension in extensions:
                names |= set(getattr(module, "_schema_key_names")(extension))
        else:
            names = {str(k) for k in getattr(module.base_schema, "schema", {})} - self.base_names
        if len(functions) <= 1 and not names:
            return None
        return sorted(names)

    def parameter_defaults(self, repo_root):
        """Gives the defaults of the tree's own parameters, functions called."""
        import taskgraph.parameters as module

        try:
            repo_root = self.graph_config.vcs_root  # a Path, which functions of trees rely on
        except Exception:
            pass
        out = {}
        for function in module.defaults_functions[1:]:
            out.update(function(repo_root))
        return {name: default() if callable(default) else default for name, default in out.items()}

    def check_parameters(self, params, strict):
        from taskgraph.parameters import Parameters

        made = Parameters(**params)
        made.strict = strict
        try:
            made.check()
        except Exception as e:
            return str(e)
        return None


def refuse_network():
    """Makes every connection fail, so that a preview that must not use the network does not. To look-ups in the index and the queue
    the answer is that there is nothing, as it is for look-ups of the other side."""
    import socket

    connect = socket.socket.connect

    def refuse(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise OSError("offline: no network (%r)" % (address,))
        return connect(self, address)

    socket.socket.connect = refuse
    try:
        from requests import Response, adapters, exceptions
    except ImportError:
        return

    def send(self, request, *args, **kwargs):
        url = request.url.partition("?")[0]
        if "/api/index/" not in url and "/api/queue/" not in url:
            # At once: connections that are refused would be tried again and again.
            raise exceptions.ConnectionError("offline: no network (%s)" % url, request=request)
        response = Response()
        response.request, response.url = request, url
        response.headers["Content-Type"] = "application/json"
        many = next((name for part, name in LISTS.items() if part in url), None)
        if many:
            response.status_code, response.reason = 200, "OK"
            response._content = ('{"%s": []}' % many).encode()
        else:
            response.status_code, response.reason = 404, "Not Found"
            response._content = b'{"code": "ResourceNotFound", "message": "offline: nothing is looked up"}'
        return response

    adapters.HTTPAdapter.send = send
    config = getattr(sys.modules.get("taskcluster.client"), "config", None)
    if isinstance(config, dict):
        config["maxRetries"] = 0


# What look-ups that give a list call it, by what is in their address.
LISTS = {"/tasks/status": "statuses", "/api/index/v1/tasks/": "tasks", "/api/index/v1/namespaces/": "namespaces"}
