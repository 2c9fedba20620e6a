"""CAN: frames of a CAN bus, with filters, error counters and the state of the node."""

from errno import ENODEV, ETIMEDOUT

import driverport
from micropython import const
from rtos.core import EventFlags, lock, unlock

from .canfilter import expand
from .canmessage import CANMessage, check_message
from .cansettings import MODES, STATES, check, not_sent
from .cantx import TxRecord
from .context import call_hard, refuse_isr
from .default import HasDefault
from .pins import claim, gone_text, release
from .softcall import SoftCall

# Not in MicroPython's errno; Linux has these numbers.
_EBUSY = const(16)
_ENETDOWN = const(100)

_RX_SIZE = const(32)
_COUNT_MASK = const(0x3FFFFFFF)
# Bits of the flags besides the events; the buffers' bits are above.
_READABLE = const(0x100)
_ROOM = const(0x200)
_FIRST_BUFFER = const(10)
_BUFFERS_MAX = const(20)
_EVENTS = const(0x3F)


class CAN(HasDefault):
    """A node of a CAN bus; mbed's CAN. Classic frames: 11 or 29 bit ids, up to 8 bytes.

    bus: the number of the controller, None: the board's default. freq: bits a second, up to 1 MHz.
    mode: NORMAL; SILENT listens, and neither acknowledges nor reports errors; LOOPBACK also receives
    what it sends itself, and needs nobody who acknowledges; SILENT_LOOPBACK does that without the
    bus. rx_size: frames that are kept until they are read; more are dropped and counted.

    write() and read() never wait. In threads, `await send()` returns when the frame is on the bus and
    somebody has acknowledged it, and `await recv()` waits for one.
    Another CAN of the same bus takes over. Raises ValueError; OSError(EBUSY) if another kind of driver
    has its pins, OSError(EOPNOTSUPP) if there is none.
    """

    NORMAL = const(0)
    SILENT = const(1)
    LOOPBACK = const(2)
    SILENT_LOOPBACK = const(3)

    #: What state() returns.
    STOPPED = const(0)
    ERROR_ACTIVE = const(1)
    ERROR_WARNING = const(2)
    ERROR_PASSIVE = const(3)
    BUS_OFF = const(4)

    #: Events of irq() and events().
    RX = const(1)
    TX = const(2)
    STATE = const(4)
    OVERRUN = const(8)
    ARBITRATION_LOST = const(16)
    BUS_ERROR = const(32)

    #: Formats of filters.
    STANDARD = const(0)
    EXTENDED = const(1)
    ANY = const(2)

    def __init__(self, bus=None, freq=500_000, mode=0, rx_size=_RX_SIZE):
        check(freq, mode)
        if not isinstance(rx_size, int) or rx_size < 1:
            raise ValueError("rx_size: frames to keep, 1 or more")
        self._port = None
        number, pins = driverport.find_can(bus)
        self._name = "CAN(%d)" % number
        self._gone = gone_text(self._name)
        claim(self, *pins, unit=self._name)
        try:
            self._set_up(driverport.Can(number), freq, mode, rx_size)
        except BaseException:
            release(self)
            raise

    def _set_up(self, port, freq, mode, rx_size):
        buffers = port.TX_QUEUE_LEN
        if buffers > _BUFFERS_MAX:
            raise ValueError("a CAN port has up to 20 buffers to send")
        self._freq = freq
        self._mode = mode
        self._filters = None
        self._flags = EventFlags()
        # The ring of received frames: one more than fit, so that the interrupt can fetch and drop.
        self._ring = [CANMessage() for _ in range(rx_size + 1)]
        self._put = self._get = 0
        self._dropped = 0
        self._tx = TxRecord(buffers)
        self._counters = [0] * 8
        #: Events for which a soft function of irq() was not called by itself.
        self.missed = 0
        self._soft = self._hard = None
        self._wanted = self._pending = 0
        self._interrupt = self._on_event  # bound here: interrupt handlers have no heap
        port.start(freq, mode, self._interrupt)
        self._port = port

    def __repr__(self):
        if self._port is None:
            return "<%s deinitialised>" % self._name
        return "<%s %d bit/s %s, %s, tx errors %d, rx errors %d>" % (
            self._name,
            self._freq,
            MODES[self._mode],
            STATES[self.state()],
            self.tx_errors(),
            self.rx_errors(),
        )

    def is_connected(self):
        """Whether it is there to be used; False after deinit(). Context: any."""
        return self._port is not None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    # ---- Settings

    def freq(self, hz=None):
        """The bit rate, or set it: the node leaves the bus and comes back. Context: not an ISR."""
        self._ready()
        if hz is not None:
            check(hz, self._mode)
            self._restart(hz, self._mode)
        return self._freq

    def mode(self, mode=None):
        """The mode, or set it: the node leaves the bus and comes back. Context: not an ISR."""
        self._ready()
        if mode is not None:
            check(self._freq, mode)
            self._restart(self._freq, mode)
        return self._mode

    def filters(self, *filters):
        """Which frames are received, or set it: `filters((0x300, 0x700, CAN.STANDARD))`.

        filters: any number of (id, mask, format); a frame passes if its id equals the id of one
        of them in the bits of the mask, and has its format. filters(None) receives all, as at first;
        filters(()) nothing. Returns them, None for all.
        Raises ValueError if one is out of range or the controller has too few. Context: not an ISR.
        """
        port = self._ready()
        if filters:
            refuse_isr()
            if filters == (None,):
                filters = chosen = None
            else:
                if filters == ((),):
                    filters = ()
                chosen = expand(filters)
                if len(chosen) > port.FILTERS_MAX:
                    raise ValueError(
                        "%s has %d filters, not %d: one with a wider mask serves several ids"
                        % (self._name, port.FILTERS_MAX, len(chosen))
                    )
            port.filters(chosen)
            self._filters = filters
        return self._filters

    # ---- Frames

    def write(self, message):
        """Hand a CANMessage to the controller, which copies it. Returns whether there was room.

        The controller sends the lowest id first, and again until it was acknowledged. Raises
        OSError(ENETDOWN) when the node is bus-off. Allocates nothing. Context: any but an ISR.
        """
        return self._submit(message) >= 0

    def read(self, message):
        """Fill the CANMessage with the oldest frame received. Returns whether there was one.

        Allocates nothing. Context: any but an ISR.
        """
        self._ready()
        refuse_isr("a hard handler cannot read: it may have come in the middle of another read()")
        check_message(message)
        lock()
        try:
            get = self._get
            found = get != self._put
            if found:
                ring = self._ring
                message.copy_from(ring[get])
                get += 1
                self._get = 0 if get == len(ring) else get
            if self._get == self._put:
                self._flags.clear(_READABLE)
                if self._get != self._put:  # one has come just before
                    self._flags.set(_READABLE)
        finally:
            unlock()
        return found

    def any(self):
        """How many frames wait to be read. Context: any."""
        self._ready()
        count = self._put - self._get
        return count if count >= 0 else count + len(self._ring)

    def readable(self, timeout_ms=None):
        """Awaitable: a frame waits. `await readable(); read(message)` allocates nothing.

        Another thread may read it first. Raises OSError(ETIMEDOUT). Context: thread.
        """
        self._ready()
        refuse_isr("an interrupt handler cannot wait: a thread does")
        return self._flags.wait_any(_READABLE, False, timeout_ms)

    async def recv(self, message=None, timeout_ms=None):
        """Wait for a frame. Returns it: in `message`, or in a new CANMessage.

        Raises OSError(ETIMEDOUT). Context: thread.
        """
        if message is None:
            message = CANMessage()
        while not self.read(message):
            await self.readable(timeout_ms)
        return message

    async def send(self, message, timeout_ms=None):
        """Send a CANMessage and wait until another node has acknowledged it.

        Raises OSError(ETIMEDOUT) when the time is up, and the frame is taken back then: nobody
        acknowledges, or frames with lower ids take the bus; OSError(ENETDOWN) if the node becomes,
        or is, bus-off. Context: thread.
        """
        flags = self._flags
        port = self._ready()
        while True:
            flags.clear(_ROOM)
            index = self._submit(message)
            if index >= 0:
                break
            await flags.wait_any(_ROOM, False, timeout_ms)
        tx = self._tx
        mine = tx.latest(index)
        try:
            while tx.waits(index, mine):
                await flags.wait_any(1 << _FIRST_BUFFER + index, True, timeout_ms)
        except BaseException as error:
            if self._port is port and tx.waits(index, mine):
                port.cancel(index)
            if isinstance(error, OSError) and error.args[0] == ETIMEDOUT:
                raise OSError(
                    ETIMEDOUT, not_sent(self._name, self.state(), self.tx_errors(), self._freq)
                ) from None
            raise
        if not tx.was_sent(index, mine):
            self._ready()
            raise OSError(
                _ENETDOWN, "%s: not sent, the node is %s" % (self._name, STATES[self.state()])
            )

    def cancel(self):
        """Take back all frames that wait to be sent. Returns how many. Context: not an ISR."""
        port = self._ready()
        refuse_isr()
        count = 0
        for index in range(port.TX_QUEUE_LEN):
            if port.cancel(index):
                count += 1
        return count

    # ---- Errors

    def state(self):
        """ERROR_ACTIVE, ERROR_WARNING (a counter has reached 96), ERROR_PASSIVE (128), BUS_OFF (256).

        Source: ISO 11898-1, fault confinement. Context: any.
        """
        return self._ready().state()

    def tx_errors(self):
        """The transmit error counter. Context: any but an ISR."""
        return self.counters()[0]

    def rx_errors(self):
        """The receive error counter. Context: any but an ISR."""
        return self.counters()[1]

    def counters(self, counters=None):
        """What is counted, in a list of eight: `counters`, or one of the driver's own.

        The transmit and receive error counters; how often the node became warning, passive, bus-off;
        frames that wait to be sent, and to be read; frames lost because they were not read in time.
        Those of states begin anew with restart(). Allocates nothing. Context: any but an ISR.
        """
        if counters is None:
            counters = self._counters
        elif not isinstance(counters, list) or len(counters) < 8:
            raise ValueError("counters(): a list of eight, or nothing")
        port = self._ready()
        refuse_isr()
        port.counters(counters)
        counters[6] += self.any()
        counters[7] = counters[7] + self._dropped & _COUNT_MASK
        return counters

    def restart(self):
        """Begin the recovery from bus-off; what waits to be sent is dropped.

        The node is ERROR_ACTIVE again when the bus was idle 128 times for 11 bits; a STATE event
        tells. Context: not an ISR.
        """
        port = self._ready()
        refuse_isr()
        port.restart()

    def state_change(self, timeout_ms=None):
        """Awaitable: the state has changed since the last time, or since the node started.

        Raises OSError(ETIMEDOUT). Context: thread.
        """
        self._ready()
        refuse_isr("an interrupt handler cannot wait: a thread does")
        return self._flags.wait_any(CAN.STATE, True, timeout_ms)

    # ---- Interrupts

    def irq(self, function, events=1, hard=False):
        """Have function(can) called at events; function None: not any more.

        events: RX, TX (sent or given up), STATE, OVERRUN (frames were lost), ARBITRATION_LOST,
        BUS_ERROR, ored. A soft function may allocate and is called once for several events that come
        close together; hard: in the interrupt. events() tells which. Context: not an ISR.
        """
        self._ready()
        refuse_isr()
        self._wanted = 0
        self._hard = function if hard else None
        if self._soft is not None:
            self._soft.cancel()
        self._soft = None
        if function is not None:
            if not callable(function) or not 0 < events <= _EVENTS:
                raise ValueError("irq(function, events): RX, TX, STATE, OVERRUN, ..., ored")
            if not hard:
                self._soft = SoftCall(function, self)
            self._pending = 0
            self._wanted = events

    def events(self):
        """The events since the last call, ored, of those that irq() was given. Context: any."""
        events = self._pending
        self._pending = 0
        return events

    def _on_event(self, events):
        """An interrupt of the controller, hard."""
        flags = self._flags
        port = self._port
        if port is None:
            return
        if events & 1:
            ring = self._ring
            put = self._put
            while port.recv(ring[put]):
                after = put + 1
                if after == len(ring):
                    after = 0
                if after == self._get:
                    self._dropped = self._dropped + 1 & _COUNT_MASK
                    events |= 8
                else:
                    self._put = put = after
            flags.set(_READABLE)
        if events & 2:
            while True:
                sent = port.sent()
                if sent < 0:
                    break
                index = sent >> 1
                self._tx.finish(index, sent & 1)
                flags.set(1 << _FIRST_BUFFER + index | _ROOM)
        if events & 4:
            flags.set(4)
        events &= self._wanted
        if events:
            self._pending |= events
            if self._hard is not None:
                self._hard = call_hard(self._hard, self)
            elif self._soft is not None:
                self._soft.post()

    # ---- The rest

    def deinit(self):
        """Leave the bus; what waits is dropped. May be called again. Context: not an ISR."""
        port = self._port
        if port is not None:
            refuse_isr()
            port.stop()
            self._port = None
            self._wanted = 0
            if self._soft is not None:
                self._soft.cancel()
            release(self)
            # Those who wait look, and find the driver gone.
            self._flags.set(_EVENTS | _READABLE | _ROOM)
            self._tx.give_up()
            for index in range(port.TX_QUEUE_LEN):
                self._flags.set(1 << _FIRST_BUFFER + index)

    def _ready(self):
        port = self._port
        if port is None:
            raise OSError(ENODEV, self._gone)
        return port

    def _restart(self, freq, mode):
        refuse_isr()
        port = self._port
        port.stop()
        self._put = self._get = 0
        port.start(freq, mode, self._interrupt)
        port.filters(None if self._filters is None else expand(self._filters))
        self._freq = freq
        self._mode = mode

    def _submit(self, message):
        port = self._ready()
        refuse_isr("a hard handler cannot send: do it in a thread or soft handler")
        check_message(message)
        if port.state() == CAN.BUS_OFF:
            raise OSError(_ENETDOWN, "%s is bus-off: restart() it" % self._name)
        if self._mode == CAN.SILENT:
            raise OSError(_EBUSY, "%s is silent: mode(CAN.NORMAL) to send" % self._name)
        lock()
        try:
            index = port.send(message)
            if index >= 0:
                self._tx.hand(index)
        finally:
            unlock()
        return index
