"""I2CSlave: this board as a device on an I2C bus, which another board reads and writes."""

from errno import ENODEV

import driverport
from micropython import const
from rtos.core import EventFlags

from .context import call_hard, refuse_isr
from .default import default_of
from .pins import claim, gone_text, release
from .softcall import SoftCall

_SIZE = const(32)
_MESSAGES = const(4)
_FILL = const(0xFF)
_ADDRESSED = const(1)
_GONE = const(2)
_COUNT_MASK = const(0x3FFFFFFF)
_ADDR_FIRST = const(0x08)
_ADDR_LAST = const(0x77)

# Events of machine.I2CTarget.
_MATCH_READ = const(1)
_MATCH_WRITE = const(2)
_READ_REQ = const(4)
_WRITE_REQ = const(8)
_END_READ = const(16)
_END_WRITE = const(32)
_ALL = const(63)
_ENDS = const(48)


class I2CSlave:
    """A device on an I2C bus; mbed's I2CSlave.

        slave = I2CSlave(0x42)
        while True:
            await slave.addressed()
            what = slave.receive()
            if what == I2CSlave.READ_ADDRESSED:
                slave.write(reply)
            elif what == I2CSlave.WRITE_ADDRESSED:
                n = slave.readinto(buf)

    addr: 7 bits, 0x08 to 0x77. bus: its number, None takes the board's default. scl, sda: pins instead of
    the number. size: the longest message
    in bytes, each way. messages: how many written ones are kept until they are read.
    general_call: also take what is written to address 0.

    mem: a buffer that the controller reads and writes without any code of the program, as
    machine.I2CTarget has it: it writes the address, mem_addrsize bits, and then data, or reads. irq()
    tells when it has.

    A controller that reads is held up until write() has given it something; behind the last byte of that
    it reads 0xff. A message that finds no room, or is too long, is dropped and counted in `dropped`.
    Another I2CSlave on the same bus takes over. Raises ValueError; OSError(EBUSY) if another kind of
    driver has its pins, OSError(EOPNOTSUPP) if the board cannot. Every call after deinit() raises
    OSError(ENODEV). Context of the constructor: thread or base level.
    """

    #: What receive() returns.
    NO_DATA = const(0)
    READ_ADDRESSED = const(1)
    WRITE_GENERAL = const(2)
    WRITE_ADDRESSED = const(3)

    def __init__(
        self,
        addr,
        bus=None,
        scl=None,
        sda=None,
        size=_SIZE,
        messages=_MESSAGES,
        general_call=False,
        mem=None,
        mem_addrsize=8,
    ):
        if not isinstance(addr, int) or not _ADDR_FIRST <= addr <= _ADDR_LAST:
            raise ValueError("addr: 7 bits, 0x08 to 0x77, without the bit for reading")
        for number in (size, messages):
            if not isinstance(number, int) or number < 1:
                raise ValueError("size and messages: 1 or more")
        if mem is not None:
            if isinstance(mem, (str, bytes)) or not len(mem):
                raise ValueError("mem: a buffer that can be written, such as bytearray(16)")
            memoryview(mem)[0] = mem[0]  # TypeError
        self._target = None
        number, pins = driverport.find_i2c_target(bus, scl, sda)
        #: The address, 7 bits.
        self.addr = addr
        self._mem = mem
        #: Messages that found no room, and bytes that were asked for behind the end of a reply.
        self.dropped = self.underruns = 0
        self._flags = EventFlags()
        self._one = bytearray(1)
        # Messages from the controller: a ring, whose next free place is being filled.
        self._places = messages + 1
        self._messages = [bytearray(size) for _ in range(self._places)] if mem is None else ()
        self._lengths = [0] * self._places
        self._general = [False] * self._places
        self._put = self._get = 0
        self._length = 0
        self._room = False
        # The reply.
        self._reply = bytearray(size) if mem is None else None
        self._reply_length = self._reply_at = 0
        self._reading = self._starves = False
        #: Events for which a soft function of irq() was not called by itself.
        self.missed = 0
        self._hard = self._soft = None
        self._gone = gone_text("I2CSlave 0x%02x" % addr)
        claim(self, *pins, unit="I2C(%d)" % number)
        try:
            target = driverport.I2cTarget(number, addr, mem, mem_addrsize, general_call)
        except BaseException:
            release(self)
            raise
        self._target = target
        # A board's target may want a reply as a whole, and send 0xff behind it by itself.
        self._whole = getattr(target, "whole", False)
        self._interrupt = self._on_end if mem is not None else self._on_event
        self._irq = target.irq(self._interrupt, _ENDS if mem is not None else _ALL, True)

    def __repr__(self):
        if self._target is None:
            return "<I2CSlave 0x%02x deinitialised>" % self.addr
        if self._mem is not None:
            return "<I2CSlave 0x%02x memory of %d bytes>" % (self.addr, len(self._mem))
        state = ("no data", "is read", "general call", "was written")[self.receive()]
        return "<I2CSlave 0x%02x %s>" % (self.addr, state)

    @classmethod
    def default(cls, addr):
        """That of the board's default bus: the same object for all who ask for that address.

        A new one after deinit(), and for another address, where it takes over.
        """
        made = default_of(cls, addr)
        if made.addr != addr:
            made.deinit()
            made = default_of(cls, addr)
        return made

    def is_connected(self):
        """Whether it is there to be used; False after deinit(). Context: any."""
        return self._target is not None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    @property
    def memaddr(self):
        """The address in `mem` that the controller has selected last. AttributeError without `mem`, and
        after deinit(): so dir() goes through.
        """
        target = self._target
        if target is None or self._mem is None:
            raise AttributeError("memaddr is there with mem=, until deinit()")
        return target.memaddr

    def receive(self):
        """What the controller wants: NO_DATA, or what is to be done next.

        WRITE_ADDRESSED: it has written a message, to be read with readinto(); WRITE_GENERAL: one for
        all; READ_ADDRESSED: it waits for write(). Context: any, one at a time.
        """
        self._ready(True)
        status = self._status()
        if not status:
            self._flags.clear(_ADDRESSED)
            status = self._status()
            if status:  # it has come just before
                self._flags.set(_ADDRESSED)
        return status

    def addressed(self, timeout_ms=None):
        """Awaitable: receive() has something. Allocates nothing.

        Raises OSError(ETIMEDOUT). Context: thread.
        """
        self._ready(True)
        refuse_isr("an interrupt handler cannot wait: a thread does")
        self.receive()
        return self._flags.wait_any(_ADDRESSED | _GONE, False, timeout_ms)

    def readinto(self, buf):
        """Take the oldest message. Returns its length, None if there is none.

        Raises ValueError if buf is shorter; the message stays. Allocates nothing. Context: any, one at a time.
        """
        self._ready(True)
        get = self._get
        if get == self._put:
            return None
        length = self._lengths[get]
        if length > len(buf):
            raise ValueError("the message has %d bytes, buf %d" % (length, len(buf)))
        message = self._messages[get]
        for i in range(length):
            buf[i] = message[i]
        self._get = (get + 1) % self._places
        return length

    def read(self):
        """The oldest message as bytes, None if there is none. Context: any but an ISR; it allocates."""
        self._ready(True)
        refuse_isr("not in an interrupt handler, which has no heap: readinto() works there")
        if self._get == self._put:
            return None
        buf = bytearray(self._lengths[self._get])
        self.readinto(buf)
        return bytes(buf)

    def write(self, buf):
        """The reply to the controller that reads, or to the next one that will. Returns its length.

        buf: 1 byte or more, up to `size` of the constructor; it is copied. A second write() before the
        controller has read is another reply instead. Allocates nothing. Context: any, one at a time.
        """
        target = self._ready(True)
        n = len(buf)
        reply = self._reply
        if not 0 < n <= len(reply):
            raise ValueError("a reply has 1 to %d bytes" % len(reply))
        self._reply_length = 0
        for i in range(n):
            reply[i] = buf[i]
        self._reply_at = 0
        self._reply_length = n  # from here on an interrupt takes it
        if self._starves:
            self._starves = False
            self._feed(target)
        return n

    def stop(self):
        """Forget the messages and the reply; a controller that is held up reads 0xff.

        Context: any, one at a time. Source: mbed's I2CSlave::stop().
        """
        target = self._ready(True)
        self._get = self._put
        self._reply_length = self._reply_at = 0
        if self._starves:
            self._starves = False
            self._feed(target)

    def irq(self, function, hard=False):
        """Have function(self) called when receive() has something; function None: not any more.

        With `mem`: when the controller has read or written. A soft function may allocate and is called
        once for several events that come close together; hard: in the interrupt. Context: not an ISR.
        """
        self._ready(False)
        refuse_isr()
        self._hard = None
        if self._soft is not None:
            self._soft.cancel()
            self._soft = None
        if function is not None:
            if not callable(function):
                raise TypeError("pass the function, not its call")
            if hard:
                self._hard = function
            else:
                self._soft = SoftCall(function, self)

    def deinit(self):
        """Leave the bus. May be called again. Context: thread or base level."""
        target = self._target
        if target is not None:
            refuse_isr()
            self._target = None
            target.deinit()
            release(self)
            if self._soft is not None:
                self._soft.cancel()
            self._flags.set(_ADDRESSED | _GONE)

    # ---- Inside

    def _ready(self, messages):
        target = self._target
        if target is None:
            raise OSError(ENODEV, self._gone)
        if messages and self._mem is not None:
            raise ValueError("with mem= the controller reads and writes that")
        return target

    def _status(self):
        get = self._get
        if get != self._put:
            return 2 if self._general[get] else 3
        return 1 if self._reading and not self._reply_length else 0

    def _feed(self, target):
        """Give the controller a byte, or all there is if the target wants that."""
        one = self._one
        if self._whole:
            n = self._reply_length
            self._reply_at = n
            if n:
                target.send(self._reply, n)
            else:
                one[0] = _FILL
                self.underruns = self.underruns + 1 & _COUNT_MASK
                target.send(one, 1)
            return
        at = self._reply_at
        if at < self._reply_length:
            one[0] = self._reply[at]
            self._reply_at = at + 1
        else:
            one[0] = _FILL
            self.underruns = self.underruns + 1 & _COUNT_MASK
        target.write(one)

    def _on_event(self, target):
        """An interrupt of the target, hard."""
        events = self._irq.flags()
        if events & _END_WRITE:
            self._end_message()
        if events & _END_READ:
            self._reading = self._starves = False
            if self._reply_at:
                self._reply_length = self._reply_at = 0
        if events & _MATCH_WRITE:
            put = (self._put + 1) % self._places
            self._room = put != self._get
            self._general[self._put] = getattr(target, "general", False)
            self._length = 0
        if events & _MATCH_READ:
            self._reading = True
        if events & _WRITE_REQ:
            while target.readinto(self._one):
                message = self._messages[self._put]
                length = self._length
                if length < len(message):
                    message[length] = self._one[0]
                self._length = length + 1
        if events & _READ_REQ:
            if self._reply_length:
                self._feed(target)
            else:
                self._starves = True
                self._tell()

    def _end_message(self):
        put = self._put
        if not self._length:
            return  # an address, to see whether there is anybody
        if not self._room or self._length > len(self._messages[put]):
            self.dropped = self.dropped + 1 & _COUNT_MASK
        else:
            self._lengths[put] = self._length
            self._put = (put + 1) % self._places
            self._tell()
        self._length = 0

    def _on_end(self, target):
        """An interrupt of a target with memory, hard."""
        self._tell()

    def _tell(self):
        self._flags.set(_ADDRESSED)
        if self._hard is not None:
            self._hard = call_hard(self._hard, self)
            if self._hard is None and self._starves:
                self._starves = False  # who was to answer has failed: do not hold the bus
                self._feed(self._target)
        elif self._soft is not None:
            self._soft.post()
