"""Serial ports of an nRF52: its UARTE units, by registers.

MicroPython's machine.UART has one unit, the board's pins, 8N1, 63 bytes for what comes, and waits while it
writes. Its C code reads and clears what went wrong, so that nobody can ask.

Python gets no interrupt of these units, and needs none: bytes come by EasyDMA. An alarm looks, each
millisecond while somebody waits, else twice before a half of the buffer is full, and hands over what is to
be sent, a piece at a time.
"""

from errno import EOPNOTSUPP, ETIMEDOUT
from time import sleep_ms, ticks_diff, ticks_us

import board
import machine
from board import BUSES, NAME, chip
from bustable import BusTable
from driverlacks import lacks
from micropython import const
from uctypes import addressof

from . import Alarm, resolve
from .uarte import Uarte
from .uartformat import config_of, rate_of

__all__ = ("UART", "find_uart", "uart_break", "uart_errors", "uart_room")

# ERRORSRC
_OVERRUN = const(1)
_PARITY_ERROR = const(2)
_FRAMING = const(4)

# As drivers has them: machine.UART's where it has events (nRF52840), and its numbers differ by port.
_RX = getattr(machine.UART, "IRQ_RX", 1)
_TXIDLE = getattr(machine.UART, "IRQ_TXIDLE", 1 << 16)
_HALF_MIN = const(64)
_HALF_MAX = const(0x2000)  # 16 bits count what both of them hold, and more
_PIECE = const(64)
_LOOK_US = const(1_000)
_LOOK_MAX_US = const(50_000)
_HELD_US = 100_000
_BREAK_MS_MAX = const(10_000)
_TOTAL_MASK = const(0x3FFFFFFF)

_errors = {}  # number -> [overruns, framing errors, parity errors]
_open = {}  # number -> UART
_keys = {}  # number -> keys of its pins, since find_uart() comes before UART()
_find = (
    BusTable("UART", *BUSES["UART"], ("TX", "RX"), free=True).find
    if "UART" in BUSES
    else lacks("serial ports for drivers")
)


def find_uart(bus, tx, rx):
    """(number, keys of its pins): any pins will do. Raises ValueError."""
    number, keys = _find(bus, tx, rx)
    _keys[number] = keys
    return number, keys


class _Irq:
    """What UART.irq() returns."""

    def __init__(self, uart):
        self._uart = uart
        self.seen = 0

    def flags(self):
        """Which events the handler is called for."""
        return self.seen

    def trigger(self, events):
        """Which events it is called for from now on; soon if they are there already."""
        self._uart.arm(events)


class UART:
    """A serial port as machine.UART's, but read() and write() never wait, and IRQ_TXIDLE is there.

    The handler of irq() is called from scheduled calls, also if it is a hard one.
    txbuf 0: write() waits for the wire. Raises OSError(EOPNOTSUPP) for what the chip cannot do;
    EBUSY while machine.UART has the unit.
    """

    IRQ_RX = _RX
    IRQ_TXIDLE = _TXIDLE

    def __init__(self, number, baudrate, bits, parity, stop, flow, rxbuf, txbuf):
        if number >= len(chip.UARTES):
            raise OSError(EOPNOTSUPP, "%s has no UART(%d)" % (NAME, number))
        config = config_of(number, bits, parity, stop, flow)
        rate = rate_of(baudrate)
        before = _open.get(number)
        if before is not None:  # another format: what has come stays
            before.deinit()
        bit_us = -(-1_000_000 // baudrate)
        self._byte_us = (10 + (parity is not None) + (stop == 2)) * 1_000_000 // baudrate + 1
        half = min(max(rxbuf, _HALF_MIN), _HALF_MAX, chip.EASYDMA_MAX)
        self._number = number
        self._ring = bytearray(rxbuf + 1)
        self._put = self._get = 0
        self._out = bytearray(txbuf + 1) if txbuf else None
        self._out_at = addressof(self._out) if txbuf else 0
        self._out_put = self._out_get = self._sending = 0
        self._piece = bytearray(_PIECE)
        self._collects = self._pumps = False
        self._counts = _errors.setdefault(number, [0, 0, 0])
        self._held = bool(flow)
        self._handler = None
        self._events = 0
        # Whether all has been sent is still to be told, and up to where what came has been.
        self._idle_due = False
        self._told = -1
        self._irq = _Irq(self)
        pins = [resolve(name) for name in board.FLOW[number]] if flow else None
        self._unit = Uarte(number, _keys[number], pins, rate, config, half, bit_us)
        self._look_us = min(max(half * self._byte_us // 2, 1), _LOOK_MAX_US)
        self._alarm = Alarm(self._look)
        _open[number] = self
        if before is not None:
            n = before._take(self._ring, min(rxbuf, before._waiting()))
            self._put = n
        self._again()

    # ---- Receiving

    def any(self):
        """Bytes that can be read. Context: any."""
        self._collect()
        return self._waiting()

    def _waiting(self):
        n = self._put - self._get
        return n if n >= 0 else n + len(self._ring)

    def readinto(self, buf, nbytes=None):
        """Read what is there, at most nbytes. Returns the number of bytes; None when there is none."""
        n = self.any()
        wanted = len(buf) if nbytes is None else nbytes
        return self._take(buf, n if n < wanted else wanted) or None

    def read(self, nbytes=None):
        """The same as bytes."""
        n = self.any()
        buf = bytearray(n if nbytes is None or n < nbytes else nbytes)
        self._take(buf, len(buf))
        return bytes(buf) or None

    def _take(self, buf, n):
        ring = self._ring
        size = len(ring)
        get = self._get
        for i in range(n):
            buf[i] = ring[get]
            get += 1
            if get == size:
                get = 0
        self._get = get
        return n

    def _collect(self):
        """Move what has come to the ring. Allocates nothing."""
        if self._collects:  # an interrupt in the middle of it
            return
        self._collects = True
        try:
            unit = self._unit
            bits = unit.errors()
            if bits:
                self._count(bits)
            if unit.confuses(bits):
                self._copy(unit.halt())
                unit.afresh()
                return
            n = unit.came(len(self._ring) - 1 - self._waiting())
            if n < 0:  # the alarm came too late
                self._count(_OVERRUN)
                unit.halt()
                unit.afresh()
            elif n:
                self._copy(n)
                unit.took(n)
        finally:
            self._collects = False

    def _copy(self, n):
        ring = self._ring
        size = len(ring)
        put = self._put
        get = self._get
        buf = self._unit.buffer
        at = self._unit.at
        for _ in range(n):
            after = put + 1
            if after == size:
                after = 0
            if after == get:
                self._count(_OVERRUN)
                break
            ring[put] = buf[at]
            put = after
            at += 1
            if at == len(buf):
                at = 0
        self._put = put

    def _count(self, bits):
        counts = self._counts
        for index, bit in ((0, _OVERRUN), (1, _FRAMING), (2, _PARITY_ERROR)):
            if bits & bit:
                counts[index] = counts[index] + 1 & _TOTAL_MASK

    # ---- Sending

    def write(self, buf, first=0, nbytes=None):
        """Take nbytes of buf from `first` on, or as many as there is room for; None if for none.

        Without a ring: wait for the wire, up to 0.1 s for a receiver that holds it up.
        """
        n = len(buf) if nbytes is None else nbytes
        out = self._out
        self._idle_due = True
        if out is None:
            n = self._write_out(buf, n)
            self._again()
            return n
        room = self.room()
        if room < n:
            n = room
        if not n:
            return None if len(buf) else 0
        put = self._out_put
        size = len(out)
        for i in range(first, first + n):  # a slice would allocate
            out[put] = buf[i]
            put += 1
            if put == size:
                put = 0
        self._out_put = put
        if not self._sending:
            self._pump()
            self._again()
        return n

    def _write_out(self, buf, n):
        # Pieces in RAM: the unit reads no flash, where constants of frozen modules are.
        piece = self._piece
        address = addressof(piece)
        unit = self._unit
        done = 0
        while done < n:
            size = min(n - done, _PIECE)
            for i in range(size):
                piece[i] = buf[done + i]
            unit.send(address, size)
            left = self._until_sent(size)
            done += left
            if left < size:
                break
        return done or (None if n else 0)

    def _until_sent(self, n):
        begun = ticks_us()
        limit_us = 2 * n * self._byte_us + _LOOK_US + (_HELD_US if self._held else 0)
        while not self._unit.sent():
            self._collect()
            if ticks_diff(ticks_us(), begun) > limit_us:
                return self._unit.cut()
        return n

    def room(self):
        """Bytes that a write takes at once. Context: any."""
        if self._out is None:
            return 1
        self._pump()
        room = self._out_get - self._out_put - 1
        return room if room >= 0 else room + len(self._out)

    def txdone(self):
        """Whether all that was written has left. Context: any."""
        self._pump()
        return not self._sending

    def _pump(self):
        """Have the next piece of the ring sent when the one before has left. Allocates nothing."""
        if self._pumps or self._out is None:
            return
        self._pumps = True
        size = len(self._out)
        n = self._sending
        if n and self._unit.sent():
            get = self._out_get + n
            self._out_get = get if get < size else get - size
            self._sending = n = 0
        if not n:
            get = self._out_get
            put = self._out_put
            if get != put:
                n = (put if put > get else size) - get
                if n > chip.EASYDMA_MAX:
                    n = chip.EASYDMA_MAX
                self._sending = n
                self._unit.send(self._out_at + get, n)
        self._pumps = False

    def hold_low(self, ms):
        """A break: nothing can be received meanwhile. OSError(ETIMEDOUT): the receiver holds it up."""
        unit = self._unit
        begun = ticks_us()
        limit_us = 2 * (len(self._out or ()) + 1) * self._byte_us + _HELD_US
        while not self.txdone():
            if ticks_diff(ticks_us(), begun) > limit_us:
                raise OSError(
                    ETIMEDOUT, "UART(%d): what was written does not leave" % self._number
                )
        self._collects = True
        try:
            self._copy(unit.halt())
            unit.off()
            unit.tx(0)
            sleep_ms(ms)
            unit.tx(1)
            unit.open()
        finally:
            self._collects = False

    # ---- Events

    def irq(self, handler, trigger=0, hard=False):
        """As machine.UART.irq(), with IRQ_TXIDLE."""
        self._events = 0
        self._handler = handler
        self._idle_due = False  # as other ports: a write leads to that event
        self._told = -1
        self._events = trigger if handler is not None else 0
        self._again()
        return self._irq

    def arm(self, events):
        """For what irq() has returned."""
        self._events = events
        if events:
            self._told = -1
            if events & _TXIDLE:
                self._idle_due = True
            self._alarm.start(1)

    def _look(self, alarm):
        self._collect()
        self._pump()
        self._again()
        events = self._events
        seen = 0
        if events & _RX and self._get != self._put and self._put != self._told:
            self._told = self._put
            seen = _RX
        if events & _TXIDLE and self._idle_due and not self._sending:
            self._idle_due = False
            seen |= _TXIDLE
        irq = self._irq
        while seen:
            get = self._get
            irq.seen = seen
            self._handler(self)
            # Who reads a byte at a time, or a part, is called for the rest.
            more = self._events & _RX and get != self._get and self._get != self._put
            seen = _RX if more else 0

    def _again(self):
        """Have _look() called once more."""
        delay_us = self._look_us
        if self._events and delay_us > _LOOK_US:
            delay_us = _LOOK_US
        left_us = self._sending * self._byte_us
        if left_us and left_us < delay_us:
            delay_us = left_us
        self._alarm.start(delay_us)

    def deinit(self):
        """Switch it off; what was not sent is dropped. May be called twice."""
        if _open.get(self._number) is self:
            del _open[self._number]
            self._alarm.stop()
            self._events = 0
            self._collect()
            self._unit.close()


def uart_room(number, uart):
    """How many bytes a write takes without waiting. Context: any."""
    return uart.room()


def uart_errors(number, uart):
    """(overruns, framing errors, parity errors): as often as one was seen by a look."""
    uart.any()
    return tuple(_errors[number])


def uart_break(number, uart, ms):
    """Hold the line low for 1 to 10,000 ms, when all has been sent. Raises ValueError."""
    if not 0 < ms <= _BREAK_MS_MAX:
        raise ValueError("a break lasts 1 to %d ms" % _BREAK_MS_MAX)
    uart.hold_low(ms)
