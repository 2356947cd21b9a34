"""Values as error messages show them."""


def described(value: object) -> str:
    """Returns a value with its type, such as "3, which is of type int", or only its type.

    A value whose text is long, unprintable or an address in memory is described by its type alone.
    An object of tf_keras, whose types have the names of Keras's, is said to be one.
    """
    text = repr(value)
    kind = type(value).__name__
    if type(value).__module__.startswith("tf_keras."):
        return f"a {kind} of tf_keras: use that of Keras 3, `import keras`"
    if len(text) > 60 or not text.isprintable() or " at 0x" in text:
        return f"a {kind}"
    return f"{text}, which is of type {kind}"
