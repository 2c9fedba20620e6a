"""A simulated CAN controller: buffers, filters, error counters and states.

Error counting is fault confinement of ISO 11898-1:2015, 12.1.4; the letters are those of its rules.
"""

from micropython import const

from . import clock
from .canframe import INTERMISSION_BITS, TAIL_BITS, Frame, arbitration_key, frame_bits

NORMAL, SILENT, LOOPBACK, SILENT_LOOPBACK = range(4)
STOPPED, ACTIVE, WARNING, PASSIVE, BUS_OFF = range(5)
RX, TX, STATE, OVERRUN, ARBITRATION_LOST, BUS_ERROR = (1 << n for n in range(6))

_TX_BUFFERS = const(3)
_RX_FRAMES = const(8)
_FILTERS = const(14)
_WARNING_AT = const(96)
_PASSIVE_AT = const(128)
_BUS_OFF_AT = const(256)
_RECOVERY_SEQUENCES = const(128)
_SEQUENCE_BITS = const(11)
_SUSPEND_BITS = const(8)
_US = const(1_000_000)

_FREE = const(0)
_WAITS = const(1)
_ON_BUS = const(2)


class Controller:
    """A node of a CanBus: 3 buffers to send, 8 received frames, 14 filters.

    bus: the CanBus. name: for people. The other nodes of a simulation are Controllers, too:
    `start()` them, `send()` and `recv()` Frames, or set `on_frame` to a function(controller, frame)
    that answers.
    """

    TX_QUEUE_LEN = _TX_BUFFERS
    FILTERS_MAX = _FILTERS

    def __init__(self, bus, name="node"):
        self.bus = bus
        self.name = name
        self.freq = 0
        self.on_frame = None
        self.tec = self.rec = 0
        self.suspended_until_us = 0
        self.recovery_left = 0
        self.idle_from_us = 0
        self._mode = NORMAL
        self._state = STOPPED
        self._entered = [0, 0, 0]
        self._filters = None
        self._tx = [Frame() for _ in range(_TX_BUFFERS)]
        self._tx_state = [_FREE] * _TX_BUFFERS
        self._tx_order = [0] * _TX_BUFFERS
        self._order = 0
        self._sending = -1
        # Completions: buffer * 2 + whether it was sent. Each buffer waits for one at most.
        self._completed = [0] * (2 * _TX_BUFFERS)
        self._completed_put = self._completed_get = 0
        self._rx = [Frame() for _ in range(_RX_FRAMES)]
        self._rx_get = self._rx_count = 0
        self._overruns = 0
        self._events = 0
        self._function = None
        #: faults.LostInterrupt may make it lose some.
        self.interrupt = clock.Interrupt(self)
        self._looping = False

    def __repr__(self):
        state = ("stopped", "active", "warning", "passive", "bus-off")[self._state]
        return f"<Controller {self.name} {state} tec {self.tec} rec {self.rec}>"

    # ---- The driver's side: docs/adr/0004-drivers.md has the list. Nothing of it allocates,
    # but start() and what puts a frame on the bus.

    def start(self, freq, mode=NORMAL, function=None):
        """Join the bus. function: called with events in the interrupt."""
        self.freq = freq
        self._mode = mode
        self._function = function
        self.tec = self.rec = self.recovery_left = 0
        self.suspended_until_us = 0
        self._state = ACTIVE
        for i in range(3):
            self._entered[i] = 0
        self._filters = None
        self._overruns = self._events = 0
        self.interrupt.set(Controller._interrupted, hard=True)
        if mode != SILENT_LOOPBACK:
            self.bus.attach(self)

    def stop(self):
        """Leave the bus; drops all frames."""
        self.interrupt.set(None)
        self.bus.detach(self)
        self._state = STOPPED
        self._function = None
        for i in range(_TX_BUFFERS):
            self._tx_state[i] = _FREE
        self._sending = -1
        self._rx_count = 0
        self._completed_get = self._completed_put = 0

    def send(self, message):
        """Copy a frame into a free buffer. Returns its number, or -1."""
        if self._state in (STOPPED, BUS_OFF) or self._mode == SILENT:
            return -1
        states = self._tx_state
        for index in range(_TX_BUFFERS):
            if states[index] == _FREE:
                self._tx[index].copy_from(message)
                self._order += 1
                self._tx_order[index] = self._order
                states[index] = _WAITS
                if self._mode == SILENT_LOOPBACK:
                    self._loop()
                else:
                    self.bus.request()
                return index
        return -1

    def cancel(self, index):
        """Take a frame back that is not on the bus. Returns whether it was taken back."""
        if self._tx_state[index] != _WAITS:
            return False
        self._complete(index, False)
        self._raise(TX)
        return True

    def sent(self):
        """The next buffer that is done: its number * 2 + whether it was sent; -1: none."""
        get = self._completed_get
        if get == self._completed_put:
            return -1
        self._completed_get = (get + 1) % len(self._completed)
        return self._completed[get]

    def recv(self, message):
        """Fill the message with the oldest frame. Returns whether there was one."""
        if not self._rx_count:
            return False
        message.copy_from(self._rx[self._rx_get])
        self._rx_get = (self._rx_get + 1) % _RX_FRAMES
        self._rx_count -= 1
        return True

    def filters(self, filters):
        """((id, mask, extended), ...); None: receive all."""
        self._filters = filters

    def state(self):
        return self._state

    def counters(self, counters):
        """Fill the list of eight that machine.CAN.get_counters() has."""
        counters[0] = self.tec
        counters[1] = self.rec
        for i in range(3):
            counters[2 + i] = self._entered[i]
        waiting = 0
        for state in self._tx_state:
            if state != _FREE:
                waiting += 1
        counters[5] = waiting
        counters[6] = self._rx_count
        counters[7] = self._overruns

    def restart(self):
        """Drop what waits; when bus-off, wait for 128 times 11 recessive bits (rule k)."""
        for index in range(_TX_BUFFERS):
            if self._tx_state[index] == _WAITS:
                self._complete(index, False)
        for i in range(3):
            self._entered[i] = 0
        if self._state == BUS_OFF and not self.recovery_left:
            self.recovery_left = _RECOVERY_SEQUENCES
            self.bus.recessive(self)
        self._raise(TX)

    # ---- The bus' side

    def bits_us(self, bits):
        """How long so many bits last."""
        return -(-bits * _US // self.freq)

    def listens(self):
        return self._state not in (STOPPED, BUS_OFF)

    def acknowledges(self):
        return self._mode in (NORMAL, LOOPBACK) and self.listens()

    def acknowledges_itself(self):
        return self._mode == LOOPBACK

    def flags_errors(self):
        """Whether its error flags are dominant bits, which all others notice."""
        return self._mode != SILENT and self._state in (ACTIVE, WARNING)

    def has_frame(self):
        return self._state != BUS_OFF and self._first() >= 0

    def first_frame(self):
        return self._tx[self._first()]

    def take_frame(self):
        """The frame goes on the bus. Returns a copy, since a stop() may free the buffer."""
        self._sending = index = self._first()
        self._tx_state[index] = _ON_BUS
        frame = Frame()
        frame.copy_from(self._tx[index])
        return frame

    def arbitration_lost(self):
        self._raise(ARBITRATION_LOST)

    def transmitted(self, message):
        if self.tec:
            self.tec -= 1  # g
        self._complete(self._sending, True)
        self._sending = -1
        self._settle(TX)
        if self._mode == LOOPBACK:
            self._accept(message)
        self._suspend()

    def received(self, message):
        if self._mode == SILENT:
            pass
        elif self.rec > 127:
            self.rec = 127  # h
        elif self.rec:
            self.rec -= 1
        self._settle(0)
        self._accept(message)

    def not_acknowledged(self):
        if self._state != PASSIVE:  # c, exception 1
            self.tec += 8
        self._again()

    def transmit_error(self):
        self.tec += 8  # c
        self._again()

    def receive_error(self, first):
        """first: it noticed before all others, and sees their flags behind its own."""
        if self._mode != SILENT:
            self.rec = min(self.rec + (9 if first else 1), 255)  # a, b
            self._settle(BUS_ERROR)

    def count_idle(self, now_us):
        """The bus was idle until now: count the sequences of 11 recessive bits (rule k)."""
        if self.recovery_left:
            n = (now_us - self.idle_from_us) * self.freq // (_SEQUENCE_BITS * _US)
            self.idle_from_us += self.bits_us(n * _SEQUENCE_BITS)
            self.count_recessive(n)

    def count_recessive(self, sequences):
        """Returns whether it still waits for more of them."""
        if not self.recovery_left:
            return False
        self.recovery_left = max(self.recovery_left - sequences, 0)
        if self.recovery_left:
            return True
        self.tec = self.rec = 0
        self._state = ACTIVE
        self._raise(STATE)
        return False

    # ---- Inside

    def _first(self):
        """The buffer whose frame is next: the lowest id, then the one handed over first."""
        best = -1
        best_key = None
        for index in range(_TX_BUFFERS):
            if self._tx_state[index] == _WAITS:
                key = (arbitration_key(self._tx[index]), self._tx_order[index])
                if best < 0 or key < best_key:
                    best = index
                    best_key = key
        return best

    def _again(self):
        """The frame on the bus was not sent: it waits again, or is given up."""
        index = self._sending
        self._sending = -1
        self._tx_state[index] = _WAITS
        self._settle(BUS_ERROR)
        self._suspend()

    def _suspend(self):
        """An error passive node lets others go first (10.8.2, suspend transmission)."""
        if self._state == PASSIVE:
            self.suspended_until_us = clock.now() + self.bits_us(_SUSPEND_BITS)

    def _settle(self, events):
        """Find the state anew (i, j), and tell of events."""
        worst = max(self.tec, self.rec)
        if self.tec >= _BUS_OFF_AT:
            state = BUS_OFF
        elif worst >= _PASSIVE_AT:
            state = PASSIVE
        else:
            state = WARNING if worst >= _WARNING_AT else ACTIVE
        before = self._state
        if state != before:
            for step in range(before, state):
                self._entered[step - ACTIVE] += 1
            self._state = state
            events |= STATE
            if state == BUS_OFF:
                self.tec = _BUS_OFF_AT
                for index in range(_TX_BUFFERS):
                    if self._tx_state[index] != _FREE:
                        self._complete(index, False)
                events |= TX
        self._raise(events)

    def _complete(self, index, success):
        self._tx_state[index] = _FREE
        put = self._completed_put
        self._completed[put] = index * 2 + success
        self._completed_put = (put + 1) % len(self._completed)

    def _accept(self, message):
        if self._filters is not None and not self._passes(message):
            return
        if self._rx_count == _RX_FRAMES:
            self._overruns += 1
            self._raise(RX | OVERRUN)
            return
        self._rx[(self._rx_get + self._rx_count) % _RX_FRAMES].copy_from(message)
        self._rx_count += 1
        self._raise(RX)
        if self.on_frame is not None:
            frame = Frame()
            while self.recv(frame):
                self.on_frame(self, frame)

    def _passes(self, message):
        for id, mask, extended in self._filters:
            if extended == message.extended and not (message.id ^ id) & mask:
                return True
        return False

    def _loop(self):
        if not self._looping:
            self._looping = True
            clock.after(0, self._loop_next, None)

    def _loop_next(self, _):
        """Silent loopback: what waits goes round, one frame after the other."""
        self._looping = False
        if self._state == STOPPED or self._mode != SILENT_LOOPBACK or self._first() < 0:
            return
        bits = len(frame_bits(self.take_frame())) + TAIL_BITS + INTERMISSION_BITS
        self._looping = True
        clock.after(self.bits_us(bits), self._looped, None)

    def _looped(self, _):
        self._looping = False
        index = self._sending
        if index < 0 or self._mode != SILENT_LOOPBACK:
            return
        message = self._tx[index]
        self._sending = -1
        self._complete(index, True)
        self._raise(TX)
        self._accept(message)
        self._loop()

    def _raise(self, events):
        if events and self._function is not None:
            self._events |= events
            self.interrupt.fire()

    def _interrupted(self):
        events, self._events = self._events, 0
        if self._function is not None:
            self._function(events)
