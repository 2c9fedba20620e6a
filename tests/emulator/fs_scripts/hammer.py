# Threads of three priorities that preempt each other work on one file system. What is in front says KIND, FOREIGN and PLAIN.
import os

import fs
import rtos

ROUNDS = 12
SIZE = 700


class Watched(fs.HeapBlockDevice):
    """Notices when it is entered while it is in use."""

    inside = nested = calls = 0

    def _enter(self):
        self.calls += 1
        self.nested += self.inside
        self.inside = 1

    def _read(self, addr, buf):
        self._enter()
        super()._read(addr, buf)
        for _ in range(3):  # branches, where it could be preempted
            pass
        self.inside = 0

    def _program(self, addr, buf):
        self._enter()
        for _ in range(3):
            pass
        super()._program(addr, buf)
        self.inside = 0


class Foreign:
    """The same as somebody else writes it, without a lock."""

    def __init__(self, device):
        self.device = device
        self.readblocks = device.readblocks
        self.ioctl = device.ioctl

    def writeblocks(self, block, buf, offset=None):
        for _ in range(3):
            pass
        return self.device.writeblocks(block, buf, offset)


working = 0  # threads that are between open() and close()
overlaps = 0  # how often one came in between there
entered = 0  # and found the device in use: never


def contents(letter, n):
    return bytes([letter]) * (SIZE + n * 13)


def call(function, *arguments):
    """Locked by the caller, unless PLAIN."""
    if PLAIN:
        return function(*arguments)
    rtos.lock()
    try:
        return function(*arguments)
    finally:
        rtos.unlock()


async def hammer(device, letter, pause_ms):
    global working, overlaps, entered
    for n in range(ROUNDS):
        overlaps += working > 0
        entered += device.inside
        working += 1
        name = "/hammer/%s%d" % (chr(letter), n % 3)
        data = contents(letter, n)
        if PLAIN:
            with open(name, "wb") as file:
                for at in range(0, len(data), 100):
                    file.write(data[at : at + 100])
            with open(name, "rb") as file:
                assert file.read() == data, name
        else:
            async with fs.aio.open(name, "wb", piece=100) as file:
                await file.write(data)
            async with fs.aio.open(name, piece=100) as file:
                assert await file.read() == data, name
        call(os.rename, name, name + "x")
        assert (name + "x")[8:] in call(os.listdir, "/hammer")
        if n % 4 == 3:
            call(os.remove, name + "x")
        working -= 1
        if pause_ms:
            await rtos.sleep_ms(pause_ms)


async def beat(device):
    """Comes every millisecond, wherever the others are."""
    global entered, overlaps
    while True:
        await rtos.sleep_ms(1)
        entered += device.inside
        if working:
            overlaps += 1
            call(os.stat, "/hammer")


async def main(device):
    beater = rtos.Thread(beat, device, priority=rtos.REALTIME).start()
    async with rtos.TaskGroup() as group:
        group.start(hammer, device, ord("a"), 0, priority=rtos.LOW)
        group.start(hammer, device, ord("b"), 3, priority=rtos.NORMAL)
        group.start(hammer, device, ord("c"), 5, priority=rtos.HIGH)
        group.start(hammer, device, ord("d"), 0, priority=rtos.LOW)
    beater.terminate()


device = Watched(64 * 4096, erase_size=4096)
fs.mount(Foreign(device) if FOREIGN else device, "/hammer", KIND, format=True)
rtos.run(main, device)
for letter in "abcd":
    for n in range(ROUNDS - 3, ROUNDS):
        name = "/hammer/%s%dx" % (letter, n % 3)
        if n % 4 == 3:
            assert name[8:] not in os.listdir("/hammer")
            continue
        with open(name, "rb") as file:
            assert file.read() == contents(ord(letter), n), name
report = fs.check("/hammer")
assert report.ok(), report.problems
fs.umount("/hammer")
assert fs.check(device, KIND).ok()
print("overlaps", overlaps, "nested", device.nested, "entered", entered, "calls", device.calls)
