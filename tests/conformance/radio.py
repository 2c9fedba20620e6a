"""The suite of the contract "radio" (docs/contracts.md), for any two that hear each other.

check_radio(a, b, pass_time) runs everything but what ends them; check_radio_deinit(radio) is the end.
pass_time(us) lets that much time go by: on a simulated medium, at once. The radios are not started,
and nobody else is on the channels that are used. Runs on MicroPython and CPython; knows nothing of pytest.
A case file has it with `# uses: conformance/radio.py`.
"""

import random
from errno import ENODEV

#: Longer than any packet of a radio lasts, with what its driver adds.
_PACKET_US = 100_000


class _Listener:
    """Counts what a radio notifies; does not allocate, since it may be called in an interrupt."""

    def __init__(self):
        self.count = 0
        self.radio = None

    def notify(self, radio):
        self.count += 1
        self.radio = radio


def check_radio(a, b, pass_time, channels=(11, 12), powers_dbm=(0,), seed=None, rounds=20):
    """Raises AssertionError at the first rule that one of the radios breaks."""
    if seed is None:
        seed = random.getrandbits(30)
    print("conformance seed", seed, a, b)
    random.seed(seed)
    _off(a)
    hears_a, hears_b = _Listener(), _Listener()
    a.start(hears_a.notify)
    b.start(hears_b.notify)
    _settings(a, channels, powers_dbm)
    b.channel(a.channel())
    _packets(a, b, pass_time, hears_a, hears_b, rounds)
    _too_long(a, b, pass_time)
    _asleep(a, b, pass_time)
    _both_ways(a, b, pass_time)
    if len(channels) > 1:
        _channels(a, b, pass_time, channels)
    _wrong(a)
    _restart(a, b, pass_time, hears_b)
    a.stop()
    b.stop()


def check_radio_deinit(radio):
    """After deinit() every call but deinit() raises OSError(ENODEV)."""
    radio.deinit()
    radio.deinit()
    buf = bytearray(4)
    for call in (
        radio.channel,
        radio.tx_power_dbm,
        radio.sent,
        radio.clear,
        radio.stop,
        lambda: radio.receive(True),
        lambda: radio.recv_into(buf),
        lambda: radio.send(buf, 1),
        lambda: radio.start(None),
    ):
        try:
            call()
        except OSError as error:
            assert error.args[0] == ENODEV, error
        else:
            raise AssertionError("no ENODEV after deinit()")


def _off(radio):
    """stop() may come at any time, and twice."""
    radio.stop()
    radio.stop()


def _settings(radio, channels, powers_dbm):
    for channel in channels:
        radio.channel(channel)
        assert radio.channel() == channel
    for power in powers_dbm:
        radio.tx_power_dbm(power)
        assert radio.tx_power_dbm() == power
    radio.channel(channels[0])


def _deliver(sender, buf, n, pass_time):
    """Send, and wait for the end. Returns what sent() says."""
    assert sender.send(buf, n) is True
    for _ in range(100):
        if sender.sent() is not None:
            break
        pass_time(_PACKET_US // 100)
    result = sender.sent()
    assert result in (True, False), "sent() does not come to an end"
    return result


def _packets(a, b, pass_time, hears_a, hears_b, rounds):
    """What goes in comes out, of every length, and both sides are told."""
    b.receive(True)
    room = bytearray(b.max_packet)
    lengths = [1, 2, a.max_packet - 1, a.max_packet]
    lengths += [random.randrange(1, a.max_packet + 1) for _ in range(rounds)]
    before_us = None
    for n in lengths:
        buf = bytearray(random.getrandbits(8) for _ in range(n))
        told_a, told_b = hears_a.count, hears_b.count
        assert _deliver(a, buf + b"not this", n, pass_time) is True, n
        pass_time(_PACKET_US)
        assert hears_a.count > told_a and hears_a.radio is a, "no notify at the end of send()"
        assert hears_b.count > told_b and hears_b.radio is b, "no notify for a packet"
        assert b.recv_into(room) == n and room[:n] == buf, n
        assert b.recv_into(room) == 0
        assert -127 <= b.rssi_dbm <= 30, b.rssi_dbm
        assert before_us is None or b.time_us != before_us
        before_us = b.time_us
        b.lqi_or_snr + 0  # a number


def _too_long(a, b, pass_time):
    """A packet that does not fit is dropped, and the next one is looked at."""
    b.receive(True)
    room = bytearray(8)
    for n in (9, 8):
        assert _deliver(a, bytes(range(n)), n, pass_time)
        pass_time(_PACKET_US)
    assert b.recv_into(room) == 8 and room == bytes(range(8))
    assert b.recv_into(room) == 0


def _asleep(a, b, pass_time):
    """A radio that sleeps receives nothing, also after a transmission in between."""
    room = bytearray(b.max_packet)
    b.receive(False)
    assert _deliver(b, b"x", 1, pass_time)
    assert _deliver(a, b"lost", 4, pass_time) in (True, False)  # whether or not one acknowledges
    pass_time(_PACKET_US)
    assert b.recv_into(room) == 0
    b.receive(True)
    assert _deliver(b, b"x", 1, pass_time)  # and goes on to listen, if it did
    assert _deliver(a, b"heard", 5, pass_time)
    pass_time(_PACKET_US)
    assert b.recv_into(room) == 5 and room[:5] == b"heard"


def _both_ways(a, b, pass_time):
    a.receive(True)
    b.receive(True)
    room = bytearray(a.max_packet)
    for sender, receiver, text in ((a, b, b"ping"), (b, a, b"pong")) * 3:
        assert sender.clear() is True
        assert _deliver(sender, text, 4, pass_time)
        pass_time(_PACKET_US)
        assert receiver.recv_into(room) == 4 and room[:4] == text
        assert sender.recv_into(room) == 0  # not its own


def _channels(a, b, pass_time, channels):
    room = bytearray(b.max_packet)
    b.receive(True)
    b.channel(channels[1])
    assert _deliver(a, b"other", 5, pass_time) in (True, False)
    pass_time(_PACKET_US)
    assert b.recv_into(room) == 0
    b.channel(channels[0])


def _wrong(radio):
    buf = bytearray(radio.max_packet + 1)
    for n in (0, -1, radio.max_packet + 1):
        try:
            radio.send(buf, n)
        except ValueError:
            pass
        else:
            raise AssertionError(f"send() of {n} bytes")
    try:
        radio.send(bytearray(2), 3)
    except ValueError:
        pass
    else:
        raise AssertionError("send() of more than the buffer has")


def _restart(a, b, pass_time, hears_b):
    """What waited is dropped by stop(); start() makes it a radio again."""
    room = bytearray(b.max_packet)
    b.receive(True)
    assert _deliver(a, b"old", 3, pass_time)
    pass_time(_PACKET_US)
    b.stop()
    told = hears_b.count
    assert _deliver(a, b"off", 3, pass_time) in (True, False)
    pass_time(_PACKET_US)
    assert hears_b.count == told, "a radio that is off notifies"
    b.start(hears_b.notify)
    b.receive(True)
    assert b.recv_into(room) == 0
    assert _deliver(a, b"new", 3, pass_time)
    pass_time(_PACKET_US)
    assert b.recv_into(room) == 3 and room[:3] == b"new"
