"""ChainingBlockDevice: several media, one behind the other, as a single one."""

from drivers.blockdevice import BlockDevice


class ChainingBlockDevice(BlockDevice):
    """Block devices in a row.

    devices: a sequence of block devices, the first one at address 0. read_size, program_size and
    erase_size are the largest of theirs, each a multiple of those of all and of the size of none
    more than that. erase_value is the same for all; put FlashSimBlockDevice over one that has none.
    Raises ValueError. deinit() leaves them as they are. Source: mbed's ChainingBlockDevice.

    An access to two of them allocates a view for each.
    """

    def __init__(self, devices):
        devices = tuple(devices)
        if not devices:
            raise ValueError("devices: at least one")
        value = devices[0].erase_value
        for device in devices:
            if device.erase_value != value:
                raise ValueError(
                    "erase_value is %r and %r: FlashSimBlockDevice gives a device another one"
                    % (value, device.erase_value)
                )
        largest = []
        for name in ("read_size", "program_size", "erase_size"):
            sizes = [getattr(device, name) for device in devices]
            largest.append(max(sizes))
            for size in sizes:
                if max(sizes) % size:
                    raise ValueError(
                        "%s is %d and %d: one divides the other" % (name, max(sizes), size)
                    )
        for device in devices:
            if device.size % largest[2]:
                raise ValueError("%r is no multiple of %d, erase_size" % (device, largest[2]))
        super().__init__(
            sum([device.size for device in devices]),
            read_size=largest[0],
            program_size=largest[1],
            erase_size=largest[2],
            erase_value=value,
        )
        self._devices = devices

    def __repr__(self):
        if self._gone:
            return super().__repr__()
        return "<ChainingBlockDevice %d bytes on %d devices>" % (self.size, len(self._devices))

    def _read(self, addr, buf):
        self._transfer(addr, buf, False)

    def _program(self, addr, buf):
        self._transfer(addr, buf, True)

    def _transfer(self, addr, buf, program):
        done = 0
        left = len(buf)
        for device in self._devices:
            if addr < device.size and left:
                n = min(left, device.size - addr)
                part = buf if n == len(buf) else memoryview(buf)[done : done + n]
                if program:
                    device.program(addr, part)
                else:
                    device.read(addr, part)
                done += n
                left -= n
                addr += n
            addr -= device.size

    def _erase(self, addr, size):
        self._clear(addr, size, True)

    def _trim(self, addr, size):
        self._clear(addr, size, False)

    def _clear(self, addr, size, erase):
        for device in self._devices:
            if addr < device.size and size:
                n = min(size, device.size - addr)
                if erase:
                    device.erase(addr, n)
                else:
                    device.trim(addr, n)
                size -= n
                addr += n
            addr -= device.size

    def _sync(self):
        for device in self._devices:
            device.sync()
