"""machine.CAN of board host, as MicroPython 1.28 documents it."""

from sim import clock, parts
from sim.canframe import Frame
from sim.cannode import Controller
from sim.machine_can import CAN
from support import fresh, raises

fresh()


def peer(freq=500_000):
    node = Controller(parts.can(0), "peer")
    node.start(freq)
    return node


def sends(node, id, n=0, extended=False):
    frame = Frame()
    frame.id, frame.length, frame.extended = id, n, extended
    node.send(frame)
    clock.advance(1000)


def test_send_and_recv():
    other = peer()
    can = CAN(0, 500_000)
    assert can.state() == CAN.STATE_ACTIVE
    assert can.send(0x200, b"\x0a\x0b\x0c", 0) == 0
    assert can.send(0x180008, b"", CAN.FLAG_EXT_ID | CAN.FLAG_UNORDERED) == 1
    assert can.send(0x555, b" " * 8, CAN.FLAG_RTR) == 2
    assert can.send(0x1, b"") is None  # the queue is full
    clock.advance(2000)
    got = Frame()
    seen = []
    while other.recv(got):
        seen.append((got.id, got.extended, got.remote, got.length))
    assert seen == [(0x180008, True, False, 0), (0x200, False, False, 3), (0x555, False, True, 8)]
    sends(other, 0x123, 4)
    assert can.recv() is None  # nothing is received before set_filters()
    can.set_filters(None)
    sends(other, 0x123, 4)
    id, data, flags, errors = can.recv()
    assert (id, bytes(data), flags, errors) == (0x123, bytes(4), 0, 0)
    place = [0, memoryview(bytearray(8)), 0, 0]
    sends(other, 0x1234, 2, True)
    assert can.recv(place) is place
    assert place[0] == 0x1234 and bytes(place[1]) == bytes(2) and place[2] == CAN.FLAG_EXT_ID
    can.set_filters(((0x300, 0x700, 0), (0x50700, 0x1FFF_FFFF, CAN.FLAG_EXT_ID)))
    for id, extended in ((0x3AB, False), (0x400, False), (0x50700, True), (0x50701, True)):
        sends(other, id, 0, extended)
    assert [can.recv()[0] for _ in range(2)] == [0x3AB, 0x50700] and can.recv() is None
    raises(ValueError, can.set_filters, ((0x800, 0, 0),))
    raises(ValueError, can.set_filters, [(1, 1, 0)] * (CAN.FILTERS_MAX + 1))
    raises(ValueError, can.send, 0x800, b"")
    raises(ValueError, can.send, 1, bytes(9))
    other.stop()
    can.deinit()
    assert can.state() == CAN.STATE_STOPPED
    raises(OSError, can.send, 1, b"")


def test_interrupts():
    other = peer()
    can = CAN(0, 500_000)
    can.set_filters(None)
    log = []

    def handler(can):
        while True:
            flags = can.irq().flags()
            if not flags:
                break
            if flags & can.IRQ_TX:
                index = flags >> can.IRQ_TX_IDX_SHIFT & can.IRQ_TX_IDX_MASK
                log.append(("sent", index, not flags & can.IRQ_TX_FAILED))
            if flags & can.IRQ_RX:
                log.append(("got", can.recv()[0]))
            if flags & can.IRQ_STATE:
                log.append(("state", can.state()))

    can.irq(handler, CAN.IRQ_TX | CAN.IRQ_RX | CAN.IRQ_STATE)
    can.send(1, b"")
    can.send(2, b"")
    assert can.cancel_send(1) is True and can.cancel_send(1) is False
    clock.advance(1000)
    sends(other, 7)
    assert log == [("sent", 1, False), ("sent", 0, True), ("got", 7)], log
    log.clear()
    parts.can(0).corrupt(32)
    can.send(3, b"")
    clock.advance(20_000)
    states = [state for what, state in [entry[:2] for entry in log] if what == "state"]
    assert states == [CAN.STATE_WARNING, CAN.STATE_PASSIVE, CAN.STATE_BUS_OFF], log
    assert can.get_counters()[:5] == [256, 0, 1, 1, 1]
    raises(OSError, can.send, 1, b"")
    can.restart()
    clock.advance(3000)
    assert can.state() == CAN.STATE_ACTIVE and can.get_counters()[:5] == [0] * 5
    raises(ValueError, can.cancel_send, 3)
    other.stop()
    can.deinit()


def test_overruns_and_settings():
    other = peer()
    can = CAN(0, bitrate=500_000, mode=CAN.MODE_NORMAL)
    can.set_filters(None)
    for id in range(10):
        sends(other, id)
    assert can.get_counters()[6:] == [8, 2]
    assert can.recv()[3] == CAN.RECV_ERR_FULL | CAN.RECV_ERR_OVERRUN
    assert can.recv()[3] == 0
    assert can.get_timings() == [500_000, 1, 14, 5, None, None]
    can.deinit()
    can.init(250_000, tseg1=12, tseg2=3, sjw=2)
    place = [0] * 6
    assert can.get_timings(place) is place and place[:4] == [250_000, 2, 12, 3]
    for options in (
        {"bitrate": 0},
        {"bitrate": 1, "mode": 9},
        {"bitrate": 1, "tseg1": 3},
        {"bitrate": 1, "sjw": 5},
        {"bitrate": 1, "sample_point": 100},
    ):
        raises(ValueError, lambda options=options: can.init(**options))
    raises(ValueError, CAN, 2, 500_000)
    other.stop()
    can.deinit()
