"""A UARTE unit of an nRF52 by its registers: for uart.py.

Bytes come into two halves of a buffer in turn (EasyDMA), and a timer counts them (PPI). The unit wants the
address of the next half while it fills one. Framing errors and breaks store nothing, and whether they count is
not said: after one the unit is stopped, which tells how many bytes there are, and begins afresh.

Registers: nRF52840 PS 6.34.9 UARTE, 6.30.5 TIMER, 6.16.3 PPI; nRF52832 PS 35.10, 24.5, 23.4.
"""

from time import ticks_diff, ticks_us

from board import NAME, chip
from machine import Pin, disable_irq, enable_irq, mem32
from micropython import const
from uctypes import addressof

from . import make_pin

_EBUSY = const(16)  # not in MicroPython's errno
# UARTE
_STARTRX = const(0x000)
_STOPRX = const(0x004)
_STARTTX = const(0x008)
_STOPTX = const(0x00C)
_FLUSHRX = const(0x02C)
_RXDRDY = const(0x108)
_ENDRX = const(0x110)
_ENDTX = const(0x120)
_RXTO = const(0x144)
_RXSTARTED = const(0x14C)
_TXSTOPPED = const(0x158)
_SHORTS = const(0x200)
_INTENCLR = const(0x308)
_ERRORSRC = const(0x480)
_ENABLE = const(0x500)
_PSEL_RTS = const(0x508)
_PSEL_TXD = const(0x50C)
_PSEL_CTS = const(0x510)
_PSEL_RXD = const(0x514)
_BAUDRATE = const(0x524)
_RXD_PTR = const(0x534)
_RXD_MAXCNT = const(0x538)
_RXD_AMOUNT = const(0x53C)
_TXD_PTR = const(0x544)
_TXD_MAXCNT = const(0x548)
_TXD_AMOUNT = const(0x54C)
_CONFIG = const(0x56C)
_UARTE = const(8)
_ENDRX_STARTRX = const(1 << 5)
_FRAMING_OR_BREAK = const(0xC)
_ALL = 0xFFFFFFFF  # nothing connected; all interrupts
# TIMER
_START = const(0x000)
_STOP = const(0x004)
_COUNT = const(0x008)
_CLEAR = const(0x00C)
_CAPTURE = const(0x040)
_MODE = const(0x504)
_BITMODE = const(0x508)
_CC = const(0x540)
_COUNTER = const(1)
_BITS_16 = const(0)
_COUNT_MASK = const(0xFFFF)
# PPI
_CHENSET = 0x4001F504
_CHENCLR = 0x4001F508
_CH_EEP = 0x4001F510
_CH_TEP = 0x4001F514
#: The receiver stops after the byte it is in and up to four more (6.34.5); and some time to spare.
_STOP_BITS = const(80)
_SPARE_US = const(1000)
#: So many bytes before a half is written over it is too late to say where the next ones go.
_MARGIN = const(16)


class Uarte:
    """Unit `number`. half: bytes. pins: keys of TX and RX. flow: keys of RTS and CTS, or None.

    rate, config: what goes into BAUDRATE and CONFIG. bit_us: a bit, rounded up.
    Raises OSError(EBUSY) while machine.UART has the unit.
    """

    def __init__(self, number, pins, flow, rate, config, half, bit_us):
        base, timer, self._channel = chip.UARTES[number]
        if mem32[base + _ENABLE]:
            raise OSError(
                _EBUSY, "UART(%d) of %s is machine.UART's: is it the console?" % (number, NAME)
            )
        self._base = base
        self._timer = timer
        self._pins = pins
        self._flow = flow
        self._rate = rate
        self._config = config
        self._limit_us = _STOP_BITS * bit_us + _SPARE_US
        self.half = half
        self.buffer = bytearray(2 * half)
        first = addressof(self.buffer)
        self._halves = (first, first + half)
        #: Where the next byte is in the buffer, and what the counter said when it was there.
        self.at = self._last = 0
        # Whether the receiver waits for us at the end of a half; for flow control only.
        self._waits = False
        # Addresses are numbers on the heap: made here once.
        self._capture = timer + _CAPTURE
        self._cc = timer + _CC
        self._rxstarted = base + _RXSTARTED
        self._endrx = base + _ENDRX
        self._ptr = base + _RXD_PTR
        self._startrx = base + _STARTRX
        self._errorsrc = base + _ERRORSRC
        self._endtx = base + _ENDTX
        self._tx_ptr = base + _TXD_PTR
        self._tx_count = base + _TXD_MAXCNT
        self._starttx = base + _STARTTX
        self.tx = make_pin(pins[0])
        self.open()

    def open(self):
        """Connect the pins and receive."""
        base = self._base
        mem32[base + _INTENCLR] = _ALL
        tx, rx = self._pins
        self.tx.init(Pin.OUT, value=1)
        make_pin(rx).init(Pin.IN, Pin.PULL_UP)
        # PSEL only while the unit is off (6.34.7).
        mem32[base + _PSEL_TXD] = int(tx[1:])
        mem32[base + _PSEL_RXD] = int(rx[1:])
        if self._flow:
            rts, cts = self._flow
            make_pin(rts).init(Pin.OUT, value=1)
            make_pin(cts).init(Pin.IN, Pin.PULL_UP)
            mem32[base + _PSEL_RTS] = int(rts[1:])
            mem32[base + _PSEL_CTS] = int(cts[1:])
        mem32[base + _BAUDRATE] = self._rate
        mem32[base + _CONFIG] = self._config
        mem32[base + _RXD_MAXCNT] = self.half
        mem32[base + _ERRORSRC] = mem32[base + _ERRORSRC]
        timer = self._timer
        mem32[timer + _STOP] = 1
        mem32[timer + _MODE] = _COUNTER
        mem32[timer + _BITMODE] = _BITS_16
        mem32[_CH_EEP + 8 * self._channel] = base + _RXDRDY
        mem32[_CH_TEP + 8 * self._channel] = timer + _COUNT
        mem32[_CHENSET] = 1 << self._channel
        mem32[timer + _START] = 1
        mem32[base + _ENABLE] = _UARTE
        self._begin()

    def close(self):
        """Stop, and let go of the pins. Nothing is written to the buffer any more."""
        base = self._base
        self._end()
        mem32[base + _TXSTOPPED] = 0
        mem32[base + _STOPTX] = 1
        self._wait(base + _TXSTOPPED)
        mem32[base + _ENABLE] = 0
        mem32[_CHENCLR] = 1 << self._channel
        mem32[self._timer + _STOP] = 1
        for psel in (_PSEL_RTS, _PSEL_TXD, _PSEL_CTS, _PSEL_RXD):
            mem32[base + psel] = _ALL
        for key in self._pins + list(self._flow or ()):
            make_pin(key).init(Pin.IN)

    def _begin(self):
        base = self._base
        mem32[self._timer + _CLEAR] = 1
        self.at = self._last = 0
        self._waits = False
        mem32[base + _ENDRX] = 0
        mem32[base + _RXSTARTED] = 0
        mem32[base + _SHORTS] = 0 if self._flow else _ENDRX_STARTRX
        mem32[base + _RXD_PTR] = self._halves[0]
        mem32[base + _STARTRX] = 1
        # It has taken the address now, and may have the next one.
        self._wait(base + _RXSTARTED)
        mem32[base + _RXSTARTED] = 0
        if not self._flow:
            mem32[base + _RXD_PTR] = self._halves[1]

    def _end(self):
        base = self._base
        mem32[base + _SHORTS] = 0
        mem32[base + _RXTO] = 0
        mem32[base + _STOPRX] = 1
        self._wait(base + _RXTO)

    def _wait(self, event):
        """Until the event has come, or for as long as that can take."""
        begun = ticks_us()
        while not mem32[event]:
            if ticks_diff(ticks_us(), begun) > self._limit_us:
                return False
        return True

    # ---- Receiving

    def came(self, room):
        """How many bytes there are from `at` on; with flow control at most `room`.

        -1: the unit has gone over bytes that nobody has taken. Allocates nothing. Context: any.
        """
        half = self.half
        rest = half - self.at % half
        # Nothing may come between the count and the address that follows from it.
        state = disable_irq()
        mem32[self._capture] = 1
        n = mem32[self._cc] - self._last & _COUNT_MASK
        if self._flow:
            n = self._came_with_flow(n, rest, room)
        elif n >= rest + half - _MARGIN:
            n = -1
        elif n >= rest:
            if mem32[self._rxstarted]:
                mem32[self._rxstarted] = 0
                mem32[self._ptr] = self._halves[self.at // half]  # the one that is full is next
            else:
                n = rest - 1  # the unit has not got as far as the counter
        enable_irq(state)
        return n

    def _came_with_flow(self, n, rest, room):
        if not self._waits:
            return min(n, rest, room)
        if mem32[self._endrx]:
            mem32[self._endrx] = 0
            mem32[self._ptr] = self._halves[self.at // self.half]
            mem32[self._startrx] = 1
            self._waits = False
        return 0  # what waits in the unit is in the buffer the next time

    def took(self, n):
        """They have been copied."""
        self._last = self._last + n & _COUNT_MASK
        at = self.at + n
        if self._flow and n and not at % self.half:
            self._waits = True
        self.at = at if at < 2 * self.half else at - 2 * self.half

    def errors(self):
        """Bits of ERRORSRC since the last time: overrun, parity, framing, break. Context: any."""
        bits = mem32[self._errorsrc]
        if bits:
            mem32[self._errorsrc] = bits  # cleared by ones
        return bits

    def confuses(self, bits):
        """Whether the counter may be wrong after such errors: afresh() then."""
        return bits & _FRAMING_OR_BREAK

    def halt(self):
        """Stop receiving. Returns how many bytes there are from `at` on, exactly."""
        base = self._base
        half = self.half
        crossed = not self._flow and mem32[base + _RXSTARTED]
        self._end()
        n = mem32[base + _RXD_AMOUNT] - self.at % half
        if crossed or not self._flow and mem32[base + _RXSTARTED]:
            n += half
        return 0 if self._waits else min(max(n, 0), half + half - self.at % half)

    def afresh(self):
        """Receive again after halt(); what came in between is dropped."""
        base = self._base
        mem32[base + _ENDRX] = 0
        mem32[base + _RXD_PTR] = self._halves[0]
        mem32[base + _FLUSHRX] = 1
        self._wait(base + _ENDRX)
        self._begin()

    # ---- Sending

    def send(self, address, n):
        """Begin to send n bytes that are in RAM, at most chip.EASYDMA_MAX. Context: any."""
        mem32[self._endtx] = 0
        mem32[self._tx_ptr] = address
        mem32[self._tx_count] = n
        mem32[self._starttx] = 1

    def sent(self):
        """Whether they have left. Context: any."""
        return mem32[self._endtx]

    def cut(self):
        """Stop sending. Returns how many bytes have left."""
        base = self._base
        mem32[base + _TXSTOPPED] = 0
        mem32[base + _STOPTX] = 1
        self._wait(base + _TXSTOPPED)
        return mem32[base + _TXD_AMOUNT]

    def off(self):
        """The unit lets go of its pins; open() takes them again."""
        mem32[self._base + _ENABLE] = 0
