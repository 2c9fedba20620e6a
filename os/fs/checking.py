"""check(): reads all of a file system, and says what is wrong with it."""

from errno import EIO

from drivers.blockdevice import BlockDevice
from micropython import const

from .blank import geometry
from .mounting import face, maker, opened, volumes

_FOLDER = const(0x4000)
_PIECE = const(512)
_PROBLEMS_MAX = const(20)
_DEPTH_MAX = const(32)


class Report:
    """What check() has found: files, folders, size (bytes in files), problems, a list of at most 20
    (path, errno, text), and problem_count, all of them.
    """

    def __init__(self, what):
        self._what = what
        self.files = self.folders = self.size = self.problem_count = 0
        self.problems = []
        #: Bytes of the whole volume: a chain of blocks that leads back into itself has no end.
        self.capacity = 0

    def __repr__(self):
        return "<Report of %s: %d files, %d folders, %d bytes, %d problems>" % (
            self._what,
            self.files,
            self.folders,
            self.size,
            self.problem_count,
        )

    def ok(self):
        """Whether nothing is wrong."""
        return not self.problem_count

    def add(self, path, error, text):
        """One more problem."""
        self.problem_count += 1
        if len(self.problems) < _PROBLEMS_MAX:
            self.problems.append((path or "/", error, text))


def check(target, kind="littlefs"):
    """Walk through all folders of a file system and read every file to its end; returns a Report.

    target: the path where it is mounted, or a device that is not: nothing is written to it.
    kind: of the file system on a device.
    That finds what cannot be read: damaged metadata, chains of blocks that lead nowhere, files that
    are shorter or longer than their entry says, a medium that fails. Not found are changed bytes within
    files, as neither littlefs nor FAT has checksums of them, and space that is lost in FAT.
    Each step is a call of the file system of its own, so threads get in between.

    Raises OSError as mount() does if there is no file system at all. Context: thread or base level.
    """
    if isinstance(target, str):
        import os

        report = Report(target)
        for volume in volumes():
            if volume.path == target:
                report.capacity = _bytes(volume.device)
                _walk(volume.vfs, "", report, 0)
                return report
        os.stat(target)  # is there anything at all?
        info = os.statvfs(target)
        report.capacity = info[1] * info[2]
        _walk(_Mounted(os, target), "", report, 0)
        return report
    for volume in volumes():
        if volume.device is target:
            return check(volume.path)
    report = Report(repr(target))
    medium = face(target)
    made = opened(medium, maker(medium, kind))
    made.mount(True, False)  # from now on it cannot write
    report.capacity = _bytes(medium)
    _walk(made, "", report, 0)
    made.umount()
    return report


def _bytes(device):
    if isinstance(device, BlockDevice):
        return (
            device.size
        )  # it takes the question for a mount, and would write again after a failure
    count, size = geometry(device)
    return count * size


class _Mounted:
    """What the board has mounted, as MicroPython's objects of file systems are."""

    def __init__(self, os, root):
        self._os = os
        self._root = root

    def ilistdir(self, path):
        return self._os.ilistdir(self._root + path)

    def open(self, path, mode):
        return open(self._root + path, mode)


def _walk(made, path, report, depth):
    if depth > _DEPTH_MAX:
        report.add(path, EIO, "folders in folders without end")
        return
    try:
        for entry in made.ilistdir(path or "/"):
            name = "%s/%s" % (path, entry[0])
            if entry[1] & _FOLDER:
                report.folders += 1
                _walk(made, name, report, depth + 1)
            else:
                _read(made, name, entry[3], report)
    except OSError as error:
        report.add(path, error.errno, "the folder cannot be read")
    except UnicodeError:
        report.add(path, EIO, "the folder has a name that is no text")


def _read(made, path, size, report):
    report.files += 1
    if size > report.capacity:
        report.add(path, EIO, "claims %d bytes, more than the volume has" % size)
        return
    got = 0
    try:
        with made.open(path, "rb") as file:
            buf = bytearray(_PIECE)
            while True:
                n = file.readinto(buf)
                if not n:
                    break
                got += n
                if got > size + _PIECE:
                    break
    except OSError as error:
        report.add(path, error.errno, "cannot be read from byte %d on" % got)
        return
    report.size += got
    if got != size:
        report.add(path, EIO, "has %d bytes, its entry says %d" % (got, size))
