"""machine.Pin and Signal over wires."""

from . import board, clock

try:
    from machine import PinBase  # what C code that takes pins knows
except ImportError:
    PinBase = object

IN, OUT, OPEN_DRAIN = range(3)
_PULL_UP = 1
_PULL_DOWN = 2
_RISING = 1
_FALLING = 2
_BOTH = 3
_VIRTUAL_PINS = 16
_ASKS = object()  # irq() without arguments


class WirePad:
    """The board's side of a wire: mode, output latch, interrupt. All Pins of a name share it."""

    def __init__(self, name):
        self.wire = board.wire(name)
        self.name = self.wire.name
        self.irq = None
        self._driver = board.output(self.wire, "pin", False)
        self._latch = 0
        self.mode = IN

    def configure(self, mode, pull, value):
        if value is not None:
            self._latch = 1 if value else 0
        if mode == IN and self.name.startswith("LED"):
            raise ValueError("an LED is an output")
        # The tools drive the virtual pins: a pull has no effect there.
        if pull != -1 and not self.name.startswith("V"):
            if pull not in (None, _PULL_UP, _PULL_DOWN):
                raise ValueError("pull: use Pin.PULL_UP, Pin.PULL_DOWN or None")
            self.wire.pull({None: None, _PULL_UP: 1, _PULL_DOWN: 0}[pull])
        if mode != -1:
            self.mode = mode
        self._drive()

    def read(self):
        return self.wire()

    def write(self, level):
        self._latch = 1 if level else 0
        self._drive()

    def toggle(self):
        self.write(not self._latch)

    def _drive(self):
        level = self._latch
        self._driver.set(None if self.mode == IN or self.mode == OPEN_DRAIN and level else level)

    def make_irq(self, pin):
        return _PinIrq(self.wire, pin)


class _PinIrq:
    """What irq() returns: flags(), trigger(), and a call that runs the handler now."""

    def __init__(self, wire, pin):
        self._wire = wire
        self._edges = 0
        self._seen = 0
        self.interrupt = clock.Interrupt(pin)

    def set(self, pin, handler, trigger, hard):
        self.trigger(0)
        self._seen = 0
        self.interrupt.argument = pin
        self.interrupt.set(handler, hard)
        self.trigger(trigger if handler is not None else 0)

    def flags(self):
        """The edges that fired since the last call."""
        seen, self._seen = self._seen, 0
        return seen

    def trigger(self, edges=None):
        """The edges that fire; with an argument: set them."""
        before = self._edges
        if edges is not None:
            if edges & ~_BOTH:
                raise ValueError("trigger: use Pin.IRQ_RISING, Pin.IRQ_FALLING or both")
            if bool(edges) != bool(before):
                if edges:
                    self._wire.watch(self._changed, observer=False)
                else:
                    self._wire.unwatch(self._changed, observer=False)
            self._edges = edges
        return before

    def _changed(self, wire):
        edge = _RISING if wire() else _FALLING
        if edge & self._edges:
            self._seen |= edge
            self.interrupt.fire()

    def __call__(self):
        if self.interrupt.handler is not None:
            self.interrupt.handler(self.interrupt.argument)


#: name -> pad, as far as they were used; cleared by reset().
_pads = {}

#: Makes the pad of a name; board host has its own for those that are in the host page, too.
make_pad = WirePad


def reset():
    """Forget all pads; for tests, with board.reset()."""
    _pads.clear()


def _find(name):
    if isinstance(name, Pin):
        return name._pad
    if isinstance(name, int) and 0 <= name < _VIRTUAL_PINS:
        name = f"V{name}"
    if not isinstance(name, str):
        name = repr(name)  # no pin is called so: the error lists what there is
    name = board.ALIASES.get(name, name)
    if name not in _pads:
        _pads[name] = make_pad(name)
    return _pads[name]


class Pin(PinBase):
    """A pin of the board.

    id: "LED1" .. "LED10", "BUTTON1" and "BUTTON2" (V0, V1), "V0" .. "V15" or 0 .. 15 or "D0" ..
    "D15", "A0" .. "A5", or a line of a bus, such as "I2C_SCL" or "SPI0_MOSI"; another Pin.
    """

    IN = IN
    OUT = OUT
    OPEN_DRAIN = OPEN_DRAIN
    PULL_UP = _PULL_UP
    PULL_DOWN = _PULL_DOWN
    IRQ_RISING = _RISING
    IRQ_FALLING = _FALLING

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self._pad = _find(id)
        self.init(mode, pull, value=value)

    def __repr__(self):
        name = self._pad.name
        if name.startswith("LED"):
            return f"<Pin {name}>"
        return f"<Pin {name} {('in', 'out', 'open drain')[self._pad.mode]}>"

    def name(self):
        """Under which Pin() finds it: "V3", "LED1", "I2C3_SCL"."""
        return self._pad.name

    @property
    def wire(self):
        """The sim.wires.Wire that it is on."""
        return self._pad.wire

    def init(self, mode=-1, pull=-1, *, value=None):
        """Set mode, pull and level; what is not given stays."""
        if mode not in (-1, IN, OUT, OPEN_DRAIN):
            raise ValueError("mode: use Pin.IN, Pin.OUT or Pin.OPEN_DRAIN")
        self._pad.configure(mode, pull, value)

    def value(self, level=None):
        """Level of the pin, or set it."""
        if level is None:
            return self._pad.read()
        self._pad.write(level)

    def __call__(self, level=None):
        if level is None:
            return self._pad.read()
        self._pad.write(level)

    def on(self):
        self._pad.write(1)

    high = on

    def off(self):
        self._pad.write(0)

    low = off

    def toggle(self):
        self._pad.toggle()

    def mode(self):
        """Pin.IN, Pin.OUT or Pin.OPEN_DRAIN."""
        return self._pad.mode

    def irq(self, handler=_ASKS, trigger=_ASKS, *, hard=_ASKS):
        """Call handler(pin) at each edge of the trigger; hard: in the interrupt handler.

        Without arguments all stays as it is; what is not given is None, both edges, False.
        Returns an object with flags(), trigger() and a call that runs the handler now.
        """
        pad = self._pad
        if pad.irq is None:
            pad.irq = pad.make_irq(self)
        if handler is not _ASKS or trigger is not _ASKS or hard is not _ASKS:
            handler = None if handler is _ASKS else handler
            trigger = _BOTH if trigger is _ASKS else trigger
            pad.irq.set(self, handler, trigger, hard is not _ASKS and hard)
        return pad.irq


class Signal:
    """A pin that may be inverted; for CPython, MicroPython has its own."""

    def __init__(self, pin, *arguments, invert=False, **settings):
        self._pin = pin if hasattr(pin, "value") else Pin(pin, *arguments, **settings)
        self._invert = bool(invert)

    def value(self, level=None):
        if level is None:
            return self._pin.value() ^ self._invert
        self._pin.value(bool(level) ^ self._invert)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)
