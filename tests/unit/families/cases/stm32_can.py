# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from errno import EOPNOTSUPP

from support import MICROPYTHON, Stm32, fails, raises


def settle():
    """Let scheduled calls run."""
    if MICROPYTHON:
        for _ in range(20):
            pass
    else:
        import micropython

        micropython.run_scheduled()


def opened(family="f4", bus=None, **options):
    chip = Stm32(family)
    chip.open()
    from drivers import CAN

    can = CAN(bus, **options)
    return chip, can, chip.can[bus or 1], chip.can_open[bus or 1]


def look(chip):
    """Longer than the driver's part waits until it looks for frames that are sent."""
    chip.core.pass_time(600)
    settle()


def message(*arguments, **options):
    from drivers import CANMessage

    return CANMessage(*arguments, **options)


def test_settings():
    for mode in range(4):
        chip, can, _, port = opened(freq=250_000, mode=mode)
        assert port.settings == ((0, 8, 4, 12)[mode], 250_000)
        can.deinit()
        assert chip.can_open == {}
    chip = Stm32("f4")
    port = chip.open()
    assert port.find_can(None) == (1, ["PB9", "PB8"]) and port.find_can(2)[0] == 2
    error = raises(ValueError, port.find_can, 3)
    assert "CAN(3) doesn't exist, use CAN(1), CAN(2)" in str(error)
    chip.has_can = False
    fails(EOPNOTSUPP, "nucleo has no CAN", chip.open().find_can, 1)


def test_frames_go_out():
    chip, can, model, _ = opened()
    assert can.write(message(0x123, b"12345678"))
    assert can.write(message(0x1ABCDEF0, b"x"))
    assert can.write(message(0x7FF, remote=True, length=3))
    assert model.mailboxes[0] == (0x123, False, False, b"12345678")
    assert model.mailboxes[1] == (0x1ABCDEF0, True, False, b"x")
    assert model.mailboxes[2][:3] == (0x7FF, False, True) and len(model.mailboxes[2][3]) == 3
    assert not can.write(message(1))  # no room
    model.acknowledge(1)
    assert can.write(message(2, b"again"))  # in the room of the one that is sent
    assert model.mailboxes[1] == (2, False, False, b"again")
    for n in range(3):
        model.acknowledge(n)
    look(chip)
    assert len(model.wire) == 4
    assert can.write(message(3)) and model.mailboxes[0] == (3, False, False, b"")
    can.deinit()


def test_no_end_of_a_frame_is_missed():
    # A mailbox is empty, and taken for the next frame before anybody has looked what became of it.
    chip = Stm32("f4")
    node = chip.open().Can(1)
    ends = []

    def note(events):
        end = node.sent() if events & 2 else -1
        while end >= 0:
            ends.append(end)
            end = node.sent()

    node.start(500_000, 0, note)
    assert node.send(message(1)) == 0
    chip.can[1].acknowledge(0)
    assert node.send(message(2)) == 0
    assert ends == [1]
    assert node.cancel(0)
    look(chip)
    assert ends == [1, 0]
    node.stop()


def test_it_tells_when_a_frame_is_sent():
    chip, can, model, _ = opened()
    count = [0]

    def sent(can):
        count[0] += 1

    can.irq(sent, can.TX, hard=True)
    can.write(message(0x10, b"a"))
    look(chip)
    assert count == [0]
    model.acknowledge(0)
    look(chip)
    assert count == [1]
    # It looks no more: the alarm has nothing to do.
    chip.core.pass_time(5000)
    settle()
    assert count == [1]
    can.deinit()


def test_frames_are_taken_back():
    chip, can, model, port = opened()
    for n in range(3):
        can.write(message(n))
    model.acknowledge(2)
    assert can.cancel() == 2
    look(chip)
    assert model.mailboxes == [None] * 3
    assert [frame[0] for frame in model.wire] == [2]
    can.write(message(7))
    can.restart()
    assert model.mailboxes == [None] * 3 and port.restarts == 1
    can.deinit()


def test_frames_come_in():
    chip, can, model, port = opened(rx_size=4)
    one = message()
    assert not can.read(one)
    port.receive(0x123, b"abc")
    port.receive(0x1234567, b"", extended=True)
    port.receive(0x5, b"", remote=True)
    port.receive(0x6, b"12345678")
    assert can.any() == 4
    got = []
    while can.read(one):
        got.append((one.id, one.extended, one.remote, one.length, bytes(one.buffer[: one.length])))
    assert got == [
        (0x123, False, False, 3, b"abc"),
        (0x1234567, True, False, 0, b""),
        (0x5, False, True, 0, b""),
        (0x6, False, False, 8, b"12345678"),
    ]
    can.deinit()


def test_frames_that_were_lost():
    chip, can, model, port = opened()
    events = [0]

    def note(can):
        events[0] |= can.events()

    can.irq(note, can.OVERRUN, hard=True)
    state = chip.core.disable_irq()
    for n in range(5):
        port.receive(n, b"")
    chip.core.enable_irq(state)
    assert can.any() == 3
    assert can.counters()[7] == 2
    assert events == [can.OVERRUN]
    can.deinit()


def test_filters():
    for bus in (1, 2):
        chip, can, model, port = opened(bus=bus)
        other = 0x3FFF << (0 if bus == 2 else 14)
        chip.memory.cells[0x4000661C] |= other  # those of the other controller stay
        can.filters((0x300, 0x700, can.STANDARD), (0x12345, 0x1FFFFFFF, can.EXTENDED))
        assert port.receive(0x3AB, b"") and not port.receive(0x2AB, b"")
        assert port.receive(0x12345, b"", extended=True)
        assert not port.receive(0x12346, b"", extended=True)
        # pyb.CAN's own filters would let this one in: its upper eleven bits are 0x300.
        assert not port.receive(0x300 << 18, b"", extended=True)
        assert chip.memory.cells[0x4000661C] & other == other
        can.filters(())
        assert not port.receive(0x3AB, b"")
        can.filters(None)
        assert port.receive(0x3AB, b"") and port.receive(0x1FFFFFFF, b"", extended=True)
        many = [(n, 0x7FF, can.STANDARD) for n in range(14)]
        can.filters(*many)
        assert port.receive(13, b"") and not port.receive(14, b"")
        raises(ValueError, can.filters, *many, (20, 0x7FF, can.STANDARD))
        can.deinit()


def test_states_and_counters():
    chip, can, model, port = opened("l4")
    states = [0] * 8
    count = [0]

    def note(can):
        states[count[0]] = can.state()
        count[0] += 1

    can.irq(note, can.STATE, hard=True)
    assert can.state() == can.ERROR_ACTIVE
    port.error(2, 3)
    port.error(3, 4)
    port.error(4, 5)
    assert states[:4] == [can.ERROR_WARNING, can.ERROR_PASSIVE, can.BUS_OFF, 0]
    raises(OSError, can.write, message(1))
    port.errors = [130, 5, 1, 1, 1, 0, 2, 1]
    assert can.counters() == [130, 5, 1, 1, 1, 0, 3, 0]
    assert can.tx_errors() == 130 and can.rx_errors() == 5
    can.deinit()


def test_receiving_takes_no_heap():
    # Each handler runs with the heap locked, see CanModel; and it comes a hundred times.
    chip, can, model, port = opened()
    one = message()
    for n in range(100):
        port.receive(0x1FFFFFFF - n, b"12345678"[: n % 9], extended=True)
        assert can.read(one) and one.id == 0x1FFFFFFF - n and one.length == n % 9
    assert chip.core.uncaught == []
    can.deinit()
