"""Tasks of graphs, as objects of the reference's own class. They come when they are asked for, and their definitions later still."""

from taskgraph.task import Task

# How many definitions are asked for at once: whoever looks into one task as a rule looks into many.
BATCH = 512


class Store:
    """The tasks that one session knows, by the number that the other side gave them."""

    def __init__(self, need):
        self.need = need
        self.tasks = {}
        self.numbers = {}  # of tasks, by identity
        self.waiting = {}  # numbers of tasks without their definition, in order

    def get(self, numbers):
        """Gives the tasks with the numbers, in their order."""
        unknown = [n for n in numbers if n not in self.tasks]
        for start in range(0, len(unknown), 4096):
            part = unknown[start : start + 4096]
            for n, fields in zip(part, self.need("tasks", part)):
                self.add(n, fields)
        return [self.tasks[n] for n in numbers]

    def add(self, number, fields):
        task = Task.__new__(Task)
        # The definition is left out: __getattr__ below fills it in.
        kind, label, description, attributes, optimization, dependencies, soft, ifs, task_id = fields
        task.__dict__.update(
            kind=kind,
            label=label,
            attributes=attributes,
            description=description,
            task_id=task_id,
            optimization=optimization,
            dependencies=dependencies,
            soft_dependencies=soft,
            if_dependencies=ifs,
        )
        self.tasks[number] = task
        self.numbers[id(task)] = number
        self.waiting[number] = None
        _stores[id(task)] = self
        return task

    def number(self, task):
        """Gives the number of a task, or of the one of the same label where the tree's code made a copy of it."""
        number = self.numbers.get(id(task))
        if number is None:
            number = next((n for n, t in self.tasks.items() if t.label == task.label and t.task_id == task.task_id), None)
        return number

    def define(self, task):
        """Gets the definition of a task, and those of the tasks after it."""
        wanted = self.numbers[id(task)]
        numbers = [wanted]
        for n in self.waiting:
            if len(numbers) >= BATCH:
                break
            if n != wanted:
                numbers.append(n)
        for n, definition in zip(numbers, self.need("definitions", numbers)):
            del self.waiting[n]
            del _stores[id(self.tasks[n])]
            self.tasks[n].__dict__["task"] = definition
        return task.__dict__["task"]


# The stores of tasks that wait for their definition, by the task's identity. A store keeps its tasks.
_stores = {}


def _fill(task, name):
    if name == "task":
        store = _stores.get(id(task))
        if store is not None:
            return store.define(task)
    raise AttributeError("'Task' object has no attribute %r" % name)


def _reduce(task, protocol):
    task.task  # a copy must have it
    return object.__reduce_ex__(task, protocol)


# Methods of the class itself rather than of a subclass: the reference asks for the exact type in some places.
Task.__getattr__ = _fill
Task.__reduce_ex__ = _reduce


def graph(tasks, edges):
    """Makes a graph of tasks. They are known by their task ids where they have some."""
    from taskgraph.graph import Graph
    from taskgraph.taskgraph import TaskGraph

    by_key = {t.task_id or t.label: t for t in tasks}
    links = set()
    if edges:
        for key, t in by_key.items():
            for name, dep in t.dependencies.items():
                if dep in by_key:
                    links.add((key, dep, name))
    return TaskGraph(by_key, Graph(frozenset(by_key), frozenset(links)))
