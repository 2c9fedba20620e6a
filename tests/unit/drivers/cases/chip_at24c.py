from drivers.chips import AT24C
from support import Registers, Transcript, fails, no_allocation, raises

EROFS = 30
ENODEV = 19


def made(**options):
    bus = Transcript()
    return bus, AT24C(bus, **options)


def test_sizes_pages_and_addressing():
    for size, page, head, addresses in (
        (128, 8, 1, 1),
        (256, 8, 1, 1),
        (512, 16, 1, 2),
        (1024, 16, 1, 4),
        (2048, 16, 1, 8),
        (4096, 32, 2, 1),
        (8192, 32, 2, 1),
        (16384, 64, 2, 1),
        (32768, 64, 2, 1),
        (65536, 128, 2, 1),
    ):
        bus, chip = made(size=size)
        assert (chip.size, chip.page_size, chip.erase_size) == (size, page, page)
        assert (chip.read_size, chip.program_size, chip.erase_value) == (1, 1, None)
        last = size - 1
        if head == 1:
            place = f"{0x50 + (last >> 8):02x} w {last & 0xFF:02x}"
        else:
            place = f"50 w {last >> 8:02x} {last & 0xFF:02x}"
        read = place.replace("w ", "r ")
        read = read[:5] + read[5:].replace(" ", "")
        bus.add(place + " 5a", place, read + " : 5a", read + " : 5a")
        chip.program(last, b"\x5a")
        found = bytearray(1)
        chip.read(last, found)
        assert found == b"\x5a"
        bus.done()
        for addr in range(0x50, 0x58):
            if addr % addresses:
                raises(ValueError, AT24C, bus, addr, size)
            else:
                assert repr(AT24C(bus, addr, size)) == f"<AT24C at {addr:#04x}, {size} bytes>"


def test_a_read_is_one_transfer_over_all_addresses():
    bus, chip = made(size=1024)
    found = bytearray(4)
    bus.add("50 r fe : 01 02 03 04", "53 r fc : 05 06 07 08")
    chip.read(0xFE, found)
    assert found == b"\x01\x02\x03\x04"
    chip.read(0x3FC, found)
    chip.read(0x3FC, bytearray(0))
    bus.done()


def test_writes_end_at_pages():
    bus, chip = made(size=256, verify=False)
    bus.add(
        "50 w 06 00 01",
        "50 w 06",
        "50 w 08 02 03 04 05 06 07 08 09",
        "50 w 08",
        "50 w 10 0a",
        "50 w 10",
    )
    chip.program(6, bytes(range(11)))
    # Exactly a page, and nothing at all.
    bus.add("50 w f8 00 01 02 03 04 05 06 07", "50 w f8")
    chip.program(0xF8, bytes(range(8)))
    chip.program(0, b"")
    bus.done()
    # Address bits in the device address: page by page, each at its own.
    bus, chip = made(size=2048, verify=False)
    bus.add("50 w ff 61", "50 w ff", "51 w 00 62", "51 w 00")
    chip.program(0xFF, b"ab")
    bus.done()
    bus, chip = made(page_size=16, verify=False)
    bus.add("50 w 00 0e 61 62", "50 w 00 0e", "50 w 00 10 63", "50 w 00 10")
    chip.program(14, b"abc")
    bus.done()


def test_it_is_asked_until_it_is_ready():
    bus, chip = made()
    write = "50 w 01 00 61 62"
    ask = "50 w 01 00"
    bus.add(
        write, *[ask + " ! ENODEV"] * 5, ask + " ! EIO", ask + " ! 0", ask, "50 r 0100 : 61 62"
    )
    chip.program(0x100, b"ab")
    bus.done()


def test_one_that_does_not_come_back():
    bus, chip = made(timeout_ms=10)
    # Asked every half millisecond, until more than 10 ms have passed.
    bus.add("50 w 00 00 61", *["50 w 00 00 ! ENODEV"] * 1000)
    fails("ETIMEDOUT", "does not answer 10 ms after", chip.program, 0, b"a")
    asked = 1000 - len(bus._lines)
    assert 2 <= asked <= 24, asked
    # What else goes wrong is no reason to go on asking.
    bus, chip = made()
    bus.add("50 w 00 00 61", "50 w 00 00 ! ETIMEDOUT")
    fails("ETIMEDOUT", "AT24C at 0x50: the bus failed", chip.program, 0, b"a")
    bus.done()


def test_write_protection_that_refuses_the_data():
    bus, chip = made()
    bus.add("50 w 00 00 61 62 ! 2")
    fails(EROFS, "<AT24C at 0x50, 32768 bytes> is write-protected", chip.program, 0, b"ab")
    bus.add("50 w 00 00 61 62 ! 3")
    fails("EIO", "took 3 of 4 bytes", chip.program, 0, b"ab")
    bus.add("50 w 00 00 61 62 ! 1")
    fails("EIO", "took 1 of 4 bytes", chip.program, 0, b"ab")
    bus.done()


def test_write_protection_that_drops_the_data():
    bus, chip = made()
    bus.add("50 w 00 00 61 62", "50 w 00 00", "50 r 0000 : ff ff")
    fails(EROFS, "is write-protected", chip.program, 0, b"ab")
    # It has been busy, so it has tried.
    bus.add("50 w 00 00 61 62", "50 w 00 00 ! ENODEV", "50 w 00 00", "50 r 0000 : 61 60")
    fails("EIO", "does not keep what is written at 0", chip.program, 0, b"ab")
    # Half of it is written, the second page is not.
    bus.add("50 w 00 3f 61", "50 w 00 3f", "50 r 003f : 61")
    bus._lines += ["50 w 00 40 62", "50 w 00 40", "50 r 0040 : ff"]
    fails(EROFS, "is write-protected", chip.program, 0x3F, b"ab")
    bus.done()


def test_every_error_of_the_bus_names_the_chip():
    bus, chip = made()
    for name in ("EIO", "ETIMEDOUT", "ENODEV"):
        bus.add("50 r 0000 ! " + name)
        fails(name, "AT24C at 0x50", chip.read, 0, bytearray(1))
        bus.add("50 w 00 00 61 ! " + name)
        fails(name, "AT24C at 0x50", chip.program, 0, b"a")
        bus.add("50 w 00 00 61", "50 w 00 00", "50 r 0000 ! " + name)
        fails(name, "AT24C at 0x50", chip.program, 0, b"a")
        bus.add("50 r 0000 ! " + name)
        fails(name, "AT24C at 0x50", chip.check)
    bus.done()


def test_check_asks_at_all_addresses():
    bus, chip = made(size=1024, addr=0x54)
    bus.add("54 r 00 : ff", "55 r 00 : ff", "56 r 00 : ff", "57 r 00 : ff")
    chip.check()
    bus.add("54 r 00 : ff", "55 r 00 ! ENODEV")
    fails("ENODEV", "no AT24C at 0x55", chip.check)
    bus.done()


def test_misuse():
    bus, chip = made(size=256)
    for addr, count in ((-1, 1), (256, 1), (255, 2), (0, 257)):
        raises(ValueError, chip.read, addr, bytearray(count))
        raises(ValueError, chip.program, addr, bytes(count))
    for addr, count in ((0, 4), (4, 8), (0, 264), (-8, 8)):
        raises(ValueError, chip.erase, addr, count)
        raises(ValueError, chip.trim, addr, count)
    chip.erase(0, 256)
    chip.sync()
    for size in (0, 64, 300, 131072):
        raises(ValueError, AT24C, bus, 0x50, size)
    for addr in (0x4F, 0x58, 0xA0):
        raises(ValueError, AT24C, bus, addr)
    raises(ValueError, AT24C, bus, 0x50, 256, 12)
    raises(TypeError, AT24C, 5)
    bus.done()


def test_after_deinit():
    bus, chip = made(size=256)
    chip.deinit()
    chip.deinit()
    fails("ENODEV", "deinitialised", chip.read, 0, bytearray(1))
    fails("ENODEV", "deinitialised", chip.check)
    assert repr(chip) == "<AT24C deinitialised>"


def test_blocks_for_file_systems():
    for size, block in ((128, 128), (512, 512), (65536, 512)):
        _, chip = made(size=size)
        assert chip.ioctl(5, 0) == block and chip.ioctl(4, 0) == size // block


def test_steady_state_allocates_nothing():
    bus = Registers()
    chip = AT24C(bus, size=256)
    data = bytes(range(12))
    found = bytearray(12)

    def use():
        for _ in range(1000):
            chip.program(30, data)
            chip.read(30, found)

    no_allocation(use)
    assert found == data == bus.bytes[30:42]
