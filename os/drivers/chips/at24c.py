"""AT24C01 to AT24C512: EEPROMs as block devices that need no erase.

Atmel 0180 (AT24C01A to C16), 0670 (C128, C256); Microchip DS20006109A (C32), DS20005937 (C64),
DS20006161B (C512): "device addressing", "write operations" (page write, acknowledge polling), "read
operations" (sequential read).
"""

from errno import EIO, ENODEV, ETIMEDOUT
from time import sleep_us, ticks_diff, ticks_ms

from micropython import const

from ..blockdevice import BlockDevice
from .i2cchip import I2CChip

#: Size in bytes -> bytes in a page ("features" of the data sheets).
_PAGES = {
    128: 8,
    256: 8,
    512: 16,
    1024: 16,
    2048: 16,
    4096: 32,
    8192: 32,
    16384: 64,
    32768: 64,
    65536: 128,
}
_ONE_BYTE_MAX = const(2048)  # larger ones take two address bytes
_ADDR_FIRST = const(0x50)
_ADDR_LAST = const(0x57)
_ASK_US = const(500)
_EROFS = const(30)  # not in MicroPython's errno
_BLOCK_SIZE_MIN = const(512)


class _Piece:
    """The buffers for so many bytes of a page: views are made once, slices would allocate."""

    def __init__(self, page, found, head, count):
        self.message = memoryview(page)[: head + count]
        self.data = self.message[head:]
        self.found = memoryview(found)[:count]


class AT24C(I2CChip, BlockDevice):
    """An EEPROM of the 24C family. Contract: block device (docs/contracts.md).

    size: bytes, a power of two from 128 (AT24C01) to 65536 (AT24C512).
    addr: the first one of the chip; those with 512 to 2048 bytes take 2 to 8 addresses.
    page_size: bytes that are written at once, where another maker's differ.
    verify: read back what was written. Without it a write that did not happen is only seen when
        the chip refuses the bytes.
    timeout_ms: for one page; the data sheets say 5 to 10 ms.
    Nothing is transferred; check() tells whether the chip is there.

    program() raises OSError(EROFS) when the chip is write-protected, EIO when it reads differently
    afterwards, ETIMEDOUT when it does not come back; what lies before that page is written then. It
    waits for the chip by asking it again and again, as the data sheets have it, and allocates when a
    length comes for the first time. Methods may be called by one thread at a time.
    """

    NAME = "AT24C"

    def __init__(self, i2c, addr=_ADDR_FIRST, size=32768, page_size=0, verify=True, timeout_ms=25):
        if size not in _PAGES:
            raise ValueError("size is 128 to 65536 bytes, a power of two, not %r" % (size,))
        if not _ADDR_FIRST <= addr <= _ADDR_LAST:
            raise ValueError("EEPROMs have addresses 0x50 to 0x57, not %r" % (addr,))
        page_size = page_size or _PAGES[size]
        if page_size & (page_size - 1) or not 0 < page_size <= 256:
            raise ValueError("page_size is a power of two up to 256, not %r" % (page_size,))
        I2CChip.__init__(self, i2c, addr)
        # Small ones hold no file system, but may be read and written as a block.
        block_size = size if size < _BLOCK_SIZE_MIN else None
        BlockDevice.__init__(self, size, erase_size=page_size, block_size=block_size)
        self.page_size = page_size
        self._first = addr
        self._verify = verify
        self._timeout_ms = timeout_ms
        if size > _ONE_BYTE_MAX:
            self._head = 2
        else:
            self._head = 1
            # Address bits 8 to 10 are sent in the device address.
            if addr & ((size - 1) >> 8):
                text = (
                    "an EEPROM of %d bytes has %d addresses, the first a multiple of that, not %r"
                )
                raise ValueError(text % (size, size >> 8, addr))
        self._page = bytearray(self._head + page_size)
        self._found = bytearray(page_size)
        self._place = bytearray(self._head)
        self._one = bytearray(1)
        self._pieces = {}

    def __repr__(self):
        if self._gone:
            return BlockDevice.__repr__(self)
        return "<%s at 0x%02x, %d bytes>" % (self.NAME, self._first, self.size)

    # ---- Block device

    def _read(self, addr, buf):
        # One transfer of any length: the chip counts on through all its addresses.
        if len(buf):
            self._seek(addr, self._place)
            self._get(addr, buf)

    def _program(self, addr, buf):
        count = len(buf)
        done = 0
        while done < count:
            n = min(self.page_size - ((addr + done) & (self.page_size - 1)), count - done)
            self._program_page(addr + done, buf, done, n)
            done += n

    # ---- The chip

    def check(self):
        """Tell that a chip of this size may be there: it answers at its addresses.

        An EEPROM has no identity, and its contents are the user's. Raises OSError(ENODEV).
        """
        self._check(0, 0, 1)
        for addr in range(0, self.size, 256 if self._head == 1 else self.size):
            self._seek(addr, self._place)
            self._get(addr, self._one)

    def _seek(self, addr, head):
        """Put a memory address into the device address and the head of a message."""
        if self._head == 1:
            self.addr = self._first | addr >> 8
            head[0] = addr & 0xFF
        else:
            head[0] = addr >> 8
            head[1] = addr & 0xFF

    def _get(self, register, buf):
        """As that of I2CChip, with the address's width."""
        try:
            if self._head == 1:
                self._i2c.readfrom_mem_into(self.addr, register & 0xFF, buf)
            else:
                self._i2c.readfrom_mem_into(self.addr, register, buf, addrsize=16)
        except OSError as error:
            self._failed(error)

    def _refused(self, acks, buf):
        # Some makers' chips refuse the data when they are protected, others take and drop them.
        if acks == self._head < len(buf):
            raise OSError(_EROFS, "%r is write-protected" % self)
        super()._refused(acks, buf)

    def _program_page(self, addr, buf, start, count):
        piece = self._pieces.get(count)
        if piece is None:
            piece = self._pieces[count] = _Piece(self._page, self._found, self._head, count)
        page = self._page
        self._seek(addr, page)
        at = self._head
        for i in range(start, start + count):
            page[at] = buf[i]
            at += 1
        self._put(piece.message)
        was_busy = self._wait(addr)
        if self._verify:
            self._get(addr, piece.found)
            if piece.found != piece.data:
                # A protected chip takes the bytes and is ready at once: there is nothing to write.
                if was_busy:
                    raise OSError(EIO, "%r does not keep what is written at %d" % (self, addr))
                raise OSError(_EROFS, "%r is write-protected" % self)

    def _wait(self, addr):
        """Ask until the chip answers again; returns whether it was busy.

        What is sent is a memory address, which is harmless: not all buses can send nothing. This is
        the one transfer whose errors are part of the protocol, so it has its own way to the bus.
        """
        self._seek(addr, self._place)
        start = ticks_ms()
        busy = False
        while not self._answers():
            busy = True
            if ticks_diff(ticks_ms(), start) > self._timeout_ms:
                text = "%r does not answer %d ms after a write"
                raise OSError(ETIMEDOUT, text % (self, self._timeout_ms))
            # Each refusal costs an exception object: do not ask more often than is of use.
            sleep_us(_ASK_US)
        return busy

    def _answers(self):
        try:
            return self._i2c.writeto(self.addr, self._place) != 0
        except OSError as error:
            # Not all buses can tell a missing address from missing data.
            if error.errno not in (ENODEV, EIO) or not self._is_there():
                self._failed(error)
        return False
