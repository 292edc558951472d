def validate_schema(schema, value, prefix):
    """A schema is a function here, which says what is wrong."""
    wrong = schema(value) if schema else None
    if wrong:
        raise Exception("%s\n%s" % (prefix, wrong))
