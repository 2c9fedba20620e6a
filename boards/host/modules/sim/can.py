"""A simulated CAN bus: arbitration, acknowledgement, errors, and who counts what.

Frames are whole events that take as long as their bits, stuff bits included; an error ends a frame at
its bit. Nodes are Controllers (cannode.py). Source: ISO 11898-1:2015, 10.4 to 10.11 and 12.1.4
(fault confinement); the letters of its rules are in the comments of cannode.py.
"""

from micropython import const

from . import clock
from .canframe import (
    ACK_SLOT,
    ARBITRATION_BITS,
    INTERMISSION_BITS,
    TAIL_BITS,
    arbitration_key,
    frame_bits,
)
from .dice import Dice

_FLAG_BITS = const(6)
_DELIMITER_BITS = const(8)
_RECESSIVE_BITS = const(11)


class CanBus:
    """Two wires with controllers, which run on the installed clock.

    name: for people. seed: of the random errors. error_rate: probability that a bit of a frame is
    flipped by noise, for all nodes alike.
    """

    def __init__(self, name="can", seed=1, error_rate=0.0):
        self.name = name
        self.error_rate = error_rate
        #: What happened on the bus: [(start us, node's name, message, outcome), ...], or None.
        self.frames = None
        #: Frames and error frames that were on the bus.
        self.sent = self.failed = 0
        self.nodes = []
        self._dice = Dice(seed)
        self._planned = []
        self._frame = None  # while one is on the bus
        self._alarm = None
        self._cut = False

    def __repr__(self):
        return f"<CanBus {self.name}: {len(self.nodes)} nodes, {self.sent} frames, {self.failed} failed>"

    def corrupt(self, frames=1, bit=None, seen_by=None):
        """Flip a bit of the next frames.

        bit: its number from start of frame, past the arbitration; None: a random one.
        seen_by: the only Controller that sees it flipped (it must receive); None: all.
        """
        if bit is not None and bit < ARBITRATION_BITS and seen_by is None:
            raise ValueError(f"bits 0 to {ARBITRATION_BITS - 1} decide who sends: use later ones")
        self._planned.extend([(bit, seen_by)] * frames)

    def cut(self, on=True):
        """The wires are cut, and no node hears another; cut(False) mends them."""
        self._cut = on

    def record(self):
        """Keep what happens from here on in `frames`."""
        self.frames = []

    # ---- For controllers

    def attach(self, node):
        """A controller joins."""
        if node not in self.nodes:
            self.nodes.append(node)

    def detach(self, node):
        """A controller leaves, also in mid-frame: its frame is lost then."""
        if node in self.nodes:
            self.nodes.remove(node)
        if self._frame is not None:
            self._frame.leave(node)

    def request(self):
        """A controller has something to send."""
        if self._frame is None and self._alarm is None:
            self._alarm = clock.after(0, self._begin, None)

    def recessive(self, node):
        """A node that is bus-off counts recessive bits from here on; see Controller.recover()."""
        node.idle_from_us = clock.now()
        if self._frame is None:
            self._watch_recovery(node)

    # ---- One frame after the other

    def _begin(self, _):
        self._alarm = None
        now_us = clock.now()
        senders = []
        later_us = None
        for node in self.nodes:
            if node.has_frame():
                if node.suspended_until_us <= now_us:
                    senders.append(node)
                elif later_us is None or node.suspended_until_us < later_us:
                    later_us = node.suspended_until_us
        if not senders:
            if later_us is not None:
                self._alarm = clock.at(later_us, self._begin, None)
            return
        for node in self.nodes:
            node.count_idle(now_us)
        keys = [(arbitration_key(node.first_frame()), node) for node in senders]
        lowest = min(key for key, _ in keys)
        winners = []
        for key, node in keys:
            if key == lowest:
                winners.append(node)
            else:
                node.arbitration_lost()
        self._frame = _Frame(self, winners)
        self._alarm = clock.after(self._frame.duration_us(), self._end, None)

    def _end(self, _):
        self._alarm = None
        frame, self._frame = self._frame, None
        outcome = frame.finish()
        if outcome == "sent":
            self.sent += 1
        else:
            self.failed += 1
        if self.frames is not None:
            self.frames.append((frame.start_us, frame.sender.name, frame.message, outcome))
        for node in list(self.nodes):
            if node.count_recessive(1 if outcome == "sent" else 0):
                self._watch_recovery(node)
        if self._alarm is None:  # handlers may have asked already
            self.request()

    def _watch_recovery(self, node):
        us = node.bits_us(node.recovery_left * _RECESSIVE_BITS)
        node.idle_from_us = clock.now()
        clock.after(us, self._recovered, node)

    def _recovered(self, node):
        if self._frame is None:
            node.count_idle(clock.now())

    # ---- Questions of a frame

    def hears(self, receiver, sender):
        """Whether what one node sends reaches the other."""
        return not self._cut and receiver is not sender

    def flip(self, bits):
        """(bit, seen_by) of the error that hits a frame of so many bits, or None."""
        if self._planned:
            bit, seen_by = self._planned.pop(0)
            if bit is None:
                bit = ARBITRATION_BITS + self._dice.below(bits - ARBITRATION_BITS)
            return min(bit, bits - 1), seen_by
        if self.error_rate:
            for bit in range(ARBITRATION_BITS, bits):
                if self._dice.chance(self.error_rate):
                    return bit, None
        return None


class _Frame:
    """A frame on the bus, from its start to the end of intermission."""

    def __init__(self, bus, winners):
        self.bus = bus
        self.start_us = clock.now()
        self.sender = sender = winners[0]
        self.senders = winners
        self.message = message = sender.take_frame()
        others = [(node, node.take_frame()) for node in winners[1:]]
        # Who hears it; a node that joins later waits for the end of the frame.
        self.receivers = [
            node
            for node in bus.nodes
            if node.listens() and node not in winners and bus.hears(node, sender)
        ]
        bits = frame_bits(message)
        length = len(bits) + TAIL_BITS
        self.acknowledged = sender.acknowledges_itself() or any(
            node.acknowledges() and node.freq == sender.freq for node in self.receivers
        )
        self.error_bit = None
        self.seen_by = None
        for _, other in others:
            different = _first_difference(bits, frame_bits(other))
            if different is not None and (self.error_bit is None or different < self.error_bit):
                self.error_bit = different
        flipped = bus.flip(length)
        if flipped is not None and (self.error_bit is None or flipped[0] < self.error_bit):
            self.error_bit, self.seen_by = flipped
        if self.error_bit is None:
            for node in self.receivers:
                if node.freq != sender.freq:  # it cannot make sense of these bits
                    self.error_bit, self.seen_by = ARBITRATION_BITS, node
        self.local = self.seen_by in self.receivers
        if self.seen_by is not None and not self.local:
            self.error_bit = self.seen_by = None  # a node that does not listen
        # An error passive node flags with recessive bits, which nobody notices.
        self.silent_error = self.local and not self.seen_by.flags_errors()
        self.no_ack = not self.acknowledged and (self.error_bit is None or self.silent_error)
        if self.no_ack:
            self.error_bit = len(bits) + ACK_SLOT
        self.length = length

    def leave(self, node):
        """A node has left in mid-frame."""
        if node in self.receivers:
            self.receivers.remove(node)
        if node in self.senders:
            self.senders.remove(node)

    def duration_us(self):
        """From start of frame to the end of intermission."""
        bits = self.length
        if self.error_bit is not None and (self.no_ack or not self.silent_error):
            bits = self.error_bit + 1 + _FLAG_BITS + _DELIMITER_BITS
            if self.local:
                bits += _FLAG_BITS  # the flags of the others follow that of the first
        return self.sender.bits_us(bits + INTERMISSION_BITS)

    def finish(self):
        """Tell all nodes how it has ended. Returns that in a word."""
        if not self.senders:
            return "left"
        if self.no_ack:
            for node in self.senders:
                node.not_acknowledged()
            for node in self.receivers:  # silent ones, and those of another bit rate
                if node.freq != self.sender.freq:
                    node.receive_error(False)
            return "no acknowledgement"
        if self.error_bit is not None and not self.silent_error:
            others_flag = any(n.flags_errors() for n in self.senders) or any(
                n.flags_errors() for n in self.receivers if n is not self.seen_by
            )
            for node in list(self.senders):
                node.transmit_error()
            for node in list(self.receivers):
                node.receive_error(node is self.seen_by and others_flag)
            return "error"
        if self.local and self.seen_by.freq == self.sender.freq:
            self.seen_by.receive_error(False)
        for node in list(self.receivers):
            if node.freq != self.sender.freq:
                node.receive_error(False)
            elif node is not self.seen_by:
                node.received(self.message)
        for node in list(self.senders):
            node.transmitted(self.message)
        return "sent"


def _first_difference(a, b):
    for i in range(min(len(a), len(b))):
        if a[i] != b[i]:
            return i
    return None if len(a) == len(b) else min(len(a), len(b))
