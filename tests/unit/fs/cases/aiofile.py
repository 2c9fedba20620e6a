"""fs.aio: asynchronous files, in threads and in tasks."""

import os
from errno import EINVAL, ENOENT

import fs
import rtos
from support import MICROPYTHON, Folder, folder_kinds, raises, run_main

EBADF, EEXIST = 9, 17


async def fails(number, awaitable):
    try:
        await awaitable
    except OSError as error:
        assert error.errno == number, error
    else:
        raise AssertionError("OSError expected")


def in_folders(main):
    for kind in folder_kinds():
        with Folder(kind) as path:
            run_main(main, path)


def test_files():
    async def main(path):
        name = path + "/a"
        data = bytes(range(256)) * 10
        async with fs.aio.open(name, "wb", piece=100) as file:
            assert await file.write(data) == 2560
            assert await file.write(b"") == 0
            assert await file.tell() == 2560
            await file.flush()
        async with fs.aio.open(name) as file:
            assert await file.read() == data and await file.read() == b""
            assert await file.seek(10) == 10
            assert await file.read(5) == data[10:15]
            assert await file.seek(-3, 2) == 2557
            assert await file.read(100) == data[-3:]
            await file.seek(0)
            buf = bytearray(2000)
            assert await file.readinto(buf) == 2000 and buf == data[:2000]
            assert await file.readinto(buf) == 560
            assert name in repr(file)
        assert "closed" in repr(file)
        await fails(EBADF, file.read())
        await file.close()
        async with fs.aio.open(name, "ab") as file:
            await file.write(b"more")
        async with fs.aio.open(name, "rb+") as file:
            await file.write(b"start")
            assert await file.read(3) == data[5:8]
        assert await fs.aio.copy(name, path + "/b") == 2564
        with open(path + "/b", "rb") as plain:
            assert plain.read() == b"start" + data[5:] + b"more"
        await fails(EINVAL, fs.aio.copy(name, name))
        await fails(ENOENT, fs.aio.copy(path + "/none", path + "/c"))
        assert sorted(os.listdir(path)) == ["a", "b"]
        await fails(ENOENT, fs.aio.open(path + "/none").__aenter__())
        await fails(EEXIST, fs.aio.open(name, "xb").__aenter__())

    in_folders(main)


def test_wrong_arguments():
    for mode in ("r", "w", "", "rt", "rwb", None):
        raises(ValueError, fs.aio.open, "/a", mode)
    for piece in (0, -1, "1"):
        raises(ValueError, fs.aio.open, "/a", "rb", piece)


def test_others_run_between_the_pieces():
    async def main(path):
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await rtos.yield_()

        thread = rtos.Thread(other).start()
        async with fs.aio.open(path + "/a", "wb", piece=100) as file:
            await file.write(bytes(1000))
        assert turns >= 9, turns
        turns = 0
        async with fs.aio.open(path + "/a", "rb", piece=100) as file:
            await file.read()
        assert turns >= 9, turns
        turns = 0
        await fs.aio.copy(path + "/a", path + "/b", piece=100)
        assert turns >= 18, turns
        thread.terminate()

    in_folders(main)


def test_two_threads_on_one_file():
    async def main(path):
        async with fs.aio.open(path + "/a", "wb", piece=10) as file:

            async def write(letter):
                for _ in range(5):
                    await file.write(letter * 100)

            async with rtos.TaskGroup() as group:
                group.start(write, b"a")
                group.start(write, b"b")
        with open(path + "/a", "rb") as plain:
            found = plain.read()
        assert len(found) == 1000
        for at in range(0, 1000, 100):
            assert found[at : at + 100] in (b"a" * 100, b"b" * 100), at

    in_folders(main)


def test_in_a_task_of_asyncio():
    if not MICROPYTHON:  # the kernel's asyncio is MicroPython's
        return

    import asyncio  # noqa: F401 - the kernel needs it

    async def task(path):
        async with fs.aio.open(path + "/a", "wb", piece=100) as file:
            await file.write(bytes(1000))
        async with fs.aio.open(path + "/a") as file:
            return len(await file.read())

    async def main(path):
        assert await rtos.aio(task(path)) == 1000

    in_folders(main)
