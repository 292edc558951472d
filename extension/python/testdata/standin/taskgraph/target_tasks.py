_target_task_methods = {}


def register_target_task(name):
    def wrap(function):
        _target_task_methods[name] = function
        return function

    return wrap
