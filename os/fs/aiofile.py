"""fs.aio: files whose long transfers let other threads run between the pieces."""

from errno import EINVAL

from micropython import const
from rtos.core import Mutex, in_callback, in_isr, lock, sleep_ms, unlock

_PIECE = const(512)
_EBADF = const(9)
_MODES = ("rb", "wb", "ab", "xb", "rb+", "wb+", "ab+")

_open = open


class AsyncFile:
    """A binary file; fs.aio.open() makes it. Each of its steps is one call of the file system for at most
    `piece` bytes: more urgent threads wait for one step at most, equal ones run in between.

    Tasks of asyncio may use it, too. Two that use it at once are served one after the other, call by call.
    """

    def __init__(self, path, mode, piece):
        self.path = path
        self._mode = mode
        self._piece = piece
        self._file = None
        self._mutex = Mutex()

    def __repr__(self):
        state = "closed" if self._file is None else self._mode
        return "<AsyncFile '%s' %s>" % (self.path, state)

    async def __aenter__(self):
        _check_context()
        if self._file is not None:
            raise OSError(_EBADF, "%r is open already" % self)
        self._file = _call(_open, self.path, self._mode)
        return self

    async def __aexit__(self, kind, error, trace):
        await self.close()

    async def read(self, n=-1):
        """Up to n bytes, new ones; -1: all up to the end. b"" at the end. Raises OSError(EIO)."""
        async with self._mutex:
            file = self._opened()
            if n < 0:
                at = file.tell()
                n = _call(file.seek, 0, 2) - at
                _call(file.seek, at)
            data = bytearray(n)
            got = await self._fill(file, data)
            return bytes(data) if got == n else bytes(memoryview(data)[:got])

    async def readinto(self, buf):
        """Fill buf; the number of bytes, fewer only at the end of the file. Raises OSError(EIO)."""
        async with self._mutex:
            return await self._fill(self._opened(), buf)

    async def write(self, buf):
        """Write all of buf; its length. Raises OSError(ENOSPC), (EIO), (EROFS): a part may be written."""
        async with self._mutex:
            file = self._opened()
            view = memoryview(buf)
            n = len(view)
            for at in range(0, n, self._piece):
                if at:
                    await sleep_ms(0)
                _call(file.write, view[at : at + self._piece])
            return n

    async def seek(self, offset, whence=0):
        """Go to a byte; from the start (0), from here (1), from the end (2). Returns where that is."""
        async with self._mutex:
            return _call(self._opened().seek, offset, whence)

    async def tell(self):
        """Where in the file it is."""
        async with self._mutex:
            return self._opened().tell()

    async def flush(self):
        """What was written is on the medium, and in the file, when this returns."""
        async with self._mutex:
            _call(self._opened().flush)

    async def close(self):
        """Close the file; may be called twice. Raises OSError(ENOSPC), (EIO)."""
        async with self._mutex:
            file, self._file = self._file, None
            if file is not None:
                _call(file.close)

    async def _fill(self, file, buf):
        view = memoryview(buf)
        n = len(view)
        at = 0
        while at < n:
            if at:
                await sleep_ms(0)
            got = _call(file.readinto, view[at : at + self._piece])
            if not got:
                break
            at += got
        return at

    def _opened(self):
        _check_context()
        if self._file is None:
            raise OSError(_EBADF, "%r: use it in its async with block" % self)
        return self._file


class aio:
    """The name space fs.aio. Context: a thread or a task of asyncio."""

    @staticmethod
    def open(path, mode="rb", piece=_PIECE):
        """A file: `async with fs.aio.open(path, "wb") as file: await file.write(data)`.

        mode: "rb", "wb", "ab", "xb", also with "+"; text is for whoever decodes it.
        piece: bytes that are transferred at once; larger ones are quicker, and others wait longer.
        Raises ValueError; when the block is entered OSError as open() does.
        """
        if mode not in _MODES:
            raise ValueError("mode: one of %s, not %r" % (", ".join(_MODES), mode))
        if not isinstance(piece, int) or piece < 1:
            raise ValueError("piece: bytes, 1 or more")
        return AsyncFile(path, mode, piece)

    @staticmethod
    async def copy(source, target, piece=_PIECE):
        """Copy a file over another, or to a new one; the number of bytes. Raises OSError.

        It is not whole at once: copy to another name, and rename that.
        """
        if source == target:
            raise OSError(EINVAL, "%s cannot be copied to itself" % source)
        total = 0
        buf = bytearray(piece)
        # MicroPython has no `async with` of two.
        async with aio.open(source, "rb", piece) as reader:  # noqa: SIM117
            async with aio.open(target, "wb", piece) as writer:
                n = await reader.readinto(buf)
                while n:
                    await sleep_ms(0)
                    await writer.write(memoryview(buf)[:n])
                    total += n
                    await sleep_ms(0)
                    n = await reader.readinto(buf)
        return total


def _call(function, *arguments):
    # Without boards/native a thread can come in where a block device in Python returns to the file
    # system, unless it is locked around the call.
    lock()
    try:
        return function(*arguments)
    finally:
        unlock()


def _check_context():
    if in_isr() or in_callback():
        raise RuntimeError("files are for threads and tasks: post it to a thread")
