registered_morphs = []


def register_morph(function):
    registered_morphs.append(function)
    return function
