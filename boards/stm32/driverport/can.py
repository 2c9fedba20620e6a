"""Can: over pyb.CAN, and registers for what it does not tell: which frames have been sent, and filters.

pyb.CAN calls for received frames and for states. For frames that were sent it does not, so an alarm
looks while some are under way. Registers: RM0090 32.9, RM0351 46.9, bxCAN.
"""

from errno import EOPNOTSUPP

import pyb
from board import BUSES, NAME, chip
from bustable import BusTable
from machine import mem32
from micropython import const, schedule

from . import Alarm

__all__ = ("Can", "find_can")

_TSR = const(0x08)
_FMR = const(0x200)
_FM1R = const(0x204)
_FS1R = const(0x20C)
_FFA1R = const(0x214)
_FA1R = const(0x21C)
_BANKS = const(0x240)
# TSR, eight bits a mailbox; then where it is empty.
_RQCP = const(0x01)
_TXOK = const(0x02)
_ABRQ = const(0x80)
_TME_SHIFT = const(26)
_FINIT = const(1)
_IDE = const(4)
_BANKS_OF_ONE = const(14)
_MAILBOXES = const(3)
_FRAME_BITS = const(130)
_POLL_MIN_US = const(250)
_COUNT_MASK = const(0x3FFFFFFF)

# Events of drivers.CAN.
_RX = const(1)
_TX = const(2)
_STATE = const(4)
_OVERRUN = const(8)
# Reasons of pyb.CAN's callback: 0 pending, 1 full, 2 overflow, then warning, passive, bus-off.
_OVERFLOW = const(2)


class _Node:
    TX_QUEUE_LEN = _MAILBOXES
    FILTERS_MAX = _BANKS_OF_ONE

    def __init__(self, number):
        self._number = number
        self._tsr = chip.CAN[number] + _TSR
        # Filters of CAN2 are CAN1's.
        self._first_bank = _BANKS_OF_ONE if number == 2 else 0
        self._filters = chip.CAN[1] if number == 2 else chip.CAN[number]
        self._can = None
        self._function = None
        self._lost = 0
        # What is sent, a view for each length, and what pyb.CAN fills.
        self._data = bytearray(8)
        self._views = [memoryview(self._data)[:n] for n in range(9)]
        self._came = bytearray(8)
        self._fields = [0, False, False, 0, memoryview(self._came)]
        self._busy = [False] * _MAILBOXES
        self._posted = False
        self._poll_us = 0
        self._alarm = Alarm(self._look)
        self._looked = self._collect  # bound here: handlers have no heap
        self._called = self._callback

    def start(self, freq, mode, function):
        """Join the bus. function: called with events."""
        kind = pyb.CAN
        modes = (kind.NORMAL, kind.SILENT, kind.LOOPBACK, kind.SILENT_LOOPBACK)
        self._function = function
        self._poll_us = max(_FRAME_BITS * 1_000_000 // freq, _POLL_MIN_US)
        self._can = can = kind(self._number, modes[mode], baudrate=freq, auto_restart=False)
        self.filters(None)
        can.rxcallback(0, self._called)

    def stop(self):
        """Leave the bus; drops all frames."""
        self._alarm.stop()
        self._can.rxcallback(0, None)
        self._can.deinit()
        for index in range(_MAILBOXES):
            self._busy[index] = False

    def send(self, message):
        """Copy a frame into a free mailbox. Returns its number, or -1."""
        index = self._free()
        if index >= 0 and self._busy[index]:
            self._function(_TX)  # what became of the last one, before that is overwritten
            index = self._free()
        if index < 0:
            return -1
        data = self._data
        for i in range(message.length):
            data[i] = message.buffer[i]
        self._can.send(
            self._views[message.length],
            message.id,
            timeout=0,
            rtr=message.remote,
            extframe=message.extended,
        )
        self._busy[index] = True
        self._alarm.start(self._poll_us, self._poll_us)
        return index

    def _free(self):
        """The mailbox that pyb.CAN takes next: the first empty one; -1: none."""
        empty = mem32[self._tsr] >> _TME_SHIFT
        for index in range(_MAILBOXES):
            if empty >> index & 1:
                return index
        return -1

    def cancel(self, index):
        """Ask for a frame back. Returns whether it is there; sent() tells what became of it."""
        if not self._busy[index] or mem32[self._tsr] >> _TME_SHIFT + index & 1:
            return False
        mem32[self._tsr] = _ABRQ << 8 * index
        return True

    def sent(self):
        """The next mailbox that is done: its number * 2 + whether it was sent; -1: none."""
        status = mem32[self._tsr]
        for index in range(_MAILBOXES):
            if self._busy[index] and status >> 8 * index & _RQCP:
                self._busy[index] = False
                mem32[self._tsr] = _RQCP << 8 * index  # cleared by a one, and TXOK with it
                return index * 2 + (status >> 8 * index & _TXOK != 0)
        return -1

    def recv(self, message):
        """Fill the message with the oldest frame. Returns whether there was one."""
        can = self._can
        if not can.any(0):
            return False
        fields = self._fields
        can.recv(0, fields)
        message.id, message.extended, message.remote = fields[0], fields[1], fields[2]
        message.length = n = len(fields[4])
        came = self._came
        buffer = message.buffer
        for i in range(n):
            buffer[i] = came[i]
        return True

    def filters(self, filters):
        """((id, mask, extended), ...); None: receive all.

        By registers: pyb.CAN's filters for standard frames let extended ones in.
        """
        base = self._filters
        first = self._first_bank
        mine = (1 << _BANKS_OF_ONE) - 1 << first
        mem32[base + _FMR] = mem32[base + _FMR] | _FINIT
        mem32[base + _FA1R] = mem32[base + _FA1R] & ~mine
        mem32[base + _FM1R] = mem32[base + _FM1R] & ~mine  # masks, not lists
        mem32[base + _FS1R] = mem32[base + _FS1R] | mine  # of 32 bits
        mem32[base + _FFA1R] = mem32[base + _FFA1R] & ~mine  # FIFO 0
        if filters is None:
            filters = ((0, 0, None),)
        bank = first
        for id, mask, extended in filters:
            at = base + _BANKS + 8 * bank
            if extended is None:
                mem32[at] = mem32[at + 4] = 0
            elif extended:
                mem32[at] = id << 3 | _IDE
                mem32[at + 4] = mask << 3 | _IDE
            else:
                mem32[at] = id << 21
                mem32[at + 4] = mask << 21 | _IDE
            mem32[base + _FA1R] = mem32[base + _FA1R] | 1 << bank
            bank += 1
        mem32[base + _FMR] = mem32[base + _FMR] & ~_FINIT

    def state(self):
        """A state of drivers.CAN, which has pyb.CAN's numbers."""
        return self._can.state()

    def counters(self, counters):
        """Fill the list of eight that drivers.CAN has."""
        self._can.info(counters)
        counters[6] += counters[7]  # both FIFOs
        counters[7] = self._lost

    def restart(self):
        """Drop what waits, and begin the recovery from bus-off."""
        for index in range(_MAILBOXES):
            self.cancel(index)
        self._can.restart()

    # ---- Interrupts

    def _callback(self, can, reason):
        if reason == _OVERFLOW:
            self._lost = self._lost + 1 & _COUNT_MASK
            self._function(_RX | _OVERRUN)
        else:
            self._function(_RX if reason < _OVERFLOW else _STATE)

    def _look(self, alarm):
        """In the interrupt, which cannot read TSR: that may take heap."""
        if not self._posted:
            self._posted = True
            try:
                schedule(self._looked, None)
            except RuntimeError:  # the queue is full: the next time
                self._posted = False

    def _collect(self, _):
        self._posted = False
        status = mem32[self._tsr]
        done = waits = False
        for index in range(_MAILBOXES):
            if self._busy[index]:
                if status >> 8 * index & _RQCP:
                    done = True
                else:
                    waits = True
        if not waits:
            self._alarm.stop()
        if done:
            self._function(_TX)


_nodes = {}


def find_can(bus):
    """(number, keys of its pins). None: the board's default. ValueError; OSError(EOPNOTSUPP)."""
    if not chip.CAN or not hasattr(pyb, "CAN") or "CAN" not in BUSES:
        raise OSError(EOPNOTSUPP, "%s has no CAN" % NAME)
    return BusTable("CAN", *BUSES["CAN"], ("TX", "RX")).find(bus)


def Can(number):
    """The node of CAN bus 1 or 2, which find_can() has found."""
    node = _nodes.get(number)
    if node is None:
        node = _nodes[number] = _Node(number)
    return node
