from collections import namedtuple

Action = namedtuple("Action", ["order", "cb_name", "permission", "action_builder"])
actions, callbacks = [], {}


def register_callback_action(name, title, symbol, description, order=10000, context=[], available=lambda parameters: True, schema=None, permission="generic", cb_name=None):
    cb_name = cb_name or name

    def wrap(function):
        def action_builder(parameters):
            return [name, title, symbol, description, context, available, schema]

        actions.append(Action(order, cb_name, permission, action_builder))
        callbacks[cb_name] = function
        return function

    return wrap
