"""W25Q: Winbond's SPI NOR flash chips: a NorFlash with suspend, protection and unique identity.

Winbond's W25Q data sheets (W25Q64JV revision J, W25Q128JV, W25Q256JV): instruction set table, status
registers. GigaDevice's GD25Q have most of the same commands.
"""

from errno import ENODEV

from micropython import const

from .norflash import NorFlash
from .w25qprotect import CMP, bits_for, mask, protected

_EROFS = const(30)

_WRITE_ENABLE = const(0x06)
_VOLATILE_ENABLE = const(0x50)
_READ_STATUS1 = const(0x05)
_READ_STATUS2 = const(0x35)
_READ_STATUS3 = const(0x15)
_WRITE_STATUS1 = const(0x01)  # with two bytes it writes register 2, too
_SUSPEND = const(0x75)
_RESUME = const(0x7A)
_UNIQUE_ID = const(0x4B)
_BLOCK_LOCK = const(0x36)
_BLOCK_UNLOCK = const(0x39)
_READ_BLOCK_LOCK = const(0x3D)

_SUS = const(0x80)  # register 2
_WPS = const(0x04)  # register 3
_LOCKED = const(0x01)

_SUSPEND_MS = const(1)  # tSUS is 20 us
_RESUME_MS = const(1)  # for tSUS after a resume the chip takes no suspend
_STATUS_MS = const(30)  # tW is 15 ms
_MAKERS = (0xEF, 0xC8)
_SECTOR = const(4096)


class W25Q(NorFlash):
    """A W25Q chip: a block device. See NorFlash, which takes chips of other makers.

    Raises OSError(ENODEV) with the identity that was found.
    """

    NAME = "W25Q"

    def __init__(self, spi, cs, freq=None):
        super().__init__(spi, cs, freq)
        self._status2 = self._register(_READ_STATUS2)
        #: Whether each block has a lock of its own, instead of one protected part (WPS).
        self.block_locks = bool(self._register(_READ_STATUS3) & _WPS)

    def suspend(self):
        """Interrupt a start_erase(), so that other blocks can be read. Returns whether it runs.

        Raises OSError(ETIMEDOUT), OSError(ENODEV).
        """
        if self._suspended is not None:
            return True
        if self._erasing is None or self._idle():
            self._erasing = None
            return False
        self._command(_SUSPEND)
        if not self._until(self._is_idle, _SUSPEND_MS):
            self._give_up(_SUSPEND_MS)
        if not self._register(_READ_STATUS2) & _SUS:
            self._erasing = None  # it was over first
            return False
        self._suspended = self._erasing
        return True

    def resume(self):
        """Go on with what suspend() interrupted; sync() and any change do that, too."""
        if self._suspended is not None:
            self._resume()

    def protection(self):
        """(first, end): the bytes that cannot be written. Equal: all can.

        With block_locks each block is asked for: locked().
        """
        self._settle()
        status1 = self._register(_READ_STATUS1)
        return protected(self.size, status1, self._register(_READ_STATUS2))

    def protect(self, first, end, volatile=False):
        """Protect the bytes first..end and no others; equal: none.

        volatile: only until the power goes.
        Raises ValueError for a part that the chip cannot choose, OSError(EROFS) if the setting is
        locked itself.
        """
        bits, cmp = bits_for(self.size, first, end)
        self._settle()
        status1 = self._register(_READ_STATUS1) & ~mask(self.size)
        status2 = self._register(_READ_STATUS2) & ~CMP | cmp
        self._command(_VOLATILE_ENABLE if volatile else _WRITE_ENABLE)
        self._head[0] = _WRITE_STATUS1
        self._head[1] = (status1 | bits) & 0xFC
        self._head[2] = status2
        self._transfer(self._heads[3])
        self._wait_ms = _STATUS_MS
        self._sync()
        self._status2 = self._register(_READ_STATUS2)
        if self.protection() != protected(self.size, bits, cmp):
            raise OSError(_EROFS, "W25Q: the status registers are locked (SRP, SRL, pin /WP)")

    def locked(self, addr):
        """Whether the block around addr is locked, where block_locks is on."""
        self._check(addr, 1, 1)
        self._settle()
        self._transfer(self._addressed(_READ_BLOCK_LOCK, addr), None, self._one)
        return bool(self._one[0] & _LOCKED)

    def lock(self, addr, on):
        """Lock the block around addr, or unlock it, where block_locks is on.

        Blocks have 64 KB; those in the first and last 64 KB have 4 KB (figure 4d).
        """
        self._check(addr, 1, 1)
        self._settle()
        self._command(_WRITE_ENABLE)
        self._transfer(self._addressed(_BLOCK_LOCK if on else _BLOCK_UNLOCK, addr))

    def unique_id(self):
        """8 bytes that no other chip has."""
        self._settle()
        self._addressed(_UNIQUE_ID, 0)
        self._head[4] = self._head[5] = 0
        found = bytearray(8)
        # Dummy bytes: as many as an address has, and one.
        self._transfer(self._heads[6 if self._four else 5], None, found)
        return bytes(found)

    def _recover(self):
        if self.identity >> 16 not in _MAKERS:
            message = "no W25Q: identity %06x, try NorFlash" % self.identity
            raise OSError(ENODEV, message)
        if self._register(_READ_STATUS2) & _SUS:
            self._command(_RESUME)
            self._sync()

    def _sync(self):
        if self._suspended is not None:
            self._resume()
        super()._sync()

    def _resume(self):
        self._suspended = None
        self._command(_RESUME)
        self._pause(_RESUME_MS)

    def _allow(self, addr, n, status):
        if self.block_locks:
            end = addr + n
            while addr < end:
                if self.locked(addr):
                    raise OSError(_EROFS, "W25Q: the block at %d is locked" % addr)
                addr += _SECTOR - addr % _SECTOR
            return
        if not status & mask(self.size) and not self._status2 & CMP:
            return
        first, end = protected(self.size, status, self._status2)
        if addr < end and first < addr + n:
            raise OSError(_EROFS, "W25Q: bytes %d..%d are protected" % (first, end))
