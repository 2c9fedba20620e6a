"""default(): the board's own bus, port or memory, the same object for all who ask."""

_made = {}  # class -> object


def default_of(kind, *arguments):
    """The object of that class, made with these arguments if there is none, or it is deinitialised.

    Raises what the class raises, OSError(EOPNOTSUPP) where the board has no default.
    Context: thread or base level.
    """
    made = _made.get(kind)
    if made is None or not made.is_connected():
        made = _made[kind] = kind(*arguments)
    return made


class HasDefault:
    """Base of drivers whose constructor takes the board's own when it is told nothing."""

    @classmethod
    def default(cls):
        """The board's own: the same object for all who ask. A new one after deinit()."""
        return default_of(cls)
