# uses: conformance/radio.py
"""The simulated radio medium, and its radios by the suite of their contract."""

from sim import clock
from sim.loraradio import LoRaRadio
from sim.medium import Medium
from sim.radio import Radio
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


def test_contract_with_another_modem():
    """The same suite, and nothing of it knows LoRa."""
    for sf in 7, 9, 12:
        medium = Medium()
        a, b = LoRaRadio(medium, "a"), LoRaRadio(medium, "b")
        tunings = {"freq_hz": 868_100_000, "sf": sf}, {"freq_hz": 868_300_000}
        check_radio(a, b, clock.advance, tunings, powers_dbm=(2, 14), rounds=4)
        check_radio_deinit(a)
        check_radio_deinit(b)


def test_a_packet_lasts_as_long_as_its_bytes():
    medium, (a, b, _) = pair()
    assert a.airtime_us(127) == 4256  # IEEE 802.15.4: 133 bytes of 32 us
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
    assert b.time_us == start + 128 + 4256 == a.sent_us
    assert b.rssi_dbm == -60 and b.lqi == 160 and b.snr_db is None


def test_a_busy_channel_is_seen():
    _, (a, b, c) = pair()
    a.send(b"x" * 100, 100)
    clock.advance(1000)
    assert not b.clear() and b.send(b"y", 1) and not b.send(b"z", 1)
    clock.advance(1000)
    assert b.sent() is False and b.tx_errno == 16
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


def test_who_looks_away_loses_the_packet():
    for look_away in (
        lambda b: b.channel(15),
        lambda b: (b.channel(15), b.channel(11)),
        lambda b: b.receive(False),
        lambda b: (b.receive(False), b.receive(True)),
        lambda b: b.configure(cca=False),
        lambda b: (b.stop(), b.start(None), b.receive(True)),
    ):
        _, (a, b, c) = pair()
        a.send(b"x" * 100, 100)
        clock.advance(1000)
        look_away(b)
        c.receive(True)  # it did already
        clock.advance(4000)
        assert takes(b) == [] and takes(c) == [b"x" * 100]


def test_without_a_look_at_the_channel():
    _, (a, b, c) = pair()
    b.configure(cca=False)
    a.send(b"x" * 100, 100)
    clock.advance(1000)
    assert not b.clear() and b.energy_dbm() == -60 and b.send(b"y", 1)
    clock.advance(5000)
    assert b.sent() is True and b.tx_errno == 0 and takes(c) == []


# ---- LoRa


def lora(**settings):
    medium = Medium(path_loss_db=100)
    radios = [LoRaRadio(medium, name) for name in ("a", "b")]
    for radio in radios:
        radio.start(lambda radio: None)
        radio.configure(**settings)
        radio.receive(True)
    return medium, radios


def test_times_on_air():
    """What Semtech's and The Things Network's calculators say for 23 bytes and for 13."""
    _, (a, _) = lora()
    for sf, bw_hz, n, expected in (
        (7, 125_000, 23, 61_696),
        (9, 125_000, 23, 205_824),
        (12, 125_000, 23, 1_482_752),
        (7, 125_000, 13, 46_336),
        (12, 125_000, 64, 2_793_472),
        (8, 500_000, 23, 28_288),
    ):
        a.configure(sf=sf, bw_hz=bw_hz)
        assert a.airtime_us(n) == expected, (sf, bw_hz, n, a.airtime_us(n))


def test_only_what_matches_is_heard():
    for name, value, hears in (
        ("sf", 8, False),
        ("bw_hz", 250_000, False),
        ("freq_hz", 868_100_001, False),
        ("syncword", 0x34, False),
        ("invert_iq_rx", True, False),
        ("invert_iq_tx", True, True),
        ("coding_rate", 8, True),  # its header says so
        ("implicit_len", 5, False),
        ("crc", False, True),
    ):
        _, (a, b) = lora()
        b.configure(**{name: value})
        a.send(b"hello", 5)
        clock.advance(100_000)
        assert takes(b) == ([b"hello"] if hears else []), name
    _, (a, b) = lora(invert_iq_rx=True)
    a.configure(invert_iq_tx=True)
    a.send(b"down", 4)
    clock.advance(100_000)
    assert takes(b) == [b"down"]


def test_range_grows_with_the_spreading_factor():
    # 125 kHz: noise -117 dBm, which SF7 needs 7.5 dB below, SF12 20 dB.
    for sf, reaches, fails_at in (7, 124, 125), (10, 132, 133), (12, 137, 138):
        medium, (a, b) = lora(sf=sf)
        for loss_db, expected in (reaches, [b"far"]), (fails_at, []):
            medium.link(a, b, loss_db)
            a.send(b"far", 3)
            clock.advance(3_000_000)
            assert takes(b) == expected, (sf, loss_db)
        assert b.rssi_dbm == -reaches and b.snr_db == 117 - reaches


def test_activity_detection_takes_symbols():
    medium, (a, b) = lora(sf=12)
    told = []
    b.start(lambda radio: told.append(clock.now()))
    start = clock.now()
    assert b.clear() is None and b.clear() is None
    clock.advance(65_535)
    assert not told and b.clear() is None
    clock.advance(1)
    assert told == [start + 65_536] and b.clear() is True  # 2 symbols of 32768 us
    a.send(b"x", 1)
    assert b.clear() is None
    clock.advance(65_536)
    assert b.clear() is False
    assert b.clear() is None  # it looks again
    clock.advance(2_000_000)
    assert b.clear() is False and b.clear() is None  # what it saw then
    clock.advance(65_536)
    assert b.clear() is True


def test_a_class_a_node_hears_its_answers():
    """Receive windows 1 s and 2 s behind the end of what was sent, the second one slower."""
    for answer_in in 1, 2, None:
        medium = Medium(path_loss_db=110)
        node, gateway = LoRaRadio(medium, "node"), LoRaRadio(medium, "gateway")
        log = []
        for radio in node, gateway:
            radio.start(log.append)
        node.configure(invert_iq_rx=True, syncword=0x34)
        gateway.configure(invert_iq_tx=True, syncword=0x34)
        gateway.receive(True)
        node.send(b"up", 2)
        clock.advance(node.airtime_us(2))
        assert node.sent() and takes(gateway) == [b"up"] and gateway.time_us == node.sent_us
        one, two = node.sent_us + 1_000_000, node.sent_us + 2_000_000
        node.receive(True, timeout_us=12_000, at_us=one - 1000)
        if answer_in == 1:
            gateway.send(b"down", 4, at_us=one)
        elif answer_in == 2:
            gateway.configure(freq_hz=869_525_000, sf=12)
            gateway.send(b"down", 4, at_us=two)
        log.clear()
        clock.advance(1_200_000)
        assert not node.receiving() and node in log
        assert takes(node) == ([b"down"] if answer_in == 1 else [])
        node.configure(freq_hz=869_525_000, sf=12)
        node.receive(True, timeout_us=200_000, at_us=two - 1000)
        clock.advance(2_500_000)
        assert takes(node) == ([b"down"] if answer_in == 2 else []) and not node.receiving()
        if answer_in:
            start = one if answer_in == 1 else two
            assert node.time_us == start + gateway.airtime_us(4)


def test_lora_settings_are_checked():
    radio = LoRaRadio(Medium())

    def configure(settings):
        radio.configure(**settings)

    for name, value in (
        ("sf", 6),
        ("sf", 7.5),
        ("bw_hz", 100),
        ("freq_hz", 868.1),
        ("coding_rate", 4),
        ("preamble_symbols", 5),
        ("implicit_len", 0),
        ("crc", 2),
        ("spread", 7),
    ):
        error = raises(ValueError, configure, {"cca": True, name: value})
        assert name in str(error) and radio.settings()["cca"] is False, error
    assert raises(OSError, radio.channel).args[0] == 95
    assert "868100000 Hz, SF7" in repr(radio)


def test_bad_arguments():
    radio = Radio(Medium())
    raises(OSError, radio.receive, True)
    raises(ValueError, radio.channel, 10)
    raises(ValueError, radio.tx_power_dbm, 21)
    assert radio.channel() == 11 and radio.tx_power_dbm() == 0
