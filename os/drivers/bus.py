"""BusIn, BusOut, BusInOut: up to 16 pins, wherever they are, as one number."""

from machine import Pin
from micropython import const

from .context import refuse_isr
from .pins import Gone, check_pull, claim, lend_constants, open_pin, release, reset

_PINS_MAX = const(16)


def _unconnected(level=0):
    return 0


class _Bus:
    """What buses have in common. bus[n] is the machine.Pin of bit n, len(bus) their number."""

    def __init__(self, pins, mode, pull, value):
        if not 0 < len(pins) <= _PINS_MAX:
            raise ValueError("a bus has 1 to 16 pins, the one for bit 0 first")
        check_pull(pull)
        keys = claim(self, *[pin for pin in pins if pin is not None])
        self._keys = []
        self._pins = []
        try:
            for pin in pins:
                self._keys.append(None if pin is None else keys.pop(0))
                self._pins.append(_unconnected if pin is None else open_pin(pin, self._keys[-1]))
            self.init(mode, pull, value)
        except BaseException:
            self.deinit()
            raise

    def __repr__(self):
        if isinstance(self._pins, Gone):
            return "<%s deinitialised>" % type(self).__name__
        pins = " ".join(key or "-" for key in self._keys)
        return "<%s %s: 0x%x>" % (type(self).__name__, pins, self.value())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def __len__(self):
        return len(self._keys)

    def __getitem__(self, n):
        return self._pins[n]

    def __call__(self):
        """The levels as a number, bit 0 that of the first pin. Context: any."""
        return self.value()

    def value(self):
        """The levels as a number, bit 0 that of the first pin. Context: any."""
        levels = 0
        bit = 1
        for pin in self._pins:
            if pin():
                levels |= bit
            bit <<= 1
        return levels

    def mask(self):
        """The bits that have a pin."""
        mask = 0
        for n, key in enumerate(self._keys):
            if key is not None:
                mask |= 1 << n
        return mask

    def init(self, mode=-1, pull=None, value=None):
        """Set all pins up afresh; a value is set before they drive. Context: any."""
        bit = 1
        for pin in self._pins:
            if pin is not _unconnected:
                if value is None:
                    pin.init(mode, pull)
                else:
                    pin.init(mode, pull, value=1 if value & bit else 0)
            bit <<= 1

    def deinit(self):
        """Give the pins back, as inputs where they can be. May be called twice."""
        pins = self._pins
        if isinstance(pins, Gone):
            return
        refuse_isr()
        self._pins = Gone(type(self).__name__)
        release(self)
        for pin in pins:
            if pin is not _unconnected:
                reset(pin)


lend_constants(_Bus)


class BusIn(_Bus):
    """Inputs as one number: `BusIn("D0", "D1", "D2", "D3")()` is 0 to 15.

    pins: 1 to 16, as for DigitalIn, for bit 0 first; None: that bit is 0. pull: for all of them.
    Raises ValueError for a pin that is none or comes twice; OSError(EBUSY) names the driver that has
    one. Every call after deinit() raises OSError(ENODEV).
    Context of the constructor: thread or base level. Source: mbed's BusIn.
    """

    def __init__(self, *pins, pull=None):
        super().__init__(pins, Pin.IN, pull, None)


class _OutBus(_Bus):
    def __call__(self, value=None):
        """The levels, or set them. Context: any."""
        return self.value(value)

    def value(self, value=None):
        """The levels as a number, or set them, one after the other from bit 0 on. Context: any."""
        if value is None:
            return super().value()
        bit = 1
        for pin in self._pins:
            pin(1 if value & bit else 0)
            bit <<= 1


class BusOut(_OutBus):
    """Outputs as one number: `BusOut("LED1", "LED2", "LED3", value=5)`.

    pins: as for BusIn; what is set for a None is ignored. value: from the start.
    Raises as BusIn. Context of the constructor: thread or base level. Source: mbed's BusOut.
    """

    def __init__(self, *pins, value=0):
        super().__init__(pins, Pin.OUT, None, value)


class BusInOut(_OutBus):
    """Pins that change their direction together: `bus.init(bus.OUT, value=3)`, `bus.init(bus.IN)`.

    pins: as for BusIn. mode, pull, value: as for DigitalInOut.
    Raises as BusIn. Context of the constructor: thread or base level. Source: mbed's BusInOut.
    """

    def __init__(self, *pins, mode=Pin.IN, pull=None, value=None):
        super().__init__(pins, mode, pull, value)
