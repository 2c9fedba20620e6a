"""machine.CAN over a simulated bus, as MicroPython 1.28 documents it.

Like that class it receives nothing until set_filters() was called, and reports what has happened through
irq().flags(), one transmit buffer a call.
"""

from . import clock, parts
from .canframe import Frame
from .cannode import (
    ACTIVE,
    BUS_OFF,
    LOOPBACK,
    NORMAL,
    OVERRUN,
    PASSIVE,
    RX,
    SILENT,
    SILENT_LOOPBACK,
    STATE,
    STOPPED,
    TX,
    WARNING,
    Controller,
)

_FREQ_MAX = 1_000_000
_TSEG1, _TSEG2 = 14, 5  # sample point 75 % of 20 time quanta
_RTR, _EXT, _UNORDERED = 1, 2, 4


class CAN:
    """A CAN controller: CAN(0, 500_000) or CAN(1, bitrate).

    mode: MODE_NORMAL, MODE_LOOPBACK, MODE_SILENT or MODE_SILENT_LOOPBACK. The timing arguments are
    checked and reported; the simulation samples perfectly.
    """

    MODE_NORMAL = NORMAL
    MODE_SILENT = SILENT
    MODE_LOOPBACK = LOOPBACK
    MODE_SILENT_LOOPBACK = SILENT_LOOPBACK
    STATE_STOPPED = STOPPED
    STATE_ACTIVE = ACTIVE
    STATE_WARNING = WARNING
    STATE_PASSIVE = PASSIVE
    STATE_BUS_OFF = BUS_OFF
    FLAG_RTR = _RTR
    FLAG_EXT_ID = _EXT
    FLAG_UNORDERED = _UNORDERED
    RECV_ERR_FULL = 1
    RECV_ERR_OVERRUN = 2
    IRQ_RX = RX
    IRQ_TX = TX
    IRQ_STATE = STATE
    IRQ_TX_FAILED = 8
    IRQ_TX_IDX_SHIFT = 8
    IRQ_TX_IDX_MASK = 0xFF
    TX_QUEUE_LEN = Controller.TX_QUEUE_LEN
    FILTERS_MAX = Controller.FILTERS_MAX

    def __init__(self, id, *args, **options):
        self._id = id
        self._node = parts.can_node(id)
        self._frame = Frame()
        self._list = [0] * 8
        self._trigger = 0
        self._events = 0
        self._overruns = 0
        self._interrupt = clock.Interrupt(self)
        self._irq = _Irq(self)
        self.init(*args, **options)

    def __repr__(self):
        return f"CAN({self._id}, {self._node.freq}, {self._node!r})"

    def init(self, bitrate, mode=NORMAL, sample_point=75, sjw=1, tseg1=None, tseg2=None):
        """Join the bus."""
        if not 0 < bitrate <= _FREQ_MAX:
            raise ValueError("bitrate: 1 to 1000000")
        if mode not in (NORMAL, SILENT, LOOPBACK, SILENT_LOOPBACK):
            raise ValueError("mode: MODE_NORMAL, _LOOPBACK, _SILENT or _SILENT_LOOPBACK")
        if (tseg1 is None) != (tseg2 is None):
            raise ValueError("tseg1 and tseg2: give both or none")
        if tseg1 is None:
            if not 50 <= sample_point < 100:
                raise ValueError("sample_point: percent of the bit, 50 to 99")
            quanta = _TSEG1 + _TSEG2 + 1
            tseg2 = max(1, min(8, quanta * (100 - sample_point) // 100))
            tseg1 = quanta - 1 - tseg2
        if not 1 <= sjw <= 4 or not 1 <= tseg1 <= 16 + 3 or not 1 <= tseg2 <= 8:
            raise ValueError("sjw: 1 to 4; tseg1: 1 to 16; tseg2: 1 to 8")
        self._timing = (sjw, tseg1, tseg2)
        self._node.stop()
        self._node.start(bitrate, mode, self._happened)
        self._node.filters(())
        self._overruns = 0

    def deinit(self):
        """Leave the bus."""
        self._node.stop()
        self._interrupt.set(None)

    def set_filters(self, filters):
        """None: receive all; else any number of (identifier, bit_mask, flags)."""
        if filters is not None:
            made = []
            for id, mask, flags in filters:
                extended = bool(flags & _EXT)
                top = 0x1FFFFFFF if extended else 0x7FF
                if not 0 <= id <= top or not 0 <= mask <= top:
                    raise ValueError("invalid id")
                if flags & ~(_EXT | _UNORDERED):
                    raise ValueError("filters on RTR are not supported")
                made.append((id, mask, extended))
            if len(made) > self.FILTERS_MAX:
                raise ValueError("too many filters")
            filters = tuple(made)
        self._node.filters(filters)

    def send(self, id, data, flags=0):
        """Returns the number of the buffer, None if there is no room."""
        if self._node.state() in (STOPPED, BUS_OFF):
            raise OSError("the controller is stopped or bus-off")
        frame = self._frame
        frame.extended = bool(flags & _EXT)
        frame.remote = bool(flags & _RTR)
        if not 0 <= id <= (0x1FFFFFFF if frame.extended else 0x7FF):
            raise ValueError("invalid id")
        n = len(data)
        if n > 8:
            raise ValueError("data: 8 bytes at most")
        frame.id = id
        frame.length = n
        if not frame.remote:
            for i in range(n):
                frame.buffer[i] = data[i]
        index = self._node.send(frame)
        return None if index < 0 else index

    def recv(self, arg=None):
        """[id, data, flags, errors], or None. arg: such a list, which is filled.

        A memoryview cannot be resized here: item 1 of the list becomes another one, of a new buffer.
        """
        waiting = self._counters()[6]
        frame = self._frame
        if not self._node.recv(frame):
            return None
        errors = self.RECV_ERR_FULL if waiting == len(self._node._rx) else 0
        overruns = self._counters()[7]
        if overruns != self._overruns:
            self._overruns = overruns
            errors |= self.RECV_ERR_OVERRUN
        result = [None] * 4 if arg is None else arg
        data = bytearray(frame.length) if frame.remote else frame.buffer[: frame.length]
        result[0] = frame.id
        result[1] = memoryview(data)
        result[2] = (_EXT if frame.extended else 0) | (_RTR if frame.remote else 0)
        result[3] = errors
        return result

    def irq(self, handler=None, trigger=0, hard=False):
        """Set the handler, called with this object. Without arguments: the irq object."""
        if handler is None and not trigger:
            return self._irq
        self._trigger = trigger
        self._interrupt.set(handler, hard)
        return self._irq

    def cancel_send(self, index):
        """Returns whether a frame waited in that buffer, and was taken back."""
        if not 0 <= index < self.TX_QUEUE_LEN:
            raise ValueError("no such buffer")
        return self._node.cancel(index)

    def state(self):
        return self._node.state()

    def get_counters(self, list=None):
        """[TEC, REC, warnings, passives, bus-offs, tx pending, rx pending, overruns]."""
        if list is None:
            list = [0] * 8
        self._node.counters(list)
        return list

    def get_timings(self, list=None):
        """[bitrate, sjw, tseg1, tseg2, None, None]."""
        sjw, tseg1, tseg2 = self._timing
        values = [self._node.freq, sjw, tseg1, tseg2, None, None]
        if list is None:
            return values
        for i in range(6):
            list[i] = values[i]
        return list

    def restart(self):
        """Leave bus-off."""
        self._node.restart()
        while self._node.sent() >= 0:
            pass

    def _counters(self):
        self._node.counters(self._list)
        return self._list

    def _happened(self, events):
        self._events |= events & ~OVERRUN
        if events & self._trigger:
            self._interrupt.fire()

    def _flags(self):
        events, self._events = self._events, 0
        flags = events & (RX | STATE)
        sent = self._node.sent()
        if sent >= 0:
            flags |= TX | sent >> 1 << self.IRQ_TX_IDX_SHIFT
            if not sent & 1:
                flags |= self.IRQ_TX_FAILED
        return flags & (self._trigger | (0xFF08 if self._trigger & TX else 0))


class _Irq:
    def __init__(self, can):
        self._can = can
        #: For faults.LostInterrupt.
        self.interrupt = can._interrupt

    def flags(self):
        """What has happened; call it until it returns 0."""
        return self._can._flags()

    def trigger(self):
        """The events that call the handler."""
        return self._can._trigger
