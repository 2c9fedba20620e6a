"""The driver CAN on the simulated bus of board host."""

import random
from errno import ENODEV, ETIMEDOUT

import rtos
from drivers import CAN, CANMessage
from sim import clock, parts
from sim.canframe import Frame
from sim.cannode import Controller
from support import fresh, raises, run_main, settle, times_out

fresh()


def peer(name="peer", freq=500_000, bus=0, **options):
    """Another node on the board's bus."""
    node = Controller(parts.can(bus), name)
    node.start(freq, **options)
    return node


def frame(id, data=b"", extended=False, remote=False):
    made = Frame()
    made.copy_from(CANMessage(id, data, extended, remote))
    return made


def received(can):
    """All frames that wait."""
    found = []
    message = CANMessage()
    while can.read(message):
        found.append((message.id, message.data))
    return found


def test_frames_both_ways():
    other = peer()
    with CAN() as can:
        assert can.write(CANMessage(0x123, b"hello"))
        clock.advance(1000)
        got = Frame()
        assert other.recv(got) and (got.id, bytes(got.buffer[:5])) == (0x123, b"hello")
        assert not got.extended and not got.remote
        other.send(frame(0x1ABCDEF0, b"\1\2", extended=True))
        other.send(frame(0x7FF, b"", remote=True))
        clock.advance(1000)
        message = CANMessage()
        assert can.any() == 2
        assert can.read(message) and message.extended and message.id == 0x1ABCDEF0
        assert message.data == b"\1\2"
        assert can.read(message) and message.remote and message.id == 0x7FF
        assert not can.read(message) and can.any() == 0
    other.stop()


def test_a_frame_lasts_as_long_as_its_bits():
    other = peer()
    bus = parts.can(0)
    bus.record()
    with CAN() as can:
        # 0x555 with 8 bytes 0x55: no bits to stuff in id and data. 44 bits and 64 of data,
        # stuff bits where DLC and CRC need them, 3 bits of intermission.
        assert can.write(CANMessage(0x555, b"\x55" * 8))
        assert can.write(CANMessage(0x556, b"\x55" * 8))
        clock.advance(1000)
    (first, _, _, _), (second, _, _, _) = bus.frames
    bits = (second - first) // 2
    assert 111 <= bits <= 111 + 5, bits
    bus.frames = None
    other.stop()


def test_the_lowest_id_goes_first():
    bus = parts.can(0)
    other = peer()
    third = peer("third")
    with CAN() as can:
        bus.record()
        for id in (0x300, 0x100, 0x200):
            assert can.write(CANMessage(id))
        assert not can.write(CANMessage(0))  # three buffers
        other.send(frame(0x080 << 18, extended=True))
        third.send(frame(0x080))
        clock.advance(5000)
        order = [(name, message.id) for _, name, message, _ in bus.frames]
        assert order == [
            ("third", 0x080),  # standard wins over extended with the same first bits
            ("peer", 0x080 << 18),
            ("CAN0", 0x100),
            ("CAN0", 0x200),
            ("CAN0", 0x300),
        ], order
        assert all(outcome == "sent" for _, _, _, outcome in bus.frames)
    bus.frames = None
    other.stop()
    third.stop()


def test_filters():
    other = peer()
    with CAN() as can:
        can.filters((0x300, 0x700, CAN.STANDARD), (0x12345, 0x1FFFFFFF, CAN.EXTENDED))

        def sends(*frames):
            for each in frames:
                other.send(each)
                clock.advance(500)
            return [id for id, _ in received(can)]

        assert sends(frame(0x2FF), frame(0x300), frame(0x3AB), frame(0x400)) == [0x300, 0x3AB]
        assert sends(frame(0x12345, extended=True), frame(0x12346, extended=True)) == [0x12345]
        assert sends(frame(0x300, extended=True)) == []
        can.filters((0x300, 0x7FF, CAN.ANY))
        assert sends(frame(0x300, extended=True), frame(0x300), frame(0x301)) == [0x300, 0x300]
        can.filters(())
        assert sends(frame(0x300)) == [] and can.filters() == ()
        can.filters(None)
        assert sends(frame(0x300)) == [0x300] and can.filters() is None
        raises(ValueError, can.filters, (0x800, 0x7FF, CAN.STANDARD))
        raises(ValueError, can.filters, (0x1, 0x7FF, 3))
        raises(ValueError, can.filters, (0x1, 0x7FF))
        said = str(raises(ValueError, can.filters, *[(1, 1, CAN.ANY)] * 8))
        assert "14 filters, not 16" in said, said
    other.stop()


def test_nobody_acknowledges():
    with CAN() as can:
        assert can.write(CANMessage(1))
        clock.advance(100_000)
        # ISO 11898-1: errors of acknowledgement alone make a node passive, never bus-off.
        assert can.state() == CAN.ERROR_PASSIVE and can.tx_errors() == 128 and can.rx_errors() == 0
        counters = can.counters()
        assert counters[2:6] == [1, 1, 0, 1] and "passive" in repr(can)
        assert can.cancel() in (0, 1)
        clock.advance(1000)
        can.cancel()
        other = peer()
        clock.advance(10_000)
        assert can.write(CANMessage(2))
        clock.advance(10_000)
        assert can.state() == CAN.ERROR_WARNING and can.tx_errors() < 128
        other.stop()


def test_bus_off_and_recovery():
    bus = parts.can(0)
    other = peer()
    with CAN() as can:
        assert can.write(CANMessage(0x10, b"data"))
        bus.corrupt(32)
        clock.advance(20_000)
        assert can.state() == CAN.BUS_OFF, can
        assert can.counters()[2:5] == [1, 1, 1]
        assert other.rec == 32
        error = raises(OSError, can.write, CANMessage(1))
        assert error.args[0] == 100 and "restart()" in error.args[1]
        clock.advance(1_000_000)
        assert can.state() == CAN.BUS_OFF  # not by itself
        can.restart()
        clock.advance(128 * 11 * 2 - 10)
        assert can.state() == CAN.BUS_OFF
        clock.advance(20)
        assert can.state() == CAN.ERROR_ACTIVE and can.tx_errors() == 0
        assert can.write(CANMessage(3))
        clock.advance(1000)
        got = Frame()
        assert other.recv(got) and got.id == 3
    other.stop()


def test_recovery_among_traffic_takes_as_many_pauses():
    other = peer()
    third = peer("third")
    with CAN() as can:
        can.write(CANMessage(0x10))
        parts.can(0).corrupt(32)
        clock.advance(20_000)
        assert can.state() == CAN.BUS_OFF
        can.restart()
        for _ in range(20):
            other.send(frame(0x7F0, bytes(8)))
            clock.advance(300)
            third.recv(Frame())
        assert can.state() == CAN.BUS_OFF  # 6 ms have passed, but most of it with frames
        clock.advance(5000)
        assert can.state() == CAN.ERROR_ACTIVE
    other.stop()
    third.stop()


def test_errors_that_one_receiver_sees():
    bus = parts.can(0)
    other = peer()
    third = peer("third")
    with CAN() as can:
        bus.corrupt(seen_by=third)
        can.write(CANMessage(5, b"x"))
        clock.advance(2000)
        # a) and b) for the one who saw it, a) for the other, c) and g) for the transmitter.
        assert (third.rec, other.rec, can.tx_errors()) == (9 - 1, 1 - 1, 8 - 1)
        third.rec = 130
        third.received(frame(9))  # to settle: h) says 127
        assert third.rec == 127
    other.stop()
    third.stop()


def test_a_node_of_another_bit_rate_spoils_all():
    wrong = peer("wrong", freq=250_000)
    other = peer()
    with CAN() as can:
        can.write(CANMessage(5))
        clock.advance(1000)
        assert can.tx_errors() > 0 and can.state() != CAN.STOPPED
        clock.advance(100_000)
        # The wrong one is passive at last, and disturbs nobody any more.
        got = Frame()
        assert wrong.state() == 3 and other.recv(got) and got.id == 5
    wrong.stop()
    other.stop()


def test_modes():
    other = peer()
    with CAN(mode=CAN.SILENT) as can:
        other.send(frame(0x11))
        clock.advance(2000)
        assert other.tec > 0 and can.any() == 0  # a silent node acknowledges nothing
        error = raises(OSError, can.write, CANMessage(1))
        assert "silent" in error.args[1]
        can.mode(CAN.NORMAL)
        clock.advance(2000)
        assert received(can) == [(0x11, b"")]
        other.stop()
        can.mode(CAN.LOOPBACK)
        assert can.mode() == CAN.LOOPBACK
        can.write(CANMessage(0x22, b"self"))
        clock.advance(1000)
        assert received(can) == [(0x22, b"self")] and can.tx_errors() == 0
        can.mode(CAN.SILENT_LOOPBACK)
        sent = parts.can(0).sent
        can.write(CANMessage(0x33, b"me"))
        can.write(CANMessage(0x32, b"too"))
        clock.advance(1000)
        assert received(can) == [(0x32, b"too"), (0x33, b"me")]
        assert parts.can(0).sent == sent


def test_overruns_are_counted():
    other = peer()
    with CAN(rx_size=2) as can:
        seen = []
        can.irq(lambda can: seen.append(can.events()), CAN.RX | CAN.OVERRUN, hard=False)
        for id in range(4):
            other.send(frame(id))
            clock.advance(500)
        settle()
        assert seen and seen[0] & CAN.RX and seen[-1] & CAN.OVERRUN, seen
        assert len(seen) + can.missed == 4
        assert can.any() == 2 and can.counters()[7] == 2
        assert [id for id, _ in received(can)] == [0, 1]
    other.stop()


def test_hard_interrupts():
    other = peer()
    with CAN() as can:
        counts = [0, 0]

        def count(can):
            counts[0] += 1
            counts[1] |= can.events()

        can.irq(count, CAN.RX | CAN.TX | CAN.ARBITRATION_LOST, hard=True)
        other.send(frame(0x10))
        can.write(CANMessage(0x20))
        clock.advance(2000)
        assert counts[1] == CAN.RX | CAN.TX | CAN.ARBITRATION_LOST, counts
        can.irq(None)
        before = counts[0]
        other.send(frame(1))
        clock.advance(2000)
        assert counts[0] == before and can.any() == 2
        raises(ValueError, can.irq, count, 0)
    other.stop()


def test_threads():
    other = peer()
    other.on_frame = answer
    log = []

    async def listens(can):
        message = CANMessage()
        while len(log) < 3:
            assert await can.recv(message) is message
            log.append(message.data)

    async def main():
        with CAN() as can:
            thread = rtos.Thread(listens, can).start()
            clock_thread = rtos.Thread(keep_going, priority=rtos.LOW).start()
            for n in range(3):
                await can.send(CANMessage(0x100, bytes([n])), timeout_ms=100)
            await thread.join()
            await times_out(can.recv(timeout_ms=5))
            await times_out(can.readable(timeout_ms=5))
            other.stop()
            try:
                await can.send(CANMessage(1), timeout_ms=10)
            except OSError as error:
                assert error.args[0] == ETIMEDOUT and "does another node" in error.args[1]
            else:
                raise AssertionError("sent to nobody")
            assert can.counters()[5] in (0, 1)
            clock_thread.terminate()

    run_main(main)
    assert log == [b"\0!", b"\1!", b"\2!"], log


def answer(controller, got):
    controller.send(frame(got.id + 1, bytes(got.buffer[: got.length]) + b"!"))


async def keep_going():
    """Simulated time goes on with the kernel's."""
    while True:
        rtos.lock()  # a simulated interrupt is none for the kernel: threads preempt behind it
        clock.advance(1000)
        rtos.unlock()
        await rtos.sleep_ms(1)


def test_send_to_a_bus_that_goes_off():
    other = peer()

    async def main():
        with CAN() as can:
            rtos.Thread(keep_going, priority=rtos.LOW).start()
            parts.can(0).corrupt(32)
            try:
                await can.send(CANMessage(7))
            except OSError as error:
                assert error.args[0] == 100 and "bus-off" in error.args[1], error
            else:
                raise AssertionError("sent")
            assert await can.state_change(0) & CAN.STATE
            can.restart()
            while can.state() == CAN.BUS_OFF:
                await can.state_change(timeout_ms=100)
            await can.send(CANMessage(8), timeout_ms=50)

    run_main(main)
    other.stop()


def test_noise_loses_and_doubles_nothing():
    """Random frames of four nodes on a noisy bus: each arrives once, those of a node in order."""
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    bus = parts.can(0)
    bus.error_rate = 0.002
    nodes = [peer(name) for name in "abc"]
    got = [[] for _ in nodes]
    for n in range(3):
        nodes[n].on_frame = lambda _, frame, n=n: got[n].append(bytes(frame.buffer[:2]))
    left = [40] * 4
    mine = []
    with CAN(rx_size=200) as can:
        while any(left) or can.counters()[5]:
            who = random.randrange(4)
            data = bytes([who, left[who]]) + bytes(random.randrange(7))
            id = 0x100 + 8 * who if who != 1 else 0x80 << 18
            if left[who] and (
                can.write(CANMessage(id, data))
                if who == 3
                else nodes[who].send(frame(id, data, extended=who == 1)) >= 0
            ):
                left[who] -= 1
            clock.advance(random.randrange(600))
            mine += [data[:2] for _, data in received(can)]
            assert can.state() != CAN.BUS_OFF
        clock.advance(10_000)
        mine += [data[:2] for _, data in received(can)]
        assert can.counters()[7] == 0
    assert bus.failed, bus
    for n, frames in enumerate(got + [mine]):
        for who in range(4):
            wanted = [] if who == n else [bytes([who, k]) for k in range(40, 0, -1)]
            assert [data for data in frames if data[0] == who] == wanted, (n, who)
    for node in nodes:
        node.stop()


def test_deinit_ends_the_waits():
    log = []

    async def waits(awaits):
        try:
            await awaits()
        except OSError as error:
            log.append(error.args[0])

    async def main():
        can = CAN()
        message = CANMessage(1)
        threads = [
            rtos.Thread(waits, awaits).start()
            for awaits in (can.recv, lambda: can.send(message), lambda: can.send(message))
        ]
        await rtos.sleep_ms(1)
        can.deinit()
        for thread in threads:
            await thread.join()

    run_main(main)
    assert log == [ENODEV] * 3, log


def test_deinit_and_bad_arguments():
    can = CAN()
    assert repr(can) == "<CAN(0) 500000 bit/s normal, active, tx errors 0, rx errors 0>", repr(can)
    again = CAN()
    error = raises(OSError, can.write, CANMessage(1))
    assert error.args[0] == ENODEV
    again.deinit()
    again.deinit()
    for call in (again.any, again.state, again.counters, again.restart, again.freq):
        assert raises(OSError, call).args[0] == ENODEV
    assert "deinitialised" in repr(again)
    for options in ({"freq": 0}, {"freq": 2_000_000}, {"mode": 4}, {"rx_size": 0}):
        raises(ValueError, lambda options=options: CAN(**options))
    assert "CAN(0) to CAN(1)" in str(raises(ValueError, CAN, 2))
    raises(ValueError, CANMessage, 0x800, b"", False)
    raises(ValueError, CANMessage, -1)
    raises(ValueError, CANMessage, 1 << 29)
    raises(ValueError, CANMessage, 1, bytes(9))
    raises(ValueError, CANMessage, 1, b"abc", False, False, 2)
    assert CANMessage(0x800).extended and CANMessage(1, remote=True, length=4).data == bytes(4)
    assert repr(CANMessage(0x12, b"\1\2")) == "<CANMessage 0x012 0102>"


def test_two_buses():
    other = peer(bus=1)
    with CAN(0) as first, CAN(1, freq=500_000) as second:
        first.write(CANMessage(1))
        second.write(CANMessage(2))
        clock.advance(500)
        got = Frame()
        assert other.recv(got) and got.id == 2 and not other.recv(got)
        first.cancel()
    other.stop()


def test_the_same_id_from_two_nodes():
    other = peer()
    third = peer("third")
    with CAN() as can:
        can.write(CANMessage(0x40, b"\x0f"))
        other.send(frame(0x40, b"\xf0"))
        clock.advance(100)
        # The bits after arbitration differ: a bit error for both, and again.
        clock.advance(200)
        assert can.tx_errors() and other.tec and third.rec
    other.stop()
    third.stop()
