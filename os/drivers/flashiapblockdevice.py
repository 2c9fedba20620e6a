"""FlashIAPBlockDevice: a part of the internal flash as a block device."""

from .blockdevice import BlockDevice
from .flashiap import FlashIAP


class FlashIAPBlockDevice(BlockDevice):
    """A part of FlashIAP with the contract of a block device, whose addresses begin at 0.

    start: an address in the flash, None: that of its first byte. size: in bytes, None: up to the end.
    Both are multiples of the sector size, and all sectors of that part are of one size.
    Raises ValueError; OSError(EOPNOTSUPP). Source: mbed's FlashIAPBlockDevice.
    """

    def __init__(self, start=None, size=None):
        flash = FlashIAP()
        end = flash.start + flash.size
        start = flash.start if start is None else start
        size = end - start if size is None else size
        if not flash.start <= start < end or not 0 < size <= end - start:
            raise ValueError("start, size: a part of %#x to %#x" % (flash.start, end))
        sector = flash.sector_size(start)
        for addr in range(start, start + size, sector):
            if flash.sector_size(addr) != sector:
                raise ValueError("the sectors there are of several sizes: take a part of it")
        if start % sector or size % sector:
            raise ValueError("start, size: whole sectors of %d bytes" % sector)
        super().__init__(
            size,
            program_size=flash.page_size,
            erase_size=sector,
            erase_value=flash.erase_value,
        )
        self._flash = flash
        self._start = start

    def _read(self, addr, buf):
        self._flash.read(self._start + addr, buf)

    def _program(self, addr, buf):
        self._flash.program(self._start + addr, buf)

    def _erase(self, addr, size):
        self._flash.erase(self._start + addr, size)

    def _deinit(self):
        self._flash.deinit()
