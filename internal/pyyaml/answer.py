import base64, datetime, json, sys
import yaml
from yaml import CSafeLoader

sys.setrecursionlimit(20000)


def place(prefix, mark):
    return {prefix + "line": mark.line + 1, prefix + "col": mark.column + 1} if mark is not None else {}


def answer(question):
    what, text = question
    try:
        return {"text": globals()[what](base64.b64decode(text))}
    except RecursionError:
        raise
    except Exception as e:
        out = {"error": type(e).__name__ + ": " + str(e)}
        out.update(place("", getattr(e, "problem_mark", None)))
        out.update(place("context ", getattr(e, "context_mark", None)))
        return out


def string(s):
    return s.encode("utf-8", "surrogatepass").hex()


def event_lines(text):
    for e in yaml.parse(text, Loader=CSafeLoader):
        at = "%d:%d" % (e.start_mark.line + 1, e.start_mark.column + 1)
        if isinstance(e, yaml.ScalarEvent):
            plain = e.implicit[0]
            tag = "" if plain or e.tag in (None, "!") else e.tag
            yield "scalar %s %s %s %s" % (at, plain, tag, string(e.value))
        elif isinstance(e, yaml.AliasEvent):
            yield "alias " + at
        elif isinstance(e, yaml.SequenceStartEvent):
            yield "[ %s %s" % (at, e.tag if e.tag not in (None, "!") else "")
        elif isinstance(e, yaml.MappingStartEvent):
            yield "{ %s %s" % (at, e.tag if e.tag not in (None, "!") else "")
        elif isinstance(e, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            yield "end"


def events(text):
    yaml.compose(text, Loader=CSafeLoader)  # for undefined aliases, anchors that come twice and several documents
    return "\n".join(event_lines(text))


def canonical(x):
    """x as a text that says all of its type and value"""
    if x is None:
        return "null"
    if isinstance(x, bool):
        return str(x).lower()
    if isinstance(x, int):
        return "i%x" % x
    if isinstance(x, float):
        return "f" + repr(x)
    if isinstance(x, str):
        return "s" + string(x)
    if isinstance(x, bytes):
        return "b" + x.hex()
    if isinstance(x, (list, tuple)):
        return "[" + " ".join(map(canonical, x)) + "]"
    if isinstance(x, dict):
        return "{" + " ".join(canonical(k) + "=" + canonical(v) for k, v in x.items()) + "}"
    if isinstance(x, set):
        return "<" + " ".join(sorted(map(canonical, x))) + ">"
    if isinstance(x, datetime.datetime):
        return "t" + x.isoformat(" ").encode().hex()
    if isinstance(x, datetime.date):
        return "d" + x.isoformat().encode().hex()
    raise TypeError(type(x))


def load(text):
    return canonical(yaml.load(text, Loader=CSafeLoader))


def load_json(text):
    return canonical(json.loads(text.decode("utf-8")))


def to_json(text):
    return json.dumps(yaml.load(text, Loader=CSafeLoader), separators=(",", ":"))


def to_sorted_json(text):
    return json.dumps(yaml.load(text, Loader=CSafeLoader), sort_keys=True, indent=2)


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def dump(x, **options):
    return yaml.dump(x, Dumper=NoAliases, default_flow_style=False, **options)


def to_yaml(text):
    return dump(yaml.load(text, Loader=CSafeLoader))


def to_unsorted_yaml(text):
    return dump(yaml.load(text, Loader=CSafeLoader), sort_keys=False)


def to_unicode_yaml(text):
    return dump(yaml.load(text, Loader=CSafeLoader), allow_unicode=True)


def json_to_yaml(text):
    return dump(json.loads(text.decode("utf-8")))


def json_to_unicode_yaml(text):
    return dump(json.loads(text.decode("utf-8")), allow_unicode=True)


def json_to_json(text):
    return json.dumps(json.loads(text.decode("utf-8")), sort_keys=True, indent=4)
