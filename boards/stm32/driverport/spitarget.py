"""SpiTarget: an SPI unit as a device, set up by pyb.SPI, its bytes by registers.

Python gets no interrupt of the unit, but one of the chip select: while that is low, an alarm looks for bytes each
50 us. So the controller leaves 50 us after the chip select falls, and 100 us from byte to byte; what is quicker gets
lost, and is counted. Between frames the unit is off, so that no reply of the last one is left in it.
Registers: RM0090 28.5 (F4, one byte each way); RM0351 42.6 (L4), the same on F7 and WB, with FIFOs. Those of H7 are
others.
"""

from errno import EOPNOTSUPP

import board
import pyb
from board import BUSES, NAME, chip
from bustable import BusTable
from machine import Pin, mem8, mem16
from micropython import const

from . import Alarm, PinInterrupt, make_pin, resolve

__all__ = ("SpiTarget", "find_spi_target")

_CR1 = const(0x00)
_CR2 = const(0x04)
_SR = const(0x08)
_DR = const(0x0C)
_SPE = const(1 << 6)
_FRXTH = const(1 << 12)  # where there are FIFOs: one byte is something to read
_RXNE = const(1)
_OVR = const(1 << 6)
_NSS_HARD_INPUT = const(0)
_LOOK_US = const(50)
_DEPTH = const(8)  # more than any FIFO has

_table = BusTable("SPI", *BUSES["SPI"], ("SCK", "MOSI", "MISO"))


def find_spi_target(bus):
    """(number, keys of SCK, MOSI, MISO, CS). The chip select is in the board's TARGET_CS.

    Raises ValueError; OSError(EOPNOTSUPP): not on this chip or bus.
    """
    number, keys = _table.find(bus)
    selects = getattr(board, "TARGET_CS", {})
    if number not in chip.SPIS or number not in selects or not hasattr(pyb, "SPI"):
        raise OSError(EOPNOTSUPP, "%s has no SPISlave on SPI(%d)" % (NAME, number))
    return number, keys + [resolve(selects[number][0])]


class SpiTarget:
    """The board as an SPI device.

    function: called in the interrupt with each byte, and with -1 at the end of a frame.
    OSError(EBUSY): another pin has the interrupt of the chip select.
    """

    def __init__(self, number, function, polarity, phase, firstbit):
        kind = pyb.SPI
        self._function = function
        #: Whether bytes have got lost in the last frame.
        self.lost = 0
        self._next = 0xFF
        self._selected = False
        base = chip.SPIS[number]
        # Addresses are numbers on the heap: made here once.
        self._cr1 = base + _CR1
        self._sr = base + _SR
        self._dr = base + _DR
        name, function_of_pin = board.TARGET_CS[number]
        self._select = select = make_pin(resolve(name))
        self._alarm = Alarm(self._look)
        self._interrupt = PinInterrupt(select, self._edge)
        self._interrupt.enable(Pin.IRQ_RISING | Pin.IRQ_FALLING)
        try:
            self._spi = kind(
                number,
                kind.PERIPHERAL,
                polarity=polarity,
                phase=phase,
                bits=8,
                firstbit=kind.LSB if firstbit else kind.MSB,
                nss=_NSS_HARD_INPUT,
            )
            select.init(Pin.ALT, Pin.PULL_UP, alt=function_of_pin)
            if chip.SPI_FIFO:
                mem16[base + _CR2] = mem16[base + _CR2] | _FRXTH
            mem16[self._cr1] = mem16[self._cr1] & ~_SPE
        except BaseException:
            self._interrupt.disable()
            raise

    def reply(self, byte):
        """What goes out with the next byte; not before the function has been called in a frame."""
        self._next = byte

    def deinit(self):
        """Leave the bus, in the middle of a frame, too. May be called twice."""
        if self._interrupt is None:
            return
        self._interrupt.disable()
        self._interrupt = None
        self._alarm.stop()
        mem16[self._cr1] = mem16[self._cr1] & ~_SPE
        self._spi.deinit()
        self._select.init(Pin.IN)

    def _edge(self, pin):
        if pin():
            if self._selected:
                self._alarm.stop()
                self._look(None)
                self._selected = False
                mem16[self._cr1] = mem16[self._cr1] & ~_SPE
                self._function(-1)
        elif not self._selected:
            self.lost = 0
            self._selected = True
            mem16[self._cr1] = mem16[self._cr1] | _SPE
            mem8[self._dr] = self._next
            self._alarm.start(_LOOK_US, _LOOK_US)

    def _look(self, alarm):
        for _ in range(_DEPTH):
            status = mem16[self._sr]
            if not status & _RXNE:
                return
            byte = mem8[self._dr]
            if status & _OVR:
                self.lost = 1
                mem16[self._sr]
            self._function(byte)
            mem8[self._dr] = self._next
