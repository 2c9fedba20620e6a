"""Simulated serial lines: two ends, crossed, with baud rate and latency in simulated time."""

from micropython import const

from . import clock

_RX_BYTES = const(256)
_TX_BYTES = const(256)
#: A receiver takes a clock that is off by less than this part: half a bit at the last of ten.
_TOLERANCE = const(20)
_NOTHING = const(-1)


class Ring:
    """Bytes that wait. size: how many fit."""

    def __init__(self, size):
        self.size = size
        self._bytes = bytearray(size)
        self._first = 0
        self.count = 0

    def put(self, byte):
        """Returns whether there was room."""
        if self.count == self.size:
            return False
        self._bytes[(self._first + self.count) % self.size] = byte
        self.count += 1
        return True

    def get(self):
        """The oldest byte, or -1."""
        if not self.count:
            return _NOTHING
        byte = self._bytes[self._first]
        self._first = (self._first + 1) % self.size
        self.count -= 1
        return byte


class UartEnd:
    """One end of a serial line: what a UART of the board, or of a device model, does.

    name: for people.  tx: the Wire that shows what it sends, or None.  rx: for its name only.

    received(end) is called after each byte that came in, sent(end) when all has been sent, idle(end)
    when nothing has come for the time of one byte: functions, or None.
    Counters: overruns (no room), framing_errors (wrong rate or format, breaks), parity_errors; what was
    hit is dropped.
    """

    def __init__(self, name="uart", tx=None, rx=None):
        self.name = name
        self.tx = tx
        self.rx = rx
        self.peer = None
        self.latency_us = 0
        self.received = self.sent = self.idle = None
        #: What the UART class keeps here.
        self.owner = None
        #: Faults, asked in this order about each byte that comes in; see faults.py.
        self.faults = []
        self.on = False
        self.overruns = self.framing_errors = self.parity_errors = 0
        self._tx_driver = None if tx is None else tx.driver(name, False)
        self._bit = 0
        self._frame = 0
        self._start_us = 0
        self._sending = _NOTHING
        self._clock = None
        self.set_up(115_200)
        self.on = False

    def __repr__(self):
        peer = "nothing" if self.peer is None else self.peer.name
        return f"<UartEnd {self.name} to {peer}, {self.baudrate} baud>"

    def connect(self, peer, latency_us=0):
        """Cross this end with another; or with itself, which is a loopback."""
        self.peer = peer
        peer.peer = self
        self.latency_us = peer.latency_us = latency_us
        return peer

    def loopback(self):
        """Connect TX with RX."""
        return self.connect(self)

    def set_up(
        self, baudrate, bits=8, parity=None, stop=1, rx_bytes=_RX_BYTES, tx_bytes=_TX_BYTES
    ):
        """Switch on. parity: None, 0 (even) or 1 (odd). Buffers of another size start empty."""
        self.baudrate = baudrate
        self.bits = bits
        self.parity = parity
        self.stop = stop
        self.frame_bits = 1 + bits + (parity is not None) + stop
        if not self.on or self.rx_ring.size != rx_bytes:
            self.rx_ring = Ring(rx_bytes)
        if not self.on or self.tx_ring.size != tx_bytes:
            self.tx_ring = Ring(tx_bytes)
        self.on = True
        if self._tx_driver is not None:
            self._tx_driver(1)

    def switch_off(self):
        """Drop what waits; TX floats, and what comes in is lost."""
        self.on = False
        self._sending = _NOTHING
        if self._clock is not None:
            self._alarm.cancel()
            self._idle_alarm.cancel()
        if self._tx_driver is not None:
            self._tx_driver.release()

    def frame_us(self, bits=0):
        """How long so many bits take, us, 0: a byte with all that is around it."""
        return -(-(bits or self.frame_bits) * 1_000_000 // self.baudrate)

    def _make_alarms(self):
        if self._clock is not clock.current():
            self._clock = clock.current()
            self._alarm = clock.Alarm(0, self._tick, None)
            self._idle_alarm = clock.Alarm(0, self._silent, None)

    # -- Sending

    def send(self, byte):
        """Queue a byte. Returns whether there was room."""
        if not self.tx_ring.put(byte):
            return False
        if self._sending == _NOTHING:
            self._next(clock.now())
        return True

    @property
    def busy(self):
        """Whether something is still to be sent."""
        return self._sending != _NOTHING

    def _next(self, now):
        self._sending = byte = self.tx_ring.get()
        if byte == _NOTHING:
            if self.sent is not None:
                self.sent(self)
            return
        self._make_alarms()
        self._start_us = now
        if self.tx is not None and self.tx.observed:
            self._frame = self._make_frame(byte)
            self._bit = 0
            self._tx_driver(0)
            self._alarm.plan(now + 1_000_000 // self.baudrate)
        else:
            self._bit = self.frame_bits
            self._alarm.plan(now + self.frame_us())

    def _make_frame(self, byte):
        """The bits in the order of time, lowest first: start, data, parity, stop."""
        frame = (byte & ((1 << self.bits) - 1)) << 1
        place = 1 + self.bits
        if self.parity is not None:
            frame |= (_ones(byte) & 1 ^ self.parity) << place
            place += 1
        return frame | ((1 << self.stop) - 1) << place

    def _tick(self, _):
        self._bit += 1
        if self._bit < self.frame_bits:
            self._tx_driver(self._frame >> self._bit & 1)
            self._alarm.plan(self._start_us + (self._bit + 1) * 1_000_000 // self.baudrate)
            return
        now = self._alarm.when_us
        byte = self._sending
        peer = self.peer
        if peer is not None:
            if self.latency_us:
                clock.at(now + self.latency_us, peer._arrive, byte)
            else:
                peer._arrive(byte)
        self._next(now)

    # -- Receiving

    def _arrive(self, byte):
        if not self.on:
            return
        peer = self.peer
        if self._shorted(peer.tx) or self._shorted(self.rx):
            return
        off = abs(peer.baudrate - self.baudrate) * _TOLERANCE > self.baudrate
        if off or peer.frame_bits != self.frame_bits:
            self.framing_errors += 1
            return
        if peer.parity != self.parity:
            self.parity_errors += 1
            return
        mask = (1 << self.bits) - 1
        sent = byte & mask
        for fault in self.faults:
            byte = fault.on_read(0, byte)
            if byte is None:
                self.framing_errors += 1
                return
        byte &= mask
        if self.parity is not None and _ones(byte ^ sent) & 1:
            self.parity_errors += 1
            return
        self.take(byte)

    def _shorted(self, wire):
        """Whether a short circuit of that wire eats what comes: to ground it looks like a break."""
        if wire is None or wire.forced is None:
            return False
        if not wire.forced:
            self.framing_errors += 1
        return True

    def take(self, byte):
        """A byte has come in."""
        if not self.rx_ring.put(byte):
            self.overruns += 1
        elif self.received is not None:
            self.received(self)
        if self.idle is not None:
            self._make_alarms()
            self._idle_alarm.plan(clock.now() + self.frame_us())

    def _silent(self, _):
        # A byte that is under way ends the silence at its start bit.
        if self.idle is not None and not (self.peer is not None and self.peer.busy):
            self.idle(self)


def _ones(byte):
    count = 0
    while byte:
        count += byte & 1
        byte >>= 1
    return count
