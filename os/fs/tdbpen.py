"""Pen: writing records into a TDBStore's areas, unit by unit, each read back."""

import struct
from errno import EIO

try:
    from ._fastrecord import alike, draft
    from ._fasttdb import copy, crc, same, sealed, store
except ImportError:
    from ._plainrecord import alike, draft
    from ._plaintdb import copy, crc, same, sealed, store
from micropython import const

from .tdbformat import HEADER_SIZE, STREAMED, WRITE_ONCE, up
from .tdblog import FAR, FLAGS, KEY_HASH, KEY_LEN, SIZE, VALUE_CRC

_ENOSPC = const(28)  # not in MicroPython's errno
_HEADER_MAGIC = const(0x4852)
_TRAILER_MAGIC = const(0x5452)
_GENERATION = const(17)
_OFFSET = const(18)
_SEALED_HEADER = const(20)
_SEALED_TRAILER = const(16)


class Pen:
    """Writes one record at a time.

    log: of the same medium; its chunk is used. Methods raise OSError(EIO), also when what was
    programmed does not read back.
    """

    def __init__(self, log):
        self._log = log
        self._state = log.state
        self._device = log.device
        self._head = bytearray(HEADER_SIZE)
        self._tail = bytearray(log.slot)
        self._out = bytearray(len(log.chunk))
        self._desk = (log.state, self._out, self._tail)
        self._cut = memoryview(self._out)[:0]  # of a draft
        self._cut_size = 0
        self._addr = 0  # where the bytes in out will be
        self._used = 0
        self._record = 0
        self._first = False

    def append(self, area, flags, key, n, value, size):
        """Append a record at the end of the area, where there is room; returns its address.

        key: n bytes, as encoded by _fasttdb; value: size bytes.
        """
        log = self._log
        state = log.state
        self._prepare(flags, key, n, size)
        state[0] = 0
        crc(state, value, 0, size)
        store(state, 0, self._head, 16)
        addr = self.place(area, log.extent_of(n + size))
        self._used = HEADER_SIZE
        self._first = True
        self.put(key, n)
        self.put(value, size)
        self.finish(area)
        return addr

    def draft(self, area, key, value, flags):
        """Have a record of the key that find() has looked for last ready for the end of the area.

        Returns how much room it takes; 0: it is not for this place, or too long for ink().
        """
        self._state[_GENERATION] = area.generation
        self._state[_OFFSET] = area.end - area.base
        n = draft(self._desk, key, value, flags)
        if n != self._cut_size:
            self._cut_size = 0
            self._cut = memoryview(self._out)[:n]
            self._cut_size = n
        if not n or area.end > self._log.last:
            return 0
        n += len(self._tail)
        return n if area.end + n <= area.stop else 0

    def ink(self, area, extent):
        """Append the record that draft() has made, which takes so much room; returns its address."""
        log = self._log
        device = log.device
        addr = area.end
        area.end = addr + extent  # whatever happens from here on
        device.program(addr, self._cut)
        log.chunk_at = FAR
        device.read(addr, log.chunk)
        if not alike(log.chunk, self._out, self._cut_size):
            raise OSError(EIO, "%d bytes at %#x do not read back" % (extent, addr))
        device.sync()
        # Whether the trailer gets there is not important: the record counts without.
        device.program(addr + self._cut_size, self._tail)
        device.sync()
        return addr

    def begin(self, key, n, size, write_once):
        """Begin a record whose value of size bytes comes by put(). It has no place yet."""
        self._prepare(STREAMED | (WRITE_ONCE if write_once else 0), key, n, size)
        self._head[16] = self._head[17] = self._head[18] = self._head[19] = 0
        self._used = HEADER_SIZE
        self._first = True

    def fills(self, n):
        """Whether with n bytes more something is programmed, so that a record must have its place."""
        return self._used + n >= len(self._out)

    def fill(self, data, n):
        """Take as many of n bytes as there is room for without programming; returns how many."""
        out = self._out
        part = min(n, len(out) - self._used)
        copy(out, self._used, data, 0, part)
        self._used += part
        return part

    def write_first(self):
        """Program the first piece of the record that was begun, which has its place."""
        self._pad()
        self._program(self._addr, self._out, self._used)
        self._addr += self._used
        self._used = 0
        self._first = False
        self._device.sync()

    def place(self, area, extent):
        """The record at hand, of so many bytes, comes to the end of the area; returns its address.

        Raises OSError(ENOSPC).
        """
        head = self._head
        addr = area.end
        end = addr + extent
        if end > area.stop:
            raise OSError(_ENOSPC, "no room in the area")
        # Used up whatever happens from here on.
        area.end = end
        self._record = self._addr = addr
        self._seal(area, head, _SEALED_HEADER)
        copy(self._out, 0, head, 0, HEADER_SIZE)
        return addr

    def lost(self, area, key_hash):
        """Append a record that says that the keys with these four bytes of hash are lost."""
        self._prepare(8, b"", 0, 0)
        self._head[12:16] = key_hash
        self._head[16] = self._head[17] = self._head[18] = self._head[19] = 0
        self.place(area, self._log.extent_of(0))
        self._used = HEADER_SIZE
        self.finish(area)

    def copy(self, source, addr, area):
        """Append a copy of the record at addr in the area source, whose header log has read.

        Returns its address; or 0 if its value has no CRC any more, and so it is lost. Nothing is synced.
        """
        log = self._log
        if not log.sum(source, addr):
            return 0
        head = self._head
        state = log.state
        size = state[SIZE]
        n = state[KEY_LEN]
        flags = state[FLAGS] & ~STREAMED
        struct.pack_into("<HHHHI", head, 0, _HEADER_MAGIC, flags, n, 0, size)
        store(state, KEY_HASH, head, 12)
        store(state, VALUE_CRC, head, 16)
        n += size
        to = self.place(area, log.extent_of(n))
        self._used = HEADER_SIZE
        addr += HEADER_SIZE
        out = self._out
        chunk = log.chunk
        while n:
            at = log.have(addr)
            part = min(n, len(chunk) - at, len(out) - self._used)
            copy(out, self._used, chunk, at, part)
            self._used += part
            addr += part
            n -= part
            if self._used == len(out):
                self._flush(False)
        used = self._pad()
        back = self._addr + used - to
        self._make_trailer(area, back)
        slot = log.slot
        if used + slot <= len(out):
            copy(out, used, self._tail, 0, slot)
            self._used += slot
            self._flush(False)
        else:
            self._flush(False)
            self._program(to + back, self._tail, slot)
        return to

    def put(self, data, n, start=0):
        """The next n bytes of the record, data[start:start + n]."""
        out = self._out
        while n:
            part = min(n, len(out) - self._used)
            copy(out, self._used, data, start, part)
            self._used += part
            start += part
            n -= part
            if self._used == len(out):
                self._flush(self._first)

    def finish(self, area, value_crc=None):
        """The end of the record. value_crc: of one that was begun by begin(), which has two trailers."""
        log = self._log
        self._pad()
        self._flush(False)
        self._device.sync()
        at = self._addr
        end = at + log.slot
        if value_crc is not None:
            struct.pack_into("<I", self._head, 16, value_crc)
            end += log.slot
        while at < end:
            self._make_trailer(area, at - self._record)
            if value_crc is None:
                # Whether it gets there is not important: the record counts without.
                self._device.program(at, self._tail)
            else:
                self._program(at, self._tail, log.slot)
            self._device.sync()
            at += log.slot

    def _prepare(self, flags, key, n, size):
        head = self._head
        struct.pack_into("<HHHHI", head, 0, _HEADER_MAGIC, flags, n, 0, size)
        state = self._log.state
        state[0] = 0
        crc(state, key, 0, n)
        store(state, 0, head, 12)

    def _make_trailer(self, area, back):
        tail = self._tail
        head = self._head
        struct.pack_into("<HHI", tail, 0, _TRAILER_MAGIC, head[2], back)
        copy(tail, 8, head, 12, 8)
        self._seal(area, tail, _SEALED_TRAILER)

    def _seal(self, area, data, n):
        state = self._log.state
        state[_GENERATION] = area.generation
        state[_OFFSET] = self._record - area.base
        sealed(state, data, 0, n)
        store(state, 0, data, n)

    def _pad(self):
        """Fill up to a unit; returns how many bytes are waiting then."""
        log = self._log
        out = self._out
        used = self._used
        n = up(used, log.unit) - used
        if n:
            copy(out, used, log.blank, 0, n)
            self._used = used = used + n
        return used

    def _flush(self, sync):
        n = self._used
        if n:
            self._program(self._addr, self._out, n)
            self._addr += n
            self._used = 0
            if sync:
                # What tells how long the record is, before what could be taken for something else.
                self._device.sync()
                self._first = False

    def _program(self, addr, data, n):
        log = self._log
        self._device.program(addr, data if n == len(data) else memoryview(data)[:n])
        if not same(log.chunk, log.load(addr), data, 0, n):
            raise OSError(EIO, "%d bytes at %#x do not read back" % (n, addr))
