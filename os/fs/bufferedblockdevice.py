"""BufferedBlockDevice: single bytes on a medium that is programmed in pages."""

from .wrappingblockdevice import WrappingBlockDevice

try:
    from ._fastcopy import copy
except ImportError:
    from ._plaincopy import copy


class BufferedBlockDevice(WrappingBlockDevice):
    """A block device whose read_size and program_size are 1, over one that has pages.

    device: a block device. Takes program_size bytes of memory.

    The page that was written last is kept back until sync(), deinit(), or a write elsewhere: until
    then it is not on the medium, and a power cut loses it. A page that is continued after that is
    read and programmed once more, with more bits cleared: NOR flash and media without erase do that,
    flash with error correction, as FlashSimBlockDevice, gives OSError(EIO). Whole pages go straight
    through. Source: mbed's BufferedBlockDevice.
    """

    def __init__(self, device):
        super().__init__(device, read_size=1, program_size=1, block_size=device.block_size)
        self._unit = device.program_size
        self._page = bytearray(self._unit)
        self._at = -1  # address of what is in the page, -1: nothing

    def _read(self, addr, buf):
        self._device.read(addr, buf)
        at = self._at
        if at < 0 or at >= addr + len(buf) or at + self._unit <= addr:
            return
        first = max(at, addr)
        n = min(at + self._unit, addr + len(buf)) - first
        copy(buf, first - addr, self._page, first - at, n)

    def _program(self, addr, buf):
        unit = self._unit
        if addr % unit == 0 and len(buf) % unit == 0:
            self._flush()
            self._device.program(addr, buf)
            return
        done = 0
        while done < len(buf):
            inside = (addr + done) % unit
            self._load(addr + done - inside)
            n = min(unit - inside, len(buf) - done)
            copy(self._page, inside, buf, done, n)
            done += n

    def _load(self, at):
        """Have the page of that address in memory."""
        if at != self._at:
            self._flush()
            self._device.read(at, self._page)
            self._at = at

    def _flush(self):
        at = self._at
        if at >= 0:
            self._at = -1  # also if it fails: it is not tried for ever
            self._device.program(at, self._page)

    def _erase(self, addr, size):
        self._forget(addr, size)
        self._device.erase(addr, size)

    def _trim(self, addr, size):
        self._forget(addr, size)
        self._device.trim(addr, size)

    def _forget(self, addr, size):
        if self.erase_value is not None and addr <= self._at < addr + size:
            self._at = -1

    def _sync(self):
        self._flush()
        self._device.sync()
