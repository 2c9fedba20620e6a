"""Logs a value every 100 ms in a ring of records, and copies what is new to a text file every second.

What has been copied is remembered, so that a restart goes on where the last run has ended.
"""

import random
import struct

import fs
import rtos

PERIOD_MS = 100
RECORD = "<Ih"  # milliseconds since the start, hundredths of a degree
RING = "/flash/log.bin"
RING_BYTES = 16384
TEXT = "/flash/log.csv"


def open_log():
    """The ring: here in a file; a flash chip of its own would be given to RecordLog as it is."""
    medium = fs.FileBlockDevice(RING, RING_BYTES, erase_size=512)
    return fs.RecordLog(medium, record_max=struct.calcsize(RECORD))


async def sample(log):
    """A thermometer would be read here; this one walks at random."""
    value = 2000
    record = bytearray(struct.calcsize(RECORD))
    at_ms = 0
    while True:
        value += random.getrandbits(6) - 31
        struct.pack_into(RECORD, record, 0, at_ms, value)
        log.append(record)
        await rtos.sleep_ms(PERIOD_MS)
        at_ms += PERIOD_MS


async def export(log, kv):
    reader = log.reader(min(int(kv.get("exported", b"0")), log.next()))
    while True:
        await rtos.sleep_ms(1000)
        async with fs.aio.open(TEXT, "ab") as file:
            for number, record in reader:
                at_ms, value = struct.unpack(RECORD, record)
                await file.write(b"%d,%d,%.2f\n" % (number, at_ms, value / 100))
        kv["exported"] = str(reader.position).encode()
        print("exported", reader.position, "lost", reader.lost)


async def main():
    log = open_log()
    kv = fs.store()
    print("records %d to %d" % (log.first(), log.next()))
    async with rtos.TaskGroup() as group:
        group.start(sample, log, priority=rtos.HIGH)
        group.start(export, log, kv, priority=rtos.LOW)


rtos.run(main)
