GROUP_BY_MAP = {}


def group_by(name, schema=None):
    def wrap(function):
        GROUP_BY_MAP[name] = function
        function.schema = schema
        return function

    return wrap
