# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py unit/families/stm32_qspi.py

from errno import EIO, EOPNOTSUPP, ETIMEDOUT

from support import PinClass, QuadspiModel, Stm32, fails, raises

EBUSY = 16


def opened(family="f4", **options):
    chip = Stm32(family)
    chip.open()
    model = QuadspiModel(chip)
    from drivers import QSPI

    return chip, model, QSPI(freq=options.pop("freq", 10_000_000), **options)


def test_settings():
    for family in ("f4", "l4"):
        chip, model, qspi = opened(family, freq=20_000_000)
        cells = chip.memory.cells
        # HCLK is 168 MHz: 168 / 9 = 18.7 MHz.
        assert cells[model.base] == 8 << 24 | 0x11
        assert cells[model.base + 4] == 31 << 16 | 1 << 8
        enable, reset, bit = chip.numbers.QSPI_CLOCK
        assert cells[enable] >> bit & 1 and not cells[reset] >> bit & 1
        assert chip.alternates["B2"] == (PinClass.ALT, 9)
        assert chip.alternates["B6"] == (PinClass.ALT, 10)
        qspi.freq(168_000_000)
        assert cells[model.base] >> 24 == 0
        error = raises(ValueError, qspi.freq, 656_249)
        assert "QSPI of nucleo has 656250 Hz at least" in str(error)
        qspi.deinit()
        assert cells[model.base] == 0 and chip.alternates["B2"] == (PinClass.IN, -1)
    chip, model, qspi = opened(mode=3)
    assert chip.memory.cells[model.base + 4] & 1
    qspi.deinit()


def test_phases():
    chip, model, qspi = opened()
    qspi.command_transfer(0x06)
    assert model.log == [(1 << 8 | 0x06, -1, -1, b"")]
    model.reply = b"\xef\x40\x18"
    found = bytearray(3)
    qspi.command_transfer(0x9F, -1, None, found)
    assert found == b"\xef\x40\x18"
    assert model.log[-1][:3] == (1 << 26 | 1 << 24 | 1 << 8 | 0x9F, -1, -1)
    qspi.command_transfer(0x01, -1, b"\x02\x40")
    assert model.log[-1] == (1 << 24 | 1 << 8 | 0x01, -1, -1, b"\x02\x40")
    qspi.command_transfer(0x20, 0x123000)
    assert model.log[-1][:2] == (2 << 12 | 1 << 10 | 1 << 8 | 0x20, 0x123000)
    qspi.configure_format(1, 4, 24, 4, 8, 4, 4)
    model.reply = bytes(range(40))
    buf = bytearray(40)
    qspi.read(0xEB, 0x010203, buf, 0xF0)
    assert buf == model.reply
    ccr = 1 << 26 | 3 << 24 | 4 << 18 | 3 << 14 | 2 << 12 | 3 << 10 | 1 << 8 | 0xEB
    assert model.log[-1][:3] == (ccr, 0x010203, 0xF0)
    qspi.configure_format(2, 2, 32, 2, 16, 2, 31)
    qspi.write(0x77, 0x01020304, b"xyz", 0xABCD)
    ccr = 2 << 24 | 31 << 18 | 1 << 16 | 2 << 14 | 3 << 12 | 2 << 10 | 2 << 8 | 0x77
    assert model.log[-1] == (ccr, 0x01020304, 0xABCD, b"xyz")
    qspi.configure_format()
    qspi.read(-1, 0x000010, bytearray(1))  # no instruction
    assert model.log[-1][0] == 1 << 26 | 1 << 24 | 2 << 12 | 1 << 10
    qspi.deinit()


def test_what_is_sent_and_received_in_one_command():
    chip, model, qspi = opened()
    model.reply = b"!"
    into = bytearray(1)
    qspi.command_transfer(0x5A, -1, b"\x01\x02\x03", into)
    assert into == b"!"
    ccr = 1 << 26 | 1 << 24 | 2 << 16 | 1 << 14 | 1 << 8 | 0x5A
    assert model.log[-1][:3] == (ccr, -1, 0x010203)
    text = "nucleo has no QSPI command that sends that and receives"
    fails(EOPNOTSUPP, text, qspi.command_transfer, 0x5A, -1, b"12345", into)
    qspi.configure_format(dummy_cycles=8)
    fails(EOPNOTSUPP, text, qspi.command_transfer, 0x5A, -1, b"1", into)
    qspi.deinit()


def test_what_goes_wrong():
    chip, model, qspi = opened()
    model.refused = 0xFFFFFF
    fails(EIO, "QSPI(1): the address is refused", qspi.read, 3, 0xFFFFFF, bytearray(2))
    assert model.flags & 1 == 0
    model.hangs = True
    fails(ETIMEDOUT, "a command does not end", qspi.command_transfer, 0x06)
    model.hangs = False
    qspi.command_transfer(0x06)
    # An abort that does not end: nothing waits for ever.
    model.hangs = model.stuck = True
    fails(ETIMEDOUT, "a command does not end", qspi.read, 3, 0, bytearray(2))
    qspi.deinit()
    assert chip.memory.cells[model.base] == 0


def test_a_flash_that_is_mapped_is_left_alone():
    chip = Stm32("f4")
    chip.open()
    base = chip.numbers.QSPI
    chip.memory.cells[base] = 1
    chip.memory.cells[base + 0x14] = 3 << 26
    from drivers import QSPI

    fails(EBUSY, "QUADSPI of nucleo is MicroPython's, for a flash", QSPI)
    assert chip.memory.cells[base] == 1
    import sys

    del sys.modules["board"].BUSES["QSPI"]
    fails(EOPNOTSUPP, "nucleo has no QSPI", QSPI)
