"""Pins through the driver classes."""

import machine
import mps2
from drivers import DigitalOut, InterruptIn

ROUNDS = 1000
# What the host sets and raises when it moves a virtual pin: docs/adr/0001-platform.md.
PINS_IN = 0x21FF0040
PIN_LINE = 31

led = DigitalOut("LED1")


def write(rounds):
    pin = led
    for _ in range(rounds):
        pin(1)


measure("drivers.digital_write", write, empty_loop)


def clock(rounds):
    """What it takes to read the clock twice."""
    total = began = 0
    ticks = time.ticks_cpu

    def here():  # `began` and `total` are kept as in edges()
        return total + began

    for _ in range(rounds):
        began = ticks()
        now = ticks()
        total += time.ticks_diff(now, began)
    here()
    return instructions(total) // rounds


def edges(button, rounds, hard):
    """From the request of the interrupt to the first bytecodes of the callback, the mean."""
    total = began = calls = 0
    ticks = time.ticks_cpu

    def pressed(pin):
        nonlocal total, calls
        now = ticks()
        total += time.ticks_diff(now, began)
        calls += 1

    button.rise(pressed, hard=hard)
    pend = mps2.pend
    for _ in range(rounds):
        machine.mem32[PINS_IN] = 1
        began = ticks()
        pend(PIN_LINE)
        machine.mem32[PINS_IN] = 0
        pend(PIN_LINE)
    button.rise(None)
    assert calls == rounds, calls
    return instructions(total) // rounds


button = InterruptIn("BUTTON1")
for name, hard in (
    ("drivers.interruptin_to_callback", True),
    ("drivers.interruptin_to_soft", False),
):
    edges(button, 10, hard)
    report(name, instructions=edges(button, ROUNDS, hard) - clock(ROUNDS), rounds=ROUNDS)
