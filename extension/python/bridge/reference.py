"""What the reference package calls things, in whichever of its releases is installed.

Nothing is imported before it is asked for, and what the tree registered is looked for only in modules that are loaded: a
registry whose module nobody imported has nothing of the tree's.
"""

import importlib
import sys


def loaded(*places):
    """Gives the first object that one of the places "module:name" has, among modules that are loaded already; None without one."""
    for place in places:
        module, name = place.split(":")
        module = sys.modules.get(module)
        if module is not None and hasattr(module, name):
            return getattr(module, name)
    return None


def imported(*places):
    """Gives the first object that one of the places "module:name" has."""
    last = None
    for place in places:
        module, name = place.split(":")
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as e:
            last = e
    raise last


def version():
    try:
        from importlib.metadata import version as release

        return release("taskcluster-taskgraph")
    except Exception:
        return getattr(sys.modules.get("taskgraph"), "__version__", "unknown")


def is_own(value):
    """Says whether an object comes from the reference package itself."""
    module = getattr(value, "__module__", None) or ""
    return module == "taskgraph" or module.startswith("taskgraph.")


# Where each registry is. The module of runs was called job before release 8, and its decorator run_job_using.
RUN_MODULES = ("taskgraph.transforms.run", "taskgraph.transforms.job")


def run_module():
    for name in RUN_MODULES:
        if name in sys.modules:
            return sys.modules[name]
    for name in RUN_MODULES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ImportError("the reference package has no module of run transforms")


def strategies():
    return loaded("taskgraph.optimize.base:registry", "taskgraph.optimize:registry") or {}


def caches():
    """Gives the caches that run-task uses, which are no registry, but which trees change; None in releases before 13, which have none."""
    try:
        return imported("taskgraph.util.caches:CACHES")
    except (ImportError, AttributeError):
        return None


def registries():
    """Gives the registries that are dicts by name."""
    return {
        "payload": loaded("taskgraph.transforms.task:payload_builders") or {},
        "index": loaded("taskgraph.transforms.task:index_builders") or {},
        "group-by": loaded("taskgraph.util.dependencies:GROUP_BY_MAP", "taskgraph.transforms.from_deps:GROUP_BY_MAP") or {},
        "set-name": loaded("taskgraph.util.set_name:SET_NAME_MAP", "taskgraph.transforms.from_deps:SET_NAME_MAP") or {},
        "context": loaded("taskgraph.util.task_context:CUSTOM_CONTEXT_MAP") or {},
        "strategy": strategies(),
        "target": loaded("taskgraph.target_tasks:_target_task_methods") or {},
        "filter": loaded("taskgraph.filter_tasks:filter_task_functions") or {},
    }
