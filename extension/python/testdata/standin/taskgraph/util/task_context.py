CUSTOM_CONTEXT_MAP = {}


def custom_context(name):
    def wrap(function):
        CUSTOM_CONTEXT_MAP[name] = function
        return function

    return wrap
