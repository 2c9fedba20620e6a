"""ProfilingBlockDevice: counts what is done to a medium."""

from micropython import const

from .wrappingblockdevice import WrappingBlockDevice

_WRAP = const(0x3FFFFFFF)  # so that counting never allocates


class ProfilingBlockDevice(WrappingBlockDevice):
    """A block device that counts and passes on.

    reads, programs, erases, trims, syncs: operations that were done without an error.
    bytes_read, bytes_programmed, bytes_erased: what they were about. All wrap at 2^30, and may be
    set; reset() sets all to 0. Source: mbed's ProfilingBlockDevice, which counts bytes.
    """

    def __init__(self, device):
        super().__init__(device)
        self.reset()

    def reset(self):
        self.reads = self.programs = self.erases = self.trims = self.syncs = 0
        self.bytes_read = self.bytes_programmed = self.bytes_erased = 0

    def __repr__(self):
        if self._gone:
            return super().__repr__()
        return "<%s %d bytes on %s, %d read, %d programmed, %d erased>" % (
            type(self).__name__,
            self.size,
            type(self._device).__name__,
            self.bytes_read,
            self.bytes_programmed,
            self.bytes_erased,
        )

    def _read(self, addr, buf):
        self._device.read(addr, buf)
        self.reads = self.reads + 1 & _WRAP
        self.bytes_read = self.bytes_read + len(buf) & _WRAP

    def _program(self, addr, buf):
        self._device.program(addr, buf)
        self.programs = self.programs + 1 & _WRAP
        self.bytes_programmed = self.bytes_programmed + len(buf) & _WRAP

    def _erase(self, addr, size):
        self._device.erase(addr, size)
        self.erases = self.erases + 1 & _WRAP
        self.bytes_erased = self.bytes_erased + size & _WRAP

    def _trim(self, addr, size):
        self._device.trim(addr, size)
        self.trims = self.trims + 1 & _WRAP

    def _sync(self):
        self._device.sync()
        self.syncs = self.syncs + 1 & _WRAP
