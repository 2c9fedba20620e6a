"""SPI: the controller of a bus, shared by threads and devices with a chip select each."""

from driverport import SPI as make_spi
from driverport import find_spi
from micropython import const
from rtos.core import yield_

try:
    from ._fastfill import copy, fill
except ImportError:
    from ._plainfill import copy, fill
from .pins import Gone, claim, release
from .sharedbus import SharedBus

# MicroPython's errno has no names for these.
_EBUSY = const(16)
_ECANCELED = const(125)
_BAUDRATE = const(1_000_000)
_MSB = const(0)
_LSB = const(1)
_FILLER = const(0xFF)
_BITS_MIN = const(4)
_BITS_MAX = const(32)
_PIECE = const(64)  # bytes of an awaited transfer between two places where others may run

_defaults = {}


class _View:
    """The bus with settings and a chip select of its own. All methods of machine.SPI.

    A transfer selects the chip for its time, unless select() did before. What is sent where there is
    nothing to send is `write_value`.
    Context of the methods: thread, base level and callbacks; in an interrupt handler OSError(EBUSY) if
    that came in the middle of a transfer. OSError(EBUSY) too if another thread keeps the bus
    (`async with`), or another device is selected. With more than 8 bits a frame is a little-endian
    word of 2 bytes (of 4 with more than 16) in the buffers.
    """

    MSB = _MSB
    LSB = _LSB

    def __init__(self, bus, settings, cs, write_value):
        self._bus = bus
        self._settings = settings  # (baudrate, polarity, phase, bits, firstbit)
        self._cs = cs
        self.write_value = write_value
        self._scratch = bytearray(0)
        self._abort = False

    # ---- Who may, and with which settings

    def _enter(self):
        bus = self._bus
        bus.enter()
        try:
            hardware = bus.hardware
            selected = bus.selected
            if selected is not None and selected is not self:
                raise OSError(_EBUSY, "%r is selected: deselect() it first" % selected)
            if bus.user is not self:
                baudrate, polarity, phase, bits, firstbit = self._settings
                bus.user = None
                hardware.init(
                    baudrate, polarity=polarity, phase=phase, bits=bits, firstbit=firstbit
                )
                bus.user = self
            if selected is None and self._cs is not None:
                self._cs(0)
            return hardware
        except BaseException:
            bus.leave()
            raise

    def _leave(self):
        bus = self._bus
        if bus.selected is None and self._cs is not None:
            self._cs(1)
        bus.leave()

    def select(self):
        """Select the chip until deselect(), over several transfers. OSError(EBUSY) as transfers."""
        self._enter()
        self._bus.selected = self
        self._bus.leave()

    def deselect(self):
        """The end of select(). Context: any; it may be called without a select()."""
        bus = self._bus
        if bus.selected is self:
            bus.selected = None
            if self._cs is not None:
                self._cs(1)

    # ---- machine.SPI

    def write(self, buf):
        """Send buf; what comes in is dropped."""
        hardware = self._enter()
        try:
            hardware.write(buf)
        finally:
            self._leave()

    def read(self, nbytes, write=None):
        """Receive nbytes, as bytes, while `write` goes out again and again."""
        hardware = self._enter()
        try:
            return hardware.read(nbytes, self.write_value if write is None else write)
        finally:
            self._leave()

    def readinto(self, buf, write=None):
        """Fill buf while `write` goes out again and again."""
        hardware = self._enter()
        try:
            hardware.readinto(buf, self.write_value if write is None else write)
        finally:
            self._leave()

    def write_readinto(self, write_buf, read_buf):
        """Send one buffer while the other is filled; they may be the same one.

        As long as the longer one: `write_value` is sent when there is no more to send, and what has
        no room is dropped.
        """
        sent = len(write_buf)
        received = len(read_buf)
        hardware = self._enter()
        try:
            if sent == received:
                hardware.write_readinto(write_buf, read_buf)
            elif sent < received:
                copy(read_buf, write_buf, sent)
                fill(read_buf, sent, self.write_value)
                hardware.write_readinto(read_buf, read_buf)
            else:
                if len(self._scratch) != sent:
                    self._scratch = bytearray(sent)
                hardware.write_readinto(write_buf, self._scratch)
                copy(read_buf, self._scratch, received)
        finally:
            self._leave()

    # ---- Several transfers, and awaited ones

    def acquire(self, timeout_ms=None):
        """Keep the bus: calls of other threads raise OSError(EBUSY) until release(). Awaitable.

        Raises OSError(ETIMEDOUT). `async with spi:` does both. Context: thread.
        """
        return self._bus.mutex.acquire(timeout_ms)

    def release(self):
        """Let others use the bus. Raises RuntimeError unless this thread keeps it."""
        self._bus.mutex.release()

    def __aenter__(self):
        return self._bus.mutex.acquire()

    def __aexit__(self, kind, error, trace):
        return self._bus.mutex.__aexit__(kind, error, trace)

    async def transfer(self, tx=None, rx=None, *, timeout_ms=None):
        """Send tx while rx is filled; either may be None, and their lengths differ at will.

        The bus is kept and the chip selected meanwhile; equals of this thread run every 64 bytes.
        timeout_ms: for the bus to become free. Raises OSError(ETIMEDOUT), OSError(ECANCELED) after
        abort(). Allocates a coroutine and views of the buffers. Context: thread.
        """
        await self.acquire(timeout_ms)
        selected = self._bus.selected is self
        try:
            self._abort = False
            if not selected:
                self.select()
            await self._pieces(tx or b"", rx or b"")
        finally:
            if not selected:
                self.deselect()
            self.release()

    async def _pieces(self, tx, rx):
        send = memoryview(tx)
        receive = memoryview(rx)
        for first in range(0, max(len(tx), len(rx)), _PIECE):
            if self._abort:
                raise OSError(_ECANCELED, "the transfer was aborted after %d bytes" % first)
            out = send[first : first + _PIECE]
            into = receive[first : first + _PIECE]
            if not len(into):
                self.write(out)
            elif not len(out):
                self.readinto(into)
            else:
                self.write_readinto(out, into)
            await yield_()

    def abort(self):
        """End a transfer() of this object after the piece that is under way. Context: any."""
        self._abort = True


class _Bus(SharedBus):
    """An SPI bus; `selected` is the view that has called select()."""

    def __init__(self, name, hardware):
        super().__init__(name, hardware)
        self.selected = None


def _check(baudrate, polarity, phase, bits, firstbit):
    if not isinstance(baudrate, int) or baudrate < 1:
        raise ValueError("baudrate: Hz, at least 1, for instance 1_000_000")
    if polarity not in (0, 1) or phase not in (0, 1):
        raise ValueError("polarity and phase: 0 or 1")
    if not _BITS_MIN <= bits <= _BITS_MAX:
        raise ValueError("bits: 4 to 32 in a frame")
    if firstbit not in (_MSB, _LSB):
        raise ValueError("firstbit: SPI.MSB or SPI.LSB")
    return baudrate, polarity, phase, bits, firstbit


def _select_pin(cs):
    """A chip select that can be called, not selected yet."""
    if cs is None:
        return None
    if not callable(cs):
        from .digital import DigitalOut

        return DigitalOut(cs, value=1)
    cs(1)
    return cs


class SPIDevice(_View):
    """An SPI bus as one device wants it; SPI.device() makes it. Goes wherever a bus goes."""

    def __repr__(self):
        return "<SPIDevice of %s, cs %r, %d Hz>" % (self._bus.name, self._cs, self._settings[0])


class SPI(_View):
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
        write_value=_FILLER,
    ):
        settings = _check(baudrate, polarity, phase, bits, firstbit)
        self._bus = None
        number, pins = find_spi(bus, sck, mosi, miso)
        claim(self, *pins)
        try:
            hardware = make_spi(number, *settings)
            cs = _select_pin(ssel)
        except BaseException:
            release(self)
            raise
        super().__init__(_Bus("SPI(%d)" % number, hardware), settings, cs, write_value)
        self._bus.user = self

    @classmethod
    def default(cls):
        """The board's default bus: the same object for all who ask. A new one after deinit()."""
        made = _defaults.get(cls)
        if made is None or isinstance(made._bus.hardware, Gone):
            made = _defaults[cls] = cls()
        return made

    def __repr__(self):
        gone = isinstance(self._bus.hardware, Gone)
        state = "deinitialised" if gone else "%d Hz" % self._settings[0]
        return "<%s %s>" % (self._bus.name, state)

    def init(self, baudrate=None, *, polarity=None, phase=None, bits=None, firstbit=None):
        """Change settings, as machine.SPI.init(): what is not given stays. Not in an ISR."""
        self._settings = self._merged((baudrate, polarity, phase, bits, firstbit))
        self._bus.user = None

    def _merged(self, given):
        """The settings, with what was given instead of the old ones."""
        merged = [old if given[i] is None else given[i] for i, old in enumerate(self._settings)]
        return _check(*merged)

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
        """
        settings = self._merged((baudrate, polarity, phase, bits, firstbit))
        return SPIDevice(
            self._bus,
            settings,
            _select_pin(cs),
            self.write_value if write_value is None else write_value,
        )

    def deinit(self):
        """Give the pins back, the chip select too if this made it. May be called twice. Not in an ISR."""
        bus = self._bus
        if bus is None or isinstance(bus.hardware, Gone):
            return
        self.deselect()
        hardware = bus.hardware
        bus.hardware = Gone(bus.name)
        bus.user = None
        hardware.deinit()
        if hasattr(self._cs, "deinit"):
            self._cs.deinit()
        release(self)
