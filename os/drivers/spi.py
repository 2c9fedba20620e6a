"""SPI: the controller of a bus, shared by threads and devices with a chip select each."""

from driverport import SPI as make_spi
from driverport import check_spi, find_spi
from micropython import const

from .context import refuse_isr
from .default import default_of
from .pins import Gone, claim, release
from .sharedbus import SharedBus
from .spiview import SPIView, check_filler

_BAUDRATE = const(1_000_000)
_MSB = const(0)
_LSB = const(1)
_WRITE_VALUE = const(0xFF)
_BITS_MIN = const(4)
_BITS_MAX = const(32)


class _Bus(SharedBus):
    """An SPI bus; `selected` is the view that has called select()."""

    def __init__(self, name, hardware):
        super().__init__(name, hardware)
        self.selected = None
        self._pins = []

    def select_pin(self, cs):
        """A chip select that can be called, not selected yet; cs as for SPI.device()."""
        if cs is None:
            return None
        if callable(cs):
            cs(1)
            return cs
        from .digital import DigitalOut

        pin = DigitalOut(cs, value=1)
        self._pins.append(pin)
        return pin

    def give_back(self, pin):
        """Let go of a chip select if it was made here."""
        if pin in self._pins:
            self._pins.remove(pin)
            pin.deinit()

    def end(self):
        """Let go of the hardware and of all chip selects that were made here."""
        if self.selected is not None:
            try:
                self.selected.deselect()
            except OSError:
                pass  # the chip select has gone before
        self.forget()
        hardware = self.hardware
        self.hardware = Gone(self.name)
        hardware.deinit()
        for pin in self._pins:
            pin.deinit()
        self._pins.clear()


def _check(baudrate, polarity, phase, bits, firstbit):
    if not isinstance(baudrate, int) or not 0 < baudrate < 1 << 30:
        raise ValueError("baudrate: Hz, at least 1, for instance 1_000_000")
    if polarity not in (0, 1) or phase not in (0, 1):
        raise ValueError("polarity and phase: 0 or 1")
    if not isinstance(bits, int) or not _BITS_MIN <= bits <= _BITS_MAX:
        raise ValueError("bits: 4 to 32 in a frame")
    if firstbit not in (_MSB, _LSB):
        raise ValueError("firstbit: SPI.MSB or SPI.LSB")
    check_spi(bits, firstbit)
    return baudrate, polarity, phase, bits, firstbit


class _Settings(SPIView):
    """A view whose settings can be changed."""

    def init(self, baudrate=None, *, polarity=None, phase=None, bits=None, firstbit=None):
        """Change settings, as machine.SPI.init(): what is not given stays. Not in an ISR."""
        refuse_isr()
        self._change(self._merged((baudrate, polarity, phase, bits, firstbit)))

    def _merged(self, given):
        """The settings, with what was given instead of the old ones."""
        merged = [old if given[i] is None else given[i] for i, old in enumerate(self._settings)]
        return _check(*merged)


class SPIDevice(_Settings):
    """An SPI bus as one device wants it; SPI.device() makes it. Goes wherever a bus goes."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def __repr__(self):
        name = self._bus.name
        if not self.is_connected():
            return "<SPIDevice of %s deinitialised>" % name
        return "<SPIDevice of %s, cs %r, %d Hz>" % (name, self._cs, self._settings[0])

    def deinit(self):
        """Give the chip select back if device() made it; the bus goes on. May be called twice.

        Context: thread or base level.
        """
        name = self._bus.name
        if self.is_connected():
            refuse_isr()
            try:
                self.deselect()
            except OSError:
                pass  # the chip select has gone before
            self._leave_bus(_Bus(name, Gone("SPIDevice of " + name)))


class SPI(_Settings):
    """An SPI bus as its controller: `spi = SPI(baudrate=8_000_000)`, then as machine.SPI.

    bus: its number, None = the board's default. sck, mosi, miso: pins instead of the number.
    baudrate: Hz, an upper limit. bits: 4 to 32, of these what the port can do. firstbit: SPI.MSB, LSB.
    ssel: chip select, a pin's name or an object that is called with a level; None: the caller's matter.
    write_value: what is sent where there is nothing to send.
    A second SPI on the same pins takes over from the first. Raises ValueError for a bus that does not
    exist, OSError(EBUSY) if another kind of driver has the pins, OSError(EOPNOTSUPP) for what the
    port lacks. After deinit() every use raises OSError(ENODEV).
    Context of the constructor: thread or base level. Source: mbed's SPI, machine.SPI.
    """

    def __init__(
        self,
        bus=None,
        *,
        baudrate=_BAUDRATE,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=_MSB,
        sck=None,
        mosi=None,
        miso=None,
        ssel=None,
        write_value=_WRITE_VALUE,
    ):
        settings = _check(baudrate, polarity, phase, bits, firstbit)
        check_filler(write_value)
        self._bus = None
        number, pins = find_spi(bus, sck, mosi, miso)
        name = "SPI(%d)" % number
        claim(self, *pins, unit=name)
        try:
            bus = _Bus(name, make_spi(number, *settings))
            try:
                cs = bus.select_pin(ssel)
            except BaseException:
                bus.end()
                raise
        except BaseException:
            release(self)
            raise
        super().__init__(bus, settings, cs, write_value)
        self._mark()

    @classmethod
    def default(cls):
        """The board's default bus: the same object for all who ask. A new one after deinit()."""
        return default_of(cls)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def __repr__(self):
        state = "%d Hz" % self._settings[0] if self.is_connected() else "deinitialised"
        return "<%s %s>" % (self._bus.name, state)

    def device(
        self,
        cs,
        *,
        baudrate=None,
        polarity=None,
        phase=None,
        bits=None,
        firstbit=None,
        write_value=None,
    ):
        """The bus with settings of its own, for one device; they are set when another used the bus.

        cs: its chip select, a pin's name or an object that is called with a level, low when it is
        selected; None: the caller's matter. Others: None = as the bus has them now.
        Context: thread or base level.
        """
        refuse_isr()
        self._bus.hardware.init  # noqa: B018 - ENODEV after deinit()
        settings = self._merged((baudrate, polarity, phase, bits, firstbit))
        check_filler(write_value)
        return SPIDevice(
            self._bus,
            settings,
            self._bus.select_pin(cs),
            self.write_value() if write_value is None else write_value,
        )

    def deinit(self):
        """Give the pins back, and the chip selects that this and device() made. May be called twice.

        Its devices raise OSError(ENODEV) from then on. Context: thread or base level.
        """
        bus = self._bus
        if bus is not None and not bus.gone():
            refuse_isr()
            bus.end()
            release(self)
