# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py unit/families/stm32_spi.py

from errno import EOPNOTSUPP

from support import PinClass, SpiUnit, Stm32, fails, raises

EBUSY = 16


def opened(family="f4", **options):
    chip = Stm32(family)
    port = chip.open()
    pin = PinClass.cpu.A4
    pin.drive(1)
    unit = SpiUnit(chip, pin)
    from drivers import SPISlave

    return chip, port, unit, SPISlave(**options)


def test_settings():
    chip, port, unit, slave = opened(polarity=1, phase=0, firstbit=1)
    assert unit.settings == (1, 0, 0x80)
    assert chip.alternates["A4"] == (PinClass.ALT, 5)
    assert not unit.on() and chip.memory.cells[unit.base] >> 12 & 1
    slave.deinit()
    slave.deinit()
    assert unit.settings is None and chip.lines == {}
    chip, port, unit, slave = opened("l4")
    assert chip.memory.cells[unit.base + 4] == 1 << 12
    slave.deinit()


def test_bytes_both_ways():
    for family in ("f4", "l4"):
        chip, port, unit, slave = opened(family, fill=0xEE)
        assert unit.frame(b"ping") == b"\xee" * 4
        assert slave.frames == 1 and slave.dropped == 0
        buf = bytearray(8)
        assert slave.readinto(buf) == 4 and buf[:4] == b"ping"
        assert slave.write(b"pong!") == 5
        assert unit.frame(b"1234567") == b"pong!\xee\xee"
        # What was prepared and not fetched goes out the next time.
        slave.write(b"abc")
        assert unit.frame(b"x") == b"a"
        assert unit.frame(b"yz") == b"bc"
        assert unit.byte(0) is None  # not selected
        assert chip.core.uncaught == []
        slave.deinit()


def test_each_byte_is_answered():
    chip, port, unit, slave = opened()

    def answer(slave):
        value = slave.read()
        if value is not None:
            slave.reply(value + 1 & 0xFF)

    slave.irq(answer, hard=True)
    assert unit.frame(b"\x10\x20\x30") == b"\xff\x11\x21"
    assert chip.core.uncaught == []
    slave.deinit()


def test_a_controller_that_is_too_quick():
    chip, port, unit, slave = opened()
    unit.select(0)
    chip.core.pass_time(10)
    for value in range(5):
        unit.byte(value)
    chip.core.pass_time(60)
    unit.select(1)
    assert slave.dropped == 1 and slave.read() == 0 and unit.overrun == 0
    unit.frame(b"slow")
    assert slave.dropped == 1
    # It is through before anybody has seen the chip select.
    chip.core.masked = True
    unit.select(0)
    unit.select(1)
    chip.core.enable_irq()
    assert slave.frames == 2
    slave.deinit()


def test_deinit_in_a_frame():
    chip, port, unit, slave = opened()
    unit.select(0)
    chip.core.pass_time(60)
    unit.byte(1)
    slave.deinit()
    assert not unit.on()
    chip.core.pass_time(200)
    unit.select(1)
    assert chip.core.uncaught == []


def test_what_there_is_not():
    chip = Stm32("f4")
    chip.open()
    from drivers import SPISlave

    fails(EOPNOTSUPP, "nucleo has no SPISlave on SPI(1)", SPISlave)  # without pyb.SPI
    raises(ValueError, SPISlave, 5)
    # The line of the chip select's interrupt is another pin's.
    SpiUnit(chip, PinClass.cpu.A4)
    PinClass.cpu.B4.irq(print, hard=True)
    assert raises(OSError, SPISlave).args[0] == EBUSY
    PinClass.cpu.B4.irq(None, hard=True)
    SPISlave().deinit()
