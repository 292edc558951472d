class TaskGraph:
    def __init__(self, tasks, graph):
        self.tasks, self.graph = tasks, graph

    def __iter__(self):
        return iter(self.tasks.values())

    def __getitem__(self, label):
        return self.tasks[label]
