"""Key-value stores by name, for all parts of a program; mbed's kv_ API."""

_stores = {}
DEFAULT = "kv"


def attach_store(name, store):
    """Have store(name) return this store from now on, until detach_store(name).

    name: a str without a slash. store: anything with the contract "key-value store".
    Raises ValueError: the name is taken by another store.
    """
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError("name: a str without a slash, not %r" % (name,))
    if _stores.get(name, store) is not store:
        raise ValueError("'%s' is %r: detach_store('%s') first" % (name, _stores[name], name))
    _stores[name] = store


def detach_store(name):
    """Forget the store of that name, which goes on, and return it. Raises ValueError."""
    found = store(name)
    del _stores[name]
    return found


def store(name=DEFAULT):
    """The store that was attached under that name.

    "kv", when nothing was attached under it: a FileSystemStore in the folder kv of the board's own
    volume, made at the first call. Raises ValueError: there is no such store; OSError of fs.default().
    """
    found = _stores.get(name)
    if found is None:
        if name != DEFAULT:
            names = ", ".join(sorted(_stores)) or "none"
            raise ValueError("no store %r; attached: %s; see attach_store()" % (name, names))
        from .filesystemstore import FileSystemStore
        from .mounting import default

        found = _stores[name] = FileSystemStore(default().path + "/kv")
    return found


def stores():
    """The names under which stores are attached, sorted."""
    return sorted(_stores)
