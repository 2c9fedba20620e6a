"""Lights and buttons behind two I2C chips, as if they were pins of the board."""

import rtos
from drivers import I2C, BusIn, BusOut, InterruptIn
from drivers.chips import MAX7310, PCA9552

LIGHTS = 8  # of the PCA9552; its output 15 is a light that blinks by itself
SCAN_MS = 20


async def count(button, lights):
    """BUTTON1 counts; the lights show it in binary."""
    number = 0
    while True:
        await button.wait_for_rising()
        number = (number + 1) % (1 << LIGHTS)
        lights(number)
        print("count", number)


async def blink(button, leds):
    """BUTTON2 changes how fast the last light blinks; the chip does it."""
    for period_ms in (1000, 250, 2000):
        reached_ms = leds.rate(0, period_ms, 0x8000)[0]
        leds.blink(15, 0)
        print("blink every %d ms" % reached_ms)
        await button.wait_for_rising()
    leds.led(15).off()
    print("blink no more")


async def follow(buttons, relays):
    """What the buttons behind the MAX7310 say, its outputs do. Their chip has no interrupt."""
    before = None
    while True:
        now = buttons()
        if now != before:
            relays(now)
            print("relays", now)
            before = now
        await rtos.sleep_ms(SCAN_MS)


async def main():
    i2c = I2C()
    try:
        leds = PCA9552(i2c)
        leds.check()
        port = MAX7310(i2c)
        port.check()
    except OSError as error:
        print(error)
        print("the README says how to attach the chips")
        return
    lights = BusOut(*[leds.led(n) for n in range(LIGHTS)])
    relays = BusOut(*[port.pin(n) for n in range(4)])
    buttons = BusIn(*[port.pin(n) for n in range(4, 8)])
    async with rtos.TaskGroup() as group:
        group.start(count, InterruptIn("BUTTON1", debounce_ms=20), lights)
        group.start(blink, InterruptIn("BUTTON2", debounce_ms=20), leds)
        group.start(follow, buttons, relays, priority=rtos.LOW)


rtos.run(main)
