"""Values as error messages show them."""


def described(value: object) -> str:
    """Returns a value with its type, such as "3, which is of type int", or only its type.

    A value whose text is long, unprintable or an address in memory is described by its type alone.
    """
    text = repr(value)
    kind = type(value).__name__
    if len(text) > 60 or not text.isprintable() or " at 0x" in text:
        return f"a {kind}"
    return f"{text}, which is of type {kind}"
