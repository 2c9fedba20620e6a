# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py unit/families/nrf_units.py

from errno import EOPNOTSUPP

from support import P0, P1, Nrf, SpisModel, TwisModel, fails, raises

EBUSY = 16
TWIS = 0x40003000
SPIS = 0x40023000


class Nothing:
    def append(self, item):
        pass


def chip_of(name="nrf52840"):
    chip = Nrf(name)
    chip.memory.log = Nothing()
    chip.open()
    return chip


def test_how_an_i2c_target_is_set_up():
    chip = chip_of()
    TwisModel(chip)
    TwisModel(chip, 1)
    from drivers import I2CSlave

    with I2CSlave(0x42):
        cells = chip.memory.cells
        assert cells[TWIS + 0x500] == 9 and cells[TWIS + 0x588] == 0x42
        assert cells[TWIS + 0x508] == 27 and cells[TWIS + 0x50C] == 26
        # Open drain, as an input that is read.
        assert cells[P0 + 0x700 + 4 * 27] == cells[P0 + 0x700 + 4 * 26] == 0x60C
        assert cells[TWIS + 0x594] == 1 and cells[TWIS + 0x5C0] == 0xFF
    assert cells[TWIS + 0x500] == 0 and cells[P0 + 0x700 + 4 * 27] == 0
    with I2CSlave(0x42, scl="P1.05", sda="P3"):
        assert cells[TWIS + 0x508] == 37 and cells[P1 + 0x700 + 4 * 5] == 0x60C
    with I2CSlave(0x42, bus=1):
        assert cells[0x40004000 + 0x508] == 30


def test_messages():
    chip = chip_of()
    from drivers import I2CSlave

    slave = I2CSlave(0x42, size=8)
    model = TwisModel(chip)
    assert model.write(0x43, b"x") is None and model.read(0x41, 1) is None
    assert model.write(0x42, b"") == 0  # is anybody there?
    chip.pass_time(1100)
    assert slave.receive() == I2CSlave.NO_DATA
    assert model.write(0x42, b"first") == 5 and model.held_us <= 1100
    assert model.write(0x42, b"\0second") == 7
    chip.pass_time(1100)
    assert slave.receive() == I2CSlave.WRITE_ADDRESSED
    assert slave.read() == b"first" and slave.read() == b"\0second" and slave.read() is None
    # Two that no stop divides, and one that is too long for the driver.
    assert model.write(0x42, b"one", stop=False) == 3
    assert model.write(0x42, b"longer than 8") == 13
    assert model.write(0x42, b"two") == 3
    chip.pass_time(1100)
    assert slave.read() == b"one" and slave.read() == b"two" and slave.dropped == 1
    # One that is too long for the unit: the controller is told.
    assert model.write(0x42, bytes(300)) == 256
    chip.pass_time(1100)
    assert slave.dropped == 2 and model.errors == 0
    slave.deinit()
    assert model.write(0x42, b"gone") is None


def test_replies():
    chip = chip_of()
    from drivers import I2CSlave

    slave = I2CSlave(0x42, size=8)
    model = TwisModel(chip)
    slave.write(b"abc")
    assert model.read(0x42, 3) == b"abc"
    slave.write(b"x")
    assert model.read(0x42, 3) == b"x\xff\xff"
    # Written, then read without a stop.
    slave.write(b"reg")
    assert model.write(0x42, b"\x07", stop=False) == 1
    assert model.read(0x42, 2) == b"re"
    chip.pass_time(1100)
    assert slave.read() == b"\x07"
    # Nothing is ready: the controller is held up, until there is.
    assert model.read(0x42, 2) == b"held"
    assert slave.receive() == I2CSlave.READ_ADDRESSED
    slave.write(b"late")
    assert not model.suspended and model.tx
    slave.deinit()


def test_a_handler_answers():
    chip = chip_of()
    from drivers import I2CSlave

    slave = I2CSlave(0x42)
    model = TwisModel(chip)
    seen = []

    def serve(slave):
        what = slave.receive()
        if what == I2CSlave.WRITE_ADDRESSED:
            seen.append(slave.read())
        elif what == I2CSlave.READ_ADDRESSED:
            slave.write(seen[-1] * 2)

    slave.irq(serve, hard=True)
    assert model.write(0x42, b"ab", stop=False) == 2
    assert model.read(0x42, 4) == b"abab"
    slave.deinit()


def test_a_handler_that_fails_does_not_hold_the_bus():
    chip = chip_of()
    from drivers import I2CSlave

    slave = I2CSlave(0x42)
    model = TwisModel(chip)
    slave.irq(lambda slave: 1 // 0, hard=True)
    assert model.read(0x42, 1) == b"\xff"
    slave.write(b"x")  # the driver goes on
    assert model.read(0x42, 1) == b"x"
    slave.deinit()


def test_memory():
    chip = chip_of()
    from drivers import I2CSlave

    mem = bytearray(b"0123456789")
    slave = I2CSlave(0x42, mem=mem)
    model = TwisModel(chip)
    assert model.write(0x42, b"\x08XYZ") == 4
    chip.pass_time(1100)
    assert mem == b"Z1234567XY" and slave.memaddr == 8
    assert model.write(0x42, b"\x03", stop=False) == 1
    assert model.read(0x42, 3) == b"345"
    assert model.read(0x42, 12) == b"67XYZ1234567"  # it goes on, and wraps
    assert slave.memaddr == 3
    slave.deinit()
    slave = I2CSlave(0x42, mem=mem, mem_addrsize=16)
    assert model.write(0x42, b"\x00\x01!") == 3
    assert model.write(0x42, b"\x00") == 1  # half an address
    chip.pass_time(1100)
    assert mem[1] == ord("!") and slave.memaddr == 1
    slave.deinit()


def test_deinit_in_the_middle():
    chip = chip_of()
    from drivers import I2CSlave

    slave = I2CSlave(0x42)
    model = TwisModel(chip)
    assert model.read(0x42, 1) == b"held"
    slave.deinit()
    slave.deinit()
    cells = chip.memory.cells
    assert cells[TWIS + 0x500] == 0 and cells[TWIS + 0x508] == 0xFFFFFFFF
    chip.pass_time(3000)  # no alarm comes any more
    assert model.write(0x42, b"x") is None
    # A unit that says nothing to STOP is switched off all the same.
    slave = I2CSlave(0x42)
    model.task(0x14, lambda: None)
    slave.deinit()
    assert cells[TWIS + 0x500] == 0


def test_one_unit_has_one_user():
    TwisModel(chip_of())
    from drivers import I2C, SPI, I2CSlave

    with I2CSlave(0x42, bus=0):
        error = raises(OSError, I2C, 0)
        assert error.args[0] == EBUSY
        fails(EBUSY, "SPI(0) and I2CSlave(0) are one unit", SPI, 0)
    i2c = I2C(0)
    raises(OSError, I2CSlave, 0x42, 0)
    i2c.deinit()
    with I2CSlave(0x42, bus=0):
        pass
    fails(EOPNOTSUPP, "no general call", lambda: I2CSlave(0x42, general_call=True))
    with I2CSlave(0x42, bus=0):  # the failure has left nothing behind
        pass


def test_frames():
    chip = chip_of()
    from drivers import SPISlave

    slave = SPISlave(fill=0xEE)
    model = SpisModel(chip)
    model.mine = False
    cells = chip.memory.cells
    assert [cells[SPIS + 0x508 + 4 * i] for i in range(4)] == [6, 8, 7, 11]
    assert cells[P0 + 0x700 + 4 * 11] == 0xC, "the chip select has a pull-up"
    assert cells[SPIS + 0x500] == 2 and cells[SPIS + 0x554] == 0
    model.events[0x128] = 1  # ACQUIRE was before the model
    chip.pass_time(5)
    assert model.mine
    assert model.frame(b"ping") == b"\xee" * 4
    assert model.frame(b"lost") == b"\xee" * 4  # nobody has looked yet
    chip.pass_time(1100)
    assert slave.frames == 1
    buf = bytearray(9)
    assert slave.readinto(buf) == 4 and buf[:4] == b"ping"
    assert slave.write(b"pong!") == 5
    assert model.frame(b"ab") == b"po"
    chip.pass_time(1100)
    assert model.frame(b"cdef") == b"ng!\xee"  # what was left of the reply
    chip.pass_time(1100)
    slave.reply(0x55)
    assert model.frame(b"g") == b"\x55"
    chip.pass_time(1100)
    assert slave.readinto(buf) == 7 and buf[:7] == b"abcdefg"
    assert slave.frames == 4 and "SPI(2)" in repr(slave)
    slave.deinit()
    slave.deinit()
    assert cells[SPIS + 0x500] == 0 and cells[SPIS + 0x514] == 0xFFFFFFFF


def opened(**options):
    chip = chip_of()
    from drivers import SPISlave

    slave = SPISlave(**options)
    model = SpisModel(chip)
    model._acquire()
    chip.pass_time(5)
    return chip, slave, model


def test_a_reply_that_comes_during_a_frame_is_for_the_next_one():
    chip, slave, model = opened()
    slave.write(b"old")
    assert model.frame(b"123", lambda: slave.write(b"new")) == b"old"
    chip.pass_time(1100)
    assert model.frame(b"456") == b"new"
    slave.deinit()


def test_long_and_empty_frames():
    chip, slave, model = opened(size=300)
    model.frame(bytes(300))
    chip.pass_time(1100)
    assert slave.receive() == 256 and slave.dropped == 1 and model.status == 0
    assert slave.readinto(bytearray(300)) == 256
    model.frame(b"")
    chip.pass_time(1100)
    assert slave.frames == 2 and slave.receive() == 0
    slave.deinit()


def test_a_handler_prepares_the_next_frame():
    chip, slave, model = opened(polarity=1, phase=0, firstbit=1)
    assert chip.memory.cells[SPIS + 0x554] == 0b101

    def serve(slave):
        value = slave.read()
        if value is not None:
            slave.write(bytes([value + 1]))

    slave.irq(serve, hard=True)
    model.frame(b"\x10")
    chip.pass_time(1100)
    assert model.frame(b"\x20") == b"\x11"
    chip.pass_time(1100)
    assert model.frame(b"\x30") == b"\x21"
    slave.deinit()


def test_deinit_in_a_frame():
    chip, slave, model = opened()

    def stop():
        slave.deinit()
        assert chip.memory.cells[SPIS + 0x500] == 0
        raise KeyError

    raises(KeyError, model.frame, b"12", stop)
    chip.pass_time(2000)


def test_looks_take_no_heap():
    chip = chip_of()
    from drivers import I2CSlave, SPISlave

    i2c = I2CSlave(0x42, bus=0)
    spi = SPISlave(size=16)
    twis = TwisModel(chip)
    spis = SpisModel(chip)
    spis._acquire()
    chip.pass_time(5)
    buf = bytearray(16)
    reply = bytearray(b"reply")

    def look(_):
        i2c._target._look(None)
        spi._target._look(None)
        i2c.readinto(buf)
        i2c.write(reply)
        spi.readinto(buf)
        spi.write(reply)

    chip.core.in_isr = True  # no alarm comes in between
    look(None)
    for _ in range(50):
        twis.events[0x164] = 1  # it is written to
        assert chip.core.hard(look, None), chip.core.uncaught
        twis.rx_amount = 3
        twis.events[0x168] = 1  # and read, without a stop
        spis.frame(b"frame")
        assert chip.core.hard(look, None), chip.core.uncaught
        twis.tx_amount = 5
        twis.events[0x104] = 1
        assert chip.core.hard(look, None), chip.core.uncaught
    chip.core.in_isr = False
    i2c.deinit()
    spi.deinit()


def test_a_handler_ends_it():
    chip = chip_of()
    from drivers import I2CSlave, SPISlave

    slave = I2CSlave(0x42)
    model = TwisModel(chip)
    slave.irq(lambda slave: slave.deinit(), hard=True)
    assert model.write(0x42, b"bye") == 3
    chip.pass_time(2000)
    assert chip.memory.cells[TWIS + 0x500] == 0
    slave = SPISlave()
    model = SpisModel(chip)
    model._acquire()
    chip.pass_time(5)
    slave.irq(lambda slave: slave.deinit(), hard=True)
    model.frame(b"bye")
    released = []
    model.task(0x28, lambda: released.append(1))
    chip.pass_time(2000)
    assert chip.memory.cells[SPIS + 0x500] == 0 and released == []


def test_what_there_is_not():
    chip_of("nrf52832")
    from drivers import QSPI, I2CSlave, SPISlave

    fails(EOPNOTSUPP, "dongle has no I2CSlave", I2CSlave, 0x42)
    fails(EOPNOTSUPP, "dongle has no SPISlave on SPI(2)", SPISlave)
    fails(EOPNOTSUPP, "dongle has no QSPI", QSPI)
    chip_of()
    from drivers import SPISlave

    fails(EOPNOTSUPP, "dongle has no SPISlave on SPI(0)", SPISlave, 0)
    fails(EOPNOTSUPP, "dongle has no SPISlave on SPI(3)", SPISlave, 3)
    raises(ValueError, SPISlave, 7)
