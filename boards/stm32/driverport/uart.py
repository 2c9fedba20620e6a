"""Serial ports of an STM32: machine.UART, with a ring for sending, which that has not.

It has an interrupt for bytes that come, and none for those that went: an alarm hands over one byte each
time that one has room to be sent. So a line is busy for nine tenths of its rate at best.

Errors: on F4 reading the next byte clears them, but irq().flags() has what SR was before: so the handler is
called for each byte. Elsewhere they stay in ISR until ICR clears them, except overruns, which the port
clears in its interrupt unless its ring is full.
Registers: RM0090 30.6 (F4); RM0351 40.8 (L4), the same on F7, H7 and WB.
"""

from errno import EOPNOTSUPP, ETIMEDOUT
from time import sleep_ms, sleep_us, ticks_diff, ticks_us

import machine
from board import BUSES, NAME, chip
from bustable import BusTable
from machine import disable_irq, enable_irq, mem32
from micropython import const, schedule

from . import Alarm

__all__ = ("UART", "find_uart", "uart_break", "uart_errors", "uart_room")

find_uart = BusTable("UART", *BUSES["UART"], ("TX", "RX")).find

_RX = machine.UART.IRQ_RX
#: For drivers: the port has no such interrupt before 1.29.
_TXIDLE = const(1 << 16)
_BITS_OF_A_BYTE = const(11)
_ISR = const(0x1C)
_ICR = const(0x20)
# Of SR, ISR and ICR: PE, FE, NE, ORE.
_PARITY = const(1)
_FRAMING = const(2)
_OVERRUN = const(8)
_ERRORS = const(0xF)
_COUNT_MASK = const(0x3FFFFFFF)
# GPIO; RM0090 8.4.1, 8.4.7.
_BSRR = const(0x18)
_MODER_OUTPUT = const(1)
_BREAK_MS_MAX = const(10_000)
_HELD_US = 100_000

_errors = {}  # number -> [overruns, framing errors, parity errors]
_open = {}  # number -> UART


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
        before = _open.get(number)
        if before is not None:  # machine.UART is the same one in another format
            before.abandon()
        _open[number] = self
        self.any = uart.any
        self._number = number
        self._counts = _errors.setdefault(number, [0, 0, 0])
        self._held = False
        # Whether it is still to be told that all has been sent.
        self._idle_due = False
        # Addresses are numbers on the heap: made here once.
        self._isr = self._icr = 0
        if chip.UART_ICR:
            self._isr = chip.UARTS[number] + _ISR
            self._icr = chip.UARTS[number] + _ICR
        else:
            self._always = _RX
        self._ring = bytearray(txbuf + 1) if txbuf else None
        self._put = self._get = 0
        self._one = bytearray(1)
        self._byte_us = max(_BITS_OF_A_BYTE * 1_000_000 // baudrate, 1)
        self._alarm = Alarm(self._pump)
        self._handler = None
        self._hard = True
        self._events = 0
        self._irq = _Irq(self)
        # Bound here: interrupt handlers have no heap.
        self._received = self._fired
        self._hardware_irq = uart.irq(self._received, 0, True)
        self._hardware_irq.trigger(self._always)

    #: Events of machine.UART that the handler has, whoever waits.
    _always = 0

    def readinto(self, buf, nbytes=None):
        """As machine.UART.readinto()."""
        self.look()
        return self._uart.readinto(buf) if nbytes is None else self._uart.readinto(buf, nbytes)

    def read(self, nbytes=None):
        """As machine.UART.read()."""
        self.look()
        return self._uart.read() if nbytes is None else self._uart.read(nbytes)

    def look(self):
        """Count the errors that the registers show. Allocates nothing. Context: any."""
        if self._isr:
            flags = mem32[self._isr] & _ERRORS
            if flags:
                mem32[self._icr] = flags
                self._note(flags)

    def _note(self, flags):
        counts = self._counts
        for index, flag in ((0, _OVERRUN), (1, _FRAMING), (2, _PARITY)):
            if flags & flag:
                counts[index] = counts[index] + 1 & _COUNT_MASK

    def write(self, buf, first=0, nbytes=None):
        """Take nbytes of buf from `first` on, or as many as there is room for; None if for none."""
        ring = self._ring
        self._idle_due = True
        if ring is None:
            n = self._uart.write(buf)
            if self._events & _TXIDLE:
                self._alarm.start(1, self._byte_us)
            return n
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
        self._events = 0
        self._handler = handler
        self._hard = hard
        self._idle_due = False  # as other ports: a write leads to that event
        self._events = trigger if handler is not None else 0
        self._hardware_irq.trigger(self._events & _RX | self._always)
        return self._irq

    def arm(self, events):
        """For what irq() has returned."""
        self._events = events
        self._hardware_irq.trigger(events & _RX | self._always)
        if events & _TXIDLE:
            self._idle_due = True
        if events & _TXIDLE or events & _RX and self._uart.any():
            self._alarm.start(1, self._byte_us)

    def abandon(self):
        """Another UART has the hardware now; what was not sent is dropped."""
        self._alarm.stop()
        self._get = self._put
        self._events = 0

    def deinit(self):
        """Switch it off; what was not sent is dropped."""
        self.abandon()
        if _open.get(self._number) is self:
            del _open[self._number]
        self._uart.irq(None)
        self._uart.deinit()

    def hold_low(self, pin, ms):
        """Drive TX low for so long, when all has been sent. OSError(ETIMEDOUT): it is held up."""
        ring = self._ring
        limit_us = (len(ring) + 2 if ring is not None else 2) * 2 * self._byte_us + _HELD_US
        begun = ticks_us()
        while not self.txdone():
            if ticks_diff(ticks_us(), begun) > limit_us:
                raise OSError(
                    ETIMEDOUT, "UART(%d): what was written does not leave" % self._number
                )
            sleep_us(self._byte_us)
        self._held = True
        # "PB10": the mode is two bits of MODER; the alternate function stays selected.
        port = chip.GPIO + chip.GPIO_STEP * chip.GPIO_PORTS.index(pin[1])
        bit = int(pin[2:])
        try:
            mem32[port + _BSRR] = 1 << bit + 16
            mode = _change_mode(port, bit, _MODER_OUTPUT)
            sleep_ms(ms)
            _change_mode(port, bit, mode)
        finally:
            self._held = False
        if ring is not None and self._get != self._put:
            self._alarm.start(1, self._byte_us)

    def _fired(self, uart):
        flags = self._hardware_irq.flags() & _ERRORS
        if flags:
            if self._icr:
                mem32[self._icr] = flags
            self._note(flags)
        if self._events & _RX:
            self._tell(_RX)

    def _pump(self, alarm):
        ring = self._ring
        get = self._get
        self.look()
        if ring is not None and get != self._put and not self._held:
            one = self._one
            one[0] = ring[get]
            if self._uart.write(one):  # None: the byte before is still there
                get += 1
                self._get = 0 if get == len(ring) else get
        events = self._events
        seen = 0
        waits = self._idle_due and events & _TXIDLE
        if waits and self.txdone():
            self._idle_due = waits = False
            seen = _TXIDLE
        if not waits and self._get == self._put:
            alarm.stop()
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
                self._idle_due = self._idle_due or seen & _TXIDLE != 0
                self._alarm.start(self._byte_us, self._byte_us)


def uart_room(number, uart):
    """How many bytes a write takes without waiting. Context: any."""
    return uart.room()


def uart_errors(number, uart):
    """(overruns, framing errors, parity errors): on F4 of each byte, else as often as one was seen."""
    uart.look()
    return tuple(_errors[number])


def uart_break(number, uart, ms):
    """Hold the line low for 1 to 10,000 ms, when all has been sent. Raises ValueError.

    The hardware has breaks of one character only: so the pin is an output meanwhile.
    """
    if not 0 < ms <= _BREAK_MS_MAX:
        raise ValueError("a break lasts 1 to %d ms" % _BREAK_MS_MAX)
    uart.hold_low(find_uart(number, None, None)[1][0], ms)


def _change_mode(port, bit, mode):
    """Set the mode of a pin in MODER. Returns what it was."""
    state = disable_irq()
    modes = mem32[port]
    mem32[port] = modes & ~(3 << 2 * bit) | mode << 2 * bit
    enable_irq(state)
    return modes >> 2 * bit & 3
