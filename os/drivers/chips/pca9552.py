"""PCA9552: sixteen LEDs that are on, off, or blink at one of two rates; or open-drain pins.

NXP PCA9552 Rev. 05 (2006): control register and the register descriptions.
"""

from micropython import const

from .expander import ExpanderPin
from .i2cchip import I2CChip

# Control register. The address is incremented with every byte when bit 4 is set.
_INPUT0 = const(0)
_INPUT1 = const(1)
_PSC0 = const(2)
_LS0 = const(6)
_INCREMENT = const(0x10)

# LED selector, two bits for each output (LS0 to LS3).
_LOW = const(0)  # the LED is on
_FLOATING = const(1)  # off
_BLINK0 = const(2)

_OUTPUTS = const(16)
_CLOCK_HZ = const(44)  # a period is (prescaler + 1) / 44 s
_STEPS = const(256)  # of a period; an LED is lit in (256 - PWM) of them
_RESET = b"\xff\x80\xff\x80\x55\x55\x55\x55"  # PSC0, PWM0, PSC1, PWM1, LS0 … LS3
_ALL = const(0xFFFF)


class PCA9552(I2CChip):
    """Sixteen open-drain outputs with two blink generators.

    All outputs float, LEDs are off. Raises OSError(ENODEV) when the chip is not there.
    Methods may be called by one thread at a time.
    """

    NAME = "PCA9552"

    def __init__(self, i2c, addr=0x60):
        super().__init__(i2c, addr)
        self._rates = bytearray(5)
        self._rates[0] = _PSC0 | _INCREMENT
        self._rates[1:] = _RESET[:4]
        self._selectors = bytearray(5)
        self._selectors[0] = _LS0 | _INCREMENT
        self._selectors[1:] = _RESET[4:]
        self._kept = bytearray(5)
        self._one = bytearray(1)
        self._eight = bytearray(8)
        self._pins = {}
        self._put(self._rates)
        self._put(self._selectors)

    def led(self, number):
        """The LED at that output as an object with on(), off(), value(1) …: 1 is lit."""
        return self._object(number, True)

    def pin(self, number, mode=-1, value=None):
        """That output as an open-drain pin: 0 is low, 1 and IN let it float."""
        pin = self._object(number, False)
        pin.init(mode, value=value)
        return pin

    def _object(self, number, inverted):
        self._check_number(number)
        key = number, inverted
        pin = self._pins.get(key)
        if pin is None:
            pin = self._pins[key] = ExpanderPin(self, number, inverted)
        return pin

    def _check_number(self, number):
        if not 0 <= number < _OUTPUTS:
            text = "a %s has outputs 0 to %d, not %r"
            raise ValueError(text % (self.NAME, _OUTPUTS - 1, number))

    # ---- Blinking

    def rate(self, generator, period_ms=None, on_u16=None):
        """(period in ms, lit part in 65535ths) of a generator, 0 or 1; with arguments, set them.

        period_ms: 23 to 5818, rounded to multiples of 1000 / 44; None leaves it.
        on_u16: 0 = lit for 1/256 of the period … 65535 = always, in steps of 1/256; None leaves it.
        """
        if generator not in (0, 1):
            raise ValueError("there are generators 0 and 1, not %r" % (generator,))
        at = 1 + 2 * generator
        buf = self._rates
        if period_ms is not None or on_u16 is not None:
            prescaler = buf[at]
            pulse = buf[at + 1]
            if period_ms is not None:
                prescaler = (period_ms * _CLOCK_HZ + 500) // 1000 - 1
                if not 0 <= prescaler <= 255:
                    raise ValueError("period_ms must be 23 to 5818, not %r" % (period_ms,))
            if on_u16 is not None:
                if not 0 <= on_u16 <= 65535:
                    raise ValueError("on_u16 must be 0 to 65535, not %r" % (on_u16,))
                pulse = min(_STEPS - (on_u16 + 128 >> 8), _STEPS - 1)
            self._change(buf, at, prescaler, pulse)
        # Data sheets of this family contradict each other in which level comes first, not in the
        # part of the period: the duty cycle of the blinking LED is (256 - PWM) / 256.
        return (buf[at] + 1) * 1000 // _CLOCK_HZ, min(_STEPS - buf[at + 1] << 8, 65535)

    def _change(self, buf, at, prescaler, pulse):
        kept = self._kept
        for i in range(5):
            kept[i] = buf[i]
        buf[at] = prescaler
        buf[at + 1] = pulse
        self._send(buf)

    def blink(self, number, generator):
        """Let an LED blink as that generator does, until it is switched on or off."""
        self._check_number(number)
        if generator not in (0, 1):
            raise ValueError("there are generators 0 and 1, not %r" % (generator,))
        self._select(1 << number, 0, _BLINK0 + generator, 0)

    # ---- All outputs at once: one transfer, bit n is output n

    def read(self):
        """The levels on all pins; two transfers, since none may begin at register 0 and go on."""
        self._get(_INPUT0, self._one)
        low = self._one[0]
        self._get(_INPUT1, self._one)
        return low | self._one[0] << 8

    def write(self, mask, value):
        """Let the outputs in mask float where value has 1, and pull them low where it has 0."""
        self._select(mask, value, _LOW, _FLOATING)

    def written(self):
        """The mask of the outputs that float; blinking ones do not count. No transfer."""
        found = 0
        for number in range(_OUTPUTS):
            if self._selected(number) == _FLOATING:
                found |= 1 << number
        return found

    def direction(self, mask=0, output=False):
        """The mask of the pins that are driven; with arguments: to be an input is to float.

        A pin that becomes an output goes on floating: an output with level 1 is the same.
        """
        if mask and not output:
            self._select(mask, _ALL, _LOW, _FLOATING)
        return ~self.written() & _ALL

    def _selected(self, number):
        return self._selectors[1 + (number >> 2)] >> ((number & 3) << 1) & 3

    def _select(self, mask, value, low, high):
        """The selector `low` for outputs in mask whose bit in value is 0, `high` for the others."""
        buf = self._selectors
        kept = self._kept
        for i in range(5):
            kept[i] = buf[i]
        for number in range(_OUTPUTS):
            if mask >> number & 1:
                at = 1 + (number >> 2)
                shift = (number & 3) << 1
                chosen = high if value >> number & 1 else low
                buf[at] = buf[at] & ~(3 << shift) | chosen << shift
        self._send(buf)

    def _send(self, buf):
        """Write it; if that fails, the chip has what it had before."""
        try:
            self._put(buf)
        except OSError:
            for i in range(5):
                buf[i] = self._kept[i]
            raise

    # ----

    def check(self):
        """Tell that the chip is there, and that it has not been reset.

        There is no identity register: what was written must read the same. Raises OSError(ENODEV).
        """
        found = self._eight
        self._get(_PSC0 | _INCREMENT, found)
        for i in range(8):
            wanted = self._rates[1 + i] if i < 4 else self._selectors[i - 3]
            if found[i] != wanted:
                text = "register %d reads 0x%02x instead of 0x%02x"
                self._strange(text % (_PSC0 + i, found[i], wanted))
