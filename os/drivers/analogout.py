"""AnalogOut: a voltage on a pin, as a number of 16 bits whatever the converter has."""

import driverport
from micropython import const

from .context import refuse_isr
from .pins import Gone, claim, release

_FULL = const(65535)


class AnalogOut:
    """An analog output: `AnalogOut("A3").write(0.5)`.

    pin: as for AnalogIn. value: what it has first, 0.0 to 1.0.
    Raises ValueError for a pin without a converter, with those that have one; OSError(EBUSY) names the
    driver that has the pin; OSError(EOPNOTSUPP) if the board has no converter. Every call after
    deinit() raises OSError(ENODEV).
    Context of the constructor: thread or base level. Source: mbed's AnalogOut.
    """

    def __init__(self, pin, value=0):
        first = _scaled(value)
        (self.key,) = claim(self, pin)
        try:
            self._dac = driverport.Dac(self.key)
        except BaseException:
            release(self)
            raise
        self.write_u16(first)

    def __repr__(self):
        gone = isinstance(self._dac, Gone)
        state = "deinitialised" if gone else "%d of 65535" % self._value
        return "<AnalogOut '%s' %s>" % (self.key, state)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def write(self, value):
        """Set the voltage as a part of full scale, 0.0 to 1.0. Raises ValueError. Context: any."""
        self.write_u16(_scaled(value))

    def write_u16(self, value):
        """Set the voltage, 0 to 65535 = full scale.

        Raises ValueError. Allocates nothing. Context: any.
        """
        if not 0 <= value <= _FULL:
            raise ValueError("write_u16() takes 0 to 65535")
        self._dac.write_u16(value)
        self._value = value

    def read(self):
        """What was set, 0.0 to 1.0. Context: any but an ISR, it allocates."""
        refuse_isr("not in an interrupt handler, which has no heap: read_u16() works there")
        return self.read_u16() / _FULL

    def read_u16(self):
        """What was set, 0 to 65535. Context: any."""
        dac = self._dac
        if isinstance(dac, Gone):
            dac()  # raises
        return self._value

    def deinit(self):
        """Give the pin back; it drives no voltage any more. May be called twice.

        Context: thread or base level.
        """
        dac = self._dac
        if not isinstance(dac, Gone):
            refuse_isr()
            self._dac = Gone("AnalogOut '%s'" % self.key)
            dac.deinit()
            release(self)


def _scaled(value):
    if not 0 <= value <= 1:
        raise ValueError("write() takes 0.0 to 1.0; write_u16() takes 0 to 65535")
    return int(value * _FULL + 0.5)
