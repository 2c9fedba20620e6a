"""SlicingBlockDevice: a part of another medium."""

from .wrappingblockdevice import WrappingBlockDevice


class SlicingBlockDevice(WrappingBlockDevice):
    """The part of a block device from one address to another, whose own addresses begin at 0.

    device: a block device, of which there can be several parts. start, stop: bytes, multiples of
    its erase_size; negative ones count from its end, None is its end. Raises ValueError.
    deinit() gives up the part only. Source: mbed's SlicingBlockDevice.
    """

    def __init__(self, device, start, stop=None):
        size = device.size
        first = start + size if start < 0 else start
        last = size if stop is None else stop + size if stop < 0 else stop
        if not 0 <= first < last <= size:
            raise ValueError("%r to %r is no part of %d bytes" % (start, stop, size))
        if first % device.erase_size or last % device.erase_size:
            raise ValueError("start, stop: multiples of %d, erase_size" % device.erase_size)
        block_size = device.block_size
        if (last - first) % block_size:
            block_size = None
        super().__init__(device, size=last - first, block_size=block_size)
        self._start = first

    def __repr__(self):
        if self._gone:
            return super().__repr__()
        below = type(self._device).__name__
        name = type(self).__name__
        return "<%s %d bytes at %#x of %s>" % (name, self.size, self._start, below)

    def _read(self, addr, buf):
        self._device.read(self._start + addr, buf)

    def _program(self, addr, buf):
        self._device.program(self._start + addr, buf)

    def _erase(self, addr, size):
        self._device.erase(self._start + addr, size)

    def _trim(self, addr, size):
        self._device.trim(self._start + addr, size)
