"""Pwm: by registers; four pins share the frequency of a module.

machine.PWM gives each pin a module of its own, and stops all four when one of them ends.
Registers: nRF52840 PS 6.17.5.
"""

from board import NAME, chip
from machine import Pin, mem16, mem32
from micropython import const
from uctypes import addressof

from . import make_pin

__all__ = ("Pwm",)

_EBUSY = const(16)  # not in MicroPython's errno

_STOP = const(0x004)
_SEQSTART0 = const(0x008)
_STOPPED = const(0x104)
_ENABLE = const(0x500)
_MODE = const(0x504)
_COUNTERTOP = const(0x508)
_PRESCALER = const(0x50C)
_DECODER = const(0x510)
_LOOP = const(0x514)
_SEQ0_PTR = const(0x520)
_SEQ0_CNT = const(0x524)
_SEQ0_REFRESH = const(0x528)
_SEQ0_ENDDELAY = const(0x52C)
_PSEL = const(0x560)
_DISCONNECTED = 0xFFFFFFFF
_INDIVIDUAL = const(2)  # a value for each channel
_CHANNELS = const(4)
_FALLS = const(0x8000)  # in a value: high first, then low
_HZ = const(16_000_000)
_TOP_MIN = const(3)
_TOP_MAX = const(32_767)
_PRESCALERS = const(8)
_FULL = const(65535)
_TRIES = const(100_000)  # the slowest period is a quarter of a second

_modules = [None] * len(chip.PWMS)


class _Module:
    """A PWM module and its channels."""

    def __init__(self, base):
        self._base = base
        # Addresses are numbers on the heap: this one is used in interrupt handlers.
        self._seqstart = base + _SEQSTART0
        self.freq = 0
        self.top = 0
        self.prescaler = 0
        self.users = [None] * _CHANNELS  # Pwm
        # Values of the channels, which the module fetches itself.
        self._values = bytearray(2 * _CHANNELS)
        self._at = addressof(self._values)

    def others(self, user):
        return [other for other in self.users if other not in (None, user)]

    def set_freq(self, freq):
        prescaler, top = _divide(freq)
        self.freq = freq
        self.top = top
        self.prescaler = prescaler
        for n in range(_CHANNELS):
            user = self.users[n]
            self.put(n, 0 if user is None else user.duty)
        self.restart()

    def restart(self):
        """Stop at the end of a period, and go on with what is set now."""
        base = self._base
        if mem32[base + _ENABLE]:
            mem32[base + _STOPPED] = 0
            mem32[base + _STOP] = 1
            for _ in range(_TRIES):
                if mem32[base + _STOPPED]:
                    break
            mem32[base + _ENABLE] = 0
        pins = [_DISCONNECTED if user is None else user.number for user in self.users]
        for n in range(_CHANNELS):
            mem32[base + _PSEL + 4 * n] = pins[n]
        if not any(self.users):
            return
        mem32[base + _ENABLE] = 1
        mem32[base + _MODE] = 0
        mem32[base + _PRESCALER] = self.prescaler
        mem32[base + _COUNTERTOP] = self.top
        mem32[base + _DECODER] = _INDIVIDUAL
        mem32[base + _LOOP] = 0
        mem32[base + _SEQ0_PTR] = self._at
        mem32[base + _SEQ0_CNT] = _CHANNELS
        mem32[base + _SEQ0_REFRESH] = 0
        mem32[base + _SEQ0_ENDDELAY] = 0
        self.load()

    def put(self, channel, duty):
        """Set how long a channel is high, in 65535ths of a period."""
        # The products are small ints; 65535 is all of it.
        ticks = self.top if duty == _FULL else (duty >> 1) * self.top // (_FULL >> 1)
        mem16[self._at + 2 * channel] = ticks | _FALLS

    def put_ticks(self, channel, ticks):
        mem16[self._at + 2 * channel] = ticks | _FALLS

    def load(self):
        """Have the values from the next period on."""
        mem32[self._seqstart] = 1


class Pwm:
    """A PWM channel of a pin. OSError(EBUSY): no module has that frequency, or is free."""

    def __init__(self, key, freq):
        _divide(freq)
        self.number = int(key[1:])
        self._key = key
        self.duty = 0
        self._pin = pin = make_pin(key)
        pin.init(Pin.OUT, value=0)  # what it is between stop and start
        module = _find(freq)
        self._module = module
        self._channel = module.users.index(None)
        module.users[self._channel] = self
        module.set_freq(freq)

    def __repr__(self):
        return self._key

    def freq(self, value=None):
        """The frequency in hertz, or set it. OSError(EBUSY) names those that share it."""
        module = self._module
        if value is not None and value != module.freq:
            _divide(value)
            others = module.others(self)
            if others:
                raise OSError(
                    _EBUSY,
                    "%s shares its timer with %s, which has %d Hz, not %d"
                    % (self._key, " and ".join([repr(o) for o in others]), module.freq, value),
                )
            module.set_freq(value)
        return module.freq

    def duty_u16(self, value):
        """The part of the period that it is high, 0 to 65535. Context: any, allocates nothing."""
        self.duty = value
        self._module.put(self._channel, value)
        self._module.load()

    def duty_ns(self, ns):
        """The time that it is high."""
        module = self._module
        ticks = ns * (_HZ >> module.prescaler) // 1_000_000_000
        self.duty = min(ticks * _FULL // module.top, _FULL)
        module.put_ticks(self._channel, min(ticks, module.top))
        module.load()

    def deinit(self):
        """Stop; the pin is an input again. Others of the module pause for a period."""
        module = self._module
        module.users[self._channel] = None
        module.restart()
        self._pin.init(Pin.IN)


def _divide(freq):
    """(PRESCALER, COUNTERTOP) for a frequency. Raises ValueError."""
    for prescaler in range(_PRESCALERS):
        top = (_HZ >> prescaler) // freq
        if top <= _TOP_MAX:
            if top < _TOP_MIN:
                break
            return prescaler, top
    raise ValueError(
        "PWM of %s has %d to %d Hz, not %d"
        % (NAME, (_HZ >> _PRESCALERS - 1) // _TOP_MAX + 1, _HZ // _TOP_MIN, freq)
    )


def _find(freq):
    """A module with room for a pin of that frequency."""
    for module in _modules:
        if module is not None and module.freq == freq and None in module.users:
            return module
    for n in range(len(_modules)):
        module = _modules[n]
        if module is None:
            if mem32[chip.PWMS[n] + _ENABLE]:
                continue  # machine.PWM has it
            module = _modules[n] = _Module(chip.PWMS[n])
        if not any(module.users):
            return module
    shared = [
        "%d Hz on %s" % (module.freq, " and ".join([repr(user) for user in module.users if user]))
        for module in _modules
        if module is not None
    ]
    raise OSError(
        _EBUSY,
        "all PWM of %s is in use: %s" % (NAME, ", ".join(shared) or "by machine.PWM"),
    )
