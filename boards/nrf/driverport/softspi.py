"""SPI bit by bit, on any three pins: MicroPython's nrf port has no SoftSPI.

A byte takes some hundred microseconds, so that any baudrate is an upper limit that it keeps.
"""

from time import sleep_us

from machine import Pin
from micropython import const

_BYTE = const(8)
#: Below that a bit is waited for.
_SLOW_HZ = const(20_000)
_LSB = const(1)


class SoftSPI:
    """As machine.SPI. sck, mosi, miso: machine.Pin."""

    def __init__(self, sck, mosi, miso, baudrate, polarity, phase, firstbit):
        self._sck = sck
        self._mosi = mosi
        self._miso = miso
        self.init(baudrate, polarity=polarity, phase=phase, firstbit=firstbit)

    def init(self, baudrate, *, polarity, phase, bits=8, firstbit=0):
        """Set it up afresh. Raises ValueError."""
        if bits != _BYTE:
            raise ValueError("SPI on pins has 8 bits in a frame")
        self._half_us = 500_000 // baudrate if baudrate < _SLOW_HZ else 0
        self._idle = polarity
        self._phase = phase
        self._lsb = firstbit == _LSB
        self._sck.init(Pin.OUT, value=polarity)
        self._mosi.init(Pin.OUT, value=0)
        self._miso.init(Pin.IN)

    def deinit(self):
        """The pins are inputs again."""
        for pin in (self._sck, self._mosi, self._miso):
            pin.init(Pin.IN)

    def write(self, buf):
        """Send buf."""
        for i in range(len(buf)):
            self._exchange(buf[i])

    def read(self, nbytes, write=0):
        """Receive nbytes, as bytes, while `write` goes out again and again."""
        buf = bytearray(nbytes)
        self.readinto(buf, write)
        return bytes(buf)

    def readinto(self, buf, write=0):
        """Fill buf while `write` goes out again and again."""
        for i in range(len(buf)):
            buf[i] = self._exchange(write)

    def write_readinto(self, write_buf, read_buf):
        """Send one buffer while the other, as long, is filled. Raises ValueError."""
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        for i in range(len(read_buf)):
            read_buf[i] = self._exchange(write_buf[i])

    def _exchange(self, out):
        sck = self._sck
        mosi = self._mosi
        miso = self._miso
        idle = self._idle
        half_us = self._half_us
        came = 0
        for n in range(_BYTE):
            shift = n if self._lsb else 7 - n
            if self._phase:  # both change at the first edge and are taken at the second
                sck(not idle)
            mosi(out >> shift & 1)
            if half_us:
                sleep_us(half_us)
            sck(idle if self._phase else not idle)
            came |= miso() << shift
            if half_us:
                sleep_us(half_us)
            if not self._phase:
                sck(idle)
        return came
