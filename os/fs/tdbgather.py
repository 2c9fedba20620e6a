"""The usual records of a TDBStore's log when it is opened: good ones with small values, new or over another one."""

from micropython import const

try:
    from ._fastrecord import extent as _extent
    from ._fastwalk import follows
except ImportError:
    from ._plainrecord import extent as _extent
    from ._plainwalk import follows
from .tdblog import SLOT
from .tdbwindow import FULL, OTHER, TWICE

_GENERATION = const(17)
_OFFSET = const(18)
_ROOM = const(35)
_LIVE = const(36)


def gather_simple(store, window, area, addr):
    """Enter what is simple, from addr on; returns where something is that is not. Raises OSError(EIO), MemoryError."""
    index = store.index
    state = store.log.state
    while True:
        state[_ROOM] = room = index.room()
        state[_LIVE] = 0
        found = window.gather(area, addr, area.stop)
        index.count += room - state[_ROOM]
        store.live += state[_LIVE]
        addr = window.at
        if found == TWICE:
            if not _replace(store, window, area, addr):
                return addr
            addr += _extent(state)
        elif found == FULL:
            index.reserve()
        elif found == OTHER:
            return addr


def _replace(store, window, area, addr):
    """The good record at addr may replace the one that the index has in that slot. False: that needs a closer look."""
    log = store.log
    state = log.state
    slot = state[SLOT]
    old = store.index.at(slot)
    if old > log.last or not area.start <= old < area.stop:
        return False
    state[_GENERATION] = area.generation
    state[_OFFSET] = old - area.base
    log.load(old)
    size = follows(state, window.data, log.chunk)
    if not size:
        return False
    store.index.move(slot, addr)
    store.live += _extent(state) - size
    return True
