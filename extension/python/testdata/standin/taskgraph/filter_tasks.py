filter_task_functions = {}


def filter_task(name):
    def wrap(function):
        filter_task_functions[name] = function
        return function

    return wrap
