from taskgraph.util.schema import validate_schema

registry = {}


def run_task_using(worker_implementation, run_using, schema=None, defaults={}):
    def wrap(function):
        registry.setdefault(run_using, {})[worker_implementation] = (function, schema, defaults)
        return function

    return wrap


def configure_taskdesc_for_run(config, task, taskdesc, worker_implementation):
    function, schema, defaults = registry[task["run"]["using"]][worker_implementation]
    for name, value in defaults.items():
        task["run"].setdefault(name, value)
    validate_schema(schema, task["run"], "In task.run of %r:" % task["label"])
    function(config, task, taskdesc)
