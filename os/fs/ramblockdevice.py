"""RamBlockDevice: memory that is there already, such as PSRAM, as a medium."""

from drivers.blockdevice import BlockDevice
from rtos.core import in_isr

try:
    from ._fastcopy import fill, transfer
except ImportError:
    from ._plaincopy import fill, transfer


class RamBlockDevice(BlockDevice):
    """A block device in a buffer. Contract: block device (docs/contracts.md).

    buffer: any writable buffer of bytes, such as uctypes.bytearray_at(address, size); what is in it
        stays there, and the buffer belongs to the device.
    geometry: read_size, program_size, erase_size, erase_value, block_size, as those of BlockDevice.
    Raises ValueError when erase_size does not divide the buffer.

    program() replaces what was there; FlashSimBlockDevice over it has the rules of flash. A cut of
    the power costs what the memory loses: to survive a warm reset is up to the memory.
    """

    def __init__(self, buffer, **geometry):
        buffer = memoryview(buffer)
        super().__init__(len(buffer), **geometry)
        self._buffer = buffer

    # The contract's own methods, not those that a medium adds: half of what they cost is the call of those.

    def read(self, addr, buf):
        if in_isr() or not transfer(self._buffer, addr, buf, 1, 0):
            self._check(addr, len(buf), 1)  # says what is wrong, if it is not the empty buffer
            if type(buf) is bytes:
                raise TypeError("read(addr, buf): buf is to be a bytearray or memoryview")

    def program(self, addr, buf):
        if in_isr() or not transfer(self._buffer, addr, buf, self.program_size, 1):
            self._check(addr, len(buf), self.program_size)

    def sync(self):
        if self._gone or in_isr():
            self._check(0, 0, 1)

    def _erase(self, addr, size):
        if self.erase_value is not None:
            fill(self._buffer, addr, size, self.erase_value)

    def _deinit(self):
        self._buffer = b""
