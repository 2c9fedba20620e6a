"""ReadOnlyBlockDevice: a medium that nobody changes."""

from micropython import const

from .wrappingblockdevice import WrappingBlockDevice

_EROFS = const(30)  # not in MicroPython's errno


class ReadOnlyBlockDevice(WrappingBlockDevice):
    """A block device that can be read: program(), erase() and trim() raise OSError(EROFS).

    device: a block device, which sync() reaches all the same. Source: mbed's ReadOnlyBlockDevice.
    """

    def _program(self, addr, buf):
        raise OSError(_EROFS, "this device is read-only")

    def _erase(self, addr, size):
        raise OSError(_EROFS, "this device is read-only")

    def _trim(self, addr, size):
        raise OSError(_EROFS, "this device is read-only")
