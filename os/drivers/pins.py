"""Which driver has which pin: one at a time, and who tries for a second gets its name."""

from errno import ENODEV

from driverport import make_pin, resolve
from machine import Pin
from micropython import const

from .context import refuse_isr

_EBUSY = const(16)  # MicroPython's errno has no name for it

_owners = {}  # key -> driver


def key_of(pin):
    """The key of a pin: a name, a number, a machine.Pin, or a driver of one pin. Raises ValueError."""
    if hasattr(pin, "key"):
        return pin.key
    return resolve(pin)


def open_pin(pin, key):
    """What drives a pin: its machine.Pin; one behind a chip, which says `remote`, is that itself."""
    return pin if getattr(pin, "remote", False) else make_pin(key)


def claim(driver, *pins, unit=None):
    """Take pins for a driver, and the peripheral called `unit`, all of them or none. Returns the keys
    of the pins.

    A driver of the same class that has one of them is deinitialised: at the prompt the same line is
    typed more than once. Raises ValueError for a pin that is none, OSError(EBUSY) that names the
    driver of another class. Context: thread or base level.
    """
    keys = [key_of(pin) for pin in pins]
    if len(set(keys)) < len(keys):
        raise ValueError("the same pin twice: %s" % ", ".join([str(key) for key in keys]))
    wanted = keys if unit is None else [unit] + keys
    try:
        for key in wanted:
            # setdefault() is one step, which no thread of higher priority divides.
            while (owner := _owners.setdefault(key, driver)) is not driver:
                if type(owner) is not type(driver):
                    what = key if key is unit else "pin %s" % key
                    raise OSError(_EBUSY, "%s is in use by %r" % (what, owner))
                owner.deinit()
                release(owner)
    except BaseException:  # a full heap, too: nothing is allocated here
        for key in wanted:
            if _owners.get(key) is driver:
                del _owners[key]
        raise
    return keys


def release(driver):
    """Give the pins of a driver back; it may have none. Context: thread or base level.

    RuntimeError in an interrupt handler.
    """
    refuse_isr()
    for key in [key for key, owner in _owners.items() if owner is driver]:
        del _owners[key]


def owner(pin):
    """The driver that has a pin, or None."""
    return _owners.get(key_of(pin))


def gone_text(name):
    """What the use of a driver that was deinitialised says. Made beforehand: handlers have no heap."""
    return "%s has been deinitialised: make a new one" % name


class Gone:
    """In the place of the hardware of a driver that has been deinitialised: every use raises."""

    def __init__(self, name):
        self._text = gone_text(name)

    def __call__(self, one=None, two=None, three=None):  # *args would allocate
        self._raise()

    def use(self, *args, **options):
        """In the place of any method."""
        self._raise()

    def __getattr__(self, name):
        self._raise()

    def __iter__(self):
        self._raise()

    def __getitem__(self, index):
        self._raise()

    def _raise(self):
        raise OSError(ENODEV, self._text)


def reset(pin):
    """Put a machine.Pin in the state after a reset: an input, or an LED that is off."""
    try:
        pin.init(Pin.IN, None)
    except ValueError:  # it cannot be an input
        pin(0)


def check_pull(pull):
    """ValueError unless it is a pull of machine.Pin, None, or -1 for what the pin has."""
    if pull is None or pull == -1:
        return
    if not isinstance(pull, int) or pull not in (
        getattr(Pin, "PULL_UP", -1),
        getattr(Pin, "PULL_DOWN", -1),
    ):
        raise ValueError("pull: PULL_UP, PULL_DOWN or None, not %r" % (pull,))


def lend_constants(kind):
    """Give a class the constants of machine.Pin: drivers that are handed a pin take them from it."""
    for name in ("IN", "OUT", "OPEN_DRAIN", "PULL_UP", "PULL_DOWN", "IRQ_RISING", "IRQ_FALLING"):
        if hasattr(Pin, name):
            setattr(kind, name, getattr(Pin, name))
