from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class TransformConfig:
    kind: str
    path: str
    config: dict
    params: object
    kind_dependencies_tasks: dict
    graph_config: object
    write_artifacts: bool

    @property
    def repo_configs(self):
        return {prefix: repo["name"] for prefix, repo in self.graph_config["taskgraph"]["repositories"].items()}


@dataclass
class TransformSequence:
    _transforms: list = field(default_factory=list)

    def __call__(self, config, items):
        for transform in self._transforms:
            items = transform(config, items)
            if items is None:
                raise Exception("%r is no generator" % transform)
        return items

    def add(self, function):
        self._transforms.append(function)
        return function
