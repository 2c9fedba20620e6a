# serial: 48000
"""Bytes that come in on a serial port: their interrupts, and reading them in bulk.

The interrupts are what a loop takes longer while bytes come in than when none do. How many bytes each
of them finds depends on how quick the host is to send them, so their figures vary.
"""

import time

from drivers import BufferedSerial

_BYTES = 48_000
serial = BufferedSerial(1, rxbuf=_BYTES + 1000)
there = serial.any
data = bytearray(_BYTES)


def busy(rounds):
    """Ticks of so many rounds of a loop, none longer than the counter."""
    total = 0
    for _ in range(rounds):
        start = time.ticks_cpu()
        for _ in range(300):
            pass
        total += time.ticks_diff(time.ticks_cpu(), start)
    return total


def receive():
    """Instructions of all interrupts, until everything has come in."""
    rounds = total = 0
    while there() < _BYTES:
        total += busy(10)
        rounds += 10
    return instructions(total - busy(100) * rounds // 100)


def read():
    start = time.ticks_cpu()
    count = serial.readinto(data)
    ticks = time.ticks_diff(time.ticks_cpu(), start)
    if count != _BYTES:
        raise ValueError(f"{count} bytes at once")
    return instructions(ticks)


interrupts = receive()
reading = read()
report("drivers.serial_rx_per_byte", instructions=(interrupts + reading) // _BYTES, varies=True)
report("drivers.serial_rx_interrupt_per_byte", instructions=interrupts // _BYTES, varies=True)
report("drivers.serial_readinto_per_byte", instructions=reading // _BYTES)


def small_reads(rounds):
    part = bytearray(16)
    for _ in range(rounds):
        serial.readinto(part)


measure("drivers.serial_readinto_nothing", small_reads, empty_loop)
