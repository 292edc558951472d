class ReadOnlyDict(dict):
    def _refuse(self, *args, **kwargs):
        raise Exception("this dict is read-only")

    __setitem__ = __delitem__ = update = pop = setdefault = clear = _refuse
