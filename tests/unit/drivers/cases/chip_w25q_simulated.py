# uses: conformance/blockdevice.py models/spi.py
from errno import EIO, ENODEV, ETIMEDOUT

from drivers.chips import W25Q, NorFlash
from sim.devices.w25q import W25Q as Model
from support import (
    MICROPYTHON,
    SimulatedSpi,
    check_blockdevice,
    check_deinit,
    check_filesystems,
    fails,
    raises,
)

EROFS = 30
MB = 1 << 20


def made(*arguments, kind=W25Q, **options):
    bus = SimulatedSpi(100_000)
    model = bus.attach(Model(*arguments, **options))
    return bus, model, kind(bus.spi, bus.cs)


def test_conformance():
    _, model, chip = made(32 * MB)
    check_blockdevice(chip, rounds=5, steady=False)
    assert model.ignored == [], model.ignored
    check_deinit(chip)


def test_littlefs():
    if MICROPYTHON:
        _, model, chip = made(MB // 8)
        check_filesystems(chip, ("VfsLfs2",))
        assert model.ignored == [], model.ignored


def test_sizes_and_addressing():
    for size in (MB // 4, MB, 16 * MB, 32 * MB, 256 * MB):
        bus, model, chip = made(size)
        assert chip.size == size and chip.geometry.four_bytes == (
            "enter" if size > 16 * MB else ""
        )
        chip.program(size - 3, b"end")
        chip.program(0, b"begin")
        assert model.peek(size - 3, 3) == b"end" and model.peek(0, 5) == b"begin"
        assert chip.unique_id() == b"COILSIM1"
        chip.deinit()
        # Another program finds it in the mode that it had after power-on.
        again = W25Q(bus.spi, bus.cs)
        back = bytearray(3)
        again.read(size - 3, back)
        assert back == b"end"


def test_a_large_chip_with_a_table_of_the_first_edition():
    bus, model = SimulatedSpi(100_000), Model(32 * MB)
    model.table = bytearray(model.table[: 0x80 + 36])
    model.table[11] = 9
    bus.attach(model)
    chip = W25Q(bus.spi, bus.cs)
    chip.program(20 * MB, b"x")
    assert model.peek(20 * MB, 1) == b"x" and model.ignored == []
    assert chip.erase_sizes == (4096, 32768, 65536)


def test_restart_in_the_middle():
    bus, model, chip = made(32 * MB)
    chip.program(0, b"old")
    chip.start_erase(0, 65536)
    again = W25Q(bus.spi, bus.cs)  # busy, and in four-byte mode
    assert model.peek(0, 3) == b"\xff\xff\xff"
    again.start_erase(0, 65536)
    assert again.suspend()
    assert model.peek(0, 1) == b"\x5a"
    W25Q(bus.spi, bus.cs)
    assert model.peek(0, 1) == b"\xff"
    again.power_down()
    W25Q(bus.spi, bus.cs)
    assert model.ignored == ["busy"], model.ignored  # the wake-up of the first restart


def test_background_erase():
    _, model, chip = made(MB)
    chip.program(0x20000, b"kept")
    chip.program(0x10000, b"gone")
    chip.start_erase(0x10000, 65536)
    assert chip.busy() and chip.suspend() and not chip.busy()
    back = bytearray(4)
    chip.read(0x20000, back)
    assert back == b"kept"
    chip.resume()
    assert chip.busy()
    chip.read(0x10000, back)  # waits
    assert back == b"\xff\xff\xff\xff" and not chip.busy()
    chip.start_erase(0, 4096)
    chip.suspend()
    chip.program(0x30000, b"x")  # goes on with the erase first
    assert model.peek(0x30000, 1) == b"x" and model.ignored == []


def test_suspend_at_once_after_a_resume():
    bus = SimulatedSpi(20_000_000)
    model = bus.attach(Model(MB))
    chip = W25Q(bus.spi, bus.cs)
    chip.start_erase(0, 65536)
    for _ in range(5):
        assert chip.suspend()
        chip.resume()
    chip.sync()
    assert model.ignored == [], model.ignored


def test_protection():
    bus, model, chip = made(8 * MB)
    for first, end in ((0, 8 * MB), (0, 4 * MB), (8 * MB - 4096, 8 * MB), (32768, 8 * MB), (0, 0)):
        chip.protect(first, end)
        assert chip.protection() == model.protected() or first == end
        if first < end:
            fails(EROFS, "protected", chip.program, first, b"\0")
            fails(EROFS, "protected", chip.erase, first, 4096)
            assert model.peek(first, 1) == b"\xff"
    chip.program(0, b"\0")
    chip.protect(0, 4 * MB)
    model.power_on()
    chip = W25Q(bus.spi, bus.cs)
    assert chip.protection() == (0, 4 * MB)
    chip.protect(0, 0, volatile=True)
    chip.program(5, b"\0")
    model.power_on()
    chip = W25Q(bus.spi, bus.cs)
    assert chip.protection() == (0, 4 * MB)
    model._status[0] |= 0x80  # SRP, with the pin low
    model.write_protect = True
    fails(EROFS, "locked", chip.protect, 0, 0)


def test_stuck_and_gone():
    _, model, chip = made(MB)
    model.stuck = True
    fails(ETIMEDOUT, "busy", chip.program, 0, b"x")
    fails(ETIMEDOUT, "busy", chip.sync)
    model.stuck = False
    model.power_on()
    for call in (
        lambda: chip.program(0, b"x"),
        lambda: chip.erase(0, 4096),
        lambda: chip.check(),
    ):
        chip.check()
        model.gone = True
        raises(OSError, call)
        fails(ENODEV, "ffffff", chip.check)
        model.gone = False
    bus = SimulatedSpi()
    fails(ENODEV, "identity ffffff", W25Q, bus.spi, bus.cs)


def test_other_makers_and_bad_tables():
    _, _, chip = made(MB, identity=b"\xc2\x20\x14", kind=NorFlash)
    chip.program(0, b"x")
    bus, model = SimulatedSpi(), Model(MB, identity=b"\x99\x99\x99")
    bus.attach(model)
    whole = bytes(model.table)
    for n in range(0, len(whole), 3):
        model.table = whole[:n]
        try:
            assert NorFlash(bus.spi, bus.cs).size % 4096 == 0
        except OSError as error:
            assert error.errno in (EIO, ENODEV), error
