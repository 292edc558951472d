from collections import namedtuple

payload_builders, index_builders = {}, {}
PayloadBuilder = namedtuple("PayloadBuilder", ["schema", "builder"])


def payload_builder(name, schema):
    def wrap(function):
        payload_builders[name] = PayloadBuilder(schema, function)
        return function

    return wrap


def index_builder(name):
    def wrap(function):
        index_builders[name] = function
        return function

    return wrap
