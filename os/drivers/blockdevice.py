"""BlockDevice: what all media have in common, and the face that MicroPython's file systems mount.

The contract is in docs/contracts.md; tests/conformance has its suite.
"""

from errno import EIO, ENODEV

from driverport import in_isr
from micropython import const
from rtos.core import lock, unlock

from .blockface import failure, postponed

# Requests of MicroPython's block protocol, vfs.AbstractBlockDev.ioctl().
_SHUTDOWN = const(2)
_SYNC = const(3)
_BLOCK_COUNT = const(4)
_BLOCK_SIZE = const(5)
_BLOCK_ERASE = const(6)

_BLOCK_SIZE_MIN = const(512)  # of FAT


class BlockDevice:
    """Base of a medium: a driver adds `_read(addr, buf)` and `_program(addr, buf)`.

    size, read_size, program_size, erase_size: bytes, as in the contract. read_size is what the medium
    likes best; any part can be read.
    erase_value: the byte that an erased place reads as; None: writing needs no erase.
    block_size: of MicroPython's face, a multiple of erase_size; None: the least that is 512 or more.
    Raises ValueError.

    Those with an erase_value also add `_erase(addr, size)`; `_sync()`, `_trim(addr, size)` and
    `_deinit()` may be added. They are called with places that are inside and aligned, raise
    OSError(EIO), OSError(EROFS), and need not look at anything else.

    Context of the methods: not an ISR. Nothing is allocated.
    """

    def __init__(
        self,
        size,
        *,
        read_size=1,
        program_size=1,
        erase_size=_BLOCK_SIZE_MIN,
        erase_value=None,
        block_size=None,
    ):
        last = 1
        for value in (read_size, program_size, erase_size, size):
            if not isinstance(value, int) or value < last or value % last:
                raise ValueError(
                    "read_size, program_size, erase_size, size: each divides the next, not "
                    "%r, %r, %r, %r" % (read_size, program_size, erase_size, size)
                )
            last = value
        if block_size is None:
            block_size = erase_size * (1 + (_BLOCK_SIZE_MIN - 1) // erase_size)
        if erase_value is not None and (
            not isinstance(erase_value, int) or not 0 <= erase_value <= 0xFF
        ):
            raise ValueError("erase_value: a byte, or None")
        if not isinstance(block_size, int) or block_size < 1 or block_size % erase_size:
            raise ValueError("block_size: a multiple of erase_size, which is %d" % erase_size)
        self.size = size
        self.read_size = read_size
        self.program_size = program_size
        self.erase_size = erase_size
        self.erase_value = erase_value
        self.block_size = block_size
        self._gone = False
        self._unread = False

    def __repr__(self):
        if self._gone:
            return "<%s deinitialised>" % type(self).__name__
        return "<%s %d bytes, erased by %d>" % (type(self).__name__, self.size, self.erase_size)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def deinit(self):
        """Give the medium up; what was programmed is on it. May be called twice.

        Raises the OSError of a sync() that fails, as when the chip has gone; it is given up all the same.
        """
        if not self._gone:
            if in_isr():
                self._check(0, 0, 1)  # raises
            try:
                self._sync()
            finally:
                self._gone = True
                self._deinit()

    # ---- The contract

    def read(self, addr, buf):
        """Fill buf with what is at addr.

        Raises ValueError beyond the end; OSError(EIO); OSError(ENODEV) after deinit().
        """
        n = len(buf)
        if addr < 0 or addr + n > self.size or self._gone or in_isr():
            self._check(addr, n, 1)  # says which of them
        self._read(addr, buf)

    def program(self, addr, buf):
        """Write buf to addr, which was erased before unless erase_value is None.

        addr and len(buf) are multiples of program_size. Raises as read(), OSError(EROFS).
        """
        n = len(buf)
        unit = self.program_size
        if addr < 0 or addr + n > self.size or addr % unit or n % unit or self._gone or in_isr():
            self._check(addr, n, unit)  # says which of them
        self._program(addr, buf)

    def erase(self, addr, size):
        """Erase a place, which then reads as erase_value; None: it is free to do nothing.

        addr and size are multiples of erase_size. Raises as program().
        """
        self._check(addr, size, self.erase_size)
        self._erase(addr, size)

    def trim(self, addr, size):
        """What is in that place does not matter any more. addr and size as for erase()."""
        self._check(addr, size, self.erase_size)
        self._trim(addr, size)

    def sync(self):
        """What was programmed is on the medium when this returns, also after a power cut."""
        if self._gone or in_isr():
            self._check(0, 0, 1)  # says which of them
        self._sync()

    def _check(self, addr, size, unit):
        if in_isr():
            raise RuntimeError("a medium cannot be waited for in an interrupt handler")
        if self._gone:
            raise OSError(ENODEV, "%s is deinitialised" % type(self).__name__)
        if addr < 0 or size < 0 or addr + size > self.size:
            raise ValueError("%d bytes at %#x: this device ends at %#x" % (size, addr, self.size))
        if addr % unit or size % unit:
            raise ValueError("%d bytes at %#x: both must be multiples of %d" % (size, addr, unit))

    # ---- What a medium does, where it does anything

    def _erase(self, addr, size):
        pass

    def _trim(self, addr, size):
        pass

    def _sync(self):
        pass

    def _deinit(self):
        pass

    # ---- MicroPython's face. C calls these, from the middle of a file system: no thread may come in
    # between, and no exception out. littlefs takes what it could not read for what it has in its cache,
    # and would write over the newer half of a folder: so nothing is written any more until the next mount.

    def readblocks(self, block, buf, offset=0):
        """Fill buf with what is at that block and offset; 0, or a negative errno."""
        lock()
        try:
            self.read(block * self.block_size + offset, buf)
            return 0
        except (Exception, KeyboardInterrupt) as error:
            if postponed(error):
                return self.readblocks(block, buf, offset)
            result = failure(error)
            if result == -EIO:
                self._unread = True
            return result
        finally:
            unlock()

    def writeblocks(self, block, buf, offset=None):
        """Write buf to that block, erased first if no offset is given; 0, or a negative errno."""
        lock()
        try:
            if self._unread:
                return -EIO
            addr = block * self.block_size
            if offset is not None:
                self.program(addr + offset, buf)
                return 0
            if self.erase_value is not None:
                self.erase(addr, len(buf))
            self.program(addr, buf)
            return 0
        except (Exception, KeyboardInterrupt) as error:
            if postponed(error):
                return self.writeblocks(block, buf, offset)
            return failure(error)
        finally:
            unlock()

    def ioctl(self, request, argument):
        """Of MicroPython's vfs.AbstractBlockDev: how many blocks of what size, erase, sync.

        After a block could not be read, blocks are written again only when their number was asked for.
        """
        lock()
        try:
            if request == _BLOCK_COUNT:
                self._unread = False  # whoever mounts asks
                return self.size // self.block_size
            if request == _BLOCK_SIZE:
                return self.block_size
            if request == _BLOCK_ERASE:
                if self._unread:
                    return -EIO
                self.erase(argument * self.block_size, self.block_size)
            elif request in (_SYNC, _SHUTDOWN):
                self.sync()
            return 0
        except (Exception, KeyboardInterrupt) as error:
            if postponed(error):
                return self.ioctl(request, argument)
            return failure(error)
        finally:
            unlock()
