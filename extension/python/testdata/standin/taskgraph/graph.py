from collections import namedtuple

Graph = namedtuple("Graph", ["nodes", "edges"])
