"""machine.SPI and SoftSPI over simulated buses, with MicroPython's methods."""

from . import board, clock
from .spi import reverse

_BAUDRATE = 1_000_000
_SOFT_BAUDRATE = 500_000
_KEEP = -1  # an argument that was not given


class _SPIBase:
    """What SPI and SoftSPI share. A subclass has _bus and the outputs _sck and _mosi."""

    MSB = 0
    LSB = 1

    def _configure(self, baudrate, polarity, phase, bits, firstbit):
        """Take what was given; the rest stays."""
        baudrate = self._baudrate if baudrate == _KEEP else baudrate
        polarity = self._polarity if polarity == _KEEP else polarity
        phase = self._phase if phase == _KEEP else phase
        bits = self._bits if bits == _KEEP else bits
        firstbit = self._firstbit if firstbit == _KEEP else firstbit
        if baudrate < 1:
            raise ValueError("baudrate must be positive")
        if polarity not in (0, 1) or phase not in (0, 1):
            raise ValueError("polarity and phase must be 0 or 1")
        if bits != 8:
            raise ValueError("bits must be 8")
        if firstbit not in (self.MSB, self.LSB):
            raise ValueError("firstbit must be SPI.MSB or SPI.LSB")
        self._baudrate = baudrate
        self._polarity = polarity
        self._phase = phase
        self._bits = bits
        self._firstbit = firstbit
        self._byte_us = max(8_000_000 // baudrate, 1)
        self._half_us = max(500_000 // baudrate, 1)
        self._sck(polarity)
        self._mosi(0)
        self._on = True

    def _defaults(self, baudrate):
        self._baudrate = baudrate
        self._polarity = self._phase = 0
        self._bits = 8
        self._firstbit = self.MSB

    def read(self, nbytes, write=0):
        """Read so many bytes while `write` goes out."""
        buf = bytearray(nbytes)
        self.readinto(buf, write)
        return bytes(buf)

    def readinto(self, buf, write=0):
        """Fill the buffer while `write` goes out."""
        self._begin()
        try:
            for i in range(len(buf)):
                buf[i] = self._exchange(write)
        finally:
            clock.release()

    def write(self, buf):
        """Write the buffer; what comes in is dropped."""
        if isinstance(buf, str):
            buf = buf.encode()
        self._begin()
        try:
            for byte in buf:
                self._exchange(byte)
        finally:
            clock.release()

    def write_readinto(self, write_buf, read_buf):
        """Write one buffer while the other, of the same length, is filled; may be the same."""
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        self._begin()
        try:
            for i in range(len(read_buf)):
                read_buf[i] = self._exchange(write_buf[i])
        finally:
            clock.release()

    def _begin(self):
        if not self._on:
            raise ValueError("SPI is off, call init() first")
        clock.hold()

    def _exchange(self, byte):
        bus = self._bus
        lsb_first = self._firstbit == self.LSB
        reply = bus.exchange(byte, self._polarity << 1 | self._phase, lsb_first)
        if not bus.observed:
            clock.spend(self._byte_us)
        else:
            sent, received = (reverse(byte), reverse(reply)) if lsb_first else (byte, reply)
            bus.show(
                sent, received, self._polarity, self._phase, self._sck, self._mosi, self._half
            )
        return reply

    def _half(self):
        clock.spend(self._half_us)


class SPI(_SPIBase):
    """A controller of the board, 8 bits.

    id: 0 to 4, default 4 as on board mps2.  baudrate in Hz.  sck, mosi, miso: accepted if they are
    the pins of that controller. SPI(id) alone leaves a controller that is in use as it is.
    """

    _made = {}

    def __init__(
        self,
        id=4,
        baudrate=_KEEP,
        *,
        polarity=_KEEP,
        phase=_KEEP,
        bits=_KEEP,
        firstbit=_KEEP,
        sck=None,
        mosi=None,
        miso=None,
    ):
        self._id = id
        self._bus = bus = board.spi(id)
        pins = (("sck", sck, bus.sck), ("mosi", mosi, bus.mosi), ("miso", miso, bus.miso))
        board.check_pins(f"SPI({id})", pins)
        self._sck = board.output(bus.sck, f"SPI({id})", False)
        self._mosi = board.output(bus.mosi, f"SPI({id})", False)
        before = SPI._made.get(id)
        given = any(value != _KEEP for value in (baudrate, polarity, phase, bits, firstbit))
        self._defaults(_BAUDRATE)
        if before is not None and before._on and before._bus is bus and not given:
            baudrate, polarity, phase = before._baudrate, before._polarity, before._phase
            firstbit = before._firstbit
        self._configure(baudrate, polarity, phase, bits, firstbit)
        SPI._made[id] = self

    def __repr__(self):
        if not self._on:
            return f"SPI({self._id}, off)"
        return (
            f"SPI({self._id}, baudrate={self._baudrate}, polarity={self._polarity}, "
            f"phase={self._phase}, bits=8, firstbit={('MSB', 'LSB')[self._firstbit]})"
        )

    def init(self, baudrate=_KEEP, *, polarity=_KEEP, phase=_KEEP, bits=_KEEP, firstbit=_KEEP):
        """Set up; what is not given stays as it is."""
        self._configure(baudrate, polarity, phase, bits, firstbit)

    def deinit(self):
        """Switch off; init() switches on again with the defaults."""
        self._on = False
        self._defaults(_BAUDRATE)
        self._sck.release()
        self._mosi.release()


class SoftSPI(_SPIBase):
    """SPI on pins: those of an SPI bus, for their device models hear only the bus's own."""

    def __init__(
        self,
        baudrate=_SOFT_BAUDRATE,
        *,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=_SPIBase.MSB,
        sck=None,
        mosi=None,
        miso=None,
    ):
        if sck is None or mosi is None or miso is None:
            raise ValueError("must specify all of sck/mosi/miso")
        self._bus = _bus_of(sck, mosi, miso)
        self._pins = sck, mosi, miso
        for pin in (sck, mosi):
            pin.init(pin.OUT)
        miso.init(miso.IN)
        self._sck, self._mosi = sck, mosi
        self._defaults(_SOFT_BAUDRATE)
        self._configure(baudrate, polarity, phase, bits, firstbit)

    def __repr__(self):
        sck, mosi, miso = self._pins
        return (
            f"SoftSPI(baudrate={self._baudrate}, polarity={self._polarity}, phase={self._phase}, "
            f"sck={sck}, mosi={mosi}, miso={miso})"
        )

    def init(self, baudrate=_KEEP, *, polarity=_KEEP, phase=_KEEP, bits=_KEEP, firstbit=_KEEP):
        """Set up; what is not given stays as it is."""
        self._configure(baudrate, polarity, phase, bits, firstbit)

    def deinit(self):
        """Nothing to do: the pins stay as they are."""


def _bus_of(sck, mosi, miso):
    bus = board.spi_of(getattr(sck, "wire", None))
    if bus is None:
        raise ValueError(f"{sck} is the clock of no SPI bus: use SPI4_SCK, for example")
    board.check_pins(f"the bus of {sck}", (("mosi", mosi, bus.mosi), ("miso", miso, bus.miso)))
    return bus
