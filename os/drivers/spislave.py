"""SPISlave: this board as a device on an SPI bus, which another board clocks."""

from errno import ENODEV

import driverport
from micropython import const
from rtos.core import EventFlags

from .context import call_hard, refuse_isr
from .default import HasDefault
from .pins import claim, gone_text, release
from .softcall import SoftCall

_SIZE = const(64)
_FILL = const(0xFF)
_READABLE = const(1)
_GONE = const(2)
_COUNT_MASK = const(0x3FFFFFFF)


def _is_byte(value):
    return isinstance(value, int) and 0 <= value <= 0xFF


class SPISlave(HasDefault):
    """A device on an SPI bus, 8 bits a word; mbed's SPISlave.

    bus: None takes the board's default. polarity, phase: as for machine.SPI. firstbit: SPISlave.MSB, or
    LSB. size: bytes that are kept until they are read; more are dropped and counted in `dropped`.
    fill: what goes out when no reply is left.

    Bytes go both ways at once: what answers a byte has to be ready before it comes. reply() sets the
    byte that goes out with the next one, write() those with the next ones. On boards that transfer
    frames as a whole (nRF52) these are the bytes of the next frame, and irq() comes after a frame.
    Another SPISlave on the same bus takes over. Raises ValueError; OSError(EBUSY) if another kind of
    driver has its pins, OSError(EOPNOTSUPP) if the board cannot. Every call after deinit() raises
    OSError(ENODEV). Context of the constructor: thread or base level.
    """

    MSB = const(0)
    LSB = const(1)

    def __init__(self, bus=None, polarity=0, phase=0, firstbit=0, size=_SIZE, fill=_FILL):
        for value in (polarity, phase, firstbit):
            if value not in (0, 1):
                raise ValueError("polarity, phase and firstbit: 0 or 1")
        if not isinstance(size, int) or size < 1 or not _is_byte(fill):
            raise ValueError("size: 1 or more; fill: a byte")
        self._target = None
        number, pins = driverport.find_spi_target(bus)
        self._fill = fill
        #: Bytes that found no room.
        self.dropped = 0
        #: How often the chip select has gone high.
        self.frames = 0
        self._ring = bytearray(size + 1)
        self._put = self._get = 0
        self._reply = bytearray(size)
        self._reply_length = self._reply_at = 0
        self._flags = EventFlags()
        #: Events for which a soft function of irq() was not called by itself.
        self.missed = 0
        self._hard = self._soft = None
        self._interrupt = self._on_word
        self._load = None
        self._name = "SPI(%d)" % number
        self._gone = gone_text("SPISlave of " + self._name)
        claim(self, *pins, unit=self._name)
        try:
            target = driverport.SpiTarget(number, self._interrupt, polarity, phase, firstbit)
        except BaseException:
            release(self)
            raise
        self._target = target
        # A board's target may take a frame as a whole, and want what goes out before it begins.
        self._load = getattr(target, "load", None)
        target.reply(fill)

    def __repr__(self):
        if self._target is None:
            return "<SPISlave deinitialised>"
        return "<SPISlave of %s, %d bytes>" % (self._name, self.receive())

    def is_connected(self):
        """Whether it is there to be used; False after deinit(). Context: any."""
        return self._target is not None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def receive(self):
        """How many bytes wait to be read. Context: any."""
        self._ready()
        return (self._put - self._get) % len(self._ring)

    def read(self):
        """The oldest byte, None if there is none. Allocates nothing. Context: any, one at a time."""
        self._ready()
        get = self._get
        if get == self._put:
            self._flags.clear(_READABLE)
            if get == self._put:
                return None
            self._flags.set(_READABLE)  # one has come just before
        value = self._ring[get]
        self._get = (get + 1) % len(self._ring)
        return value

    def readinto(self, buf):
        """Fill buf with what there is. Returns the number of bytes, None if there is none.

        Allocates nothing. Context: any, one at a time.
        """
        n = 0
        while n < len(buf):
            value = self.read()
            if value is None:
                break
            buf[n] = value
            n += 1
        return n or None

    def readable(self, timeout_ms=None):
        """Awaitable: there is something to read. Allocates nothing.

        Raises OSError(ETIMEDOUT). Context: thread.
        """
        self._ready()
        refuse_isr("an interrupt handler cannot wait: a thread does")
        if not self.receive():
            self._flags.clear(_READABLE)
            if self.receive():
                self._flags.set(_READABLE)
        return self._flags.wait_any(_READABLE | _GONE, False, timeout_ms)

    def reply(self, value):
        """The byte that goes out with the next one that comes in.

        Raises ValueError. Allocates nothing. Context: any; in a hard handler it answers the next byte.
        """
        target = self._ready()
        if not _is_byte(value):
            raise ValueError("reply() takes a byte")
        self._reply_length = 0
        if self._load is not None:
            self._reply[0] = value
            self._load(self._reply, 1)
        else:
            target.reply(value)

    def write(self, buf):
        """The bytes that go out with the next ones that come in; then `fill` again. Returns how many.

        buf: 1 byte or more, up to `size` of the constructor; it is copied. A second write() takes back
        what is left of the first. Allocates nothing. Context: any, one at a time.
        """
        target = self._ready()
        n = len(buf)
        reply = self._reply
        if not 0 < n <= len(reply):
            raise ValueError("write() takes 1 to %d bytes" % len(reply))
        self._reply_length = 0
        for i in range(n):
            reply[i] = buf[i]
        if self._load is not None:
            self._load(reply, n)
            return n
        target.reply(buf[0])
        self._reply_at = 1
        self._reply_length = n
        return n

    def irq(self, function, hard=False):
        """Have function(self) called when bytes have come, or the chip select has gone high.

        function None: not any more. A soft function may allocate and is called once for several bytes
        that come close together; hard: in the interrupt, with each. Context: not an ISR.
        """
        self._ready()
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
            if self._soft is not None:
                self._soft.cancel()
            release(self)
            self._flags.set(_READABLE | _GONE)

    def _ready(self):
        target = self._target
        if target is None:
            raise OSError(ENODEV, self._gone)
        return target

    def _on_word(self, value):
        """An interrupt of the target, hard: a byte, or -1 for the end of a frame."""
        if value < 0:
            self.frames = self.frames + 1 & _COUNT_MASK
            self.dropped = self.dropped + getattr(self._target, "lost", 0) & _COUNT_MASK
        else:
            at = self._reply_at
            if self._load is not None:
                pass  # it goes out without us
            elif at < self._reply_length:
                self._target.reply(self._reply[at])
                self._reply_at = at + 1
            else:
                self._target.reply(self._fill)
            ring = self._ring
            after = (self._put + 1) % len(ring)
            if after == self._get:
                self.dropped = self.dropped + 1 & _COUNT_MASK
            else:
                ring[self._put] = value
                self._put = after
            self._flags.set(_READABLE)
        if self._hard is not None:
            self._hard = call_hard(self._hard, self)
        elif self._soft is not None:
            self._soft.post()
