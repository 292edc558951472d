class Verification:
    def __init__(self, name, func, run_on_projects=None):
        self.name, self.func, self.run_on_projects = name, func, run_on_projects

    def verify(self, *args):
        if self.name in ("initial", "graph_config", "parameters", "kinds"):
            self.func(*args)
            return
        graph, graph_config, parameters = args
        pad = {}
        for task in graph.tasks.values():
            self.func(task, graph, scratch_pad=pad, graph_config=graph_config, parameters=parameters)
        self.func(None, graph, scratch_pad=pad, graph_config=graph_config, parameters=parameters)


class VerificationSequence:
    def __init__(self):
        self._verifications = {}

    def add(self, name, **kwargs):
        def wrap(func):
            self._verifications.setdefault(name, []).append(Verification(name, func, **kwargs))
            return func

        return wrap


verifications = VerificationSequence()
