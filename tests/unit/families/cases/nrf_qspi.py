# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py unit/families/nrf_units.py

from errno import EOPNOTSUPP, ETIMEDOUT

from support import P0, Nrf, QspiModel, fails, raises

QSPI_BASE = 0x40029000


def opened(freq=8_000_000, mode=0, **faults):
    chip = Nrf()
    chip.open()
    model = QspiModel(chip)
    for name in faults:
        setattr(model, name, faults[name])
    from drivers import QSPI

    return chip, model, QSPI(freq=freq, mode=mode)


def test_settings():
    chip, model, qspi = opened(freq=10_000_000)
    cells = chip.memory.cells
    assert cells[QSPI_BASE + 0x600] >> 28 == 3  # 8 MHz
    assert [cells[QSPI_BASE + at] for at in (0x524, 0x528, 0x530, 0x534, 0x538, 0x53C)] == [
        19,
        17,
        20,
        21,
        22,
        23,
    ]
    assert cells[P0 + 0x700 + 4 * 19] == 0x302, "high drive"
    cells[QSPI_BASE + 0x600] |= 0x00040400  # reserved bits stay
    qspi.freq(32_000_000)
    assert cells[QSPI_BASE + 0x600] == 0x00040401
    error = raises(ValueError, qspi.freq, 1_999_999)
    assert "QSPI of dongle has 2000000 Hz at least, not 1999999" in str(error)
    qspi.deinit()
    assert cells[QSPI_BASE + 0x500] == 0 and cells[QSPI_BASE + 0x054] == 1
    assert cells[QSPI_BASE + 0x528] == 0xFFFFFFFF and cells[P0 + 0x700 + 4 * 17] == 0
    chip, model, qspi = opened(mode=3)
    assert chip.memory.cells[QSPI_BASE + 0x600] >> 25 & 1
    qspi.deinit()


def test_commands_on_one_line():
    chip, model, qspi = opened()
    found = bytearray(3)
    qspi.command_transfer(0x9F, -1, None, found)
    assert found == b"\xc2\x28\x17"
    qspi.command_transfer(0x06)
    qspi.command_transfer(0x01, -1, b"\x40\x02\x00")
    assert model.log[-2:] == [b"\x06", b"\x01\x40\x02\x00"]
    model.memory[0x120:0x140] = bytes(range(32))
    buf = bytearray(19)
    qspi.read(0x03, 0x120, buf)
    assert buf == bytes(range(19))
    assert model.log[-1][:4] == b"\x03\x00\x01\x20" and len(model.log[-1]) == 23
    qspi.configure_format(dummy_cycles=8)
    qspi.read(0x0B, 0x125, buf)
    assert buf == bytes(range(5, 24))
    qspi.configure_format(address_bits=32, alt_bits=16, dummy_cycles=16)
    qspi.write(0x77, 0x01020304, b"data of ten", 0xABCD)
    assert model.log[-1] == b"\x77\x01\x02\x03\x04\xab\xcd\xff\xffdata of ten"
    qspi.deinit()


def test_reads_on_four_lines():
    chip, model, qspi = opened()
    model.memory[0x200:0x300] = bytes([n & 0xFF for n in range(256)])
    qspi.configure_format(data_lines=4, dummy_cycles=8)
    for at, n in ((0x200, 16), (0x201, 5), (0x203, 1), (0x202, 250), (0x204, 3)):
        buf = bytearray(n)
        qspi.read(0x6B, at, buf)
        assert buf == model.memory[at : at + n], (at, n)
    assert model.log[0] == ("read", 3, 0x200, 16), "straight into the caller's buffer"
    qspi.configure_format(address_lines=4, alt_lines=4, data_lines=4, dummy_cycles=4)
    buf = bytearray(8)
    qspi.read(0xEB, 0x210, buf, 0xFF)
    assert buf == model.memory[0x210:0x218] and model.log[-1][1] == 4
    qspi.configure_format(address_lines=4, data_lines=4, dummy_cycles=6, address_bits=32)
    qspi.read(0xEB, 0x210, buf)
    assert model.log[-1][1] == 4 | 1 << 6
    qspi.configure_format(data_lines=2, dummy_cycles=8)
    qspi.read(0x3B, 0x210, buf)
    qspi.configure_format(address_lines=2, alt_lines=2, data_lines=2)
    qspi.read(0xBB, 0x210, buf, 0)
    assert [entry[1] for entry in model.log[-2:]] == [1, 2]
    qspi.read(0xBB, 0x210, bytearray(0), 0)
    qspi.deinit()


def test_writes_on_four_lines():
    chip, model, qspi = opened()
    qspi.configure_format(data_lines=4)
    qspi.write(0x32, 0x101, b"odd place")  # a constant, in flash on the chip
    assert model.memory[0x100:0x10C] == b"\xffodd place\xff\xff"
    assert model.log[-1] == ("write", 2 << 3, 0x100, 12)
    data = bytearray([n & 0xFF for n in range(300)])
    qspi.write(0x32, 0x2F0, data)
    assert model.memory[0x2F0 : 0x2F0 + 300] == data
    qspi.configure_format(address_lines=4, data_lines=4)
    qspi.write(0x38, 0x600, b"1234")
    qspi.configure_format(data_lines=2)
    qspi.write(0xA2, 0x604, b"5678")
    assert [entry[1] for entry in model.log[-2:]] == [3 << 3, 1 << 3]
    assert model.memory[0x600:0x608] == b"12345678"
    qspi.deinit()


def test_what_the_unit_cannot():
    chip, model, qspi = opened()
    buf = bytearray(4)
    qspi.configure_format(data_lines=4, dummy_cycles=8)
    fails(EOPNOTSUPP, "no QSPI command 0x5a on lines 1-1-4 with 8", qspi.read, 0x5A, 0, buf)
    fails(EOPNOTSUPP, "no QSPI command 0x32", qspi.write, 0x32, 0, buf)  # no dummy cycles there
    qspi.configure_format(data_lines=4, dummy_cycles=6)
    fails(EOPNOTSUPP, "0x6b", qspi.read, 0x6B, 0, buf)
    qspi.configure_format(4, 4, 24, 4, 8, 4, 4)
    fails(EOPNOTSUPP, "0xeb on lines 4-4-4", qspi.read, 0xEB, 0, buf)
    qspi.configure_format(1, 4, 24, 4, 8, 4, 4)
    fails(EOPNOTSUPP, "0xeb", qspi.read, 0xEB, 0, buf, 0xA5)  # continuous read
    qspi.configure_format(1, 4, 16, 4, 8, 4, 6)
    fails(EOPNOTSUPP, "0xeb", qspi.read, 0xEB, 0, buf)
    qspi.configure_format(dummy_cycles=4)
    fails(EOPNOTSUPP, "dummy cycles by eights", qspi.read, 0x0B, 0, buf)
    fails(EOPNOTSUPP, "without an instruction", qspi.read, -1, 0, buf)
    assert model.log == []
    qspi.deinit()


def test_no_memory():
    chip = Nrf()
    chip.open()
    model = QspiModel(chip)
    model.absent = True
    from drivers import QSPI

    text = "QSPI(0): no memory answers"
    fails(ETIMEDOUT, text, lambda: QSPI(freq=8_000_000))
    assert chip.memory.cells[QSPI_BASE + 0x500] == 0
    model.absent = False
    qspi = QSPI(freq=8_000_000)  # the failure has left nothing behind
    model.dead = True
    fails(ETIMEDOUT, "a command does not end", qspi.command_transfer, 0x06)
    qspi.configure_format(data_lines=4, dummy_cycles=8)
    fails(ETIMEDOUT, "a command does not end", qspi.read, 0x6B, 0, bytearray(4))
    model.dead = False
    qspi.read(0x6B, 0, bytearray(4))
    qspi.deinit()


def test_ctrl_c_ends_a_transfer_before_its_buffer_goes():
    chip, model, qspi = opened()
    qspi.configure_format(data_lines=4, dummy_cycles=8)
    enabled = []

    def interrupted():
        if not enabled:
            enabled.append(chip.memory.cells[QSPI_BASE + 0x500])
            raise KeyboardInterrupt
        return 1

    model._read = lambda: None
    model.task(0x04, model._read)
    chip.memory.on_read[QSPI_BASE + 0x100] = interrupted
    chip.memory.log.clear()
    raises(KeyboardInterrupt, qspi.read, 0x6B, 0, bytearray(4))
    assert enabled == [1]
    assert chip.memory.written(QSPI_BASE + 0x500) == [0, 1]  # off, and ready for the next
    qspi.deinit()


def test_a_bus_that_is_none():
    chip = Nrf()
    chip.open()
    from drivers import QSPI

    raises(ValueError, QSPI, 1)
