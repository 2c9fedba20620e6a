"""Threads in the background of a live prompt."""

import rtos

counts = {"busy": 0, "blink": 0}


async def busy():
    """Computes whenever it may, and leaves the prompt its share."""
    while True:
        counts["busy"] += 1
        await rtos.yield_()


async def blink(led):
    while True:
        led.toggle()
        counts["blink"] += 1
        await rtos.sleep_ms(100)


def start():
    """Start the threads and return them."""
    from machine import Pin

    rtos.start()
    return (
        rtos.Thread(busy, priority=rtos.LOW).start(),
        rtos.Thread(blink, Pin("LED1", Pin.OUT), priority=rtos.HIGH).start(),
    )


threads = start()
print("the prompt is yours: try import app; app.counts")
