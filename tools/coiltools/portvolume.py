"""The /flash volume of a board that is reached over its prompt only: sent by it, or replaced.

A volume is replaced block by block, and only where a block differs, so that a transfer that was broken
goes on where it stopped. The two blocks that a littlefs begins with are spoilt first and written
last: between them no board mounts what is half the old volume and half the new one.
"""

import base64
import binascii
import contextlib
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from .report import Fail
from .storage.image import Image

_TIMEOUT_S = 10
_BLOCK_MAX, _VOLUME_MAX = 1 << 20, 1 << 30
#: Bytes that one command carries: a board with a heap of 32 KB compiles it.
_PART = 2048
#: Blocks that one command fills with the same byte.
_RUN_MAX = 32
#: littlefs SPEC.md, "The superblock": one of these two blocks has it.
_FIRST = (0, 1)
_SPOILT = b"Coil OS: volume is being replaced"
# What follows runs on the board: it is small, and needs nothing but what every port has.
#: What the commands of a push are made of.
_OPEN = """
import binascii, board, gc, hashlib, os, vfs
_device, _path = board.storage()[0]
_size, _count = _device.ioctl(5, 0), _device.ioctl(4, 0)
_buf = bytearray(_size)
def _done(result):
    if result is False or result is not None and result < 0:
        raise OSError(-result or 5)
def _read(n):
    _done(_device.readblocks(n, _buf))
def _digest(n):
    _read(n)
    gc.collect()
    return str(binascii.hexlify(hashlib.sha256(_buf).digest()[:8]), "ascii")
def _put(at, text):
    part = binascii.a2b_base64(text)
    _buf[at : at + len(part)] = part
def _write(n, end):
    for n in range(n, end):
        _done(_device.writeblocks(n, _buf))
        _done(_device.ioctl(3, 0))
        _fill(_buf[0] ^ 0xFF)
        print(_digest(n))
def _fill(value):
    _buf[:] = bytes((value,)) * _size
def _umount():
    os.chdir("/")
    try:
        vfs.umount(_path)
    except OSError as error:
        if error.errno != 22:
            raise
print(_size, _count, _path)
"""
#: Sends the blocks, those that are not blank in whole, and at the end the CRC of all as they were sent
#: and as they are then: threads may go on meanwhile.  Leaves no name behind.
_SEND = """
def _send():
    import binascii, board, gc
    device = board.storage()[0][0]
    size, count = device.ioctl(5, 0), device.ioctl(4, 0)
    print("size", size, count)
    buf = bytearray(size)
    def read(n, crc):
        result = device.readblocks(n, buf)
        if result is False or result is not None and result < 0:
            raise OSError(-result or 5)
        gc.collect()
        return binascii.crc32(buf, crc)
    crc = again = 0
    for n in range(count):
        crc = read(n, crc)
        fill = buf[0]
        if fill in (0, 255) and buf == bytes((fill,)) * size:
            print("fill", n, fill)
        else:
            print("data", n, str(binascii.b2a_base64(buf), "ascii"), end="")
    for n in range(count):
        again = read(n, again)
    print("end", crc, again)
try:
    _send()
finally:
    del _send
"""


class _Receiver:
    """Puts a volume together from the lines that _SEND prints."""

    def __init__(self):
        self._line = bytearray()
        self._crc = 0
        self._size = self._count = self._next = 0
        self.data = bytearray()
        self.whole = self.changed = False

    def take(self, data: bytes):
        self._line += data
        if len(self._line) > 2 * _BLOCK_MAX:
            raise ValueError
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest)
        for line in lines:
            words = line.strip(b"\r\x04").split()
            if words:
                self._word(*words)

    def _word(self, word: bytes, *values: bytes):
        if word == b"size":
            self._size, self._count = map(int, values)
            _check_sizes(self._size, self._count)
        elif word in (b"fill", b"data"):
            if int(values[0]) != self._next or self._next == self._count:
                raise ValueError
            self._next += 1
            fill = word == b"fill"
            block = bytes((int(values[1]),)) * self._size if fill else base64.b64decode(values[1])
            if len(block) != self._size:
                raise ValueError
            self._crc = zlib.crc32(block, self._crc)
            self.data += block
        elif word == b"end":
            crc, again = map(int, values)
            self.whole = self._next == self._count and crc == self._crc
            self.changed = crc != again


def _check_sizes(size: int, count: int):
    if not 0 < size <= _BLOCK_MAX or not 0 < count <= _VOLUME_MAX // size:
        raise ValueError


class _Prompt:
    """The raw REPL of a board that has been reset, where _OPEN has run."""

    def __init__(self, transport: SerialTransport):
        self._transport = transport
        try:
            size, count, self.path = self.run(_OPEN).split()
            self.size, self.count = int(size), int(count)
            _check_sizes(self.size, self.count)
        except TransportExecError as error:
            raise Fail(
                "the board cannot say what its volume is.",
                "it needs firmware made by coil build",
                _last_line(error),
            ) from None

    def run(self, code: str) -> str:
        """What `code` prints.  Raises TransportExecError when it raises on the board."""
        said, failed = self._transport.exec_raw(code, timeout=60)
        if failed:
            raise TransportExecError(0, failed.decode(errors="replace"))
        return said.decode(errors="replace").strip()

    def restart(self):
        """Have the board start again, as Ctrl-D at its prompt does."""
        self._transport.exit_raw_repl()
        self._transport.read_until(1, b">>> ", timeout=_TIMEOUT_S)
        self._transport.serial.write(b"\x04")
        self._transport.read_until(1, b"soft reboot\r\n", timeout=_TIMEOUT_S)


def _last_line(error: TransportExecError) -> str:
    return error.error_output.strip().rpartition("\n")[2]


@contextmanager
def _raw_repl(port: str, *, reset: bool) -> Iterator[SerialTransport]:
    """The raw REPL of the board behind a port.  reset: nothing that ran before runs any more."""
    transport = SerialTransport(port, timeout=_TIMEOUT_S)
    try:
        # It prints what it does not understand.
        with contextlib.redirect_stdout(io.StringIO()):
            transport.enter_raw_repl(soft_reset=reset)
        yield transport
    finally:
        with contextlib.suppress(OSError):
            transport.close()


@contextmanager
def _failures(port: str, state: Callable[[], str] = lambda: "") -> Iterator[None]:
    """What goes wrong on the way becomes Fail.  state: says what it leaves behind."""

    def fail(message: str, mend: str, detail: str = "") -> Fail:
        return Fail(" ".join(filter(None, (message, state()))), mend, detail)

    try:
        yield
    except TransportExecError as error:
        raise fail(
            f"the board at {port} has raised an error.", "see what it says", _last_line(error)
        ) from None
    except (TransportError, OSError, struct.error) as error:
        raise fail(
            f"{port} does not answer: {error or 'it is silent'}.",
            "see that no other program uses it; then try again",
        ) from None
    except (ValueError, TypeError, binascii.Error):
        raise fail(
            f"what {port} sends is garbled.", "stop what prints on that board; then try again"
        ) from None
    except KeyboardInterrupt:
        raise fail("interrupted.", "try again") from None


def pull(port: str) -> bytes:
    """The volume that a board with Coil OS sends over its prompt, checked by a CRC.

    port: as mpremote takes it.
    """
    receiver = _Receiver()
    with _failures(port), _raw_repl(port, reset=False) as transport:
        _, failed = transport.exec_raw(_SEND, timeout=60, data_consumer=receiver.take)
        transport.exit_raw_repl()
    if failed:
        raise Fail(
            f"{port} cannot send its volume.",
            "the board needs firmware made by coil build",
            failed.decode(errors="replace").strip().rpartition("\n")[2],
        )
    if receiver.changed:
        raise Fail(
            f"the volume of {port} has changed while it was copied.",
            "end the threads that write to it, then try again",
        )
    if not receiver.whole:
        raise Fail(f"the volume from {port} has come damaged.", "try again")
    return bytes(receiver.data)


class _Push:
    """How far a volume has come."""

    def __init__(self, data: bytes, path: Path):
        self._data = data
        self._path = path
        self._due: list[int] = []
        self._spoilt = self._whole = False
        self._written = 0

    def state(self) -> str:
        """What the medium holds now, in a sentence."""
        if self._whole:
            return "The new volume is whole on the board; only its restart is missing."
        if not self._spoilt:
            return "The volume on the board is as it was."
        return (
            f"The board has no volume now: {self._written} of {len(self._due) + len(_FIRST)} blocks are replaced,"
            " and until the rest is, it starts without /flash. The same command goes on from there."
        )

    def check(self, prompt: _Prompt, image: Image):
        """Raises Fail unless the image is what the board can mount."""
        if image.geometry != (prompt.size, prompt.count):
            raise Fail(
                f"{self._path} is {image.about}; {prompt.path} has {prompt.count} blocks of"
                f" {prompt.size} bytes.",
                f"coil fs build --kind littlefs --size {prompt.size * prompt.count} --block-size"
                f" {prompt.size}",
            )

    def run(self, prompt: _Prompt) -> int:
        """Replace what differs; returns the number of blocks that were sent."""
        mark = _SPOILT.ljust(prompt.size, b"\xff")
        there = self._digests(prompt)
        due = self._different(prompt, there)
        if not due:
            self._whole = True
            return 0
        self._spoilt = any(there[n] == _digest(mark) for n in _FIRST)
        try:
            prompt.run("_umount()")
        except TransportExecError as error:
            raise Fail(
                f"the board cannot unmount {prompt.path}. {self.state()}",
                "end what uses it, or restart the board",
                _last_line(error),
            ) from None
        self._due = [n for n in due if n not in _FIRST]
        self._spoilt = True
        for n in _FIRST:
            if there[n] != _digest(mark):
                self._write(prompt, n, mark)
        for first, end in self._runs(prompt):
            self._write(prompt, first, self._block(prompt, first), end)
            self._written += end - first
        if wrong := [n for n in self._different(prompt, self._digests(prompt)) if n not in _FIRST]:
            raise Fail(
                f"block {wrong[0]} of the board has changed since it was written. {self.state()}",
                "the medium is bad, or something else writes to it",
            )
        # The first one is what makes a volume of it.
        for n in reversed(_FIRST):
            self._write(prompt, n, self._block(prompt, n))
            self._written += 1
        self._whole = True
        return self._written

    def _runs(self, prompt: _Prompt) -> Iterator[tuple[int, int]]:
        """What is due as (first block, behind the last one): blank ones that are alike together."""
        at = 0
        while at < len(self._due):
            first = end = self._due[at]
            block = self._block(prompt, first)
            alike = block == block[:1] * len(block)
            while end == first or (
                alike
                and end - first < _RUN_MAX
                and self._due[at : at + 1] == [end]
                and self._block(prompt, end) == block
            ):
                end += 1
                at += 1
            yield first, end

    def _block(self, prompt: _Prompt, n: int) -> bytes:
        return self._data[n * prompt.size : (n + 1) * prompt.size]

    def _digests(self, prompt: _Prompt) -> list[str]:
        """Of the blocks of the board."""
        said = prompt.run("for _n in range(_count):\n    print(_digest(_n))").split()
        if len(said) != prompt.count:
            raise ValueError
        return said

    def _different(self, prompt: _Prompt, there: list[str]) -> list[int]:
        """The blocks that are not on the board as they are in the image."""
        return [n for n, told in enumerate(there) if told != _digest(self._block(prompt, n))]

    def _write(self, prompt: _Prompt, n: int, block: bytes, end: int | None = None):
        """Write a block, and those up to `end` with the same contents; each is read back."""
        end = n + 1 if end is None else end
        if block == block[:1] * len(block):
            code = f"_fill({block[0]})"
        else:
            *first, last = range(0, len(block), _PART)
            for at in first:
                prompt.run(_put(block, at))
            code = _put(block, last)
        if prompt.run(f"{code}\n_write({n}, {end})").split() != [_digest(block)] * (end - n):
            raise Fail(
                f"block {n} reads back other than it was written. {self.state()}",
                "try again; if it stays so, the medium is bad",
            )


def _put(block: bytes, at: int) -> str:
    return f"_put({at}, b'{base64.b64encode(block[at : at + _PART]).decode()}')"


def _digest(block: bytes) -> str:
    return hashlib.sha256(block).digest()[:8].hex()


def push(port: str, data: bytes, image: Image, path: Path) -> int:
    """Replace the volume of the board behind a port; it is restarted before and afterwards.

    port: as mpremote takes it.  data, image: the new volume; path: its file, for messages.
    Returns the number of blocks that had to be sent; 0 = the volume was there already.
    Raises Fail, which says what the medium holds then.
    """
    done = _Push(data, path)
    with _failures(port, done.state), _raw_repl(port, reset=True) as transport:
        prompt = _Prompt(transport)
        try:
            done.check(prompt, image)
            count = done.run(prompt)
        except (TransportExecError, Fail):
            # The board answers: let it start with what it has now.
            with contextlib.suppress(TransportError, OSError):
                prompt.restart()
            raise
        prompt.restart()
    return count
