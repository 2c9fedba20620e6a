"""Window: a piece of a TDBStore's log in memory, of several records, for going through all of them."""

from errno import EIO

from micropython import const

try:
    from ._fastrecord import alike
    from ._fastwalk import ferry, gather
except ImportError:
    from ._plainrecord import alike
    from ._plainwalk import ferry, gather
from .tdblog import FAR, PLACE

# What gather() of _fastwalk returns, and ferry() has in the state.
MORE = const(0)
LONG = const(1)
OTHER = const(2)
TWICE = const(3)
FULL = const(4)

_SIZE_MAX = const(768)
# In the state.
_GENERATION = const(17)
_DATA = const(30)
_DATA_OFFSET = const(31)
_STOP = const(33)
_END = const(34)
_FROM_GENERATION = const(37)
_OUT = const(38)
_OUT_OFFSET = const(39)
_OUT_ROOM = const(40)
_OUT_GENERATION = const(41)
_WHY = const(42)


class Window:
    """Goes through the log of one area at a time. log: of the medium; index: of what is there.

    data: the piece; state[PLACE]: where in it the record is that was found; at: its address. Once read, it is
    taken for what is on the medium until forget(), so that it is for records that are finished.
    Methods raise OSError(EIO).
    """

    def __init__(self, log, index):
        self._log = log
        self._state = log.state
        self._index = index
        self._size = size = min(_SIZE_MAX, log.area_size)
        self._last = log.device.size - size
        self.data = bytearray(size)
        self._out = bytearray(size)
        self._cut_size = -1
        self._data_cut = self._out_cut = None
        self.at = 0
        self._from = FAR
        self._end = 0

    def forget(self):
        """The medium is to be read again."""
        self._from = FAR

    def ferry(self, area, addr, stop, target):
        """Pass over records from addr on, and append those that count to the area target; at is where the next is.

        False: it is of a kind that is for others.
        """
        self._aim(area, addr, stop)
        self._aim_at(target)
        n = ferry(self._state, self._out, self.data, self._index.table)
        if not n:
            return self._found(self._state[_WHY], addr) == MORE
        self.at = self._from + self._state[PLACE]
        self._append(target, n)
        return True

    def gather(self, area, addr, stop):
        """Enter simple records into the index, from addr on: see _fastwalk. OTHER also: leave it to others."""
        self._aim(area, addr, stop)
        return self._found(gather(self._state, self.data, self._index.table), addr)

    def _found(self, found, addr):
        self.at = at = self._from + self._state[PLACE]
        if found == MORE and at == addr:
            if at == self._from or self._end == self._state[_STOP]:
                return OTHER  # there is no more to be had
            self._from = FAR
        return found

    def _append(self, target, n):
        """Program the first n bytes of out, and read them back."""
        if n != self._cut_size:
            self._cut_size = -1
            self._out_cut = memoryview(self._out)[:n]
            self._data_cut = memoryview(self.data)[:n]
            self._cut_size = n
        addr = target.end
        target.end = addr + n
        self._from = FAR
        self._log.device.program(addr, self._out_cut)
        self._log.device.read(addr, self._data_cut)
        if not alike(self.data, self._out, n):
            raise OSError(EIO, "%d bytes at %#x do not read back" % (n, addr))

    def _aim_at(self, target):
        state = self._state
        end = target.end
        state[_OUT] = end
        state[_OUT_OFFSET] = end - target.base
        end = target.stop - end
        state[_OUT_ROOM] = end if end < self._size else self._size
        state[_OUT_GENERATION] = target.generation

    def _aim(self, area, addr, stop):
        state = self._state
        place = addr - self._from
        if place < 0 or place >= self._end:
            self._load(area, addr, stop)
        state[_GENERATION] = state[_FROM_GENERATION] = area.generation
        state[PLACE] = addr - self._from
        state[_STOP] = stop - self._from

    def _load(self, area, addr, stop):
        """Have data begin with what is at addr, or as near to it as the end of the device lets it."""
        self._from = FAR
        if addr > self._last:
            addr = self._last
        self._log.device.read(addr, self.data)
        self._from = addr
        stop -= addr
        self._end = stop if stop < self._size else self._size
        state = self._state
        state[_DATA] = addr
        state[_DATA_OFFSET] = addr - area.base
        state[_END] = self._end
