"""FileSystemStore: a key-value store with a file for each key. docs/spec/filesystemstore.md has its bytes."""

import os
from binascii import crc32
from errno import ENODEV, ENOENT

from micropython import const
from rtos.core import in_callback, in_isr, lock, unlock

from .keynames import check_key, decode, encode, is_part
from .storefile import (
    SIZE_MAX,
    begin,
    damaged,
    end,
    exists,
    head,
    is_damage,
    key_of,
    remove,
    seek,
    verify,
)
from .storewriter import Writer

_ENOSPC = const(28)
_EROFS = const(30)

_FOLDER = const(0x4000)
_PIECE = const(256)
_BYTES = (bytes, bytearray, memoryview)

try:
    from os import ilistdir

    import vfs
except ImportError:  # CPython
    vfs = None

    def ilistdir(path):
        for entry in os.scandir(path):
            yield entry.name, _FOLDER if entry.is_dir() else 0


class FileSystemStore:
    """A key-value store in a folder of a mounted file system. Contract: key-value store
    (docs/contracts.md).

    path: the folder; it is made, its parent is there. Nothing else may be kept in it.

    Each value is written to a file of its own, which then takes the place of the old one, on FAT by a
    copy: a power cut leaves the old or the new value, on FAT only if the medium writes a block whole or
    not at all. Files have checksums: damage is OSError(EIO), never a wrong
    value. Needs memory for the one value at hand only. A call is one section of the threads' kernel, as
    long as the file system takes for it; writer() divides large values.

    Raises OSError of the file system: ENOENT, ENOSPC, EROFS, EIO; ENODEV after deinit().
    Context: thread or base level. Source: mbed's FileSystemStore, with another format.
    """

    def __init__(self, path):
        self.path = path
        self._root = path + "/keys/"
        self._new = path + "/new"
        self._part = path + "/part"
        self._resetting = path + "/reset"
        self._gone = False
        self._stale = None  # a file that must not be taken for a new value at the next start
        self._pending = False  # a new value that did not get to its place
        self._writing = False
        self._renames = _can_replace(path)
        self._enter()
        try:
            _make(path)
            _make(self._root[:-1])
            self._recover()
        finally:
            unlock()

    def __repr__(self):
        return "<FileSystemStore '%s'%s>" % (self.path, " deinitialised" if self._gone else "")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def deinit(self):
        """Give it up. May be called twice."""
        self._gone = True

    # ---- Writing

    def __setitem__(self, key, value):
        self.set(key, value)

    def set(self, key, value, write_once=False):
        """Store a value. write_once: it can never be changed or removed, but by reset().

        Raises ValueError; OSError(EROFS): what is there was written once; OSError(ENOSPC).
        """
        check_key(key)
        if not isinstance(value, _BYTES):
            raise ValueError("a value is bytes, a bytearray or a memoryview, not %r" % (value,))
        self._enter()
        try:
            self._check_once(key)
            try:
                with open(self._new, "wb") as file:
                    crc = begin(file, key, len(value), write_once)
                    file.write(value)
                    end(file, crc32(value, crc))
            except OSError:
                self._drop(self._new)
                raise
            self._commit(key, self._new)
        finally:
            unlock()

    def writer(self, key, size, write_once=False):
        """A context manager with write(part), for a value of `size` bytes that comes in parts.

        The value is there when the block ends without an exception and all bytes were written.
        Raises as set(); OSError(EBUSY): another writer is at work.
        """
        check_key(key)
        if not isinstance(size, int) or not 0 <= size <= SIZE_MAX:
            raise ValueError("size: the bytes of the value, not %r" % (size,))
        return Writer(self, key, size, write_once)

    def __delitem__(self, key):
        self.remove(key)

    def remove(self, key):
        """Raises KeyError; OSError(EROFS): it was written once."""
        check_key(key)
        self._enter()
        try:
            self._check_once(key)
            name = encode(key)
            try:
                os.remove(self._root + name)
            except OSError as error:
                raise _missing(error, key) from None
            while "/" in name:  # folders of long keys
                name = name[: name.rfind("/")]
                try:
                    os.rmdir(self._root + name)
                except OSError:  # there are others in it
                    break
        finally:
            unlock()

    def reset(self):
        """All keys are gone, those that were written once, too. A power cut leaves all or none."""
        self._enter()
        try:
            self._clean()
            with open(self._resetting, "wb"):  # from here on all keys are to go
                pass
            _empty(self._root[:-1])
            os.remove(self._resetting)
        finally:
            unlock()

    def collect(self, steps=1):
        """There is no garbage here: False."""
        self._enter()
        unlock()
        return False

    # ---- Reading

    def __getitem__(self, key):
        """The value, as new bytes. Raises KeyError; OSError(EIO): it is damaged."""
        check_key(key)
        self._enter()
        try:
            with self._open(key) as file:
                size = head(file, key)[0]
                value = bytearray(size)
                verify(file, key, value)
                return bytes(value)
        finally:
            unlock()

    def get(self, key, default=None):
        """The value, as new bytes; the default if there is none."""
        try:
            return self[key]
        except KeyError:
            return default

    def readinto(self, key, buf, offset=0):
        """Fill buf from the value's byte `offset` on; the number of bytes. Raises KeyError, ValueError.

        All of the file is read, since its checksum has to be right.
        """
        check_key(key)
        if offset < 0:
            raise ValueError("offset: 0 or more")
        if isinstance(buf, bytes):
            raise TypeError("buf: a bytearray or another buffer that can be written")
        self._enter()
        try:
            with self._open(key) as file:
                size = head(file, key)[0]
                if offset > size:
                    raise ValueError("offset: the value has %d bytes" % size)
                if not offset and len(buf) == size:
                    verify(file, key, buf)
                    return size
                verify(file, key, None)
                n = min(len(buf), size - offset)
                seek(file, key, offset)
                if file.readinto(memoryview(buf)[:n]) != n:
                    raise damaged(key)
                return n
        finally:
            unlock()

    def info(self, key):
        """(bytes of the value, whether it was written once). Raises KeyError."""
        check_key(key)
        self._enter()
        try:
            with self._open(key) as file:
                return head(file, key)
        finally:
            unlock()

    def __contains__(self, key):
        check_key(key)
        self._enter()
        try:
            return exists(self._root + encode(key))
        finally:
            unlock()

    def __len__(self):
        n = 0
        for _ in self.keys():
            n += 1
        return n

    def __iter__(self):
        return self.keys()

    def keys(self, prefix=""):
        """The keys that begin with `prefix`, in no order; a generator."""
        self._enter()
        unlock()
        return self._keys("", prefix)

    # ---- Helpers

    def _enter(self):
        if self._gone:
            raise OSError(ENODEV, "the store is deinitialised")
        if in_isr() or in_callback():
            raise RuntimeError("stores are for threads and plain code: post it to a thread")
        lock()

    def _keys(self, folder, prefix):
        for entry in ilistdir((self._root + folder)[:-1]):
            name = folder + entry[0]
            if entry[1] & _FOLDER:
                if is_part(name):
                    yield from self._keys(name + "/", prefix)
                continue
            key = decode(name)
            if key is not None and key.startswith(prefix):
                yield key

    def _open(self, key):
        try:
            return open(self._root + encode(key), "rb")
        except OSError as error:
            raise _missing(error, key) from None

    def _check_once(self, key):
        self._clean()
        try:
            with open(self._root + encode(key), "rb") as file:
                once = head(file, key)[1]
        except OSError as error:
            if error.errno == ENOENT or is_damage(error):
                return  # it may be replaced
            raise
        if once:
            raise OSError(_EROFS, "'%s' was written once" % key)

    def _commit(self, key, source):
        """What is in that file becomes the value."""
        name = encode(key)
        at = name.find("/")
        while at > 0:
            _make(self._root + name[:at])
            at = name.find("/", at + 1)
        target = self._root + name
        try:
            if self._renames:
                os.rename(source, target)
                return
            self._check_room(source, target)
        except OSError:
            self._drop(source)
            raise
        # Until the copy is whole, the source is what counts.
        self._pending = True
        _copy(source, target)
        os.remove(source)
        self._pending = False

    def _check_room(self, source, target):
        """FAT has no room for the old value while the new one is copied over it. ENOSPC."""
        info = os.statvfs(self.path)
        unit = info[1]
        units = info[3] - (os.stat(source)[6] + unit - 1) // unit
        if exists(target):
            units += (os.stat(target)[6] + unit - 1) // unit
        if units < 0:
            raise OSError(_ENOSPC, "the file system is full")

    def _drop(self, path):
        self._stale = path
        try:
            self._clean()
        except OSError:  # then it is tried again before the next change
            pass

    def _clean(self):
        if self._stale:
            remove(self._stale)
            self._stale = None
        if self._pending:
            self._recover()

    def _recover(self):
        """Do to its end what was cut short."""
        if exists(self._resetting):
            remove(self._new)
            remove(self._part)
            _empty(self._root[:-1])
            os.remove(self._resetting)
        for path in (self._new, self._part):
            if not exists(path) or path == self._part and self._writing:
                continue
            with open(path, "rb") as file:
                key = key_of(file)
            if key is None:
                os.remove(path)
            else:
                self._commit(key, path)
        self._pending = False


def _missing(error, key):
    """What is raised when a key's file cannot be opened or removed."""
    return KeyError(key) if error.errno == ENOENT else error


def _make(path):
    if not exists(path):
        os.mkdir(path)


def _empty(path):
    """Remove all that is in a folder."""
    names = [(entry[0], entry[1]) for entry in ilistdir(path)]
    for name, kind in names:
        name = path + "/" + name
        if kind & _FOLDER:
            _empty(name)
            os.rmdir(name)
        else:
            os.remove(name)


def _copy(source, target):
    buf = bytearray(_PIECE)
    view = memoryview(buf)
    with open(source, "rb") as reader, open(target, "wb") as writer:
        n = reader.readinto(buf)
        while n:
            writer.write(view[:n])
            n = reader.readinto(buf)


def _can_replace(path):
    """Whether a rename puts a file in the place of another in one step. Not so on FAT, where a power cut
    may leave two names for one file, of which neither can be removed any more.
    """
    if vfs is None:
        return True
    longest = ""
    kind = None
    for made, root in vfs.mount():
        if len(root) > len(longest) and (path + "/").startswith(root.rstrip("/") + "/"):
            longest = root
            kind = type(made).__name__
    return kind != "VfsFat"
