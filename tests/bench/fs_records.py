"""fs.RecordLog in memory with the rules of flash, and what fs.aio costs beside plain files."""

import asyncio  # noqa: F401 - so that it is not imported while it is measured
import os

import fs
import rtos

RECORD = 16
KB = 32

# ---- Records of 16 bytes, blocks of 4 KB, programmed by 8 bytes


def medium():
    return fs.HeapBlockDevice(64 * 4096, program_size=8, erase_size=4096, erase_value=0xFF)


device = medium()
log = fs.RecordLog(device, record_max=RECORD, block_size=4096)
record = bytes(RECORD)


def append(rounds):
    write = log.append
    for _ in range(rounds):
        write(record)


measure("fs.log_append", append, empty_loop, rounds=2000, bytes=RECORD)
count = len(log)
buf = bytearray(RECORD)


def read(rounds):
    reader = log.reader(log.first())
    take = reader.readinto
    for _ in range(rounds):
        take(buf)


measure("fs.log_next", read, empty_loop, rounds=2000, bytes=RECORD)

# A full device: opening reads a header for each block, and the newest block.
while log.first() == 0:
    log.append(record)
for blocks in (16, 64):
    device = medium() if blocks == 64 else fs.SlicingBlockDevice(medium(), 0, blocks * 4096)
    log = fs.RecordLog(device, record_max=RECORD, block_size=4096)
    while log.first() == 0:
        log.append(record)

    # Some records in the newest block, too.
    for _ in range(20):
        log.append(record)

    def mount(rounds):
        for _ in range(rounds):
            fs.RecordLog(device, record_max=RECORD, block_size=4096)  # noqa: B023

    measure("fs.log_mount_%d_blocks" % blocks, mount, rounds=3, records=len(log))  # noqa: UP031

gc.collect()
before = gc.mem_alloc()
log = fs.RecordLog(device, record_max=RECORD, block_size=4096)
gc.collect()
report("fs.log_ram_bytes", bytes=gc.mem_alloc() - before)

# ---- 32 KB in pieces of 512 bytes, on the board's own volume: plain files, then fs.aio

piece = bytes(512)
into = bytearray(512)


def plain_write(rounds):
    for _ in range(rounds):
        with open("/flash/file", "wb") as file:
            for _ in range(2 * KB):
                file.write(piece)


def plain_read(rounds):
    for _ in range(rounds):
        with open("/flash/file", "rb") as file:
            while file.readinto(into):
                pass


whole = bytes(1024 * KB)
target = bytearray(1024 * KB)


async def aio_write(rounds):
    for _ in range(rounds):
        async with fs.aio.open("/flash/file", "wb") as file:
            await file.write(whole)


async def aio_read(rounds):
    for _ in range(rounds):
        async with fs.aio.open("/flash/file") as file:
            await file.readinto(target)


async def nothing(rounds):
    pass


def kilobytes(function):
    """All write or read 32 KB a round, and are measured by the KB."""
    return lambda rounds: function(rounds // KB)


def in_thread(function):
    return kilobytes(lambda rounds: rtos.run(function, rounds))


for name, plain, aio in (("write", plain_write, aio_write), ("read", plain_read, aio_read)):
    measure("fs.plain_%s_kb" % name, kilobytes(plain), rounds=4 * KB)  # noqa: UP031
    # Beginning and ending the kernel is taken off.
    measure("fs.aio_%s_kb" % name, in_thread(aio), in_thread(nothing), rounds=4 * KB)  # noqa: UP031
os.remove("/flash/file")
