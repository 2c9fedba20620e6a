"""The file of one value in a FileSystemStore: docs/spec/filesystemstore.md."""

import os
import struct
from binascii import crc32
from errno import EIO, ENOENT

from micropython import const

_MAGIC = b"CKV\x01"  # the last byte is the version
_HEADER = "<4sBBHI"  # magic, flags, flags inverted, bytes of the key, bytes of the value
_HEADER_SIZE = const(12)
_CRC_SIZE = const(4)
_WRITE_ONCE = const(1)
_PIECE = const(256)
SIZE_MAX = const(0x3FFFFFFF)


def begin(file, key, size, write_once):
    """Write what is in front of the value; its checksum."""
    if not 0 <= size <= SIZE_MAX:
        raise ValueError("a value of %d bytes is too large" % size)
    name = key.encode()
    flags = _WRITE_ONCE if write_once else 0
    start = struct.pack(_HEADER, _MAGIC, flags, flags ^ 0xFF, len(name), size) + name
    file.write(start)
    return crc32(start)


def end(file, crc):
    """Write what is behind the value."""
    file.write(struct.pack("<I", crc))


def head(file, key):
    """(size, write_once) of an open file; it is as long as they say. EIO."""
    start = file.read(_HEADER_SIZE)
    if len(start) == _HEADER_SIZE:
        magic, flags, inverted, n, size = struct.unpack(_HEADER, start)
        name = key.encode()
        if magic == _MAGIC and flags ^ inverted == 0xFF and n == len(name):
            length = file.seek(0, 2)
            file.seek(_HEADER_SIZE)
            if length == _HEADER_SIZE + n + size + _CRC_SIZE:
                return size, bool(flags & _WRITE_ONCE)
    raise damaged(key)


def verify(file, key, value):
    """Read key and value, into a buffer of its size if there is one, and compare the checksum."""
    file.seek(0)
    start = file.read(_HEADER_SIZE)
    name = file.read(len(key.encode()))
    crc = crc32(name, crc32(start))
    size = struct.unpack(_HEADER, start)[4]
    if value is None:
        buf = bytearray(min(size, _PIECE))
        while size:
            if size < len(buf):
                buf = bytearray(size)
            if file.readinto(buf) != len(buf):
                raise damaged(key)
            crc = crc32(buf, crc)
            size -= len(buf)
    else:
        if file.readinto(value) != size:
            raise damaged(key)
        crc = crc32(value, crc)
    if name != key.encode() or file.read(_CRC_SIZE) != struct.pack("<I", crc):
        raise damaged(key)


def seek(file, key, offset):
    """Go to a byte of the value."""
    file.seek(_HEADER_SIZE + len(key.encode()) + offset)


def key_of(file):
    """The key of a file that is whole; None: it is not."""
    start = file.read(_HEADER_SIZE)
    n = struct.unpack(_HEADER, start)[3] if len(start) == _HEADER_SIZE else 0
    try:
        key = file.read(n).decode()
        file.seek(0)
        head(file, key)
        verify(file, key, None)
        return key
    except ValueError:  # no UTF-8
        return None
    except OSError as error:
        if not is_damage(error):
            raise
        return None


def damaged(key):
    """The OSError(EIO) for a file that is not what was written."""
    return OSError(EIO, "the value of '%s' is damaged" % key)


def is_damage(error):
    """Whether it is one of damaged(), not of the medium."""
    return error.errno == EIO and "is damaged" in str(error)


def exists(path):
    """Whether there is a file or folder of that name."""
    try:
        os.stat(path)
        return True
    except OSError as error:
        if error.errno != ENOENT:
            raise
        return False


def remove(path):
    """Remove a file, if it is there."""
    if exists(path):
        os.remove(path)
