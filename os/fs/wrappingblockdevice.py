"""WrappingBlockDevice: what the media that lie over another one have in common."""

from drivers.blockdevice import BlockDevice


class WrappingBlockDevice(BlockDevice):
    """Base of a block device over another one: passes everything on.

    device: any block device. changes: of its geometry, by the names that BlockDevice has.

    deinit() syncs and leaves the device below as it is: whoever made it gives it up.
    """

    def __init__(self, device, **changes):
        geometry = {
            "size": device.size,
            "read_size": device.read_size,
            "program_size": device.program_size,
            "erase_size": device.erase_size,
            "erase_value": device.erase_value,
        }
        if not changes:
            geometry["block_size"] = device.block_size
        geometry.update(changes)
        super().__init__(**geometry)
        self._device = device

    def __repr__(self):
        if self._gone:
            return super().__repr__()
        below = type(self._device).__name__
        return "<%s %d bytes on %s>" % (type(self).__name__, self.size, below)

    def _read(self, addr, buf):
        self._device.read(addr, buf)

    def _program(self, addr, buf):
        self._device.program(addr, buf)

    def _erase(self, addr, size):
        self._device.erase(addr, size)

    def _trim(self, addr, size):
        self._device.trim(addr, size)

    def _sync(self):
        self._device.sync()
