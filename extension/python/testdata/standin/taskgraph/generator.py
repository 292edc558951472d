from dataclasses import dataclass


@dataclass
class Kind:
    name: str
    path: str
    config: dict
    graph_config: object
