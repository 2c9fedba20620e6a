"""HeapBlockDevice: a medium in the program's own memory, gone with it. For tests, and as a scratch."""

from io import BytesIO

from drivers.blockdevice import BlockDevice
from micropython import const

_PIECE_MAX = const(256)


class HeapBlockDevice(BlockDevice):
    """A block device in the heap. Contract: block device (docs/contracts.md).

    size, read_size, program_size, erase_size, erase_value, block_size: as those of BlockDevice.
    It begins as erase_value everywhere, as zeros if that is None. program() replaces what was there;
    FlashSimBlockDevice over it has the rules of flash. Takes size bytes of memory, at once.
    Raises ValueError, MemoryError. Source: mbed's HeapBlockDevice.
    """

    def __init__(self, size, **geometry):
        super().__init__(size, **geometry)
        # A file in memory, because it is copied to and from at the speed of C without allocating.
        self._file = BytesIO()
        self._file.seek(size - 1)
        self._file.write(b"\0")
        value = self.erase_value or 0
        self._piece = bytes((value,)) * min(self.erase_size, _PIECE_MAX)
        self._byte = bytes((value,))
        self._fill(0, size)

    def _read(self, addr, buf):
        self._file.seek(addr)
        self._file.readinto(buf)

    def _program(self, addr, buf):
        self._file.seek(addr)
        self._file.write(buf)

    def _erase(self, addr, size):
        if self.erase_value is not None:
            self._fill(addr, size)

    def _fill(self, addr, size):
        file = self._file
        file.seek(addr)
        while size >= len(self._piece):
            file.write(self._piece)
            size -= len(self._piece)
        while size:
            file.write(self._byte)
            size -= 1

    def _deinit(self):
        self._file = None

    # ---- For tests

    def image(self):
        """All that is on the medium, as new bytes."""
        self._check(0, 0, 1)
        return self._file.getvalue()

    def load(self, image):
        """Put the whole medium into the state that image() gave. Raises ValueError for its length."""
        self._check(0, 0, 1)
        if len(image) != self.size:
            raise ValueError("an image of %d bytes, not %d" % (self.size, len(image)))
        self._program(0, image)
