"""Runs on the board: `coil test {name}`."""

import asyncio

from app import blink


class Led:
    """Counts how often it is toggled."""

    count = 0

    def toggle(self):
        self.count += 1


async def test_blinks_twice_in_a_period():
    led = Led()
    task = asyncio.create_task(blink(led, 20))
    await asyncio.sleep_ms(100)
    task.cancel()
    assert 8 <= led.count <= 11, led.count
