# uses: ../boards/host/modules/sim/ethernet.py
"""A simulated Ethernet cable and its faults; the contract itself is proved in netdev_conformance."""

from support import no_allocation, pipe, raises

FRAMES = 2000


def joined(**options):
    a, b = pipe(**options)
    a.start(lambda device: None)
    b.start(lambda device: None)
    return a, b


def numbered(b, number, n=60):
    frame = b.hwaddr + bytes(6) + b"\x88\xb5" + bytes((number >> 8, number & 0xFF))
    return frame + bytes(n - len(frame))


def traffic(frames=FRAMES, **options):
    """Numbers of the frames that came, in their order, and the faults."""
    a, b = joined(**options)
    buf = bytearray(1514)
    got = []
    for number in range(frames):
        while not a.send(numbered(b, number), 60):
            assert b.recv_into(buf)
            got.append(buf[14] << 8 | buf[15])
    while b.recv_into(buf):
        got.append(buf[14] << 8 | buf[15])
    return got, a.cable.faults


def test_without_faults_all_come_in_order():
    got, faults = traffic()
    assert got == list(range(FRAMES)) and faults == [0, 0, 0]


def test_loss():
    got, faults = traffic(loss=100)
    assert len(got) == FRAMES - faults[0] and got == sorted(set(got))
    assert FRAMES // 20 < faults[0] < FRAMES // 5


def test_duplicates():
    got, faults = traffic(duplicate=100)
    assert len(got) == FRAMES + faults[1] and got == sorted(got)
    assert set(got) == set(range(FRAMES)) and faults[1] > FRAMES // 20


def test_reordering():
    got, faults = traffic(reorder=100)
    assert got != sorted(got) and sorted(got) == list(range(FRAMES))
    assert faults[2] > FRAMES // 40


def test_all_faults_are_the_same_again_with_the_same_seed():
    faults = {"loss": 50, "duplicate": 30, "reorder": 70}
    first = traffic(seed=7, **faults)
    assert traffic(seed=7, **faults) == first
    assert traffic(seed=8, **faults) != first


def test_everything_is_lost():
    got, faults = traffic(100, loss=1000)
    assert got == [] and faults[0] == 100


def test_a_full_receiver_holds_up_and_room_is_told():
    told = []
    a, b = pipe(room=4)
    a.start(told.append)
    b.start(lambda device: None)
    sent = 0
    while a.send(numbered(b, sent), 60):
        sent += 1
    assert sent == 3 and told == []
    assert b.recv_into(bytearray(60)) == 60
    assert told == [a] and a.send(numbered(b, 9), 60)
    assert b.stats() == (1, 0, 0, 0, 0) and a.stats() == (0, 0, 0, 4, 0)


def test_a_full_receiver_drops():
    a, b = joined(room=4, hold_up=False)
    for number in range(10):
        assert a.send(numbered(b, number), 60)
    buf = bytearray(60)
    got = []
    while b.recv_into(buf):
        got.append(buf[15])
    assert got == [0, 1, 2, 3] and b.stats()[:2] == (4, 6)


def test_the_cable_is_pulled_out():
    told = []
    a, b = pipe()
    a.start(told.append)
    b.start(told.append)
    assert a.link() and b.link()
    a.cable.plug(False)
    assert told == [a, b] and not a.link() and not b.link()
    assert a.send(numbered(b, 1), 60) and b.recv_into(bytearray(60)) == 0
    assert a.stats()[3:] == (0, 1)
    b.cable.plug(True)
    assert a.link() and a.send(numbered(b, 1), 60) and b.recv_into(bytearray(60)) == 60


def test_steady_traffic_allocates_nothing():
    a, b = joined()
    frame = numbered(b, 1, 100)
    buf = bytearray(1514)

    def rounds():
        for _ in range(1000):
            a.send(frame, 100)
            b.recv_into(buf)
            b.recv_into(buf)

    no_allocation(rounds)


def test_wrong_arguments():
    for wrong in ({"loss": -1}, {"duplicate": 1001}, {"room": 1}):
        raises(ValueError, lambda wrong=wrong: pipe(**wrong))
