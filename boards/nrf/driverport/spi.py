"""SPI of an nRF52: machine.SPI, and pins bit by bit for numbers that the hardware has not."""

from errno import EOPNOTSUPP

import machine
from board import BUSES, NAME, chip
from bustable import BusTable
from micropython import const

from . import make_pin
from .shared import give_back, in_ram, take

__all__ = ("SPI", "SPI_DIRECT", "find_spi")

#: Bytes that are in flash are copied first.
SPI_DIRECT = False

_TABLE = BusTable("SPI", *BUSES["SPI"], ("SCK", "MOSI", "MISO"), free=True)
_UNITS = const(3)
#: What the hardware has; machine.SPI would take the next faster one.
_RATES = (32_000_000, 16_000_000, 8_000_000, 4_000_000, 2_000_000, 1_000_000, 500_000, 250_000)
_SLOWEST = const(125_000)

_pins = {}  # number -> keys, since find_spi() comes before SPI()


def find_spi(bus, sck, mosi, miso):
    """(number, keys of its pins): any pins will do. Raises ValueError."""
    number, keys = _TABLE.find(bus, sck, mosi, miso)
    _pins[number] = keys
    return number, keys


def SPI(number, baudrate, polarity, phase, bits, firstbit):
    """What has the methods of a machine.SPI: that of the number, or pins from number 3 on.

    OSError(EOPNOTSUPP) for frames of other than 8 bits.
    """
    if bits != 8:
        raise OSError(EOPNOTSUPP, "%s has no SPI with other than 8 bits" % NAME)
    pins = [make_pin(key) for key in _pins[number]]
    if number >= _UNITS:
        from .softspi import SoftSPI

        return SoftSPI(*pins, baudrate, polarity, phase, firstbit)
    return _Unit(number, pins, baudrate, polarity, phase, firstbit)


class _Unit:
    """A machine.SPI."""

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
        self.read = spi.read
        self.readinto = spi.readinto

    def init(self, baudrate, *, polarity, phase, bits, firstbit):
        """Set it up afresh."""
        if bits != 8:
            raise OSError(EOPNOTSUPP, "%s has no SPI with other than 8 bits" % NAME)
        self._spi.init(baudrate=_rate(baudrate), polarity=polarity, phase=phase, firstbit=firstbit)

    def write(self, buf):
        """As machine.SPI.write()."""
        self._spi.write(in_ram(buf))

    def write_readinto(self, write_buf, read_buf):
        """As machine.SPI.write_readinto()."""
        self._spi.write_readinto(in_ram(write_buf), read_buf)

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
