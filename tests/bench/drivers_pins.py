"""Pins through the driver classes."""

from drivers import DigitalOut

led = DigitalOut("LED1")


def write(rounds):
    pin = led
    for _ in range(rounds):
        pin(1)


measure("drivers.digital_write", write, empty_loop)
