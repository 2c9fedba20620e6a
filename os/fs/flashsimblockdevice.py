"""FlashSimBlockDevice: the rule of flash, that a place is erased before it is programmed."""

from errno import EIO

from .wrappingblockdevice import WrappingBlockDevice


class FlashSimBlockDevice(WrappingBlockDevice):
    """A block device that behaves as flash over one that may be more forgiving.

    device: a block device. erase_value: what an erased place reads as.

    Each unit of program_size bytes can be programmed once after an erase, as in flash with error
    correction; a second time is OSError(EIO) that names the address, and nothing is changed then.
    Units that read as erased when this object is made count as erased. Takes one bit of memory for
    each unit. Source: mbed's FlashSimBlockDevice, whose error is NOT_ERASED.
    """

    def __init__(self, device, erase_value=0xFF):
        if device.erase_value not in (None, erase_value):
            raise ValueError("erase_value: that of the device, which is %r" % device.erase_value)
        super().__init__(device, erase_value=erase_value, block_size=device.block_size)
        unit = self.program_size
        self._written = bytearray((self.size // unit + 7) // 8)
        self._blank = bytes((erase_value,)) * unit
        found = bytearray(unit)
        for n in range(self.size // unit):
            device.read(n * unit, found)
            if found != self._blank:
                self._written[n >> 3] |= 1 << (n & 7)

    def _program(self, addr, buf):
        first = addr // self.program_size
        end = first + len(buf) // self.program_size
        written = self._written
        for n in range(first, end):
            if written[n >> 3] >> (n & 7) & 1:
                raise OSError(
                    EIO, "%#x is not erased: it was programmed" % (n * self.program_size)
                )
        # Before it is done: what happens to a place where it fails is not known.
        for n in range(first, end):
            written[n >> 3] |= 1 << (n & 7)
        self._device.program(addr, buf)

    def _erase(self, addr, size):
        device = self._device
        device.erase(addr, size)
        unit = self.program_size
        if device.erase_value is None:
            at = addr
            while at < addr + size:
                device.program(at, self._blank)
                at += unit
        written = self._written
        for n in range(addr // unit, (addr + size) // unit):
            written[n >> 3] &= ~(1 << (n & 7))
