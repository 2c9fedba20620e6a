"""Mounting littlefs and FAT, MicroPython's own in C, on any block device. docs/fs.md has the guide."""

import os
from collections import namedtuple
from errno import EINVAL, EIO, ENODEV, EOPNOTSUPP

import vfs
from drivers.blockdevice import BlockDevice
from drivers.blockface import failure, postponed
from micropython import const
from rtos.core import in_callback, in_isr, lock, unlock

from .blank import geometry, interrupted, is_blank, mark

_BLOCK_COUNT = const(4)  # requests of ioctl()
_BLOCK_ERASE = const(6)
_EPERM = const(1)
_EBUSY = const(16)
_EILSEQ = const(84)  # what littlefs calls damage

_UNIT_MIN = const(32)  # littlefs: bytes that are read or programmed at once
_UNIT_MAX = const(
    128
)  # its caches take four of these: 512 bytes each, one more for each open file
_BLOCK_LARGE = const(4096)
_LITTLEFS_BLOCK_MIN = const(128)
_LOOKAHEAD_MAX = const(256)
_FAT_BLOCKS = (512, 1024, 2048, 4096)
_FAT_ROOT_BYTES = const(16384)  # FatFs makes root folders of 512 entries, FAT32 apart
_FAT_BLOCKS_MIN = const(18)  # besides the root folder: boot block, table, 16 clusters

StatVfs = namedtuple(
    "StatVfs",
    (
        "bsize",
        "frsize",
        "blocks",
        "bfree",
        "bavail",
        "files",
        "ffree",
        "favail",
        "flag",
        "namemax",
    ),
)

_volumes = {}


class Volume:
    """A mounted file system, as mount() and default() return it.

    path: where it is mounted. kind: "littlefs" or "fat". device: its medium. readonly.
    """

    def __init__(self, path, kind, device, readonly, made):
        self.path = path
        self.kind = kind
        self.device = device
        self.readonly = readonly
        #: MicroPython's object: vfs.VfsLfs2 or vfs.VfsFat; None for what the board has mounted.
        self.vfs = made

    def __repr__(self):
        return "<Volume '%s' %s on %r%s>" % (
            self.path,
            self.kind,
            self.device,
            " read-only" if self.readonly else "",
        )


class Locked:
    """The face of a foreign block device, such as machine.SDCard, as file systems need it: no thread
    comes in between, and an exception becomes an errno, as those of BlockDevice do.
    """

    def __init__(self, device):
        self._device = device
        self._stopped = False

    def __repr__(self):
        return repr(self._device)

    def readblocks(self, block, buf, offset=None):
        lock()
        try:
            if offset is None:
                result = self._device.readblocks(block, buf)
            else:
                result = self._device.readblocks(block, buf, offset)
            if result is not None and result is not True and (result is False or result < 0):
                self._stopped = True
            return result
        except (Exception, KeyboardInterrupt) as error:
            if postponed(error):
                return self.readblocks(block, buf, offset)
            self._stopped = True
            return failure(error)
        finally:
            unlock()

    def writeblocks(self, block, buf, offset=None):
        lock()
        try:
            if self._stopped:
                return -EIO
            if offset is None:
                result = self._device.writeblocks(block, buf)
            else:
                result = self._device.writeblocks(block, buf, offset)
            return result
        except (Exception, KeyboardInterrupt) as error:
            if postponed(error):
                return self.writeblocks(block, buf, offset)
            return failure(error)
        finally:
            unlock()

    def ioctl(self, request, argument):
        lock()
        try:
            if request == _BLOCK_COUNT:
                self._stopped = False
            elif request == _BLOCK_ERASE and self._stopped:
                return -EIO
            return self._device.ioctl(request, argument)
        except (Exception, KeyboardInterrupt) as error:
            if postponed(error):
                return self.ioctl(request, argument)
            return failure(error)
        finally:
            unlock()


def face(device):
    """What a file system may mount: the device itself, or a Locked one. TypeError."""
    if isinstance(device, (BlockDevice, Locked)):
        return device
    if not all(hasattr(device, name) for name in ("readblocks", "writeblocks", "ioctl")):
        raise TypeError(
            "a block device has readblocks, writeblocks and ioctl; %r has not" % device
        )
    return Locked(device)


class _Littlefs:
    """littlefs version 2."""

    NAME = "littlefs"

    def __init__(self, device, read_size, program_size, lookahead):
        count, size = geometry(device)
        if size < _LITTLEFS_BLOCK_MIN or count < 2:
            raise ValueError("littlefs needs two blocks of 128 bytes or more, not %r" % device)
        unit = getattr(device, "program_size", _UNIT_MIN)
        least = _UNIT_MAX if size >= _BLOCK_LARGE else _UNIT_MIN
        while unit < least and size % (8 * unit) == 0:
            unit *= 2
        read_size = read_size or unit
        program_size = program_size or unit
        cache = min(size, 4 * max(read_size, program_size))
        # littlefs itself stops the board over these.
        for name, value in (("read_size", read_size), ("program_size", program_size)):
            if value < 1 or cache % value or size % cache:
                raise ValueError(
                    "%s: four times it must divide the blocks of %d bytes" % (name, size)
                )
        if program_size % getattr(device, "program_size", 1):
            raise ValueError("program_size: a multiple of the device's, %d" % device.program_size)
        if lookahead is None:
            lookahead = min((count + 63) // 64 * 8, _LOOKAHEAD_MAX)
        if lookahead < 8 or lookahead % 8:
            raise ValueError("lookahead: a multiple of 8 bytes, each for 8 blocks")
        self._device = device
        self._options = {"readsize": read_size, "progsize": program_size, "lookahead": lookahead}
        #: What a format writes before anything else lies below this block.
        self.format_end = 2

    def open(self):
        return vfs.VfsLfs2(self._device, **self._options)

    def format(self):
        vfs.VfsLfs2.mkfs(self._device, **self._options)


class _Fat:
    """FAT12, FAT16 or FAT32, whichever fits the size."""

    NAME = "fat"

    def __init__(self, device, read_size, program_size, lookahead):
        if read_size or program_size or lookahead:
            raise ValueError("read_size, program_size, lookahead are littlefs's")
        count, size = geometry(device)
        if size not in _FAT_BLOCKS:
            raise ValueError(
                "FAT needs blocks of 512, 1024, 2048 or 4096 bytes, not %d: see BufferedBlockDevice"
                % size
            )
        least = _FAT_BLOCKS_MIN + _FAT_ROOT_BYTES // size
        if count < least:
            raise ValueError(
                "FAT needs %d blocks of %d bytes or more, not %d" % (least, size, count)
            )
        self._device = device
        self.format_end = count // 32 + 2 * _FAT_ROOT_BYTES // size + 1

    def open(self):
        made = vfs.VfsFat(self._device)
        made.statvfs("/")  # where there is none, VfsFat says so at its first use only
        return made

    def format(self):
        vfs.VfsFat.mkfs(self._device)


_KINDS = {"littlefs": _Littlefs, "fat": _Fat}


def maker(device, kind, read_size=None, program_size=None, lookahead=None):
    """What opens and formats a file system of that kind on a device. ValueError, OSError(EOPNOTSUPP)."""
    if kind not in _KINDS:
        raise ValueError('kind: "littlefs" or "fat", not %r' % (kind,))
    if not hasattr(vfs, "VfsLfs2" if kind == "littlefs" else "VfsFat"):
        raise OSError(EOPNOTSUPP, "this firmware has no %s" % kind)
    return _KINDS[kind](device, read_size, program_size, lookahead)


def opened(device, make, format=False):
    """MicroPython's object of the file system there. format: make one if the device is blank.

    Raises OSError that says what is on the device instead.
    """
    try:
        return make.open()
    except OSError as error:
        number = error.errno
        if number not in (ENODEV, EINVAL, _EILSEQ):
            raise
    if is_blank(device):
        if not format:
            raise OSError(ENODEV, "%r is blank: to make a file system, format=True" % device)
        _format(device, make, True)
        return make.open()
    if number == EINVAL:
        text = "the %s on %r is for other block or device sizes" % (make.NAME, device)
        raise OSError(EINVAL, text)
    raise OSError(
        _EILSEQ,
        "no %s on %r, or a damaged one; nothing was changed; to start empty, format=True"
        % (make.NAME, device),
    )


def mount(
    device,
    path,
    kind="littlefs",
    format=False,
    *,
    readonly=False,
    read_size=None,
    program_size=None,
    lookahead=None,
):
    """Mount the file system on `device` at `path`; returns its Volume.

    device: with the contract "block device", or any with MicroPython's readblocks, writeblocks, ioctl.
    path: absolute, such as "/ext". kind: "littlefs" or "fat".
    format: True: make an empty one first. "if-blank": only if nothing at all was ever written to the
    device; that reads all of it once. False: never.
    readonly: writing raises OSError(EROFS).
    read_size, program_size, lookahead: littlefs's, bytes; larger ones cost RAM and save calls of the
    device. None: four units of its caches hold 512 bytes, 128 where blocks are below 4096 bytes.

    Raises OSError(ENODEV): the device is blank; OSError(EILSEQ): damaged, or something else is on it
    – in both cases nothing was changed; OSError(EINVAL): made for another block size or a larger
    device; OSError(EBUSY): path or device are mounted already; OSError(EIO), (EROFS), (ENOSPC);
    ValueError. Context: thread or base level; never in a callback.
    """
    _check_context()
    _check_path(path)
    if format not in (False, True, "if-blank"):
        raise ValueError('format: True, False or "if-blank"')
    if format and readonly:
        raise ValueError("a read-only file system cannot be formatted: leave format out")
    _check_free(device, path)
    medium = face(device)
    make = maker(medium, kind, read_size, program_size, lookahead)
    if format is True or format and interrupted(medium, make.format_end):
        _format(medium, make, format is not True)
    made = opened(medium, make, bool(format))
    try:
        vfs.mount(made, path, readonly=readonly)
    except OSError as error:
        if error.errno == _EPERM:
            raise OSError(
                _EBUSY, "something is mounted at %s or above it already" % path
            ) from None
        raise
    _volumes[path] = volume = Volume(path, kind, device, readonly, made)
    return volume


def umount(path):
    """Unmount what mount() has mounted at path; what was written to it is on the medium.

    Close its files before: one that is open is lost, and must not be used any more.
    Raises OSError(EINVAL): nothing is mounted there. Context: thread or base level.
    """
    _check_context()
    vfs.umount(path)
    volume = _volumes.pop(path, None)
    if volume is not None and hasattr(volume.device, "sync"):
        volume.device.sync()


def format(device, kind="littlefs", *, read_size=None, program_size=None, lookahead=None):
    """Make an empty file system on a device; everything that is on it is lost.

    Raises OSError(EBUSY): it is mounted; OSError(EROFS), (EIO), (ENOSPC); ValueError.
    """
    _check_context()
    _check_free(device, None)
    medium = face(device)
    _format(medium, maker(medium, kind, read_size, program_size, lookahead), False)


def statvfs(path):
    """StatVfs(bsize, frsize, blocks, bfree, bavail, files, ffree, favail, flag, namemax) of the file
    system at path; sizes are in blocks of frsize bytes.

    littlefs looks through all of its metadata for that, in one section. Raises OSError(ENOENT).
    """
    _check_context()
    return StatVfs(*os.statvfs(path))


def volumes():
    """The mounted Volumes that mount() has made, as a list."""
    return list(_volumes.values())


def volume(path):
    """The Volume that mount() has mounted at path, or the board's; OSError(ENODEV)."""
    found = _volumes.get(path)
    if found is None:
        found = default()
        if found.path != path:
            raise OSError(ENODEV, "fs.mount() has mounted nothing at %s" % path)
    return found


def default():
    """The board's own Volume, which is mounted when the program starts: usually at /flash.

    Raises OSError(ENODEV): the board could not mount it; OSError(EOPNOTSUPP): it has none.
    """
    try:
        import board

        device, path = board.storage()[0]
    except (ImportError, AttributeError, IndexError):
        raise OSError(EOPNOTSUPP, "this board has no volume of its own") from None
    if path in _volumes:
        return _volumes[path]
    try:
        os.statvfs(path)
    except OSError:
        why = "; ".join(getattr(board, "problems", ()))
        raise OSError(ENODEV, why or "nothing is mounted at %s" % path) from None
    return Volume(path, "littlefs", device, False, None)


# ---- Helpers


def _check_context():
    if in_isr() or in_callback():
        raise RuntimeError("file systems are for threads and plain code: post it to a thread")


def _check_path(path):
    if not isinstance(path, str) or not path.startswith("/") or path != "/" and path.endswith("/"):
        raise ValueError('path: absolute and without a slash at its end, such as "/ext"')


def _check_free(device, path):
    if path in _volumes:
        raise OSError(_EBUSY, "%r is mounted already" % _volumes[path])
    for volume in _volumes.values():
        if volume.device is device:
            raise OSError(_EBUSY, "the device is mounted at %s: unmount it first" % volume.path)


def _format(device, make, marked):
    """Format. marked: so that a power cut half-way is told from damage."""
    marked = marked and make.format_end < geometry(device)[0] - 1
    if marked:
        mark(device, True)
    make.format()
    if marked:
        mark(device, False)
