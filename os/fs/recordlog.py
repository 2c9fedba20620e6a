"""RecordLog: a ring of records on a block device, the newest over the oldest: docs/spec/recordlog.md."""

import struct
from errno import EINVAL, EIO, ENODEV

from drivers.crc import CRC
from micropython import const
from rtos.core import in_callback, in_isr, lock, unlock

from .blank import is_blank
from .recordreader import Reader

try:
    from drivers._fastfill import copy
except ImportError:
    from drivers._plainfill import copy

_EILSEQ = const(84)

_MAGIC = b"CRLG"
_VERSION = const(1)
# Magic, version, 3 bytes of 0, bytes in a block, number of the block, of its first record, of the first
# block that counts; then the CRC.
_HEADER = "<4sBBHIIQI"
_HEADER_SIZE = const(32)
_VERSION_AT = const(4)
_SIZE_AT = const(8)
_NUMBER_AT = const(12)
_FIRST_AT = const(16)
_FLOOR_AT = const(24)
_CRC_AT = const(28)
_RECORD = "<HHI"  # length, check of the header, CRC
_RECORD_SIZE = const(8)
_PLACE = "<IIH"  # what both are about besides the record: block number, place in the block, length
_LENGTH_MAX = const(0xFFFE)
_BLOCK_MIN = const(512)
_PIECE = const(256)  # that is compared at once

# CRC-30/CDMA of the catalogues: as long as a small integer, so that no result is allocated.
_POLYNOMIAL = const(0x2030B9C7)
_ALL = const(0x3FFFFFFF)


class RecordLog:
    """Records of some bytes each, numbered from 0 on, as many of the newest as the device has room for.

    device: a block device. record_max: bytes in the longest record that will be appended.
    block_size: bytes, a multiple of the device's erase_size; the unit in which the oldest records go.
    None: the least that is 512 or more and holds four of the longest records.
    format: True: begin with no records, whatever was there.

        log = RecordLog(device, record_max=16)
        log.append(struct.pack("<Ih", time, value))
        for number, record in log.reader(): ...

    A power cut costs the record that was being appended, and no other. All blocks are erased equally
    often, once a round. Memory: record_max and about 600 bytes, for any device. Opening reads the
    headers of all blocks, and the newest block.

    Raises OSError(EILSEQ): the device is neither blank nor has a log, and format is False;
    OSError(EINVAL): its log has other block sizes, or is of a later version; OSError(EIO), (EROFS);
    ValueError. Context: thread or base level; every method is one section of the threads' kernel.
    """

    def __init__(self, device, record_max=64, block_size=None, format=False):
        if not isinstance(record_max, int) or not 1 <= record_max <= _LENGTH_MAX:
            raise ValueError("record_max: 1 to 65534 bytes")
        unit = device.program_size
        self._unit = unit
        self.record_max = record_max
        slot = self._up(_RECORD_SIZE + record_max)
        self._start = self._up(_HEADER_SIZE)
        if block_size is None:
            least = max(_BLOCK_MIN, self._start + 4 * slot)
            block_size = least + -least % device.erase_size
        if block_size < self._start + slot or block_size % device.erase_size:
            raise ValueError(
                "block_size: a multiple of %d, of %d or more"
                % (device.erase_size, self._start + slot)
            )
        self.block_size = block_size
        self.blocks = device.size // block_size
        if self.blocks < 2:
            raise ValueError("a log needs two blocks of %d bytes, and more than that" % block_size)
        self.device = device
        self._crc = CRC(_POLYNOMIAL, 30, initial=_ALL, final_xor=_ALL)
        self._buf = bytearray(max(slot, self._start))
        self._body = memoryview(self._buf)[_RECORD_SIZE:]
        self._size = 0
        self._view = None
        self._head = bytearray(_HEADER_SIZE)
        self._head_view = memoryview(self._head)[:_CRC_AT]
        self._begin_view = memoryview(self._buf)[: self._start]
        # Of the last header that was read: block number, its first record, first block that counts.
        self.found_number = self.found_first = self.found_floor = 0
        self._record = bytearray(_RECORD_SIZE)
        self._place = bytearray(struct.calcsize(_PLACE))
        self._gone = False
        # The newest block: its place, number, and where the next record goes; number 0: there is none.
        self._block = self.blocks - 1
        self._number = self._offset = self._first = 0
        self._floor = 1
        self._next = 0  # number of the next record
        self._ready = False  # the block behind the newest is erased already
        self._oldest = self._oldest_number = self._oldest_first = 0  # place, number, first record
        self._enter()
        try:
            self._open(format)
        finally:
            unlock()

    def __repr__(self):
        if self._gone:
            return "<RecordLog deinitialised>"
        return "<RecordLog %d to %d in %d blocks of %d bytes>" % (
            self.first(),
            self._next - 1,
            self.blocks,
            self.block_size,
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def deinit(self):
        """Give it up; the device goes on. May be called twice."""
        self._gone = True

    def __len__(self):
        """How many records there are; those that are damaged count."""
        return self._next - self.first()

    def first(self):
        """The number of the oldest record; that of the next one, if there is none."""
        return self._oldest_first if self._number else self._next

    def next(self):
        """The number that the next record gets."""
        return self._next

    def append(self, record):
        """Write a record, bytes-like, of 1 to record_max bytes; it is on the medium when this returns.

        Returns its number. When a block is full the oldest one is erased: see prepare(). One that cannot
        be written goes to the next block, once.
        Nothing is allocated where records are of one length. Raises ValueError, OSError(EIO), (EROFS).
        """
        n = len(record)
        if not 1 <= n <= self.record_max:
            raise ValueError("a record of 1 to %d bytes, not %d" % (self.record_max, n))
        self._enter()
        try:
            size = _RECORD_SIZE + n
            size += -size % self._unit
            if not self._number or self._offset + size > self.block_size:
                self._advance(False)
            if size != self._size:
                self._view = memoryview(self._buf)[:size]
                self._size = size
            try:
                self._write(record, n, size)
            except OSError as error:
                if error.errno != EIO:
                    raise
                # A power cut may have touched this place, and all the same it reads as erased.
                self._advance(False)
                self._write(record, n, size)
            number = self._next
            self._next = number + 1
            return number
        finally:
            unlock()

    def prepare(self):
        """Erase the block that is used next, if that was not done, so that the next append() that needs
        one need not wait for it. The oldest records are gone. Returns whether there was something to do.
        """
        self._enter()
        try:
            if self._ready or not self._number:
                return False
            self._erase((self._block + 1) % self.blocks)
            self._ready = True
            return True
        finally:
            unlock()

    def reset(self):
        """Have no records; numbers go on. One erase; a power cut leaves all or none."""
        self._enter()
        try:
            if self._number:
                self._advance(True)
        finally:
            unlock()

    def reader(self, start=None):
        """A Reader from record number `start` on; None: from the oldest. Raises ValueError."""
        if start is None:
            start = self.first()
        if not 0 <= start <= self._next:
            raise ValueError("start: a record's number, 0 to %d" % self._next)
        return Reader(self, start)

    # ---- For Reader

    def enter(self):
        """Lock, if it may be used at all."""
        self._enter()

    def header(self, block):
        """Whether a place in the ring has a block that counts; then found_number and found_first are
        its number and that of its first record.
        """
        return self._header(block) and self._floor <= self.found_number <= self._number

    def length(self, block, number, place, offset):
        """The bytes of the record at that offset of a block; 0: there is none."""
        if offset + _RECORD_SIZE > self.block_size:
            return 0
        head = self._record
        self.device.read(block * self.block_size + offset, head)
        n = head[0] | head[1] << 8
        check = head[2] | head[3] << 8
        if not 1 <= n <= self.block_size - offset - _RECORD_SIZE:
            return 0
        return n if check == self._check(number, place, n) else 0

    def matches(self, data):
        """Whether data are those of the record that length() has just found."""
        crc = self._crc
        crc.start()
        crc.update(self._place)
        crc.update(data)
        return crc.stop() == _number(self._record, 4, 4)

    def _up(self, n):
        return n + -n % self._unit

    # ---- Helpers

    def _enter(self):
        if self._gone:
            raise OSError(ENODEV, "the log is deinitialised")
        if in_isr() or in_callback():
            raise RuntimeError("logs are for threads and plain code: post it to a thread")
        lock()

    def _write(self, record, n, size):
        """Write it to where the next record goes."""
        crc = self._crc
        check = self._check(self._number, self._next - self._first, n)
        crc.start()
        crc.update(self._place)
        crc.update(record)
        struct.pack_into(_RECORD, self._buf, 0, n, check, crc.stop())
        copy(self._body, record, n)
        offset = self._offset
        self._offset = self.block_size  # if it fails, what is behind it is not used any more
        self.device.program(self._block * self.block_size + offset, self._view)
        self.device.sync()
        self._offset = offset + size

    def _check(self, number, place, n):
        struct.pack_into(_PLACE, self._place, 0, number, place, n)
        return self._crc.compute(self._place) & 0xFFFF

    def _header(self, block):
        """Whether a place has a header, which found_… then tell of."""
        head = self._head
        self.device.read(block * self.block_size, head)
        for i in range(4):
            if head[i] != _MAGIC[i]:
                return False
        if self._crc.compute(self._head_view) != _number(head, _CRC_AT, 4):
            return False
        self.found_number = _number(head, _NUMBER_AT, 4)
        self.found_first = _number(head, _FIRST_AT, 8)
        self.found_floor = _number(head, _FLOOR_AT, 4)
        return True

    def _open(self, format):
        for block in range(self.blocks):
            if not self._header(block):
                continue
            version = self._head[_VERSION_AT]
            size = _number(self._head, _SIZE_AT, 4)
            if version != _VERSION or size != self.block_size:
                if format:
                    continue
                if version != _VERSION:
                    raise OSError(EINVAL, "the log is of version %d" % version)
                raise OSError(EINVAL, "the log has blocks of %d bytes" % size)
            if self.found_number > self._number:
                self._number = self.found_number
                self._first = self.found_first
                self._floor = self.found_floor
                self._block = block
        if self._number:
            self._find_end()
            self._find_oldest()
            if format:
                self._advance(True)
        elif not format and not self._is_new():
            raise OSError(_EILSEQ, "no log on %r; to begin one, format=True" % self.device)

    def _is_new(self):
        """Whether nothing was written to the device, but perhaps a part of the first header."""
        return is_blank(_Part(self.device, self._start))

    def _find_end(self):
        """Where the next record goes, and its number: the last one may have been cut short."""
        offset = self._start
        place = n = last = 0
        while True:
            found = self.length(self._block, self._number, place, offset)
            if not found:
                break
            n = found
            last = offset
            place += 1
            offset = self._up(offset + _RECORD_SIZE + n)
        if n:
            self.length(self._block, self._number, place - 1, last)
            data = bytearray(n)
            self.device.read(self._block * self.block_size + last + _RECORD_SIZE, data)
            if not self.matches(data):
                place -= 1
                offset = last
        self._next = self._first + place
        self._offset = offset
        value = self.device.erase_value
        if value is None:
            return
        blank = bytes((value,)) * self._up(_PIECE)
        buf = memoryview(bytearray(len(blank)))
        for at in range(self._offset, self.block_size, len(blank)):
            n = min(len(blank), self.block_size - at)
            self.device.read(self._block * self.block_size + at, buf[:n])
            if buf[:n] != blank[:n]:
                self._offset = self.block_size  # the rest of the block cannot be used
                return

    def _find_oldest(self):
        block = self._block
        for _ in range(self.blocks):
            block += 1
            if block == self.blocks:
                block = 0
            if self.header(block):
                self._oldest = block
                self._oldest_number = self.found_number
                self._oldest_first = self.found_first
                return

    def _erase(self, block):
        self.device.erase(block * self.block_size, self.block_size)
        if block == self._oldest and self._number and block != self._block:
            self._find_oldest()

    def _advance(self, reset):
        """Begin the next block. One that fails is passed over."""
        error = None
        for _ in range(self.blocks):
            block = (self._block + 1) % self.blocks
            try:
                if not self._ready:
                    self._erase(block)
                self._ready = False
                self._begin(block, reset)
                return
            except OSError as failure:
                if failure.errno != EIO:
                    raise
                error = failure
                self._ready = False
                self._block = block
                self._offset = self.block_size
        raise error

    def _begin(self, block, reset):
        number = self._number + 1
        floor = number if reset else self._floor
        buf = self._buf
        for i in range(self._start):
            buf[i] = 0
        struct.pack_into(
            _HEADER, buf, 0, _MAGIC, _VERSION, 0, 0, self.block_size, number, self._next, floor
        )
        copy(self._head, buf, _CRC_AT)
        struct.pack_into("<I", buf, _CRC_AT, self._crc.compute(self._head_view))
        self.device.program(block * self.block_size, self._begin_view)
        self.device.sync()
        self._block = block
        self._number = number
        self._first = self._next
        self._floor = floor
        self._offset = self._start
        self._find_oldest()


def _number(buf, at, n):
    """The number of n bytes there, the lowest first. struct.unpack_from() would allocate a tuple."""
    value = 0
    while n:
        n -= 1
        value = value << 8 | buf[at + n]
    return value


class _Part:
    """A device without its first bytes, for is_blank()."""

    def __init__(self, device, start):
        self._device = device
        self._start = start
        self._size = device.size - start
        self.erase_value = device.erase_value

    def ioctl(self, request, argument):
        return 1 if request == 4 else self._size

    def readblocks(self, block, buf, offset=0):
        self._device.read(self._start + min(offset, self._size - len(buf)), buf)
        return 0
