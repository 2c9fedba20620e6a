"""NorFlash: any SPI NOR flash chip that describes itself (SFDP), as a block device.

Opcodes are those that JESD216 presumes of every chip, which are those of Micron's M25P80 before; and
those of Winbond's W25Q data sheets (instruction set table, status registers).
"""

from errno import EIO, ENODEV, ETIMEDOUT

from micropython import const

from ..blockdevice import BlockDevice
from .sfdp import READ_SFDP, Geometry, parse
from .spichip import SpiChip

try:
    from ._fastcopy import copy, fill
except ImportError:
    from ._plaincopy import copy, fill

_EBUSY = const(16)
_EROFS = const(30)

_READ = const(0x03)
_PAGE_PROGRAM = const(0x02)
_WRITE_ENABLE = const(0x06)
_WRITE_DISABLE = const(0x04)
_READ_STATUS = const(0x05)
_POWER_DOWN = const(0xB9)
_RELEASE = const(0xAB)
_JEDEC_ID = const(0x9F)
_ENTER_4_BYTES = const(0xB7)
_EXIT_4_BYTES = const(0xE9)
# Commands with four address bytes of their own (JESD216B, 4-byte address instruction table).
_READ_4 = const(0x13)
_PAGE_PROGRAM_4 = const(0x12)
_ERASES_4 = {0x20: 0x21, 0x52: 0x5C, 0xD8: 0xDC}

# Status register 1.
_BUSY = const(0x01)
_WEL = const(0x02)
#: No chip has all bits set at once: the line floats, the chip is gone.
_FLOATS = const(0xFF)
_ERASED = const(0xFF)

_RELEASE_MS = const(1)  # tRES1 is 3 us for the W25Q, 30 us for others
_LONGEST_MS = const(4000)  # of what may be under way when the controller restarts
_UNKNOWN = (0, 0xFFFFFF)

# Chips without SFDP, by JEDEC identity: manufacturer and type; the third byte is the power of two
# of the size. Winbond W25X, W25Q and W25Q-DW; GigaDevice GD25Q: opcode 20h erases 4 KB.
# Macronix MX25L, where 20h erases 64 KB on the first ones (MX25L1605) and 4 KB on the later ones, with
# the same identity; Micron M25P, which has no 20h: only D8h. It erases 64 KB, but for some of M25P.
# The times are twice the longest that are known of them, or more.
_FAMILIES = (0xEF30, 0xEF40, 0xEF60, 0xC840, 0xC220, 0x2020)
_WITHOUT_4K = (0xC220, 0x2020)
_M25P = const(0x2020)
_SIZE_CODES = (0x10, 0x18)  # 64 KB to 16 MB: three address bytes
_FALLBACK_4K = (4096, 0x20, 800)
_FALLBACK_BLOCK_BITS = const(16)
_M25P_BLOCK_BITS = {0x10: 15, 0x11: 15, 0x18: 18}  # M25P05, M25P10: 32 KB; M25P128: 256 KB
_FALLBACK_BLOCK_MS = const(12000)
_FALLBACK_PROGRAM_MS = const(10)
# Pieces of a page are programmed as windows into it; FFh leaves what is there.
_WINDOWS = (16, 64)


class NorFlash(BlockDevice, SpiChip):
    """A flash chip: a block device whose erased bytes are FFh.

    spi, cs, freq: see SpiChip; the commands are those for up to 50 MHz.
    Raises OSError(ENODEV) with the identity that was found, OSError(EIO) if its table is damaged,
    OSError(ETIMEDOUT) if it stays busy. Context: thread.
    """

    NAME = "NorFlash"

    def __init__(self, spi, cs, freq=None):
        SpiChip.__init__(self, spi, cs, freq)
        self._one = bytearray(1)
        self._is_idle = self._idle
        self._wait_ms = _LONGEST_MS
        self._asleep = True
        self._four = False
        self._suspended = None  # (first, end) of an erase that waits
        self._erasing = None
        self._read_op, self._program_op = _READ, _PAGE_PROGRAM
        # The controller may have restarted in the middle of anything.
        self._awake()
        if self._register(_READ_STATUS) != _FLOATS:
            self._sync()  # a busy chip tells its status only
        self.identity = self._identify()
        if self.identity in _UNKNOWN:
            raise OSError(ENODEV, "no SPI flash: identity %06x" % self.identity)
        self._recover()
        self.geometry = self._discover()
        self.page_size = self.geometry.page_size
        self._page = bytearray(self.page_size)
        page = memoryview(self._page)
        windows = [(n, page[:n]) for n in _WINDOWS if n < self.page_size]
        windows.append((self.page_size, self._page))
        self._windows = tuple(windows)
        self._use_four_bytes()
        self.erase_sizes = tuple(erase[0] for erase in self.geometry.erases)
        smallest = self.erase_sizes[0]
        BlockDevice.__init__(self, self.geometry.size, erase_size=smallest, erase_value=_ERASED)

    def __repr__(self):
        if self._spi is None:
            return "<%s deinitialised>" % self.NAME
        state = ", powered down" if self._asleep else ""
        return "<%s %06x, %d KB%s>" % (self.NAME, self.identity, self.size // 1024, state)

    # ---- Block device: read(), program() and the others check places and call these

    def _read(self, addr, buf):
        """Waits for an erase that runs. OSError(_EBUSY) inside one that is suspended."""
        waits = self._suspended
        if waits is None:
            self._settle()
        elif waits[0] < addr + len(buf) and addr < waits[1]:
            raise OSError(_EBUSY, "%s: this block is being erased, resume() first" % self.NAME)
        if len(buf):
            self._transfer(self._addressed(self._read_op, addr), None, buf)

    def _program(self, addr, buf):
        """Page by page; bits that are 1 in buf stay as they are."""
        self._settle()
        n = len(buf)
        done = 0
        while done < n:
            offset = (addr + done) % self.page_size
            count = min(n - done, self.page_size - offset)
            if count == n:
                self._program_page(addr, buf, n)
            else:
                self._program_window(addr + done, offset, buf, done, count)
            done += count

    def _erase(self, addr, size):
        """In the largest steps that fit."""
        self._settle()
        end = addr + size
        while addr < end:
            chosen = self.geometry.erases[0]
            for erase in self.geometry.erases:
                if addr % erase[0] == 0 and end - addr >= erase[0]:
                    chosen = erase
            self._begin(addr, chosen)
            self._sync()
            addr += chosen[0]

    def _sync(self):
        """Wait until nothing is under way. Raises OSError(ETIMEDOUT), OSError(ENODEV)."""
        if not self._until(self._is_idle, self._wait_ms):
            self._give_up(self._wait_ms)
        self._erasing = None

    def _deinit(self):
        """The chip is as after power-on then, for whatever software comes next."""
        try:
            if self._four and self.geometry.four_bytes == "enter":
                self._settle()
                self._switch(_EXIT_4_BYTES)
        finally:
            SpiChip.deinit(self)

    # ---- In the background, and the rest

    def start_erase(self, addr, size):
        """Begin to erase one block and return; busy() tells when it is over.

        size: one of erase_sizes, addr a multiple of it. Raises as erase() does.
        """
        for erase in self.geometry.erases:
            if erase[0] == size:
                self._check(addr, size, size)
                self._settle()
                self._begin(addr, erase)
                self._erasing = (addr, addr + size)
                return
        raise ValueError("size: use one of %s" % (self.erase_sizes,))

    def busy(self):
        """Whether the chip erases or programs now."""
        return not self._idle()

    def check(self):
        """The chip is the one that was there first: else OSError(ENODEV) with what is found."""
        self._awake()
        found = self._identify()
        if found != self.identity:
            message = "no %s %06x: identity %06x" % (self.NAME, self.identity, found)
            raise OSError(ENODEV, message)

    def power_down(self):
        """Draw about 1 uA until the next access, which wakes the chip."""
        self._settle()
        self._command(_POWER_DOWN)
        self._asleep = True

    # ---- What chips of one maker add

    def _recover(self):
        """End what a restart of the controller has left unfinished."""

    def _resume(self):
        """Go on with a suspended erase."""

    def _allow(self, addr, n, status):
        """Raise OSError(EROFS) if that place is protected. status: register 1."""

    # ---- Commands

    def _command(self, opcode):
        self._head[0] = opcode
        self._transfer(self._heads[1])

    def _register(self, opcode):
        """One byte that follows the opcode."""
        self._head[0] = opcode
        self._transfer(self._heads[1], None, self._one)
        return self._one[0]

    def _addressed(self, opcode, addr):
        """The command with an address, to be sent."""
        head = self._head
        head[0] = opcode
        if self._four:
            head[1] = addr >> 24
            head[2] = addr >> 16 & 0xFF
            head[3] = addr >> 8 & 0xFF
            head[4] = addr & 0xFF
            return self._heads[5]
        head[1] = addr >> 16
        head[2] = addr >> 8 & 0xFF
        head[3] = addr & 0xFF
        return self._heads[4]

    def _idle(self):
        return not self._register(_READ_STATUS) & _BUSY

    def _awake(self):
        if self._asleep:
            self._command(_RELEASE)
            self._asleep = False
            self._pause(_RELEASE_MS)

    def _settle(self):
        """The chip takes any command now."""
        self._awake()
        if self._suspended is not None:
            self._resume()
        if self._erasing is not None:
            self._sync()

    def _give_up(self, waited_ms):
        if self._register(_READ_STATUS) == _FLOATS:
            found = self._identify()
            raise OSError(ENODEV, "%s has gone: identity %06x" % (self.NAME, found))
        raise OSError(ETIMEDOUT, "%s is busy after %d ms" % (self.NAME, waited_ms))

    def _identify(self):
        self._head[0] = _JEDEC_ID
        found = bytearray(3)
        self._transfer(self._heads[1], None, found)
        return found[0] << 16 | found[1] << 8 | found[2]

    def _discover(self):
        try:
            geometry = parse(self._read_sfdp)
            damage = None
        except OSError as error:
            geometry, damage = None, error
        if geometry is None:
            low, high = _SIZE_CODES
            code = self.identity & 0xFF
            family = self.identity >> 8
            if family in _FAMILIES and low <= code <= high:
                # Not constants: integers above 16 bits in a frozen tuple are no small ones, and
                # would allocate where they are calculated with.
                bits = _FALLBACK_BLOCK_BITS
                if family == _M25P:
                    bits = _M25P_BLOCK_BITS.get(code, bits)
                erases = ((1 << bits, 0xD8, _FALLBACK_BLOCK_MS),)
                if family not in _WITHOUT_4K:
                    erases = (_FALLBACK_4K, erases[0])
                return Geometry(1 << code, 256, erases, _FALLBACK_PROGRAM_MS)
            if damage is not None:
                raise OSError(EIO, "%s %06x: %s" % (self.NAME, self.identity, damage.args[1]))
            message = "identity %06x is no known flash chip, and it has no SFDP" % self.identity
            raise OSError(ENODEV, message)
        return geometry

    def _read_sfdp(self, addr, buf):
        # Always three address bytes, then one of dummy clocks.
        head = self._head
        head[0] = READ_SFDP
        head[1] = addr >> 16
        head[2] = addr >> 8 & 0xFF
        head[3] = addr & 0xFF
        head[4] = 0
        self._transfer(self._heads[5], None, buf)

    def _use_four_bytes(self):
        geometry = self.geometry
        if not geometry.four_bytes:
            return
        self._four = True
        if geometry.four_bytes == "enter":
            self._switch(_ENTER_4_BYTES)
        elif geometry.four_bytes == "opcodes":
            self._read_op, self._program_op = _READ_4, _PAGE_PROGRAM_4
            erases = [(n, _ERASES_4[op], ms) for n, op, ms in geometry.erases if op in _ERASES_4]
            if not erases:
                raise OSError(EIO, "%s: no erase with four address bytes is known" % self.NAME)
            geometry.erases = tuple(erases)

    def _switch(self, opcode):
        """To four address bytes or back."""
        if self.geometry.enter_wren:
            self._command(_WRITE_ENABLE)
        self._command(opcode)
        if self.geometry.enter_wren:
            self._command(_WRITE_DISABLE)  # those that need no enable leave it set

    def _enable(self, addr, n):
        """Have the next command change these bytes, or raise."""
        self._command(_WRITE_ENABLE)
        status = self._register(_READ_STATUS)
        if status == _FLOATS or not status & _WEL:
            self.check()  # a chip that has gone does not set the latch, either
            raise OSError(_EROFS, "%s does not allow to write (status %02x)" % (self.NAME, status))
        try:
            self._allow(addr, n, status)
        except OSError:
            self._command(_WRITE_DISABLE)
            raise

    def _begin(self, addr, erase):
        self._enable(addr, erase[0])
        self._transfer(self._addressed(erase[1], addr))
        self._wait_ms = erase[2]

    def _program_page(self, addr, data, n):
        self._enable(addr, n)
        self._transfer(self._addressed(self._program_op, addr), data)
        self._wait_ms = self.geometry.program_ms
        self._sync()

    def _program_window(self, addr, offset, buf, at, n):
        """Program a part of buf that lies in one page, through the smallest window around it."""
        for size, view in self._windows:  # noqa: B007
            start = offset & ~(size - 1)
            if offset + n <= start + size:
                break
        fill(self._page, 0, size, 0xFF)
        copy(self._page, offset - start, buf, at, n)
        self._program_page(addr - offset + start, view, size)
