"""The suite of the contract "stream" (docs/contracts.md), for any stream whose other end echoes.

`await check_stream(stream)` in a thread runs everything but what ends the stream; check_deinit(stream)
is the end of it. The stream has been empty, and what is written must come back in order. heap: also
prove that nothing is allocated, also not by waiting, which takes boards/native. polled: also by
select.poll and asyncio, which wait in real time.
Runs on MicroPython and CPython; knows nothing of pytest. A case file has it with
`# uses: conformance/stream.py`.
"""

import random
import sys
from errno import ENODEV, ETIMEDOUT

_ON_BOARD = sys.implementation.name == "micropython"
_POLL, _READABLE, _WRITABLE = 3, 1, 4
_WAIT_MS = 5000


async def check_stream(stream, seed=None, rounds=30, heap=False, polled=True):
    """Raises AssertionError at the first rule that the stream breaks."""
    if seed is None:
        seed = random.getrandbits(30)
    print("conformance seed", seed, stream)
    random.seed(seed)
    await _empty(stream)
    await _there_and_back(stream)
    await _pieces(stream)
    await _random(stream, rounds)
    await _more_than_fits(stream)
    await _one_after_the_other(stream)
    await _ends_of_waits(stream)
    await _notified(stream)
    if polled:
        await _polled(stream)
    if heap and _ON_BOARD:
        await _no_allocation(stream)
    await _empty(stream)


async def _empty(stream):
    buf = bytearray(4)
    assert stream.readinto(buf) is None and stream.read() is None and stream.any() == 0
    assert stream.ioctl(_POLL, _READABLE | _WRITABLE) == _WRITABLE
    await _late(stream.recv_into(buf, 1))
    await _late(stream.recv_into(buf, 0))
    assert buf == bytes(4)


async def _late(awaitable):
    try:
        await awaitable
    except OSError as error:
        assert error.args[0] == ETIMEDOUT, error
    else:
        raise AssertionError("ETIMEDOUT expected")


async def _receive(stream, count):
    """So many bytes, whatever the pieces."""
    data = b""
    buf = bytearray(count)
    while len(data) < count:
        n = await stream.recv_into(memoryview(buf)[: count - len(data)], _WAIT_MS)
        assert n > 0
        data += buf[:n]
    return data


async def _there(stream, count):
    """Wait until so many bytes can be read."""
    from rtos import sleep_ms

    for _ in range(_WAIT_MS):
        if stream.any() >= count:
            return
        await sleep_ms(1)
    raise AssertionError(f"{stream.any()} of {count} bytes came")


async def _there_and_back(stream):
    assert stream.write(b"hello") == 5
    await stream.drain(_WAIT_MS)
    await _there(stream, 5)
    assert stream.any() == 5
    assert stream.ioctl(_POLL, _READABLE | _WRITABLE) == _READABLE | _WRITABLE
    buf = bytearray(8)
    assert stream.readinto(buf) == 5 and buf == b"hello\0\0\0"
    assert stream.write(b"") in (0, None)


async def _pieces(stream):
    """Buffers of other kinds, parts of what is there."""
    await stream.sendall(memoryview(b"0123456789")[2:8], _WAIT_MS)
    await _there(stream, 6)
    part = bytearray(4)
    assert stream.readinto(memoryview(part)[1:3]) == 2 and part == b"\x0023\0"
    assert stream.read(1) == b"4" and stream.any() == 3
    assert await stream.recv_into(part) == 3 and part == b"567\0"
    await stream.sendall(b"ab\ncd", _WAIT_MS)
    await _there(stream, 5)
    assert stream.readline() == b"ab\n" and stream.readline() == b"cd"
    assert stream.readline() is None


async def _random(stream, rounds):
    for _ in range(rounds):
        data = bytes(random.getrandbits(8) for _ in range(random.randrange(1, 120)))
        await stream.sendall(data, _WAIT_MS)
        assert await _receive(stream, len(data)) == data


async def _more_than_fits(stream):
    """Nothing is lost and write() never waits, also when both rings are full."""
    from rtos import Thread

    data = bytes(i * 7 & 0xFF for i in range(3000))
    taken = stream.write(data)
    assert taken is not None and 0 < taken <= len(data), taken

    async def rest():
        await stream.sendall(memoryview(data)[taken:], _WAIT_MS)
        await stream.drain(_WAIT_MS)

    sender = Thread(rest).start()
    assert await _receive(stream, len(data)) == data
    await sender.join()


async def _one_after_the_other(stream):
    from rtos import Thread, sleep_ms

    got = []

    async def reader(name):
        buf = bytearray(1)
        await stream.recv_into(buf, _WAIT_MS)
        got.append((name, bytes(buf)))

    readers = []
    for name in range(3):
        readers.append(Thread(reader, name).start())
        await sleep_ms(1)
    await stream.sendall(b"xyz", _WAIT_MS)
    for thread in readers:
        await thread.join()
    assert got == [(0, b"x"), (1, b"y"), (2, b"z")], got

    async def writer(byte):
        await stream.sendall(bytes([byte]) * 700, _WAIT_MS)

    writers = []
    for byte in b"ABC":
        writers.append(Thread(writer, byte).start())
        await sleep_ms(0)
    data = await _receive(stream, 2100)
    assert data == b"A" * 700 + b"B" * 700 + b"C" * 700, data
    for thread in writers:
        await thread.join()


async def _ends_of_waits(stream):
    """A buffer whose reader has given up, or was ended, gets nothing any more."""
    from rtos import Thread, sleep_ms

    given_up = bytearray(4)
    await _late(stream.recv_into(given_up, 2))
    ended = bytearray(4)

    async def reader():
        await stream.recv_into(ended)

    thread = Thread(reader).start()
    await sleep_ms(1)
    thread.terminate()
    await stream.sendall(b"ok", _WAIT_MS)
    assert await _receive(stream, 2) == b"ok"
    assert given_up == bytes(4) and ended == bytes(4)


async def _notified(stream):
    from rtos import Semaphore, sleep_ms

    calls = Semaphore()
    seen = []

    def look_again(which):
        seen.append(which)
        calls.release()

    stream.notify(look_again if not _ON_BOARD else _Notify(calls))
    assert stream.read() is None
    await stream.sendall(b"!", _WAIT_MS)
    await calls.acquire(_WAIT_MS)
    assert await _receive(stream, 1) == b"!"
    assert stream.read() is None
    stream.notify(None)
    await stream.sendall(b"!", _WAIT_MS)
    assert await _receive(stream, 1) == b"!"
    while calls.try_acquire():
        pass
    await sleep_ms(2)
    assert not calls.try_acquire()


class _Notify:
    """What a hard interrupt handler may call: it allocates nothing."""

    def __init__(self, semaphore):
        self._release = semaphore.release

    def __call__(self, stream):
        self._release()


async def _polled(stream):
    """select.poll and asyncio's streams take it, on MicroPython."""
    if not _ON_BOARD:
        return
    import asyncio
    import select

    from rtos import aio

    poll = select.poll()
    poll.register(stream, select.POLLIN)
    assert poll.poll(0) == []
    poll.modify(stream, select.POLLIN | select.POLLOUT)
    assert poll.poll(0)[0][1] == select.POLLOUT
    poll.unregister(stream)

    async def task():
        writer = asyncio.StreamWriter(stream, {})
        reader = asyncio.StreamReader(stream)
        data = bytes(range(200)) * 3 + b"\n"
        writer.write(data)

        async def read():
            return await reader.readexactly(len(data))

        reading = asyncio.create_task(read())
        await writer.drain()
        assert await reading == data
        await stream.sendall(b"line\n")
        assert await reader.readline() == b"line\n"

    await aio(task())


async def _no_allocation(stream):
    from micropython import heap_lock, heap_unlock

    data = b"0123456789abcdef"
    buf = bytearray(16)
    steady = _steady(stream, data, buf)
    await _steady(stream, data, buf, 3)
    heap_lock()
    try:
        await steady
    finally:
        heap_unlock()


async def _steady(stream, data, buf, rounds=1000):
    for _ in range(rounds):
        await stream.sendall(data, _WAIT_MS)
        await stream.drain(_WAIT_MS)
        left = len(data)
        while left:
            left -= await stream.recv_into(buf, _WAIT_MS)
        stream.readinto(buf)


def check_deinit(stream):
    """After deinit() every call but deinit() raises OSError(ENODEV), also waits that have begun."""
    from rtos import Thread, sleep_ms

    async def main():
        async def reader():
            await stream.recv_into(bytearray(1))

        thread = Thread(reader)
        thread.reported = True
        thread.start()
        await sleep_ms(1)
        stream.deinit()
        stream.deinit()
        try:
            await thread.join(_WAIT_MS)
        except OSError as error:
            assert error.args[0] == ENODEV, error
        else:
            raise AssertionError("the wait did not end with ENODEV")
        for name, arguments in (
            ("readinto", (bytearray(1),)),
            ("read", ()),
            ("readline", ()),
            ("write", (b"x",)),
            ("any", ()),
            ("recv_into", (bytearray(1),)),
            ("sendall", (b"x",)),
            ("drain", ()),
            ("notify", (None,)),
        ):
            try:
                result = getattr(stream, name)(*arguments)
                if hasattr(result, "send") or hasattr(result, "__next__"):
                    await result
            except OSError as error:
                assert error.args[0] == ENODEV, (name, error)
            else:
                raise AssertionError(f"{name}() after deinit() raised nothing")

    return main
