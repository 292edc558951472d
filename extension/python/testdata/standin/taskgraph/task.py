from dataclasses import dataclass, field


@dataclass
class Task:
    kind: str
    label: str
    attributes: dict
    task: dict
    description: str = ""
    task_id: object = field(default=None, init=False)
    optimization: object = None
    dependencies: dict = field(default_factory=dict)
    soft_dependencies: list = field(default_factory=list)
    if_dependencies: list = field(default_factory=list)

    def __post_init__(self):
        self.attributes["kind"] = self.kind
