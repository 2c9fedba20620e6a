"""PortIn, PortOut, PortInOut: pins of one port of the processor, read and set at once."""

from driverport import PortRegister

from .context import refuse_isr
from .pins import Gone, claim, release


class _Port:
    """What ports have in common."""

    def __init__(self, port, mask, output, value):
        register = PortRegister(port)
        whole = (1 << len(register.keys)) - 1
        mask = whole if mask is None else mask
        if not isinstance(mask, int) or not 0 < mask <= whole:
            raise ValueError("port %s has bits 0x%x: give some of them as mask" % (port, whole))
        claim(self, *[key for n, key in enumerate(register.keys) if mask >> n & 1])
        self._name = port
        self._mask = mask
        self._register = register
        try:
            self._direct(output, value)
        except BaseException:
            release(self)
            raise

    def __repr__(self):
        kind = type(self).__name__
        if isinstance(self._register, Gone):
            return "<%s '%s' deinitialised>" % (kind, self._name)
        return "<%s '%s' mask 0x%x: 0x%x>" % (kind, self._name, self._mask, self.value())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def __call__(self):
        """The levels of the pins in the mask. Context: any."""
        return self._register.read() & self._mask

    def value(self):
        """The levels of the pins in the mask, all of the same moment. Context: any."""
        return self._register.read() & self._mask

    def mask(self):
        """The bits that are used."""
        return self._mask

    def deinit(self):
        """Give the pins back, as inputs where they can be. May be called twice."""
        register = self._register
        if isinstance(register, Gone):
            return
        refuse_isr()
        self._register = Gone("%s '%s'" % (type(self).__name__, self._name))
        release(self)
        register.write(self._mask, 0)
        try:
            register.direction(self._mask, False)
        except ValueError:
            pass  # outputs for ever, such as LEDs: they are off

    def _direct(self, output, value):
        if value is not None:
            self._register.write(self._mask, value)
        self._register.direction(self._mask, output)


class PortIn(_Port):
    """Inputs of one port: `PortIn("V", mask=0xF0)()`.

    port: "V", the virtual pins, or "LED" on mps2 and host; ports of the chip elsewhere. mask: the bits
    that are used; None: all of them. Other bits may belong to other drivers.
    Raises ValueError for a port or bits that are none, and for pins that cannot be inputs;
    OSError(EBUSY) names the driver that has a pin. Every call after deinit() raises OSError(ENODEV).
    Context of the constructor: thread or base level. Source: mbed's PortIn.
    """

    def __init__(self, port, mask=None):
        super().__init__(port, mask, False, None)


class _OutPort(_Port):
    def __call__(self, value=None):
        """The levels of the pins in the mask, or set them. Context: any."""
        return self.value(value)

    def value(self, value=None):
        """The levels of the pins in the mask, or set them, at once. Context: any."""
        if value is None:
            return self._register.read() & self._mask
        self._register.write(self._mask, value)


class PortOut(_OutPort):
    """Outputs of one port: `leds = PortOut("LED", mask=0x3)`, `leds(0b10)`.

    port, mask: as for PortIn. value: from the start. Bits outside the mask never change.
    Raises as PortIn. Context of the constructor: thread or base level. Source: mbed's PortOut.
    """

    def __init__(self, port, mask=None, value=0):
        super().__init__(port, mask, True, value)


class PortInOut(_OutPort):
    """Pins of one port that change their direction together: `port.direction(True)`.

    port, mask: as for PortIn. output: their direction at first. value: what they drive as outputs.
    Raises as PortIn. Context of the constructor: thread or base level. Source: mbed's PortInOut.
    """

    def __init__(self, port, mask=None, output=False, value=None):
        super().__init__(port, mask, output, value)

    def direction(self, output):
        """Make outputs (True) or inputs of all pins in the mask. Context: any."""
        self._direct(output, None)
