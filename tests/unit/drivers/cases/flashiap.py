# platforms: cpython host-stock host-native mps2-native
# uses: conformance/blockdevice.py
from errno import EIO, ENODEV

from drivers import FlashIAP, FlashIAPBlockDevice
from rtos.core import LEVELS_NEST
from support import (
    MICROPYTHON,
    check_blockdevice,
    check_deinit,
    check_filesystems,
    no_allocation,
    raises,
)


def erased():
    """The flash, with two sectors erased in the middle, and their address."""
    flash = FlashIAP()
    sector = flash.sector_size(flash.start)
    addr = flash.start + flash.size // 2 // sector * sector
    flash.erase(addr, 2 * sector)
    return flash, addr, sector


def contents(flash, addr, n):
    buf = bytearray(n)
    flash.read(addr, buf)
    return bytes(buf)


def test_geometry():
    flash = FlashIAP()
    assert flash.size > 0 and flash.size % flash.sector_size(flash.start) == 0
    assert flash.sector_size(flash.start) % flash.page_size == 0
    assert flash.sector_size(flash.start + flash.size - 1) > 0
    assert flash.erase_value == 0xFF
    assert repr(flash) == f"<FlashIAP {flash.size // 1024} KB at {flash.start:#x}>"


def test_erase_program_read():
    flash, addr, sector = erased()
    assert contents(flash, addr, 2 * sector) == b"\xff" * (2 * sector)
    data = bytes(i * 7 & 0xFF for i in range(sector))
    flash.program(addr, data)
    assert contents(flash, addr, sector) == data
    assert contents(flash, addr + sector, sector) == b"\xff" * sector
    assert contents(flash, addr + 3, 5) == data[3:8]
    flash.erase(addr + sector, sector)
    assert contents(flash, addr, sector) == data
    flash.erase(addr, sector)
    assert contents(flash, addr, sector) == b"\xff" * sector


def test_a_part_of_a_page_is_filled_up():
    flash, addr, sector = erased()
    page = flash.page_size
    for n in range(3 * page + 1):
        flash.erase(addr, sector)
        data = bytes(range(1, n + 1))
        flash.program(addr, data)
        assert contents(flash, addr, 4 * page) == data + b"\xff" * (4 * page - n)
    # The rest of the page is as erased: what was filled up can be programmed.
    flash.program(addr, b"")
    flash.program(addr + 3 * page, bytearray(b"x"))
    assert contents(flash, addr + 3 * page, 2) == b"x\xff"
    flash.program(addr + sector, memoryview(b"--frame--")[2:7])
    assert contents(flash, addr + sector, 6) == b"frame\xff"


def test_bits_can_only_be_cleared():
    flash, addr, sector = erased()
    page = flash.page_size
    flash.program(addr, b"\xf0" * page)
    flash.program(addr, b"\x30" * page)  # clears some more: that is allowed
    assert contents(flash, addr, page) == b"\x30" * page
    error = raises(OSError, flash.program, addr, b"\x35" * page)
    assert error.args[0] == EIO and "not erased" in error.args[1], error
    assert contents(flash, addr, page) == b"\x30" * page
    flash.erase(addr, sector)
    flash.program(addr, b"\x35" * page)
    assert contents(flash, addr, page) == b"\x35" * page


def test_out_of_range_and_misaligned():
    flash, addr, sector = erased()
    page = flash.page_size
    end = flash.start + flash.size
    flash.program(addr, bytes(range(32)))
    one = bytearray(1)
    for call in (
        lambda: flash.read(flash.start - 1, one),
        lambda: flash.read(end, one),
        lambda: flash.read(end - 1, bytearray(2)),
        lambda: flash.read(-1, one),
        lambda: flash.program(end, one),
        lambda: flash.program(end - page, bytes(page + 1)),
        lambda: flash.program(addr + 1, bytes(page)),
        lambda: flash.program(addr + page // 2, bytes(page)),
        lambda: flash.erase(addr + page, sector),
        lambda: flash.erase(addr, page),
        lambda: flash.erase(addr, sector + 1),
        lambda: flash.erase(addr, -sector),
        lambda: flash.erase(end, sector),
        lambda: flash.erase(end - sector, 2 * sector),
        lambda: flash.sector_size(end),
        lambda: flash.sector_size(flash.start - 1),
        lambda: FlashIAPBlockDevice(addr + 1),
        lambda: FlashIAPBlockDevice(addr, sector + page),
        lambda: FlashIAPBlockDevice(end),
        lambda: FlashIAPBlockDevice(addr, 0),
        lambda: FlashIAPBlockDevice(addr, end - addr + sector),
    ):
        raises(ValueError, call)
    assert contents(flash, addr, 32) == bytes(range(32))
    flash.erase(addr, 0)
    flash.read(end, bytearray())
    assert contents(flash, addr, 32) == bytes(range(32))


def test_after_deinit():
    with FlashIAP() as flash:
        addr = flash.start
    flash.deinit()
    for call in (
        lambda: flash.read(addr, bytearray(1)),
        lambda: flash.program(addr, b""),
        lambda: flash.erase(addr, 0),
        lambda: flash.sector_size(addr),
    ):
        assert raises(OSError, call).args == (ENODEV, "FlashIAP is deinitialised")
    assert "deinitialised" in repr(flash)


def test_nothing_is_allocated():
    flash, addr, sector = erased()
    data = bytearray(range(50))
    back = bytearray(50)

    def rounds():
        flash.erase(addr, sector)
        for _ in range(1000):
            flash.program(addr, data)
            flash.read(addr, back)

    no_allocation(rounds)
    assert back == data


def test_not_in_an_interrupt_handler():
    if not LEVELS_NEST:
        return  # stock firmware does not know
    from time import sleep_ms

    from machine import Timer

    flash = FlashIAP()
    device = FlashIAPBlockDevice()
    buf = bytearray(1)
    calls = flash.read, device.read
    refused = [0]

    def handler(timer):
        for call in calls:
            try:
                call(flash.start, buf)
            except RuntimeError:
                refused[0] += 1

    timer = Timer(-1)
    timer.init(mode=Timer.ONE_SHOT, period=1, callback=handler, hard=True)
    sleep_ms(20)
    timer.deinit()
    assert refused == [2]


def test_conformance():
    check_blockdevice(FlashIAPBlockDevice(), rounds=30)
    flash, addr, sector = erased()
    flash.program(addr + sector, b"neighbour")
    part = FlashIAPBlockDevice(addr - 3 * sector, 4 * sector)
    assert part.size == 4 * sector
    check_blockdevice(part, rounds=30)
    assert contents(flash, addr + sector, 9) == b"neighbour"
    part.erase(3 * sector, sector)
    part.program(3 * sector, b"here....")
    assert contents(flash, addr, 8) == b"here...."
    check_deinit(part)


def test_file_systems():
    if MICROPYTHON:
        flash = FlashIAP()
        check_filesystems(FlashIAPBlockDevice(flash.start, 64 * flash.sector_size(flash.start)))
