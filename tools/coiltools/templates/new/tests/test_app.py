"""Runs on the board: `coil test {name}`."""

import asyncio
import time

from app import blink


class Led:
    """Notes when it is toggled; sets `enough` at the tenth time."""

    def __init__(self):
        self.times_ms = []
        self.enough = asyncio.Event()

    def toggle(self):
        self.times_ms.append(time.ticks_ms())
        if len(self.times_ms) == 10:
            self.enough.set()


async def test_blinks_twice_in_a_period():
    led = Led()
    task = asyncio.create_task(blink(led, 20))
    await led.enough.wait()
    task.cancel()
    # Later than told is the board's right, sooner is not.
    for n in range(1, 10):
        assert time.ticks_diff(led.times_ms[n], led.times_ms[n - 1]) >= 10, led.times_ms
