"""SPI of an nRF52: machine.SPI, and pins bit by bit for numbers that the hardware has not."""

from errno import EOPNOTSUPP

import machine
from board import BUSES, NAME, chip
from bustable import BusTable
from micropython import const
from uctypes import addressof

from . import make_pin
from .shared import give_back, take

__all__ = ("SPI", "SPI_DIRECT", "check_spi", "find_spi")

#: Bytes that are in flash are copied first.
SPI_DIRECT = False

_TABLE = BusTable("SPI", *BUSES["SPI"], ("SCK", "MOSI", "MISO"), free=True)
_UNITS = const(3)
#: What the hardware has; machine.SPI would take the next faster one.
_RATES = (32_000_000, 16_000_000, 8_000_000, 4_000_000, 2_000_000, 1_000_000, 500_000, 250_000)
_SLOWEST = const(125_000)
_RAM = const(0x20000000)
_PIECE = const(256)  # of what is in flash, where constants of frozen modules are

_pins = {}  # number -> keys, since find_spi() comes before SPI()


def find_spi(bus, sck, mosi, miso):
    """(number, keys of its pins): any pins will do. Raises ValueError."""
    number, keys = _TABLE.find(bus, sck, mosi, miso)
    _pins[number] = keys
    return number, keys


def check_spi(bits, firstbit):
    """OSError(EOPNOTSUPP) for frames that this board cannot have."""
    if bits != 8:
        raise OSError(EOPNOTSUPP, "%s has no SPI with other than 8 bits" % NAME)


def SPI(number, baudrate, polarity, phase, bits, firstbit):
    """What has the methods of a machine.SPI: that of the number, or pins from number 3 on.

    OSError(EOPNOTSUPP) for frames of other than 8 bits.
    """
    check_spi(bits, firstbit)
    pins = [make_pin(key) for key in _pins[number]]
    if number >= _UNITS:
        from .softspi import SoftSPI

        return SoftSPI(*pins, baudrate, polarity, phase, firstbit)
    return _Unit(number, pins, baudrate, polarity, phase, firstbit)


class _Unit:
    """A machine.SPI. Its EasyDMA reads no flash, and the port would send nothing; what is longer than MAXCNT
    it would cut off. So these go in pieces.
    """

    def __init__(self, number, pins, baudrate, polarity, phase, firstbit):
        take("SPI", number)
        self._number = number
        sck, mosi, miso = pins
        try:
            self._spi = spi = machine.SPI(
                number,
                baudrate=_rate(baudrate),
                polarity=polarity,
                phase=phase,
                firstbit=firstbit,
                sck=sck,
                mosi=mosi,
                miso=miso,
            )
        except BaseException:
            give_back(number)
            raise
        if not chip.DMA:
            self.read = spi.read
            self.readinto = spi.readinto
            self.write = spi.write
            self.write_readinto = spi.write_readinto

    def init(self, baudrate, *, polarity, phase, bits, firstbit):
        """Set it up afresh."""
        if bits != 8:
            raise OSError(EOPNOTSUPP, "%s has no SPI with other than 8 bits" % NAME)
        self._spi.init(baudrate=_rate(baudrate), polarity=polarity, phase=phase, firstbit=firstbit)

    def read(self, nbytes, write=0):
        """As machine.SPI.read()."""
        buf = bytearray(nbytes)
        self.readinto(buf, write)
        return bytes(buf)

    def readinto(self, buf, write=0):
        """As machine.SPI.readinto()."""
        n = len(buf)
        step = chip.EASYDMA_MAX
        if n <= step:
            self._spi.readinto(buf, write)
            return
        view = memoryview(buf)
        for at in range(0, n, step):
            self._spi.readinto(view[at : at + step], write)

    def write(self, buf):
        """As machine.SPI.write()."""
        step = self._step(buf)
        if not step:
            self._spi.write(buf)
            return
        view = memoryview(buf)
        for at in range(0, len(buf), step):
            piece = view[at : at + step]
            self._spi.write(bytearray(piece) if step == _PIECE else piece)

    def write_readinto(self, write_buf, read_buf):
        """As machine.SPI.write_readinto()."""
        step = self._step(write_buf)
        if not step or len(write_buf) != len(read_buf):
            self._spi.write_readinto(write_buf, read_buf)
            return
        view = memoryview(write_buf)
        into = memoryview(read_buf)
        for at in range(0, len(write_buf), step):
            piece = view[at : at + step]
            if step == _PIECE:
                piece = bytearray(piece)
            self._spi.write_readinto(piece, into[at : at + step])

    def _step(self, buf):
        """How many bytes go at once; 0: all of buf as it is."""
        n = len(buf)
        if n and addressof(buf) < _RAM:
            return _PIECE
        return chip.EASYDMA_MAX if n > chip.EASYDMA_MAX else 0

    def deinit(self):
        """The unit may be I2C now."""
        self._spi.deinit()
        give_back(self._number)


def _rate(baudrate):
    for rate in _RATES:
        if rate <= baudrate and rate <= chip.SPI_MAX_HZ:
            return rate
    if baudrate < _SLOWEST:
        raise ValueError(
            "SPI of %s has 125000 Hz at least, not %d; on pins (SPI 3 and up) any"
            % (NAME, baudrate)
        )
    return _SLOWEST
