"""{name}: blinks LED1."""

import asyncio

from machine import Pin


async def blink(led, period_ms):
    """Toggle `led` for ever, twice in each `period_ms` milliseconds."""
    while True:
        led.toggle()
        await asyncio.sleep_ms(period_ms // 2)


if __name__ == "__main__":
    asyncio.run(blink(Pin("LED1", Pin.OUT), 1000))
