registry = {}


def register_strategy(name, args=()):
    def wrap(cls):
        registry[name] = cls(*args)
        if not hasattr(registry[name], "description"):
            registry[name].description = name
        return cls

    return wrap


class OptimizationStrategy:
    def should_remove_task(self, task, params, arg):
        return False

    def should_replace_task(self, task, params, deadline, arg):
        return False
