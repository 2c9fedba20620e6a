"""Digital inputs and outputs: one pin, one level."""

from machine import Pin

try:
    from ._fastpin import value
except ImportError:
    from ._plainpin import value
from .context import refuse_isr
from .pins import Gone, check_pull, claim, lend_constants, open_pin, release, reset


class _Digital:
    """What inputs and outputs have in common.

    A driver goes wherever Python code wants a machine.Pin, whose constants and methods it has. Code
    in C, such as machine.Signal, takes `pin`, the machine.Pin behind it.
    """

    #: What it has of the machine.Pin besides its own.
    _lent = ("irq", "mode", "pull", "drive")

    def __init__(self, pin, mode, pull, value):
        check_pull(pull)
        (self.key,) = claim(self, pin)
        try:
            self.pin = pin = open_pin(pin, self.key)
            self._mode = mode
            self._pull = pull
            if value is None:
                pin.init(mode, pull)
            else:
                pin.init(mode, pull, value=value)
        except BaseException:
            release(self)
            raise

    def __repr__(self):
        gone = isinstance(self.pin, Gone)
        state = "deinitialised" if gone else self.pin()
        return "<%s '%s' %s>" % (type(self).__name__, self.key, state)

    def __getattr__(self, name):
        if name in self._lent:
            pin = self.pin
            # A Gone raises when it is called, not when dir() asks what there is.
            return pin.use if isinstance(pin, Gone) else getattr(pin, name)
        raise AttributeError("%s has no %s" % (type(self).__name__, name))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def __call__(self):
        """The level, 0 or 1. Context: any."""
        return self.pin()

    def value(self):
        """The level, 0 or 1. Context: any."""
        return self.pin()

    def init(self, mode=-1, pull=None, **options):
        """Set the pin up afresh, as machine.Pin.init(); for drivers that do so. Context: any.

        mode -1: that and the pull stay as this object has set them last.
        """
        if mode == -1:  # nRF's Pin.init() takes no such mode
            mode = self._mode
            if pull is None:
                pull = self._pull
        self.pin.init(mode, pull, **options)
        self._mode = mode
        self._pull = pull

    def is_connected(self):
        """Whether there is a pin to use; False after deinit()."""
        return not isinstance(self.pin, Gone)

    def deinit(self):
        """Give the pin back, as an input without a pull where it can be one. May be called twice."""
        pin = self.pin
        if isinstance(pin, Gone):
            return
        refuse_isr()
        self.pin = Gone("%s '%s'" % (type(self).__name__, self.key))
        release(self)
        reset(pin)


lend_constants(_Digital)


class DigitalIn(_Digital):
    """An input: `button = DigitalIn("BUTTON1")`, `button()` is its level.

    pin: a name that is the same on all boards ("LED1", "BUTTON1", "D3", ...), one of the processor's,
    or a machine.Pin. pull: DigitalIn.PULL_UP, PULL_DOWN, None.
    Raises ValueError for a pin that is none, with the closest names; OSError(EBUSY) names the driver
    that has it. Every call after deinit() raises OSError(ENODEV).
    Context of the constructor: thread or base level. Source: mbed's DigitalIn.
    """

    def __init__(self, pin, pull=None):
        super().__init__(pin, Pin.IN, pull, None)


class _Output(_Digital):
    _lent = ("irq", "mode", "pull", "drive", "high", "low")
    #: Where the processor runs native code, no thread comes in between while a level is set.
    undivided = True

    value = value

    def on(self):
        """Set it to 1. Context: any."""
        self.pin(1)

    def off(self):
        """Set it to 0. Context: any."""
        self.pin(0)

    def toggle(self):
        """Set it to the other level. Context: any."""
        pin = self.pin
        pin(not pin())


class DigitalOut(_Output):
    """An output: `led = DigitalOut("LED1")`, `led(1)`, `led()`, `led.on()`, `.off()`, `.toggle()`.

    pin: as for DigitalIn. value: the level from the start; it is set before the pin drives.
    Raises as DigitalIn. Context of the constructor: thread or base level. Source: mbed's DigitalOut.
    """

    __call__ = value  # in this class itself, where it is found soonest

    def __init__(self, pin, value=0):
        super().__init__(pin, Pin.OUT, None, value)


class DigitalInOut(_Output):
    """A pin that changes its direction: `data.init(data.OUT, value=1)`, `data.init(data.IN)`.

    pin: as for DigitalIn. mode: DigitalInOut.IN at first, OUT, or OPEN_DRAIN where the board has it.
    pull: as for DigitalIn. value: the level that it drives as an output.
    Raises as DigitalIn. Context of the constructor: thread or base level. Source: mbed's
    DigitalInOut.
    """

    __call__ = value

    def __init__(self, pin, mode=Pin.IN, pull=None, value=None):
        super().__init__(pin, mode, pull, value)
