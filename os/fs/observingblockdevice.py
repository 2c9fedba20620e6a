"""ObservingBlockDevice: tells somebody whenever a medium changes."""

from .wrappingblockdevice import WrappingBlockDevice


class ObservingBlockDevice(WrappingBlockDevice):
    """A block device that passes on and then calls a function for every change.

    device: a block device. function(operation, addr, size): operation is "program", "erase" or
    "trim". It is called when that is done, in the middle of whatever file system or store works on
    the device: it may read the device, and must not change it. What it raises comes out of the
    call. None: nobody. Source: mbed's ObservingBlockDevice.
    """

    def __init__(self, device, function=None):
        super().__init__(device)
        self.function = function

    def _program(self, addr, buf):
        self._device.program(addr, buf)
        if self.function is not None:
            self.function("program", addr, len(buf))

    def _erase(self, addr, size):
        self._device.erase(addr, size)
        if self.function is not None:
            self.function("erase", addr, size)

    def _trim(self, addr, size):
        self._device.trim(addr, size)
        if self.function is not None:
            self.function("trim", addr, size)
