"""What board host's module machine is made of: the simulation, on the computer's clock."""

import host
from micropython import const

from . import clock, machine_pin
from .host_clock import HostClock

_PINS = const(16)
_TRACE = const(16)  # a flag of the host page
_FIRST_PIN_LINE = const(16)


def find(name):
    """The class of machine that is called `name`. AttributeError if there is none."""
    if name in ("I2C", "SoftI2C"):
        from . import machine_i2c as module
    elif name in ("SPI", "SoftSPI"):
        from . import machine_spi as module
    elif name == "UART":
        from . import machine_uart as module
    elif name == "ADC":
        from . import adc as module
    elif name == "PWM":
        from . import pwm as module
    elif name == "CAN":
        from . import machine_can as module
    elif name == "I2CTarget":
        from . import target as module
    elif name == "Pin":
        module = machine_pin
    else:
        raise AttributeError(name)
    return getattr(module, name)


class PagePad(machine_pin.WirePad):
    """A virtual pin or an LED: a wire, and a bit of the host page, which the tools see and move.

    A pin that the tools set to 1 is driven from outside; at 0 they leave it to its pull-down and to
    whatever is attached.
    """

    def __init__(self, name, number):
        super().__init__(name)
        self.number = number
        self._tools = self.wire.driver("tools")
        #: The wire changes because the page did, which the page's interrupt has told already.
        self.follows = False
        if host.flags() & _TRACE:
            self.wire.watch(self._trace, observer=False)

    def _trace(self, wire):
        """What is attached moves the pin: the tools cannot know from the page."""
        host.trace_pin(self.number, wire())

    def configure(self, mode, pull, value):
        super().configure(mode, pull, value)
        if self.number < _PINS:
            host.pin_output(self.number, self.mode != machine_pin.IN)

    def read(self):
        if self.mode == machine_pin.IN:
            self.follows = True
            self._tools.set(host.pin(self.number) or None)
            self.follows = False
        return self.wire()

    def _drive(self):
        host.pin(self.number, self._latch)
        if self.mode != machine_pin.IN:
            self._tools.release()
        super()._drive()

    def make_irq(self, pin):
        if self.number >= _PINS:
            raise ValueError("an LED is an output and has no interrupt")
        return _PageIrq(self)


class _PageIrq:
    """What irq() of a virtual pin returns. It has an interrupt line of its own, see host.line()."""

    def __init__(self, pad):
        self._pad = pad
        self._number = pad.number
        self._edges = 0
        self._seen = 0
        self.lose = self.lost = 0
        #: For faults.LostInterrupt: requests of what is attached to the wire.
        self.interrupt = self
        pad.wire.watch(self._changed, observer=False)

    def set(self, pin, handler, trigger, hard):
        host.pin_trigger(self._number, 0)
        host.pin_edges(self._number)
        self._seen = 0
        self._edges = trigger if handler else 0
        self._handler = handler
        self._pin = pin
        host.line(_FIRST_PIN_LINE + self._number, handler, pin, hard)
        host.pin_trigger(self._number, self._edges)

    def _changed(self, wire):
        edge = 1 if wire() else 2
        if self._pad.follows or not edge & self._edges:
            return
        if self.lose:
            self.lose -= 1
            self.lost += 1
            return
        self._seen |= edge
        host.trigger(_FIRST_PIN_LINE + self._number)

    def flags(self):
        """The edges that fired since the last call."""
        seen, self._seen = self._seen, 0
        return host.pin_edges(self._number) | seen

    def trigger(self, edges=None):
        """The edges that fire; with an argument: set them."""
        before = self._edges
        if edges is not None:
            self._edges = edges
            host.pin_trigger(self._number, edges)
        return before

    def __call__(self):
        if self._handler:
            self._handler(self._pin)


def _make_pad(name):
    for prefix, first, base, count in (("V", 0, 0, _PINS), ("LED", 1, _PINS, 10)):
        digits = name[len(prefix) :]
        if name.startswith(prefix) and digits.isdigit() and 0 <= int(digits) - first < count:
            return PagePad(name, base + int(digits) - first)
    return machine_pin.WirePad(name)


machine_pin.make_pad = _make_pad
clock.use(HostClock())
