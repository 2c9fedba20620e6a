"""Serial ports of an STM32: machine.UART, with a ring for sending, which that has not.

It has an interrupt for bytes that come, and none for those that went: an alarm hands over one byte each
time that one has room to be sent. So a line is busy for nine tenths of its rate at best.
"""

from errno import EOPNOTSUPP

import machine
from board import BUSES, NAME
from bustable import BusTable
from micropython import const, schedule

from . import Alarm

__all__ = ("UART", "find_uart", "uart_break", "uart_errors", "uart_room")

find_uart = BusTable("UART", *BUSES["UART"], ("TX", "RX")).find

_RX = machine.UART.IRQ_RX
#: For drivers: the port has no such interrupt before 1.29.
_TXIDLE = const(1 << 16)
_BITS_OF_A_BYTE = const(11)


class _Irq:
    """What machine.UART.irq() returns."""

    def __init__(self, uart):
        self._uart = uart
        self.seen = 0

    def flags(self):
        """Which events the handler is called for."""
        return self.seen

    def trigger(self, events):
        """Which events it is called for from now on; at once if they are there already."""
        self._uart.arm(events)


class UART:
    """What the machine.UART of that number has, but read() and write() never wait.

    txbuf 0: write() waits for the wire. OSError(EOPNOTSUPP) for what the port cannot do.
    """

    IRQ_RX = _RX
    IRQ_TXIDLE = _TXIDLE

    def __init__(self, number, baudrate, bits, parity, stop, flow, rxbuf, txbuf):
        kind = machine.UART
        try:
            self._uart = uart = kind(
                number,
                baudrate,
                bits=bits,
                parity=parity,
                stop=stop,
                flow=kind.RTS | kind.CTS if flow else 0,
                timeout=0,
                timeout_char=0,
                rxbuf=rxbuf,
            )
        except ValueError as error:
            raise OSError(EOPNOTSUPP, "%s: %s" % (NAME, error)) from None
        self.any = uart.any
        self.read = uart.read
        self.readinto = uart.readinto
        self._ring = bytearray(txbuf + 1) if txbuf else None
        self._put = self._get = 0
        self._one = bytearray(1)
        self._byte_us = max(_BITS_OF_A_BYTE * 1_000_000 // baudrate, 1)
        self._alarm = Alarm(self._pump)
        self._handler = None
        self._hard = True
        self._events = 0
        self._irq = _Irq(self)
        self._hardware_irq = None
        # Bound here: interrupt handlers have no heap.
        self._received = self._fired

    def write(self, buf, first=0, nbytes=None):
        """Take nbytes of buf from `first` on, or as many as there is room for; None if for none."""
        ring = self._ring
        if ring is None:
            return self._uart.write(buf)
        n = len(buf) if nbytes is None else nbytes
        room = self.room()
        if room < n:
            n = room
        if not n:
            return None if len(buf) else 0
        put = self._put
        size = len(ring)
        for i in range(first, first + n):  # a slice would allocate
            ring[put] = buf[i]
            put += 1
            if put == size:
                put = 0
        self._put = put
        self._alarm.start(1, self._byte_us)
        return n

    def room(self):
        """Bytes that a write takes at once."""
        ring = self._ring
        if ring is None:
            return 1
        room = self._get - self._put - 1
        return room if room >= 0 else room + len(ring)

    def txdone(self):
        """Whether all that was written has left."""
        return self._get == self._put and self._uart.txdone()

    def irq(self, handler, trigger=0, hard=False):
        """As machine.UART.irq(), with IRQ_TXIDLE."""
        self._handler = handler
        self._hard = hard
        self._hardware_irq = None
        if handler is None:
            self._uart.irq(None)
            self._events = 0
        else:
            self._hardware_irq = self._uart.irq(self._received, 0, True)
            self.arm(trigger)
        return self._irq

    def arm(self, events):
        """For what irq() has returned."""
        self._events = events
        if self._hardware_irq is not None:
            self._hardware_irq.trigger(events & _RX)
        if events & _TXIDLE or events & _RX and self._uart.any():
            self._alarm.start(1, self._byte_us)

    def deinit(self):
        """Switch it off; what was not sent is dropped."""
        self._alarm.stop()
        self._get = self._put
        self._events = 0
        self._uart.deinit()

    def _fired(self, uart):
        if self._events & _RX:
            self._tell(_RX)

    def _pump(self, alarm):
        ring = self._ring
        get = self._get
        if ring is not None and get != self._put:
            one = self._one
            one[0] = ring[get]
            if self._uart.write(one):  # None: the byte before is still there
                get += 1
                self._get = 0 if get == len(ring) else get
        events = self._events
        if not events & _TXIDLE and self._get == self._put:
            alarm.stop()
        seen = _TXIDLE if events & _TXIDLE and self.txdone() else 0
        if events & _RX and self._uart.any():
            seen |= _RX
        if seen:
            self._tell(seen)

    def _tell(self, seen):
        self._irq.seen = seen
        if self._hard:
            self._handler(self)
        else:
            try:
                schedule(self._handler, self)
            except RuntimeError:  # the queue is full: look again
                self._alarm.start(self._byte_us, self._byte_us)


def uart_room(number, uart):
    """How many bytes a write takes without waiting. Context: any."""
    return uart.room()


def uart_errors(number, uart):
    """OSError(EOPNOTSUPP): MicroPython clears the flags, and does not count."""
    raise OSError(EOPNOTSUPP, "%s has no count of errors on serial lines" % NAME)


def uart_break(number, uart, ms):
    """OSError(EOPNOTSUPP): the hardware has breaks of one character only."""
    raise OSError(EOPNOTSUPP, "%s has no break of a given length on serial lines" % NAME)
