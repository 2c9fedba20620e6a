"""What threads print while a host tool talks to the board by the raw REPL, printed when it has ended."""

import sys

from micropython import const

from .core import output, output_lost, park, raw_repl, yield_
from .kernel import kernel

_LOOK_MS = const(100)
_AT_A_TIME = const(64)  # bytes


async def flush():
    """The kernel wakes it when it finds that the raw REPL is active."""
    buffer = bytearray(_AT_A_TIME)
    while True:
        while raw_repl():
            await park(None, _LOOK_MS)
        count = output(buffer)
        while count:
            sys.stdout.buffer.write(memoryview(buffer)[:count])
            await yield_()
            count = output(buffer)
        lost = output_lost()
        if lost:
            print("(threads printed %d bytes more, which had no room)" % lost)
        kernel.flushing = False
        await park()
