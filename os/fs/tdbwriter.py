"""Writer: a value of a TDBStore that comes piece by piece."""

from binascii import crc32
from errno import EIO

from rtos.core import lock, unlock

from .tdbpen import Pen


class Writer:
    """What TDBStore.writer() returns: use it with `with`.

    The value has its room from when the block begins, and is there when it ends. A power cut or an
    exception in the block leaves the key as it was. One at a time; meanwhile that key cannot be
    changed otherwise, and garbage collection comes as far as to its place.

    addr: of its record; 0 as long as nothing of it is on the medium.
    """

    def __init__(self, store, key, name, n, size, write_once):
        self._store = store
        self._key = key
        self._name = name
        self._n = n
        self._size = size
        self._once = write_once
        self._done = 0
        self._crc = 0
        self._pen = Pen(store.log)
        self._open = False
        self._failed = False
        self.addr = 0

    def __repr__(self):
        return "<Writer of %r, %d of %d bytes>" % (self._key, self._done, self._size)

    def is_of(self, name):
        """Whether that is its key, encoded."""
        return self._name == name

    def __enter__(self):
        """Raises as TDBStore.set(), OSError(EBUSY) if another one is open."""
        store = self._store
        lock()
        try:
            store.open_writer(self, self._name, self._n, self._size)
            self._open = True
            try:
                self._pen.begin(self._name, self._n, self._size, self._once)
                self._put(self._name, self._n)
            except BaseException:
                self._close()
                raise
        finally:
            unlock()
        return self

    def write(self, part):
        """The next bytes of the value: bytes, bytearray, memoryview.

        Raises ValueError beyond the size, and outside of the block; OSError(EIO). Context: not an ISR.
        """
        n = self._store.size_of(part)
        if n > self._size - self._done:
            raise ValueError("%d bytes more than the %d that were announced" % (n, self._size))
        lock()
        try:
            self._check()
            self._failed = True
            self._put(part, n)
            self._failed = False
            self._crc = crc32(part, self._crc)
            self._done += n
        finally:
            unlock()

    def _put(self, data, n):
        pen = self._pen
        done = 0
        if not self.addr and pen.fills(n):
            done = pen.fill(data, n)
            self._place()
        pen.put(data, n - done, done)

    def _place(self):
        """Have the first piece on the medium.

        What others write now comes behind its header, so that a power cut leaves no gap in between.
        """
        store = self._store
        self.addr = store.place(self._pen)
        store.held = 0

    def _close(self):
        self._open = False
        self.addr = 0
        if self._store.writing is self:
            self._store.close_writer()

    def _check(self):
        if not self._open:
            raise ValueError("a writer is used in its with block")
        self._store.check_open()
        if self._failed:
            raise OSError(EIO, "a part could not be written: write it all again")
        if self._store.writing is not self:
            raise OSError(EIO, "the store had to start anew: write it again")

    def __exit__(self, kind, error, trace):
        """Raises ValueError if bytes are missing, OSError(EIO); then nothing has changed."""
        store = self._store
        lock()
        try:
            if kind is None:
                self._check()
                if self._done < self._size:
                    raise ValueError("%d of %d bytes were written" % (self._done, self._size))
                if not self.addr:
                    self._place()
                self._pen.finish(store.active, self._crc)
                store.written(self._name, self._n, self.addr)
        finally:
            self._close()
            unlock()
