"""SpiTarget: the SPIS of a serial unit, by registers and EasyDMA.

The unit takes a whole frame, from chip select to chip select, and sends what has been prepared before. An alarm
looks for its end each millisecond: in between, and until then, the controller reads the fill byte and is not heard.
Not on nRF52832, where EasyDMA may spoil what they transfer (anomaly 109).
Registers: nRF52840 PS 6.26.6, SPIS.
"""

from errno import EOPNOTSUPP

import board
from board import BUSES, NAME, chip
from bustable import BusTable
from machine import mem32
from micropython import const
from uctypes import addressof

from . import Alarm, resolve
from .openline import set_pin
from .shared import give_back, take

__all__ = ("SpiTarget", "find_spi_target")

_ACQUIRE = const(0x024)
_RELEASE = const(0x028)
_END = const(0x104)
_ACQUIRED = const(0x128)
_SHORTS = const(0x200)
_INTENCLR = const(0x308)
_STATUS = const(0x440)
_ENABLE = const(0x500)
_PSEL = const(0x508)  # SCK, MISO, MOSI, CSN
_RXD_PTR = const(0x534)
_RXD_MAXCNT = const(0x538)
_RXD_AMOUNT = const(0x53C)
_TXD_PTR = const(0x544)
_TXD_MAXCNT = const(0x548)
_TXD_AMOUNT = const(0x54C)
_CONFIG = const(0x554)
_DEF = const(0x55C)
_ORC = const(0x5C0)
_REGISTERS = (
    _ACQUIRE,
    _RELEASE,
    _END,
    _ACQUIRED,
    _SHORTS,
    _INTENCLR,
    _STATUS,
    _ENABLE,
    _RXD_PTR,
    _RXD_MAXCNT,
    _RXD_AMOUNT,
    _TXD_PTR,
    _TXD_MAXCNT,
    _TXD_AMOUNT,
    _CONFIG,
    _DEF,
    _ORC,
)
_END_ACQUIRE = const(1 << 2)
_OVERFLOW = const(2)
_STATUSES = const(3)
_SPIS = const(2)
_ALL = 0xFFFFFFFF
# PIN_CNF: input, connected; and pull up for the chip select.
_INPUT = const(0)
_SELECT = const(3 << 2)
_BUFFER = const(256)
_LOOK_US = const(1_000)


_table = BusTable("SPI", *BUSES["SPI"], ("SCK", "MOSI", "MISO"))


def find_spi_target(bus):
    """(number, keys of SCK, MOSI, MISO, CS). The chip select is in the board's TARGET_CS.

    Raises ValueError; OSError(EOPNOTSUPP): not on this chip or bus.
    """
    number, keys = _table.find(bus)
    selects = getattr(board, "TARGET_CS", {})
    if not chip.TARGETS or number >= len(chip.SERIAL) or number not in selects:
        raise OSError(EOPNOTSUPP, "%s has no SPISlave on SPI(%d)" % (NAME, number))
    return number, keys + [resolve(selects[number])]


class SpiTarget:
    """The board as an SPI device.

    function: called from a scheduled call with each byte of a frame, when that is over, and -1 then. Frames have
    256 bytes at most. OSError(EBUSY): the unit is I2C or SPI.
    """

    def __init__(self, number, function, polarity, phase, firstbit):
        sck, mosi, miso, select = find_spi_target(number)[1]
        take("SPISlave", number)
        self._number = number
        self._base = base = chip.SERIAL[number]
        # Addresses are numbers on the heap: made here once.
        self._address = at = {offset: base + offset for offset in _REGISTERS}
        self._function = function
        #: 1 if the last frame had more bytes than there was room for.
        self.lost = 0
        self._came = bytearray(_BUFFER)
        self._reply = bytearray(_BUFFER)
        self._next = bytearray(_BUFFER)
        self._next_length = -1  # none
        self._keys = keys = (sck, miso, mosi, select)
        mem32[at[_ENABLE]] = 0
        mem32[at[_INTENCLR]] = _ALL
        for i in range(4):
            # MISO too: the unit drives it while it is selected (6.26.5).
            set_pin(keys[i], _SELECT if i == 3 else _INPUT)
            mem32[base + _PSEL + 4 * i] = int(keys[i][1:])
        mem32[at[_CONFIG]] = polarity << 2 | phase << 1 | firstbit
        mem32[at[_SHORTS]] = _END_ACQUIRE
        mem32[at[_RXD_PTR]] = addressof(self._came)
        mem32[at[_RXD_MAXCNT]] = _BUFFER
        mem32[at[_TXD_PTR]] = addressof(self._reply)
        mem32[at[_TXD_MAXCNT]] = 0
        mem32[at[_END]] = 0
        mem32[at[_ACQUIRED]] = 0
        mem32[at[_ENABLE]] = _SPIS
        # The buffers are nobody's at first.
        mem32[at[_ACQUIRE]] = 1
        self._alarm = Alarm(self._look)

    def reply(self, byte):
        """The byte that goes out where nothing has been prepared. From the first call on there are frames."""
        at = self._address
        mem32[at[_DEF]] = byte
        mem32[at[_ORC]] = byte
        self._alarm.start(1, _LOOK_US)

    def load(self, buf, n):
        """n bytes that go out with the next frame, in the place of what is left of others."""
        ahead = self._next
        self._next_length = -1
        n = min(n, _BUFFER)
        for i in range(n):
            ahead[i] = buf[i]
        self._next_length = n
        # Granted at once, or when the frame that is under way has ended.
        mem32[self._address[_ACQUIRE]] = 1
        self._take_over()

    def deinit(self):
        """Leave the bus, in the middle of a frame, too. May be called twice."""
        if self._alarm is None:
            return
        self._alarm.stop()
        self._alarm = None
        at = self._address
        mem32[at[_SHORTS]] = 0
        mem32[at[_ENABLE]] = 0  # ends transfers to memory
        for i in range(4):
            mem32[self._base + _PSEL + 4 * i] = _ALL
            set_pin(self._keys[i], _INPUT)
        give_back(self._number)

    def _take_over(self):
        """If the buffers are ours: have them as they are wanted, and let the unit have them."""
        at = self._address
        if not mem32[at[_ACQUIRED]] or mem32[at[_END]]:
            return
        mem32[at[_ACQUIRED]] = 0
        n = self._next_length
        if n >= 0:
            self._next_length = -1
            reply = self._reply
            ahead = self._next
            for i in range(n):  # a slice would allocate
                reply[i] = ahead[i]
            mem32[at[_TXD_MAXCNT]] = n
        mem32[at[_RELEASE]] = 1

    def _look(self, alarm):
        at = self._address
        if not mem32[at[_END]]:
            self._take_over()
            return
        if not mem32[at[_ACQUIRED]]:
            return
        n = mem32[at[_RXD_AMOUNT]]
        sent = mem32[at[_TXD_AMOUNT]]
        status = mem32[at[_STATUS]]
        mem32[at[_STATUS]] = status & _STATUSES  # cleared by ones
        self.lost = 1 if status & _OVERFLOW else 0
        left = mem32[at[_TXD_MAXCNT]] - sent
        reply = self._reply
        for i in range(left):
            reply[i] = reply[sent + i]
        mem32[at[_TXD_MAXCNT]] = left
        mem32[at[_END]] = 0
        function = self._function
        came = self._came
        for i in range(n):
            function(came[i])
            if self._alarm is None:  # it has ended it
                return
        function(-1)
        # What the function has prepared is in it, too.
        if self._alarm is not None:
            self._take_over()
