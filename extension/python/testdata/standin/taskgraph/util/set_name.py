SET_NAME_MAP = {}


def set_name(name):
    def wrap(function):
        SET_NAME_MAP[name] = function
        return function

    return wrap
