"""ExhaustibleBlockDevice: a medium that wears out."""

from array import array
from errno import EIO

from .wrappingblockdevice import WrappingBlockDevice


class ExhaustibleBlockDevice(WrappingBlockDevice):
    """A block device each erase block of which lasts for so many erases.

    device: a block device. cycles: erases of one block that work. A worn block keeps what is in it:
    erasing and programming it raises OSError(EIO); with silent=True they seem to work and change
    nothing. Where a device needs no erase only those that are asked for count.
    Raises ValueError. Source: mbed's ExhaustibleBlockDevice, which is silent.

    wear: array of how often each block was erased; cycles + 1: it is worn. It takes four bytes for
    each block.
    """

    def __init__(self, device, cycles, silent=False):
        if not 0 < cycles < 1 << 30:
            raise ValueError("cycles: 1 to 2^30 - 1, not %r" % (cycles,))
        super().__init__(device)
        self._cycles = cycles
        self._silent = silent
        self.wear = array("I", bytes(4 * (self.size // self.erase_size)))

    def worn(self):
        """How many blocks are worn."""
        return sum([count > self._cycles for count in self.wear])

    def _program(self, addr, buf):
        size = self.erase_size
        last = (addr + len(buf) - 1) // size
        for block in range(addr // size, last + 1):
            if self.wear[block] > self._cycles:
                if not self._silent:
                    raise OSError(EIO, "block %d is worn" % block)
                self._program_the_rest(addr, buf)
                return
        self._device.program(addr, buf)

    def _program_the_rest(self, addr, buf):
        size = self.erase_size
        end = addr + len(buf)
        at = addr
        while at < end:
            block = at // size
            stop = min((block + 1) * size, end)
            if self.wear[block] <= self._cycles:
                self._device.program(at, memoryview(buf)[at - addr : stop - addr])
            at = stop

    def _erase(self, addr, size):
        unit = self.erase_size
        for block in range(addr // unit, (addr + size) // unit):
            if self.wear[block] < self._cycles:
                self._device.erase(block * unit, unit)
                self.wear[block] += 1
                continue
            self.wear[block] = self._cycles + 1
            if not self._silent:
                raise OSError(EIO, "block %d is worn" % block)
