import importlib
import os
import sys


class GraphConfig:
    def __init__(self, config, root_dir):
        self._config, self.root_dir = config, os.path.abspath(root_dir)

    def __getitem__(self, name):
        return self._config[name]

    def __contains__(self, name):
        return name in self._config

    def get(self, name, default=None):
        return self._config.get(name, default)

    def register(self):
        sys.path.insert(0, self.root_dir)
        name = self["taskgraph"].get("register")
        if name:
            module, function = name.split(":")
            getattr(importlib.import_module(module), function)(self)
