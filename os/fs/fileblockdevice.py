"""FileBlockDevice: a file as a medium: an image on a computer, or one on a mounted file system."""

import os
from errno import EIO, ENOENT

from drivers.blockdevice import BlockDevice
from micropython import const

_PIECE_MAX = const(256)
_END = const(2)  # of the file, for seek()


class FileBlockDevice(BlockDevice):
    """A block device in a file. Contract: block device (docs/contracts.md).

    path: of the file. size: bytes; a file that is missing is made, and one that is shorter is made
        longer, erased. None: the file is there, and as long as the medium.
    geometry: read_size, program_size, erase_size, erase_value, block_size, as those of BlockDevice.
    Raises ValueError when erase_size does not divide the size or the file is longer than size says;
    OSError(ENOENT) without a file and size; what opening a file raises.

    program() replaces what was there. A file that becomes shorter meanwhile is OSError(EIO). sync()
    puts it on the disk. The file is open until deinit(). What the file system below allocates for
    an access comes on top: the device itself allocates nothing.
    """

    def __init__(self, path, size=None, **geometry):
        try:
            file = open(path, "r+b", buffering=0)  # noqa: SIM115 - open until deinit()
        except OSError as error:
            if size is None or error.errno != ENOENT:
                raise
            file = open(path, "w+b", buffering=0)  # noqa: SIM115
        try:
            there = file.seek(0, _END)
            if size is None:
                size = there
            elif there > size:
                raise ValueError("%s has %d bytes, more than %d" % (path, there, size))
            super().__init__(size, **geometry)
            self._path = path
            self._file = file
            self._piece = bytes((self.erase_value or 0,)) * _PIECE_MAX
            self._byte = self._piece[:1]
            if there < size:
                self._fill(there, size - there)
                self._sync()
        except BaseException:
            file.close()
            raise

    def __repr__(self):
        if self._gone:
            return super().__repr__()
        return "<FileBlockDevice %d bytes in %s>" % (self.size, self._path[-100:])

    def _read(self, addr, buf):
        self._file.seek(addr)
        if (self._file.readinto(buf) or 0) != len(buf):
            raise OSError(EIO, "%s is shorter than it was" % self._path)

    def _program(self, addr, buf):
        self._file.seek(addr)
        self._write(buf)

    def _erase(self, addr, size):
        if self.erase_value is not None:
            self._fill(addr, size)

    def _fill(self, addr, size):
        self._file.seek(addr)
        while size >= _PIECE_MAX:
            self._write(self._piece)
            size -= _PIECE_MAX
        while size:
            self._write(self._byte)
            size -= 1

    def _write(self, buf):
        if self._file.write(buf) != len(buf):
            raise OSError(EIO, "%s takes only a part" % self._path)

    def _sync(self):
        self._file.flush()
        if hasattr(os, "fsync"):  # on MicroPython flush() does that
            os.fsync(self._file.fileno())

    def _deinit(self):
        self._file.close()
