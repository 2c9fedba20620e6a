"""The writer of FileSystemStore: a value that comes in parts."""

from binascii import crc32

from micropython import const
from rtos.core import lock, unlock

from .storefile import begin, end, remove

_EBUSY = const(16)


class Writer:
    """What FileSystemStore.writer() returns."""

    def __init__(self, store, key, size, write_once):
        self._store = store
        self._key = key
        self._left = size
        self._size = size
        self._once = write_once
        self._file = None

    def __repr__(self):
        return "<writer of '%s', %d bytes to come>" % (self._key, self._left)

    def __enter__(self):
        store = self._store
        store._enter()
        try:
            if store._writing:
                raise OSError(_EBUSY, "another writer is at work")
            store._check_once(self._key)
            file = open(store._part, "wb")
            try:
                self._crc = begin(file, self._key, self._size, self._once)
            except BaseException:
                file.close()
                raise
            self._file = file
            store._writing = True
        finally:
            unlock()
        return self

    def write(self, part):
        """The next bytes. Raises ValueError if there are more than `size`; OSError(ENOSPC), (EIO)."""
        if self._file is None:
            raise ValueError("a writer is used in its with block")
        if len(part) > self._left:
            raise ValueError("%d bytes are to come, not %d" % (self._left, len(part)))
        store = self._store
        store._enter()
        try:
            self._file.write(part)
            self._crc = crc32(part, self._crc)
            self._left -= len(part)
        finally:
            unlock()

    def __exit__(self, kind, error, trace):
        store = self._store
        file, self._file = self._file, None
        lock()
        try:
            with file:
                whole = kind is None and not self._left and not store._gone
                if whole:
                    store._check_once(self._key)
                    end(file, self._crc)
            store._writing = False
            if whole:
                store._commit(self._key, store._part)
            else:
                remove(store._part)
        except OSError:
            if store._writing:
                store._writing = False
                store._drop(store._part)
            raise
        finally:
            unlock()
        if kind is None and self._left:
            raise ValueError("%d bytes were not written: nothing has changed" % self._left)
