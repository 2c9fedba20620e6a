"""Log: reading the records of a TDBStore's areas, and what a power cut or decay has left of them."""

from errno import EIO

from micropython import const

try:
    from ._fastrecord import extent as _extent
    from ._fastrecord import take
    from ._fasttdb import agrees, belongs, copy, crc, parse, same, sealed, seek, store, word
except ImportError:
    from ._plainrecord import extent as _extent
    from ._plainrecord import take
    from ._plaintdb import agrees, belongs, copy, crc, parse, same, sealed, seek, store, word
from .tdbformat import HEADER_SIZE, LOST, STREAMED, TRAILER_SIZE, area_size, up
from .tdbformat import MASTER_SIZE as _MASTER_SIZE
from .tdbformat import new_state as _new_state

FAR = const(-0x20000000)  # no address is within a chunk of it
NOTHING = const(0)
HEADER = const(1)
TRAILER = const(2)

TORN = const(0)
GOOD = const(1)
DAMAGED = const(2)

_GENERATION = const(17)
_OFFSET = const(18)
# The last header, in the state.
FLAGS = const(19)
KEY_LEN = const(20)
SIZE = const(21)
KEY_HASH = const(22)
VALUE_CRC = const(23)
# Where find() has found a key, or the window a record.
SLOT = const(25)
PLACE = const(32)
_SEALED_HEADER = const(20)
_SEALED_TRAILER = const(16)
_CHUNK = const(128)
_WINDOW = const(512)


class Area:
    """One of the two areas. number: 0, 1; start, stop: of its log; end: where the next record goes.

    whole: both master records are there.
    """

    def __init__(self, number, size, unit):
        self.number = number
        self.base = number * size
        self.start = self.base + 2 * up(_MASTER_SIZE, unit)
        self.stop = self.base + size
        self.end = self.start
        self.generation = 0
        self.whole = False


class Log:
    """Reads records. The fields of the last header that was valid are in state[FLAGS] and those behind.

    device: a block device. last: up to there a whole chunk is read. addr: what find() has found; tail: the trailer, if it was one.
    chunk, and view on it: a piece of the medium, from chunk_at on. blank: as long, erased.
    state: of the functions of _fasttdb.

    Methods raise OSError(EIO). Nothing is allocated by read_header(), holds(), verify().
    """

    def __init__(self, device):
        self.device = device
        self.unit = unit = device.program_size
        self.area_size = size = area_size(device.size, device.erase_size)
        self.erased = 0xFF if device.erase_value is None else device.erase_value
        self.areas = (Area(0, size, unit), Area(1, size, unit))
        self.slot = up(TRAILER_SIZE, unit)
        n = up(_CHUNK, unit)
        self.blank = bytes((self.erased,)) * n
        self.chunk = bytearray(n)
        self.chunk_size = n
        self.view = memoryview(self.chunk)
        self.chunk_at = FAR
        self.last = device.size - n
        self.state = _new_state(unit, self.erased, n)
        self.tail = bytearray(TRAILER_SIZE)
        self.addr = 0

    def area_of(self, addr):
        """The area in which that address is."""
        return self.areas[addr >= self.area_size]

    def extent_of(self, n):
        """Bytes of a record, not STREAMED, whose key and value have n."""
        return up(HEADER_SIZE + n, self.unit) + self.slot

    # ---- Pieces of the medium

    def load(self, addr):
        """Have the chunk hold what is at addr; returns where in the chunk that is."""
        start = addr if addr <= self.last else self.last
        self.chunk_at = FAR
        self.device.read(start, self.chunk)
        self.chunk_at = start
        return addr - start

    def have(self, addr):
        """As load(), but what the chunk holds already is not read again."""
        at = addr - self.chunk_at
        if 0 <= at < len(self.chunk):
            return at
        return self.load(addr)

    def digest(self, addr, n):
        """Have state[0] be the CRC of the n bytes at addr."""
        state = self.state
        chunk = self.chunk
        state[0] = 0
        while n > 0:
            at = self.have(addr)
            part = len(chunk) - at
            if part > n:
                part = n
            crc(state, chunk, at, part)
            addr += part
            n -= part

    # ---- One record

    def read_header(self, area, addr):
        """Whether there is a valid header at addr, a multiple of the unit inside the area's log."""
        at = self.load(addr)
        state = self.state
        state[_GENERATION] = area.generation
        state[_OFFSET] = addr - area.base
        chunk = self.chunk
        return sealed(state, chunk, at, _SEALED_HEADER) and parse(state, chunk, at)

    def back(self):
        """From the start of the record to its first trailer."""
        state = self.state
        return up(HEADER_SIZE + state[KEY_LEN] + state[SIZE], self.unit)

    def extent(self):
        """Bytes of the record."""
        return _extent(self.state)

    def key_hash(self):
        """The four bytes of its key_hash (allocates)."""
        value = bytearray(4)
        store(self.state, KEY_HASH, value, 0)
        return bytes(value)

    def fetch(self, addr, key):
        """Read the record at addr, at most last, which is of the key that _fasttdb's find() has looked for.

        Returns what take() does; the record is in the chunk.
        """
        area = self.areas[addr >= self.area_size]
        state = self.state
        state[_GENERATION] = area.generation
        state[_OFFSET] = addr - area.base
        self.chunk_at = FAR
        self.device.read(addr, self.chunk)
        self.chunk_at = addr
        return take(state, self.chunk, key, self.chunk_size)

    def trailer(self, area, addr):
        """Whether a trailer of the record at addr counts. STREAMED: VALUE_CRC is known then."""
        at = addr + self.back()
        end = addr + self.extent()
        state = self.state
        chunk = self.chunk
        while at < end:
            i = self.load_all(at, TRAILER_SIZE)
            state[_GENERATION] = area.generation
            state[_OFFSET] = addr - area.base
            if sealed(state, chunk, i, _SEALED_TRAILER) and belongs(state, chunk, i, at - addr):
                return True
            at += self.slot
        return False

    def _read_trailer(self, area, at):
        """Where the record of the valid trailer at that place begins; 0: there is none."""
        tail = self.tail
        copy(tail, 0, self.chunk, self.load_all(at, TRAILER_SIZE), TRAILER_SIZE)
        if tail[0] != 0x52 or tail[1] != 0x54 or tail[7] & 0xC0:
            return 0
        start = at - word(tail, 4)
        if start < area.start or start > at - HEADER_SIZE:
            return 0
        state = self.state
        state[_GENERATION] = area.generation
        state[_OFFSET] = start - area.base
        return start if sealed(state, tail, 0, _SEALED_TRAILER) else 0

    def load_all(self, addr, n):
        """As have(), for n bytes at once."""
        at = addr - self.chunk_at
        if 0 <= at <= len(self.chunk) - n:
            return at
        return self.load(addr)

    def sum(self, area, addr):
        """Have VALUE_CRC be that of the record at addr; False: nothing tells it."""
        return not self.state[FLAGS] & STREAMED or self.trailer(area, addr)

    def verify(self, area, addr):
        """GOOD, DAMAGED or TORN: what the record at addr is, whose header has been read."""
        state = self.state
        good = self.sum(area, addr)
        if good and not state[FLAGS] & LOST:
            self.digest(addr + HEADER_SIZE, state[KEY_LEN])
            good = agrees(state, KEY_HASH)
            if good:
                self.digest(addr + HEADER_SIZE + state[KEY_LEN], state[SIZE])
                good = agrees(state, VALUE_CRC)
        if good:
            return GOOD
        return DAMAGED if self.trailer(area, addr) else TORN

    def holds(self, addr, key, n):
        """Whether the record at addr has this key of n bytes; its header is read.

        Raises OSError(EIO) if its header is not valid any more, or it is this one's but the key is not.
        """
        if not self.read_header(self.area_of(addr), addr):
            raise OSError(EIO, "the record at %#x is damaged" % addr)
        if self.state[KEY_LEN] != n:
            return False
        addr += HEADER_SIZE
        done = 0
        chunk = self.chunk
        while done < n:
            at = self.have(addr + done)
            part = len(chunk) - at
            if part > n - done:
                part = n - done
            if not same(chunk, at, key, done, part):
                return self._differs(addr, key, n)
            done += part
        return True

    def _differs(self, addr, key, n):
        """False: the key at addr, not this one, is what was written. Else raises OSError(EIO)."""
        state = self.state
        state[0] = 0
        crc(state, key, 0, n)
        if agrees(state, KEY_HASH):
            self.digest(addr, n)
            if not agrees(state, KEY_HASH):
                raise OSError(EIO, "a key is damaged at %#x" % addr)
        return False

    # ---- Finding records

    def find(self, area, addr, stop):
        """Go to the first record from addr on: HEADER, TRAILER (of one with no header) or NOTHING.

        The attribute addr is where it is.
        """
        if addr + HEADER_SIZE > stop:
            return NOTHING
        self.addr = addr
        if self.read_header(area, addr) and addr + self.extent() <= area.stop:
            return HEADER
        # A torn or damaged place, or the end.
        first = addr
        unit = self.unit
        addr = self.dirty(addr, stop)
        addr = max(addr - addr % unit, first + unit)
        while addr + 1 < stop:
            at = self.load_all(addr, 2)
            n = min(len(self.chunk), stop - self.chunk_at)
            found = seek(self.chunk, at, n, unit)
            if found < 0:
                addr = self.dirty(addr + up(n - 1 - at, unit), stop)
                addr -= addr % unit
                continue
            addr = self.chunk_at + found
            if self.chunk[found + 1] == 0x48:
                if (
                    addr + HEADER_SIZE <= stop
                    and self.read_header(area, addr)
                    and addr + self.extent() <= area.stop
                ):
                    self.addr = addr
                    return HEADER
            elif addr + TRAILER_SIZE <= stop and self._read_trailer(area, addr) >= first:
                self.addr = addr
                return TRAILER
            addr += unit
        return NOTHING

    def dirty(self, addr, stop):
        """The address of the first byte from addr on that is not erased; or stop (allocates)."""
        window, blank = self._window(addr, stop)
        while addr < stop:
            if stop - addr < len(window):
                window, blank = self._window(addr, stop)
            self.device.read(addr, window)
            if window != blank:
                at = 0
                while window[at] == self.erased:
                    at += 1
                return addr + at
            addr += len(window)
        return stop

    def _window(self, addr, stop):
        n = max(min(_WINDOW, stop - addr), 0)
        return bytearray(n), bytes((self.erased,)) * n

    def clean_from(self, addr, stop):
        """Where a writer may go on after the last record, which ends at addr (allocates).

        The power may have been cut while a chunk was programmed there. So much is left out, for what
        looks erased need not be; but where nothing has to be erased only if something is there.
        """
        first = addr
        last = -1
        window, blank = self._window(addr, stop)
        while addr < stop:
            if stop - addr < len(window):
                window, blank = self._window(addr, stop)
            self.device.read(addr, window)
            if window != blank:
                at = len(window)
                while window[at - 1] == self.erased:
                    at -= 1
                last = addr + at
            addr += len(window)
        if self.device.erase_value is None and last < 0:
            return first
        addr = first + up(max(last - first, 0), self.unit)
        return min(addr + len(self.chunk), stop)
