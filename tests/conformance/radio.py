"""The suite of the contract "radio" (docs/contracts.md), for any two that hear each other.

check_radio(a, b, pass_time) runs everything but what ends them; check_radio_deinit(radio) is the end.
pass_time(us) lets that much time go by: on a simulated medium, at once. tunings: two places that do not hear
each other, channels or dicts of settings. slack_us: how late a time may be. The radios are not started, nobody
else is on the air. Runs on MicroPython and CPython; knows nothing of pytest.
A case file has it with `# uses: conformance/radio.py`.
"""

import random
from errno import EINVAL, ENODEV, ETIMEDOUT

#: What a driver adds to the time of a packet.
_DRIVER_US = 20_000


class _Listener:
    """Counts what a radio notifies; does not allocate, since it may be called in an interrupt."""

    def __init__(self):
        self.count = 0
        self.radio = None

    def notify(self, radio):
        self.count += 1
        self.radio = radio


def check_radio(
    a,
    b,
    pass_time,
    tunings=(11, 12),
    powers_dbm=(0,),
    slack_us=0,
    ticks_diff=None,
    seed=None,
    rounds=20,
):
    """Raises AssertionError at the first rule that one of the radios breaks."""
    if seed is None:
        seed = random.getrandbits(30)
    print("conformance seed", seed, a, b)
    random.seed(seed)
    air = _Air(pass_time, slack_us, ticks_diff)
    _off(a)
    hears_a, hears_b = _Listener(), _Listener()
    a.start(hears_a.notify)
    b.start(hears_b.notify)
    _settings(a, tunings, powers_dbm)
    for radio in a, b:
        _tune(radio, tunings[0])
    air.packet_us = a.airtime_us(a.max_packet) + _DRIVER_US
    _packets(a, b, air, hears_a, hears_b, rounds)
    _too_long(a, b, air)
    _asleep(a, b, air)
    _both_ways(a, b, air)
    _tunings(a, b, air, tunings)
    _windows(a, b, air, hears_b)
    _planned(a, b, air)
    _wrong(a)
    _restart(a, b, air, hears_b)
    a.stop()
    b.stop()


class _Air:
    """How time passes, how exact it is, and how long a packet lasts at most."""

    def __init__(self, pass_time, slack_us, ticks_diff):
        self.pass_time = pass_time
        self.slack_us = slack_us
        self.diff = ticks_diff or _difference
        self.packet_us = 0

    def packet(self):
        """Let the time of a packet go by."""
        self.pass_time(self.packet_us)


def _difference(end, start):
    return end - start


def check_radio_deinit(radio):
    """After deinit() every call but deinit() raises OSError(ENODEV)."""
    radio.deinit()
    radio.deinit()
    buf = bytearray(4)
    for call in (
        radio.channel,
        radio.tx_power_dbm,
        radio.configure,
        radio.receiving,
        radio.sent,
        radio.clear,
        radio.energy_dbm,
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


def _tune(radio, tuning):
    if isinstance(tuning, dict):
        radio.configure(**tuning)
    else:
        radio.channel(tuning)


def _settings(radio, tunings, powers_dbm):
    for tuning in tunings:
        _tune(radio, tuning)
        if isinstance(tuning, dict):
            found = radio.settings()
            assert all(found[name] == tuning[name] for name in tuning), found
        else:
            assert radio.channel() == tuning
    for power in powers_dbm:
        radio.tx_power_dbm(power)
        assert radio.tx_power_dbm() == power
    before = radio.settings()
    try:
        radio.configure(cca=not before["cca"], no_such_setting=1)
    except ValueError as error:
        assert "cca" in str(error), "the settings that there are, are not named"
    else:
        raise AssertionError("a setting that does not exist")
    assert radio.settings() == before, "half of the settings were taken"
    radio.settings()["cca"] = None
    assert radio.settings() == before


def _clear(radio, air):
    """clear(), however long it takes."""
    for _ in range(100):
        found = radio.clear()
        if found is not None:
            return found
        air.pass_time(air.packet_us // 100)
    raise AssertionError("clear() does not come to an end")


def _deliver(sender, buf, n, air):
    """Send, and wait for the end. Returns what sent() says."""
    assert sender.send(buf, n) is True
    for _ in range(101):
        if sender.sent() is not None:
            break
        air.pass_time(air.packet_us // 100)
    result = sender.sent()
    assert result in (True, False), "sent() does not come to an end"
    assert bool(sender.tx_errno) is not result, sender.tx_errno
    return result


def _packets(a, b, air, hears_a, hears_b, rounds):
    """What goes in comes out, of every length, and both sides are told."""
    b.receive(True)
    room = bytearray(b.max_packet)
    lengths = [1, 2, a.max_packet - 1, a.max_packet]
    lengths += [random.randrange(1, a.max_packet + 1) for _ in range(rounds)]
    for n in lengths:
        buf = bytearray(random.getrandbits(8) for _ in range(n))
        told_a, told_b = hears_a.count, hears_b.count
        start_us = a.ticks_us()
        assert _deliver(a, buf + b"not this", n, air) is True, n
        air.packet()
        assert hears_a.count > told_a and hears_a.radio is a, "no notify at the end of send()"
        assert hears_b.count > told_b and hears_b.radio is b, "no notify for a packet"
        assert b.recv_into(room) == n and room[:n] == buf, n
        assert b.recv_into(room) == 0
        assert -160 <= b.rssi_dbm <= 30, b.rssi_dbm
        assert b.lqi is None or 0 <= b.lqi <= 255
        assert b.snr_db is None or -40 <= b.snr_db <= 60
        assert b.lqi is not None or b.snr_db is not None
        # Both ends take the time at the last bit.
        took_us = air.diff(a.sent_us, start_us)
        assert a.airtime_us(n) <= took_us <= a.airtime_us(n) + _DRIVER_US, (n, took_us)
        assert abs(air.diff(b.time_us, a.sent_us)) <= air.slack_us, (b.time_us, a.sent_us)
    assert a.airtime_us(1) < a.airtime_us(a.max_packet) <= air.packet_us


def _too_long(a, b, air):
    """A packet that does not fit is dropped, and the next one is looked at."""
    b.receive(True)
    room = bytearray(8)
    for n in (9, 8):
        assert _deliver(a, bytes(range(n)), n, air)
        air.packet()
    assert b.recv_into(room) == 8 and room == bytes(range(8))
    assert b.recv_into(room) == 0


def _asleep(a, b, air):
    """A radio that sleeps receives nothing, also after a transmission in between."""
    room = bytearray(b.max_packet)
    b.receive(False)
    assert _deliver(b, b"x", 1, air)
    assert _deliver(a, b"lost", 4, air) in (True, False)  # whether or not one acknowledges
    air.packet()
    assert b.recv_into(room) == 0
    b.receive(True)
    assert _deliver(b, b"x", 1, air)  # and goes on to listen, if it did
    assert _deliver(a, b"heard", 5, air)
    air.packet()
    assert b.recv_into(room) == 5 and room[:5] == b"heard"


def _both_ways(a, b, air):
    a.receive(True)
    b.receive(True)
    room = bytearray(a.max_packet)
    for sender, receiver, text in ((a, b, b"ping"), (b, a, b"pong")) * 3:
        assert _clear(sender, air) is True
        assert sender.energy_dbm() < 0
        assert _deliver(sender, text, 4, air)
        air.packet()
        assert receiver.recv_into(room) == 4 and room[:4] == text
        assert sender.recv_into(room) == 0  # not its own


def _tunings(a, b, air, tunings):
    room = bytearray(b.max_packet)
    b.receive(True)
    _tune(b, tunings[1])
    assert _deliver(a, b"other", 5, air) in (True, False)
    air.packet()
    assert b.recv_into(room) == 0
    _tune(b, tunings[0])
    assert _deliver(a, b"this", 4, air)
    air.packet()
    assert b.recv_into(room) == 4


def _windows(a, b, air, hears_b):
    """A window closes without a packet, with one, at its time, and only then."""
    room = bytearray(b.max_packet)
    a.receive(False)
    b.receive(False)
    assert not b.receiving()
    told = hears_b.count
    b.receive(True, timeout_us=5_000)
    assert b.receiving()
    air.pass_time(5_000 + _DRIVER_US)
    assert not b.receiving() and hears_b.count > told, "nobody was told that the window closed"
    assert _deliver(a, b"late", 4, air) in (True, False)
    air.packet()
    assert b.recv_into(room) == 0
    # A packet that has begun is heard to its end.
    n = a.max_packet
    at_us = a.ticks_us() + _DRIVER_US
    window_us = a.airtime_us(n) // 2 + 2 * air.slack_us
    b.receive(True, timeout_us=window_us, at_us=at_us - air.slack_us)
    assert a.send(bytes(n), n, at_us=at_us)
    air.pass_time(_DRIVER_US)
    air.packet()
    assert not b.receiving() and b.recv_into(room) == n
    # It ends the window.
    b.receive(True, timeout_us=4 * air.packet_us)
    assert _deliver(a, b"first", 5, air)
    air.packet()
    assert not b.receiving() and b.recv_into(room) == 5
    assert _deliver(a, b"second", 6, air) in (True, False)
    air.packet()
    assert b.recv_into(room) == 0
    # What was ordered last counts.
    b.receive(True, timeout_us=5_000)
    b.receive(True)
    air.pass_time(5_000 + _DRIVER_US)
    assert b.receiving()
    b.receive(True, timeout_us=5_000)
    b.receive(False)
    assert not b.receiving()
    # Later: the first packet is too early, the second in time.
    at_us = b.ticks_us() + 2 * air.packet_us
    b.receive(True, timeout_us=air.packet_us, at_us=at_us)
    assert b.receiving()
    assert _deliver(a, b"early", 5, air) in (True, False)
    while air.diff(b.ticks_us(), at_us) < _DRIVER_US // 4:
        air.pass_time(_DRIVER_US // 4)
    assert b.recv_into(room) == 0 and b.receiving()
    assert _deliver(a, b"in time", 7, air)
    air.packet()
    assert b.recv_into(room) == 7 and room[:7] == b"in time" and not b.receiving()


def _planned(a, b, air):
    """A packet begins at its time; one whose time is over is none."""
    room = bytearray(b.max_packet)
    b.receive(True)
    at_us = a.ticks_us() + _DRIVER_US
    assert a.send(b"planned", 7, at_us=at_us) is True
    assert a.sent() is None and a.send(b"x", 1) is False
    air.pass_time(_DRIVER_US)
    air.packet()
    assert a.sent() is True
    begun_us = air.diff(a.sent_us, at_us) - a.airtime_us(7)
    assert 0 <= begun_us <= air.slack_us, begun_us
    assert b.recv_into(room) == 7 and room[:7] == b"planned"
    try:
        a.send(b"late", 4, at_us=at_us)
    except OSError as error:
        assert error.args[0] == ETIMEDOUT, error
    else:
        raise AssertionError("a packet was sent in the past")
    air.packet()
    assert b.recv_into(room) == 0


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


def _restart(a, b, air, hears_b):
    """What waited is dropped by stop(); start() makes it a radio again."""
    room = bytearray(b.max_packet)
    b.receive(True)
    assert _deliver(a, b"old", 3, air)
    air.packet()
    before = b.settings()
    b.stop()
    for call in b.clear, b.energy_dbm, lambda: b.receive(True):
        try:
            call()
        except OSError as error:
            assert error.args[0] == EINVAL, error
        else:
            raise AssertionError("a radio that is off is on the air")
    told = hears_b.count
    assert _deliver(a, b"off", 3, air) in (True, False)
    air.packet()
    assert hears_b.count == told, "a radio that is off notifies"
    b.start(hears_b.notify)
    assert b.settings() == before and not b.receiving()
    b.receive(True)
    assert b.recv_into(room) == 0
    assert _deliver(a, b"new", 3, air)
    air.packet()
    assert b.recv_into(room) == 3 and room[:3] == b"new"
