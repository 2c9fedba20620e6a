"""The usual case of TDBStore.set(): a small value, room for it, and nothing special about the key.

By one read, two programs and one read to verify them, which is all that the medium has to do; the rest is made
short by machine code. What is not so simple is left to TDBStore, before anything was changed.
"""

from micropython import const

try:
    from ._fasttdb import extent as _extent
    from ._fasttdb import find, tag_of
except ImportError:
    from ._plaintdb import extent as _extent
    from ._plaintdb import find, tag_of
from .tdbformat import WRITE_ONCE
from .tdblog import FLAGS
from .tdbreader import OPEN

_SLOT = const(25)


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
    addr = find(log.state, key, store.index.table)
    if not addr:
        store._tag = tag_of(log.state, 0)
        store.old = 0
        return True
    if addr < 0 or addr > log.last or not log.fetch(addr, key) or log.state[FLAGS] & WRITE_ONCE:
        return False
    store.old = _extent(log.state)
    return True


def _enter(store, addr, extent):
    """The key has its record there now."""
    old = store.old
    if old:
        store.index.move(store.log.state[_SLOT], addr)
    else:
        store.index.add(store._tag, addr)
    store.live += extent - old
    store._checked = 0
    if store.active.end > store.collector.due or extent < old:
        store.pace()
