"""Values of documents in messages.

What marshal holds goes as it is. The rest (dates, objects, keys that are no scalars) has a stand-in, and the message says where
it stands and what belongs there.
"""

import datetime
import marshal

SCALARS = frozenset((type(None), bool, int, float, str, bytes))


def pack(message, objects):
    """Gives the bytes of a message. Objects that no document can hold are kept in objects and go as their number."""
    try:
        return marshal.dumps([message, None], 4)
    except ValueError:
        fixes = []
        plain = _plain(message, (), fixes, objects)
        return marshal.dumps([plain, fixes], 4)


def unpack(payload, objects):
    message, fixes = marshal.loads(payload)
    if fixes:
        message = _repair(message, fixes, objects)
    return message


def _plain(value, path, fixes, objects):
    kind = type(value)
    if kind in SCALARS:
        return value
    if isinstance(value, dict):
        if all(type(k) in SCALARS for k in value):
            return {k: _plain(v, path + (k,), fixes, objects) for k, v in value.items()}
        pairs = []
        for i, (k, v) in enumerate(value.items()):
            pairs.append([_plain(k, path + (i, 0), fixes, objects), _plain(v, path + (i, 1), fixes, objects)])
        fixes.append([list(path), "m", None])
        return pairs
    if isinstance(value, (list, tuple)):
        return [_plain(v, path + (i,), fixes, objects) for i, v in enumerate(value)]
    if isinstance(value, (set, frozenset)) and all(type(v) in SCALARS for v in value):
        return set(value)
    # Subclasses, such as the members of an Enum that is a str, count as what they are built on.
    for base in (str, int, float, bytes):
        if isinstance(value, base):
            return base.__str__(value) if base is str else base(value)
    if isinstance(value, datetime.datetime):
        fixes.append([list(path), "t", value.isoformat()])
    elif isinstance(value, datetime.date):
        fixes.append([list(path), "d", value.isoformat()])
    else:
        fixes.append([list(path), "o", [objects.number(value), type(value).__module__ + "." + type(value).__qualname__]])
    return None


def _repair(message, fixes, objects):
    root = [message]
    for path, code, data in fixes:
        holder, key = root, 0
        for step in path:
            holder, key = holder[key], step
        if code == "m":
            value = {k: v for k, v in holder[key]}
        elif code == "d":
            value = datetime.date.fromisoformat(data)
        elif code == "t":
            value = _timestamp(data)
        elif code == "s":
            value = set(holder[key])
        else:
            value = objects.get(data)
        holder[key] = value
    return root[0]


def _timestamp(text):
    if text.endswith("Z"):
        text = text[:-1] + "+00:00"
    return datetime.datetime.fromisoformat(text)


class Objects:
    """Objects of the tree's own that are on their way through the other side. Each keeps its number, and is the same when it comes back."""

    def __init__(self):
        self.items = []
        self.numbers = {}

    def number(self, value):
        n = self.numbers.get(id(value))
        if n is None:
            n = self.numbers[id(value)] = len(self.items)
            self.items.append(value)
        return n

    def get(self, number):
        return self.items[number]
