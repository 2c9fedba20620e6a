"""AnalogIn: the voltage of a pin, as a number of 16 bits whatever the converter has."""

import driverport
from micropython import const

from .context import refuse_isr
from .pins import Gone, claim, release

_FULL = const(65535)
_SAMPLES_MAX = const(256)


class AnalogIn:
    """An analog input: `AnalogIn("A0").read_uv()`.

    pin: a name that is the same on all boards ("A0", "A1", ...), one of the processor's, or a
    machine.Pin. reference_uv: the voltage of full scale in microvolts, 1 to 2**30 - 1; None takes what
    the board knows. samples: conversions that are averaged for each reading, 1 to 256.
    Raises ValueError for a pin without a converter, with those that have one; OSError(EBUSY) names the
    driver that has the pin; OSError(EOPNOTSUPP) if the board has no converter. Every call after
    deinit() raises OSError(ENODEV).
    Context of the constructor: thread or base level. Source: mbed's AnalogIn.
    """

    def __init__(self, pin, reference_uv=None, samples=1):
        if not isinstance(samples, int) or not 0 < samples <= _SAMPLES_MAX:
            raise ValueError("samples: 1 to 256 conversions to average")
        _check_reference(reference_uv)
        (self.key,) = claim(self, pin)
        try:
            self._adc = driverport.Adc(self.key)
        except BaseException:
            release(self)
            raise
        self._reference_uv = reference_uv
        self._samples = samples

    def __repr__(self):
        gone = isinstance(self._adc, Gone)
        state = "deinitialised" if gone else "%d uV" % self.read_uv()
        return "<AnalogIn '%s' %s>" % (self.key, state)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def read(self):
        """The voltage as a part of full scale, 0.0 to 1.0. Allocates. Context: any but an ISR."""
        refuse_isr("not in an interrupt handler, which has no heap: read_u16() works there")
        return self.read_u16() / _FULL

    def read_u16(self):
        """The voltage, 0 to 65535 = full scale. Allocates nothing. Context: any but an ISR."""
        adc = self._adc
        samples = self._samples
        if samples == 1:
            return adc.read_u16()
        total = samples >> 1
        for _ in range(samples):
            total += adc.read_u16()
        return total // samples

    def read_uv(self):
        """The voltage in microvolts.

        With a reference_uv of the user's: read_u16() of it, within 3 uV; else what the board says,
        which may be calibrated. Allocates nothing. Context: any but an ISR.
        """
        reference = self._reference_uv
        if reference is None:
            adc = self._adc
            samples = self._samples
            total = 0
            for _ in range(samples):  # by quotient and rest: a sum would pass 2**30
                total += adc.read_uv() // samples
            return total
        value = self.read_u16()
        # reference * value / 65535 with small ints.
        rest = (reference % _FULL >> 1) * (value >> 1) >> 14
        return reference // _FULL * value + rest

    def reference_uv(self, uv=None):
        """The voltage of full scale in microvolts, or set it, 1 to 2**30 - 1.

        Raises ValueError. Context: any. Source: mbed's set_reference_voltage().
        """
        if uv is not None:
            _check_reference(uv)
            self._reference_uv = uv
        if self._reference_uv is not None:
            return self._reference_uv
        return self._adc.reference_uv

    def deinit(self):
        """Give the pin back. May be called twice. Context: thread or base level."""
        adc = self._adc
        if not isinstance(adc, Gone):
            refuse_isr()
            self._adc = Gone("AnalogIn '%s'" % self.key)
            adc.deinit()
            release(self)


def _check_reference(uv):
    if uv is not None and (not isinstance(uv, int) or not 0 < uv < 1 << 30):
        raise ValueError("reference_uv: microvolts, 1 to 2**30 - 1")
