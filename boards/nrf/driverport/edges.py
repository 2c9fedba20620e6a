"""PinInterrupt: over machine.Pin.irq, which is always hard and says nothing when it has no channel.

Register: nRF52840 PS 6.10.4, GPIOTE CONFIG[n].
"""

from board import NAME
from machine import mem32
from micropython import const

_EBUSY = const(16)  # not in MicroPython's errno
_CONFIG = const(0x40006510)
_CHANNELS = const(8)
_MODE = const(3)
_EVENT = const(1)
_PIN_SHIFT = const(8)  # PSEL and, on chips with two ports, PORT above it
_PIN = const(0x3F)


class PinInterrupt:
    """Calls function(pin) in the interrupt at the edges of a pin.

    pin: a machine.Pin. The chip has eight channels: a ninth pin raises OSError(EBUSY).
    """

    def __init__(self, pin, function):
        self._pin = pin
        self._function = function

    def enable(self, edges):
        """edges: Pin.IRQ_RISING, Pin.IRQ_FALLING or both."""
        pin = self._pin
        # No `hard`: before 1.29 it has no such argument, and is.
        pin.irq(self._function, edges)
        users = _users()
        if pin.pin() not in users:
            pin.irq(None)
            raise OSError(
                _EBUSY,
                "all %d pin interrupts of %s are in use: P%s"
                % (_CHANNELS, NAME, ", P".join([str(n) for n in sorted(users)])),
            )

    def disable(self):
        """No more calls."""
        self._pin.irq(None)


def _users():
    """The numbers of the pins that have a channel."""
    users = []
    for n in range(_CHANNELS):
        config = mem32[_CONFIG + 4 * n]
        if config & _MODE == _EVENT:
            users.append(config >> _PIN_SHIFT & _PIN)
    return users
