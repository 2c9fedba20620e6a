"""The usual case of TDBStore.set(): a small value, room for it, and nothing special about the key.

By one read, two programs and one read to verify them, which is all that the medium has to do; the rest is made
short by machine code. What is not so simple is left to TDBStore, before anything was changed.
"""

try:
    from ._fastrecord import extent as _extent
    from ._fastrecord import find
    from ._fasttdb import tag_of
except ImportError:
    from ._plainrecord import extent as _extent
    from ._plainrecord import find
    from ._plaintdb import tag_of
from .tdbformat import WRITE_ONCE
from .tdblog import FLAGS, SLOT
from .tdbreader import OPEN


def quick_set(store, key, value, flags):
    """Set a key, whose record gets these flags. False: it was not that simple.

    Raises OSError(EIO): neither; the place is used up, and the key has its old value.
    """
    if not isinstance(value, bytes):
        store.size_of(value)
    if store.lost or store.writing is not None or not _look(store, key):
        return False
    extent = store.pen.draft(store.active, key, value, flags)
    if not extent or store.live - store.old + extent > store.limit:
        return False
    if not store.old:
        store.index.reserve()
    _enter(store, store.pen.ink(store.active, extent), extent)
    return True


def _look(store, key):
    """Have store.old be the room that the key's record takes, 0 if it is new. False: leave it to others."""
    if store._state != OPEN:
        return False
    log = store.log
    state = log.state
    addr = find(state, key, store.index.table)
    if addr > 0:
        if addr > log.last or not log.fetch(addr, key) or state[FLAGS] & WRITE_ONCE:
            return False
        store.old = _extent(state)
        return True
    store.old = 0
    store._tag = tag_of(state, 0)
    return not addr


def _enter(store, addr, extent):
    """The key has its record there now."""
    old = store.old
    if old:
        store.index.table[1][store.log.state[SLOT]] = addr
    else:
        store.index.add(store._tag, addr)
    store.live += extent - old
    store._checked = 0
    if store.active.end > store.collector.due or extent < old:
        store.pace()
