"""I2cTarget: the TWIS of a serial unit, by registers and EasyDMA.

Python gets no interrupt of it. So the unit holds the clock at each address that is for us (shortcuts WRITE_SUSPEND,
READ_SUSPEND), until an alarm has seen it, a millisecond later at the most, and has given it a buffer. That way
events never run into each other. Not on nRF52832, where EasyDMA may spoil what they transfer (anomaly 109).
Registers: nRF52840 PS 6.32.10, TWIS.
"""

from errno import EOPNOTSUPP
from time import ticks_diff, ticks_us

from board import BUSES, NAME, chip
from bustable import BusTable
from machine import mem32
from micropython import const
from uctypes import addressof

from . import Alarm
from .openline import set_pin
from .shared import give_back, take

__all__ = ("I2cTarget", "find_i2c_target")

_STOP = const(0x014)
_RESUME = const(0x020)
_PREPARERX = const(0x030)
_PREPARETX = const(0x034)
_STOPPED = const(0x104)
_WRITE = const(0x164)
_READ = const(0x168)
_SHORTS = const(0x200)
_INTENCLR = const(0x308)
_ERRORSRC = const(0x4D0)
_ENABLE = const(0x500)
_PSEL_SCL = const(0x508)
_PSEL_SDA = const(0x50C)
_RXD_PTR = const(0x534)
_RXD_MAXCNT = const(0x538)
_RXD_AMOUNT = const(0x53C)
_TXD_PTR = const(0x544)
_TXD_MAXCNT = const(0x548)
_TXD_AMOUNT = const(0x54C)
_ADDRESS0 = const(0x588)
_CONFIG = const(0x594)
_ORC = const(0x5C0)
_REGISTERS = (
    _STOP,
    _RESUME,
    _PREPARERX,
    _PREPARETX,
    _STOPPED,
    _WRITE,
    _READ,
    _SHORTS,
    _INTENCLR,
    _ERRORSRC,
    _ENABLE,
    _PSEL_SCL,
    _PSEL_SDA,
    _RXD_PTR,
    _RXD_MAXCNT,
    _RXD_AMOUNT,
    _TXD_PTR,
    _TXD_MAXCNT,
    _TXD_AMOUNT,
    _ADDRESS0,
    _CONFIG,
    _ORC,
)
_SUSPENDS = const(3 << 13)  # WRITE_SUSPEND, READ_SUSPEND
_TWIS = const(9)
_ALL = 0xFFFFFFFF
# PIN_CNF: input, connected, pull up, S0D1. Both lines need resistors of their own all the same.
_LINE = const(0x60C)
_INPUT = const(0)
_BUFFER = const(256)
_FILL = const(0xFF)
_LOOK_US = const(1_000)
_STOP_US = const(1_000)

# Events of drivers.I2CSlave, which are machine.I2CTarget's.
_MATCH_READ = const(1)
_MATCH_WRITE = const(2)
_READ_REQ = const(4)
_WRITE_REQ = const(8)
_END_READ = const(16)
_END_WRITE = const(32)


_table = BusTable("I2C", *BUSES["I2C"], ("SCL", "SDA"), free=True)
_keys = {}  # number -> keys, since find_i2c_target() comes before I2cTarget()


def find_i2c_target(bus, scl, sda):
    """(number, keys of its pins): any pins will do. ValueError; OSError(EOPNOTSUPP): not on this chip."""
    if not chip.TARGETS:
        raise OSError(EOPNOTSUPP, "%s has no I2CSlave" % NAME)
    number, keys = _table.find(bus, scl, sda)
    _keys[number] = keys
    return number, keys


class _Irq:
    def __init__(self):
        self.seen = 0

    def flags(self):
        """The events for which the handler is called."""
        return self.seen


class I2cTarget:
    """The board as an I2C device, as machine.I2CTarget.

    mem: a buffer that the controller reads and writes; mem_addrsize: bits of the address in front, 0 to 32.
    Messages have 256 bytes at most, longer ones are refused on the bus from there on.
    OSError(EOPNOTSUPP) for general_call; EBUSY: the unit is I2C or SPI.
    """

    #: A reply is given as a whole, by send().
    whole = True

    def __init__(self, number, addr, mem, mem_addrsize, general_call):
        if general_call:
            raise OSError(EOPNOTSUPP, "%s has no general call for I2CSlave" % NAME)
        if mem_addrsize not in (0, 8, 16, 24, 32):
            raise ValueError("mem_addrsize: 0, 8, 16, 24 or 32")
        self._keys = _keys[number]
        take("I2CSlave", number)
        self._number = number
        base = chip.SERIAL[number]
        # Addresses are numbers on the heap: made here once.
        self._address = at = {offset: base + offset for offset in _REGISTERS}
        self._mem = mem
        self._address_bytes = mem_addrsize >> 3
        #: The address in `mem` that the controller has selected last.
        self.memaddr = self._at = 0
        self._came = bytearray(_BUFFER)
        self._reply = bytearray(_BUFFER)
        self._taken = self._length = 0
        self._direction = 0  # the event that ends the transfer
        self._handler = None
        self._trigger = 0
        self._irq = _Irq()
        self._alarm = Alarm(self._look)
        mem32[at[_ENABLE]] = 0
        mem32[at[_INTENCLR]] = _ALL
        for key in self._keys:
            set_pin(key, _LINE)
        mem32[at[_PSEL_SCL]] = int(self._keys[0][1:])
        mem32[at[_PSEL_SDA]] = int(self._keys[1][1:])
        mem32[at[_ADDRESS0]] = addr
        mem32[at[_CONFIG]] = 1
        mem32[at[_ORC]] = _FILL
        mem32[at[_SHORTS]] = _SUSPENDS
        mem32[at[_RXD_PTR]] = addressof(self._came)
        mem32[at[_TXD_PTR]] = addressof(self._reply)
        for event in (_STOPPED, _WRITE, _READ):
            mem32[at[event]] = 0
        mem32[at[_ERRORSRC]] = mem32[at[_ERRORSRC]]
        mem32[at[_ENABLE]] = _TWIS
        self._alarm.start(_LOOK_US, _LOOK_US)

    def __repr__(self):
        return "<I2cTarget %d>" % self._number

    def deinit(self):
        """Leave the bus, in the middle of a transfer, too. May be called twice."""
        if self._alarm is None:
            return
        self._alarm.stop()
        self._alarm = None
        at = self._address
        mem32[at[_SHORTS]] = 0
        mem32[at[_STOPPED]] = 0
        mem32[at[_STOP]] = 1
        begun = ticks_us()
        while not mem32[at[_STOPPED]]:
            if ticks_diff(ticks_us(), begun) > _STOP_US:
                break  # nobody transfers; it is off all the same
        mem32[at[_ENABLE]] = 0
        mem32[at[_PSEL_SCL]] = mem32[at[_PSEL_SDA]] = _ALL
        for key in self._keys:
            set_pin(key, _INPUT)
        give_back(self._number)

    def irq(self, handler=None, trigger=0, hard=False):
        """Have handler(self) called, from a scheduled call, at the events in `trigger`."""
        self._handler = handler
        self._trigger = trigger
        return self._irq

    def readinto(self, buf):
        """Take the next byte that the controller has written. Returns how many, 0 or 1."""
        if self._taken == self._length:
            return 0
        buf[0] = self._came[self._taken]
        self._taken += 1
        return 1

    def send(self, buf, n):
        """The reply, of n bytes, to the controller that waits for one; 0xff follows."""
        reply = self._reply
        n = min(n, _BUFFER)
        for i in range(n):
            reply[i] = buf[i]
        at = self._address
        mem32[at[_TXD_MAXCNT]] = n
        mem32[at[_PREPARETX]] = 1
        mem32[at[_RESUME]] = 1

    def _fire(self, events):
        events &= self._trigger
        if events and self._handler is not None:
            self._irq.seen = events
            self._handler(self)

    def _look(self, alarm):
        try:
            self._serve()
        except BaseException:
            # The alarm ends: so that the bus is not held for ever.
            mem32[self._address[_ENABLE]] = 0
            raise

    def _serve(self):
        at = self._address
        written = mem32[at[_WRITE]]
        read = mem32[at[_READ]]
        if self._direction and (written or read or mem32[at[_STOPPED]]):
            self._end()
        if not (written or read) or self._alarm is None:  # a handler has ended it
            return
        # The clock stands still: that stop was the last transfer's.
        mem32[at[_STOPPED]] = 0
        if written:
            mem32[at[_WRITE]] = 0
            self._direction = _END_WRITE
            self._fire(_MATCH_WRITE)
            if self._alarm is None:
                return
            mem32[at[_RXD_MAXCNT]] = _BUFFER
            mem32[at[_PREPARERX]] = 1
            mem32[at[_RESUME]] = 1
        else:
            mem32[at[_READ]] = 0
            self._direction = _END_READ
            if self._mem is not None:
                self._send_memory()
            else:
                self._fire(_MATCH_READ | _READ_REQ)

    def _end(self):
        at = self._address
        direction, self._direction = self._direction, 0
        mem32[at[_STOPPED]] = 0
        errors = mem32[at[_ERRORSRC]]
        if errors:
            mem32[at[_ERRORSRC]] = errors  # cleared by ones
        if direction == _END_READ:
            if self._mem is not None and len(self._mem):
                self._at = (self._at + mem32[at[_TXD_AMOUNT]]) % len(self._mem)
        else:
            self._length = mem32[at[_RXD_AMOUNT]]
            self._taken = 0
            if self._mem is not None:
                self._store_memory()
            elif self._length:
                self._fire(_WRITE_REQ)
        self._fire(direction)

    # ---- Memory

    def _store_memory(self):
        mem = self._mem
        size = len(mem)
        came = self._came
        n = self._address_bytes
        if self._length < n:
            return
        at = 0
        for i in range(n):
            at = ((at << 8) + came[i]) % size
        self.memaddr = at
        for i in range(n, self._length):
            mem[at] = came[i]
            at += 1
            if at == size:
                at = 0
        self._at = at

    def _send_memory(self):
        mem = self._mem
        size = len(mem)
        reply = self._reply
        at = self._at
        for i in range(_BUFFER):
            reply[i] = mem[at]
            at += 1
            if at == size:
                at = 0
        at = self._address
        mem32[at[_TXD_MAXCNT]] = _BUFFER
        mem32[at[_PREPARETX]] = 1
        mem32[at[_RESUME]] = 1
