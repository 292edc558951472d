from .util.readonlydict import ReadOnlyDict

_parameter_extensions = []
defaults_functions = [lambda repo_root: {}]


class base_schema:
    names = ["level", "project"]


def _schema_key_names(schema):
    return set(schema.names)


def extend_parameters_schema(schema, defaults_fn=None):
    _parameter_extensions.append(schema)
    if defaults_fn:
        defaults_functions.append(defaults_fn)


class Parameters(ReadOnlyDict):
    def __init__(self, strict=True, repo_root=None, **kwargs):
        self.strict = strict
        kwargs.pop("spec", None)
        super().__init__(**kwargs)

    def check(self):
        for extension in _parameter_extensions:
            for name in extension.names:
                check = getattr(extension, "check", None)
                if check and name in self:
                    check(self[name])
