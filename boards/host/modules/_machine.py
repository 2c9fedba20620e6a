"""Classes that the built-in module machine of board host looks up here: Pin, Timer, RTC, WDT.

There are virtual pins only, and no I2C, SPI, UART, ADC or PWM; README.md says what is simulated.
"""

import time

import host
from machine import PinBase
from micropython import const

_ALARMS = const(16)
_PINS = const(16)
_LEDS = const(10)
_FIRST_PIN_LINE = const(16)
_PERIOD_US_MIN = const(50)


def _number(name):
    """The number of a pin: 0 to 15 are virtual pins, 16 to 25 the LEDs."""
    if isinstance(name, Pin):
        return name._number
    if isinstance(name, int) and 0 <= name < _PINS:
        return name
    if isinstance(name, str):
        for prefix, first, base, count in (
            ("V", 0, 0, _PINS),
            ("BUTTON", 1, 0, 2),
            ("LED", 1, _PINS, _LEDS),
        ):
            if name.startswith(prefix) and name[len(prefix) :].isdigit():
                n = int(name[len(prefix) :]) - first
                if 0 <= n < count:
                    return base + n
    raise ValueError("no such pin: use LED1..LED10, BUTTON1, BUTTON2, V0..V15")


class Pin(PinBase):
    """A virtual pin or an LED: a bit of the host page.

    id: "V0" .. "V15" or 0 .. 15, "BUTTON1" (V0), "BUTTON2" (V1), "LED1" .. "LED10"; another Pin.
    pull is accepted and has no effect: the tools drive every input.
    """

    IN = const(0)
    OUT = const(1)
    OPEN_DRAIN = const(2)
    PULL_UP = const(1)
    PULL_DOWN = const(2)
    IRQ_RISING = const(1)
    IRQ_FALLING = const(2)

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self._number = _number(id)
        self._irq = None
        self.init(mode, pull, value=value)

    def __repr__(self):
        n = self._number
        if n >= _PINS:
            return f"<Pin LED{n - _PINS + 1}>"
        return f"<Pin V{n} {'out' if host.pin_output(n) else 'in'}>"

    def name(self):
        """Under which Pin() finds it: "V3", "LED1"."""
        n = self._number
        return f"LED{n - _PINS + 1}" if n >= _PINS else f"V{n}"

    def init(self, mode=-1, pull=-1, *, value=None):
        if value is not None:
            host.pin(self._number, value)
        if mode == Pin.OPEN_DRAIN:
            raise ValueError("virtual pins have no open drain: use Pin.OUT")
        if self._number >= _PINS:
            if mode == Pin.IN:
                raise ValueError("an LED is an output")
        elif mode != -1:
            host.pin_output(self._number, mode == Pin.OUT)

    def value(self, level=None):
        """Level of the pin, or set it."""
        if level is None:
            return host.pin(self._number)
        host.pin(self._number, level)

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        host.pin(self._number, 1)

    high = on

    def off(self):
        host.pin(self._number, 0)

    low = off

    def toggle(self):
        host.pin(self._number, not host.pin(self._number))

    def mode(self):
        """Pin.IN or Pin.OUT."""
        n = self._number
        return Pin.OUT if n >= _PINS or host.pin_output(n) else Pin.IN

    def irq(self, handler=None, trigger=3, *, hard=False):
        """Call handler(pin) at each edge of the trigger; hard: in the interrupt handler.

        Returns an object with flags(), trigger() and a call that runs the handler now.
        """
        if self._irq is None:
            self._irq = _PinIrq(self._number)
        host.pin_trigger(self._number, 0)
        self._irq._trigger = trigger if handler else 0
        self._irq._handler = handler
        self._irq._pin = self
        host.line(_FIRST_PIN_LINE + self._number, handler, self, hard)
        host.pin_trigger(self._number, self._irq._trigger)
        return self._irq


class _PinIrq:
    def __init__(self, number):
        self._number = number

    def flags(self):
        """The edges that fired since the last call."""
        return host.pin_edges(self._number)

    def trigger(self, edges=None):
        """The edges that fire; with an argument: set them."""
        before = self._trigger
        if edges is not None:
            self._trigger = edges
            host.pin_trigger(self._number, edges)
        return before

    def __call__(self):
        if self._handler:
            self._handler(self._pin)


class Timer:
    """A timer of the operating system as an interrupt. 16 of them run at a time.

    id: -1; there are no numbered ones.  freq in Hz or period in ms (or with tick_hz).
    hard: the callback runs in the interrupt handler, where nothing can be allocated.
    """

    ONE_SHOT = const(0)
    PERIODIC = const(1)

    # The timers that have an interrupt line, by line; this also keeps them alive.
    _running = [None] * _ALARMS

    def __init__(self, id=-1, **settings):
        if id != -1:
            raise ValueError("board host has virtual timers only: use Timer(-1) or Timer()")
        self._line = None
        self._expired = self._expire  # bound here, since an interrupt handler may set it again
        if settings:
            self.init(**settings)

    def init(self, *, mode=1, freq=-1, period=-1, callback=None, tick_hz=1000, hard=False):
        self.deinit()
        if freq > 0:
            us = round(1_000_000 / freq)
        elif period > 0:
            us = period * 1_000_000 // tick_hz
        else:
            raise ValueError("give freq=, or period= in milliseconds, greater than 0")
        us = max(us, 1)
        if mode == Timer.PERIODIC and us < _PERIOD_US_MIN:
            raise ValueError("a periodic Timer of board host needs 50 us or more")
        if None not in Timer._running:
            raise OSError(12)  # ENOMEM
        self._line = Timer._running.index(None)
        Timer._running[self._line] = self
        if mode == Timer.ONE_SHOT:
            host.line(self._line, self._expired, callback, hard)
            host.alarm(self._line, us)
        else:
            host.line(self._line, callback, self, hard)
            host.alarm(self._line, us, us)

    def _expire(self, callback):
        self.deinit()
        if callback is not None:
            callback(self)

    def deinit(self):
        """Stop; the timer can be started again with init()."""
        line = self._line
        if line is not None:
            host.alarm(line)
            host.line(line)
            Timer._running[line] = None
            self._line = None


class RTC:
    """The board's clock; it starts at the computer's time, or at the time that the tools gave."""

    def datetime(self, when=None):
        """(year, month, day, weekday, hours, minutes, seconds, microseconds), or set it."""
        if when is not None:
            host.set_time(time.mktime(when[:3] + when[4:7] + (0, 0)))
            return None
        ns = time.time_ns()
        now = time.gmtime(ns // 1_000_000_000)
        return now[:3] + (now[6],) + now[3:6] + (ns // 1000 % 1_000_000,)


class WDT:
    """The watchdog: a reset unless feed() is called within the timeout (ms). It never stops."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("there is one watchdog: WDT(0)")
        self._timeout_ms = timeout
        self.feed()

    def feed(self):
        host.watchdog(self._timeout_ms)
