# uses: conformance/radio.py
"""The simulated radio medium, and its radios by the suite of their contract."""

from sim import clock
from sim.radio import Medium, Radio
from support import check_radio, check_radio_deinit, fresh, raises

fresh()


def pair(**options):
    medium = Medium(**options)
    radios = [Radio(medium, name) for name in ("a", "b", "c")]
    for radio in radios:
        radio.start(lambda radio: None)
        radio.receive(True)
    return medium, radios


def takes(radio):
    """All packets that wait."""
    room = bytearray(radio.max_packet)
    found = []
    while True:
        n = radio.recv_into(room)
        if not n:
            return found
        found.append(bytes(room[:n]))


def test_contract():
    medium = Medium()
    a, b = Radio(medium, "a"), Radio(medium, "b")
    check_radio(a, b, clock.advance, powers_dbm=(-10, 0, 8))
    check_radio_deinit(a)
    check_radio_deinit(b)


def test_a_packet_lasts_as_long_as_its_bytes():
    medium, (a, b, _) = pair()
    assert medium.airtime_us(127) == 4256  # IEEE 802.15.4: 133 bytes of 32 us
    start = clock.now()
    a.send(b"x" * 127, 127)
    clock.advance(127)
    assert b.clear()
    clock.advance(10)
    assert not b.clear() and a.sent() is None
    clock.advance(4256 + 128 - 137 - 1)
    assert takes(b) == [] and a.sent() is None
    clock.advance(1)
    assert takes(b) == [b"x" * 127] and a.sent() is True
    assert b.time_us == start + 128 and b.rssi_dbm == -60 and b.lqi_or_snr == 160


def test_a_busy_channel_is_seen():
    _, (a, b, c) = pair()
    a.send(b"x" * 100, 100)
    clock.advance(1000)
    assert not b.clear() and b.send(b"y", 1) and not b.send(b"z", 1)
    clock.advance(1000)
    assert b.sent() is False
    b.channel(12)
    assert b.clear() and b.send(b"y", 1)
    clock.advance(5000)
    assert b.sent() is True and takes(c) == [b"x" * 100]
    assert b.stats()[3:] == (1, 1)


def test_two_that_do_not_hear_each_other_collide():
    medium, (a, b, c) = pair()
    medium.link(a, b, None)
    a.send(b"from a", 6)
    b.send(b"from b", 6)
    clock.advance(2000)
    assert a.sent() and b.sent() and takes(c) == [] and medium.collided == 2
    assert c.stats()[2] == 2
    medium.link(a, c, 40)  # much stronger than the other
    a.send(b"from a", 6)
    b.send(b"from b", 6)
    clock.advance(2000)
    assert takes(c) == [b"from a"] and c.rssi_dbm == -40


def test_out_of_range():
    medium, (a, b, c) = pair()
    medium.link(a, b, 101)
    medium.link(a, c, 100)
    a.send(b"far", 3)
    clock.advance(1000)
    assert takes(b) == [] and takes(c) == [b"far"]
    a.tx_power_dbm(1)
    a.send(b"more", 4)
    clock.advance(1000)
    assert takes(b) == [b"more"]


def test_losses_repeat():
    def run(seed):
        _, (a, b, c) = pair(seed=seed, loss=0.3)
        got = []
        for n in range(200):
            a.send(bytes([n]), 1)
            clock.advance(1000)
            got.append((takes(b), takes(c)))
        return got

    first = run(5)
    assert first == run(5) != run(6)
    lost = sum(not packets for packets, _ in first)
    assert 40 <= lost <= 80, lost
    assert any(bool(b) != bool(c) for b, c in first)  # each receiver by itself


def test_what_finds_no_room_is_counted():
    _, (a, b, _) = pair()
    for n in range(6):
        a.send(bytes([n]), 1)
        clock.advance(1000)
    assert takes(b) == [bytes([n]) for n in range(4)] and b.stats()[:2] == (4, 2)


def test_a_radio_that_changes_the_channel_meanwhile_loses_the_packet():
    _, (a, b, c) = pair()
    a.send(b"x" * 100, 100)
    clock.advance(1000)
    b.channel(15)
    c.receive(False)
    c.receive(True)
    clock.advance(4000)
    assert takes(b) == [] and takes(c) == [b"x" * 100]


def test_bad_arguments():
    radio = Radio(Medium())
    raises(OSError, radio.receive, True)
    raises(ValueError, radio.channel, 10)
    raises(ValueError, radio.tx_power_dbm, 21)
    assert radio.channel() == 11 and radio.tx_power_dbm() == 0
