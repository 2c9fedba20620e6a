# uses: models/spi.py
from errno import EIO, ENODEV, ETIMEDOUT

from drivers.chips import W25Q, NorFlash
from drivers.chips.sfdp import parse
from drivers.chips.w25qprotect import bits_for, protected
from support import QuietSpi, SpiTranscript, fails, raises, stays_off_the_heap

EROFS = 30
# A chip without SFDP: identity, status, no table, then the registers that W25Q looks at.
AWAKE = ("> ab", "> 05 < 00", "> 05 < 00", "> 9f < ef 40 17", "> 35 < 00")
NO_TABLE = ("> 5a 00 00 00 00 < ff ff ff ff ff ff ff ff",)
REGISTERS = ("> 35 < 00", "> 15 < 00")
# DWORDs 1 to 11 of a W25Q64JV, as its data sheet (revision M) prints them.
HEADER = "> 5a 00 00 00 00 < 53 46 44 50 05 01 00 ff"
PARAMETERS = "> 5a 00 00 08 00 < 00 05 01 0b 80 00 00 ff"
TABLE = (
    "> 5a 00 00 80 00 < e5 20 f9 ff ff ff ff 03 44 eb 08 6b 08 3b 42 bb fe ff ff ff ff ff 00 00 "
    "ff ff 40 eb 0c 20 0f 52 10 d8 00 00 36 02 a6 00 82 ea 14 c9"
)


def made():
    bus = SpiTranscript(*AWAKE, *NO_TABLE, *REGISTERS)
    chip = W25Q(bus, bus.cs)
    bus.done()
    return bus, chip


def test_identity_and_the_sizes_of_chips_without_sfdp():
    _, chip = made()
    assert chip.identity == 0xEF4017 and chip.size == 8 << 20 and chip.page_size == 256
    assert chip.erase_sizes == (4096, 65536) and chip.erase_value == 0xFF
    assert repr(chip) == "<W25Q ef4017, 8192 KB>"


def test_what_sfdp_says():
    bus = SpiTranscript(*AWAKE, HEADER, PARAMETERS, TABLE, *REGISTERS)
    chip = W25Q(bus, bus.cs, freq=8_000_000)
    bus.done()
    assert bus.baudrates == [8_000_000]
    assert chip.size == 8 << 20 and chip.erase_sizes == (4096, 32768, 65536)
    # 4 KB: typically 4 * 16 ms, 14 times that at most; a page 11 * 64 us, 6 times that.
    assert [erase[2] for erase in chip.geometry.erases] == [896, 1792, 2240]
    assert chip.geometry.program_ms == 5
    assert "8388608" in repr(chip.geometry)


def test_commands_of_the_data_sheet():
    bus, chip = made()
    buf = bytearray(3)
    bus.add("> 03 12 34 56 < 01 02 03")
    chip.read(0x123456, buf)
    assert buf == b"\x01\x02\x03"
    bus.add("> 06", "> 05 < 02", "> 02 00 10 fe aa 55", "> 05 < 03", "> 05 < 00")
    chip.program(0x10FE, b"\xaa\x55")
    bus.add("> 06", "> 05 < 02", "> 20 00 20 00", "> 05 < 03", "> 05 < 01", "> 05 < 00")
    chip.erase(0x2000, 4096)
    bus.add("> b9")
    chip.power_down()
    assert "powered down" in repr(chip)
    bus.add("> ab", "> 03 00 00 00 < 07")
    chip.read(0, bytearray(1))
    bus.add("> 4b 00 00 00 00 < 01 02 03 04 05 06 07 08")
    assert chip.unique_id() == bytes(range(1, 9))
    bus.add("> 9f < ef 40 17")
    chip.check()
    bus.add("> 05 < 00")
    chip.trim(0, 4096)
    chip.sync()
    bus.done()


def test_a_program_over_pages_goes_through_aligned_windows():
    bus, chip = made()
    ff = " ff"
    bus.add(
        "> 06",
        "> 05 < 02",
        "> 02 00 00 f0" + ff * 14 + " 01 02",
        "> 05 < 00",
        "> 06",
        "> 05 < 02",
        "> 02 00 01 00 03" + ff * 15,
        "> 05 < 00",
    )
    chip.program(0xFE, b"\x01\x02\x03")
    bus.done()


def test_an_erase_takes_the_largest_steps():
    bus, chip = made()
    steps = []
    for command in ("20 00 f0 00", "d8 01 00 00", "20 02 00 00"):
        steps += ["> 06", "> 05 < 02", "> " + command, "> 05 < 00"]
    bus.add(*steps)
    chip.erase(0xF000, 0x12000)
    bus.done()


def test_four_address_bytes():
    # DWORD 1 says "3 or 4", DWORD 2 256 Mbit; DWORD 16: enter by B7h, behind 06h in the second.
    # With 20h they are there by opcodes of their own, with 40h always.
    # ISSI's IS25LP256 says "3" in DWORD 1.
    both = ["> 06", "> b7", "> 04"]
    for ways, enter, width in (
        ("01", ["> b7"], "fb"),
        ("02", both, "fb"),
        ("20", [], "fb"),
        ("40", [], "fb"),
        ("20", [], "f9"),
    ):
        table = TABLE.replace("e5 20 f9 ff ff ff ff 03", "e5 20 " + width + " ff ff ff ff 0f")
        table += " 00" * 19 + " " + ways
        parameters = PARAMETERS.replace(" 0b ", " 10 ")
        awake = ("> ab", "> 05 < 00", "> 05 < 00", "> 9f < ef 40 19", "> 35 < 00")
        bus = SpiTranscript(*awake, HEADER, parameters, table, *enter, *REGISTERS)
        chip = W25Q(bus, bus.cs)
        own = ways == "20"
        bus.add(("> 13" if own else "> 03") + " 01 23 45 67 < 99")
        chip.read(0x1234567, bytearray(1))
        program = ("> 12" if own else "> 02") + " 01 00 00 00 11"
        bus.add("> 06", "> 05 < 02", program, "> 05 < 00")
        chip.program(0x1000000, b"\x11")
        erase = ("> 21" if own else "> 20") + " 01 00 00 00"
        bus.add("> 06", "> 05 < 02", erase, "> 05 < 00")
        chip.erase(0x1000000, 4096)
        leave = [] if own else [line.replace("b7", "e9") for line in enter]
        bus.add("> 05 < 00", *leave)
        chip.deinit()
        bus.done()


def test_four_address_bytes_that_nobody_can_reach():
    # DWORD 1 says "3"; there is no DWORD 16, or it has no way.
    table = TABLE.replace("e5 20 f9 ff ff ff ff 03", "e5 20 f9 ff ff ff ff 0f")
    for dwords, parameters in ((11, PARAMETERS), (16, PARAMETERS.replace(" 0b ", " 10 "))):
        more = " 00" * 4 * (dwords - 11)
        awake = ("> ab", "> 05 < 00", "> 05 < 00", "> 9f < 9d 60 19")
        bus = SpiTranscript(*awake, HEADER, parameters, table + more)
        fails(EIO, "way to address them", NorFlash, bus, bus.cs)
        bus.done()


def test_identity_is_checked():
    for identity in ("ff ff ff", "00 00 00"):
        bus = SpiTranscript("> ab", "> 05 < ff", "> 9f < " + identity)
        fails(ENODEV, "identity " + identity.replace(" ", ""), W25Q, bus, bus.cs)
    bus = SpiTranscript("> ab", "> 05 < 00", "> 05 < 00", "> 9f < c2 20 17")
    fails(ENODEV, "no W25Q: identity c22017", W25Q, bus, bus.cs)
    bus = SpiTranscript("> ab", "> 05 < 00", "> 05 < 00", "> 9f < c2 20 17", *NO_TABLE)
    assert NorFlash(bus, bus.cs).size == 8 << 20
    bus.done()
    for identity in ("12 34 17", "ef 40 7f"):
        bus = SpiTranscript("> ab", "> 05 < 00", "> 05 < 00", "> 9f < " + identity, *NO_TABLE)
        fails(ENODEV, "no known flash chip", NorFlash, bus, bus.cs)
    bus, chip = made()
    bus.add("> 9f < ef 40 18")
    fails(ENODEV, "identity ef4018", chip.check)
    bus.done()


def test_old_chips_erase_what_their_identity_says():
    # Micron's M25P05, M25P10 and M25P128 have other sectors; opcode 20h is not there, and erases
    # 64 KB on Macronix's MX25L1605.
    for identity, sizes in (
        ("20 20 10", (1 << 15,)),
        ("20 20 11", (1 << 15,)),
        ("20 20 12", (1 << 16,)),
        ("20 20 17", (1 << 16,)),
        ("20 20 18", (1 << 18,)),
        ("c2 20 15", (1 << 16,)),
        ("c8 40 17", (4096, 1 << 16)),
        ("ef 30 11", (4096, 1 << 16)),
    ):
        bus = SpiTranscript("> ab", "> 05 < 00", "> 05 < 00", "> 9f < " + identity, *NO_TABLE)
        chip = NorFlash(bus, bus.cs)
        assert chip.erase_sizes == sizes and chip.block_size % sizes[0] == 0
        bus.add("> 06", "> 05 < 02", "> d8 00 00 00", "> 05 < 00")
        chip.erase(0, sizes[-1])
        bus.done()


def test_each_status_bit_reaches_the_caller():
    bus, chip = made()
    # WEL stays clear: the chip is there, so it is protected.
    bus.add("> 06", "> 05 < 00", "> 9f < ef 40 17")
    fails(EROFS, "does not allow", chip.program, 0, b"x")
    bus.add("> 06", "> 05 < ff", "> 9f < ff ff ff")
    fails(ENODEV, "identity ffffff", chip.program, 0, b"x")
    # BUSY stays set: until the time of the table is over.
    chip.geometry.program_ms = 2
    bus.add("> 06", "> 05 < 02", "> 02 00 00 00 78", *["> 05 < 03"] * 5)
    fails(ETIMEDOUT, "busy after 2 ms", chip.program, 0, b"x")
    bus.add("> 06", "> 05 < 02", "> 02 00 00 00 78", *["> 05 < ff"] * 5, "> 9f < ff ff ff")
    fails(ENODEV, "has gone", chip.program, 0, b"x")
    # BP, TB, SEC: a part is protected. The latch is cleared again.
    for status, place in (("06", 0x7FFFFF), ("2e", 0), ("46", 0x7FFFFF), ("1e", 12345)):
        bus.add("> 06", "> 05 < " + status, "> 04")
        fails(EROFS, "are protected", chip.program, place, b"x")
    bus.add("> 06", "> 05 < 06", "> 02 00 00 00 78", "> 05 < 04")
    chip.program(0, b"x")
    # SUS: an erase was interrupted by a reset of the controller; it is let finish.
    more = ("> 7a", "> 05 < 01", "> 05 < 00")
    bus = SpiTranscript(*AWAKE[:4], "> 35 < 80", *more, *NO_TABLE, *REGISTERS)
    W25Q(bus, bus.cs)
    bus.done()


def test_block_locks():
    bus = SpiTranscript(*AWAKE, *NO_TABLE, "> 35 < 00", "> 15 < 04")
    chip = W25Q(bus, bus.cs)
    assert chip.block_locks
    bus.add("> 06", "> 05 < 02", "> 3d 00 10 00 < 01", "> 04")
    fails(EROFS, "block at 4096 is locked", chip.program, 4096, b"x")
    bus.add("> 3d 00 10 00 < 01", "> 06", "> 39 00 10 00", "> 06", "> 36 00 10 00")
    assert chip.locked(4096)
    chip.lock(4096, False)
    chip.lock(4096, True)
    bus.add("> 06", "> 05 < 02", "> 3d 00 10 00 < 00", "> 02 00 10 00 78", "> 05 < 00")
    chip.program(4096, b"x")
    bus.done()


def test_protection_is_set_and_found_locked():
    bus, chip = made()
    bus.add(
        "> 05 < 00",
        "> 35 < 02",
        "> 06",
        "> 01 24 02",
        "> 05 < 00",
        "> 35 < 02",
        "> 05 < 24",
        "> 35 < 02",
    )
    chip.protect(0, 128 * 1024)
    bus.add("> 05 < 24", "> 35 < 02")
    assert chip.protection() == (0, 128 * 1024)
    bus.add(
        "> 05 < 80",
        "> 35 < 00",
        "> 50",
        "> 01 9c 00",
        "> 05 < 80",
        "> 35 < 00",
        "> 05 < 80",
        "> 35 < 00",
    )
    fails(EROFS, "locked", chip.protect, 0, chip.size, True)
    raises(ValueError, chip.protect, 1, 2)
    bus.done()


def test_protected_parts_are_those_of_the_tables():
    mb = 1 << 20
    # W25Q128JV 7.1.16; W25Q64JV; W25Q16JV; W25Q256JV 7.1.13
    for size, one, two, part in (
        (16 * mb, 0x00, 0, (16 * mb, 16 * mb)),
        (16 * mb, 0x04, 0, (16 * mb - 256 * 1024, 16 * mb)),
        (16 * mb, 0x18, 0, (8 * mb, 16 * mb)),
        (16 * mb, 0x38, 0, (0, 8 * mb)),
        (16 * mb, 0x1C, 0, (0, 16 * mb)),
        (16 * mb, 0x44, 0, (16 * mb - 4096, 16 * mb)),
        (16 * mb, 0x70, 0, (0, 32768)),
        (16 * mb, 0x04, 0x40, (0, 16 * mb - 256 * 1024)),
        (16 * mb, 0x64, 0x40, (4096, 16 * mb)),
        (8 * mb, 0x04, 0, (8 * mb - 128 * 1024, 8 * mb)),
        (2 * mb, 0x04, 0, (2 * mb - 64 * 1024, 2 * mb)),
        (2 * mb, 0x14, 0, (mb, 2 * mb)),
        (32 * mb, 0x04, 0, (32 * mb - 65536, 32 * mb)),
        (32 * mb, 0x44, 0, (0, 65536)),
        (32 * mb, 0x24, 0, (16 * mb, 32 * mb)),
        (32 * mb, 0x28, 0, (0, 32 * mb)),
    ):
        assert protected(size, one, two) == part, (size, one, two)
        bits, cmp = bits_for(size, *part)
        found = protected(size, bits, cmp)
        assert found == part or found[0] == found[1] and part[0] == part[1]


def test_suspend():
    bus, chip = made()
    assert chip.suspend() is False
    bus.add("> 06", "> 05 < 02", "> d8 01 00 00")
    chip.start_erase(0x10000, 0x10000)
    bus.add("> 05 < 03", "> 05 < 03", "> 75", "> 05 < 01", "> 05 < 00", "> 35 < 80")
    assert chip.busy() and chip.suspend() and chip.suspend()
    bus.add("> 03 02 00 00 < 09")
    chip.read(0x20000, bytearray(1))
    fails(16, "resume() first", chip.read, 0x1FFFF, bytearray(2))
    bus.add("> 7a", "> 05 < 01", "> 05 < 00")
    chip.sync()
    bus.add("> 06", "> 05 < 02", "> 20 00 00 00", "> 05 < 01", "> 75", "> 05 < 00", "> 35 < 00")
    chip.start_erase(0, 4096)
    assert chip.suspend() is False  # it was over first
    bus.add(
        "> 06", "> 05 < 02", "> 20 00 00 00", "> 05 < 01", "> 75", "> 05 < 00", "> 35 < 80", "> 7a"
    )
    chip.start_erase(0, 4096)
    chip.suspend()
    chip.resume()
    chip.resume()
    raises(ValueError, chip.start_erase, 0, 5)
    raises(ValueError, chip.start_erase, 4096, 65536)
    bus.done()


def test_a_damaged_table():
    good = bytes.fromhex((HEADER + TABLE).split("<")[1].split(">")[0].replace(" ", ""))
    good += bytes.fromhex(PARAMETERS.split("<")[1].replace(" ", ""))
    table = bytes.fromhex(TABLE.split("<")[1].replace(" ", ""))

    def area(image):
        def read(addr, buf):
            for i in range(len(buf)):
                buf[i] = image[addr + i] if addr + i < len(image) else 0xFF

        return read

    whole = bytearray(good + bytes(0x80 - len(good)) + table)
    assert parse(area(whole)).size == 8 << 20
    assert parse(area(b"")) is None and parse(area(bytes(200))) is None
    for at, value, text in (
        (5, 2, "major revision 2"),
        (11, 8, "8 DWORDs"),
        (11, 0, "0 DWORDs"),
        (8, 0x77, "0 DWORDs"),  # another table only
        (0x87, 0xFF, "density"),
        (0x9C, 60, "2^60"),
        (0xA8, 0xF2, "pages of 32768"),
    ):
        bad = bytearray(whole)
        bad[at] = value
        fails(EIO, text, parse, area(bad))
    bad = bytearray(whole)
    for at in (0x9C, 0x9E, 0xA0):
        bad[at] = 0
    fails(EIO, "no erase type", parse, area(bad))
    for n in range(len(whole)):  # cut off anywhere, or one byte wrong: an error or sizes that fit
        for image in (whole[:n], whole[:n] + bytes([whole[n] ^ 0x81]) + whole[n + 1 :]):
            try:
                found = parse(area(image))
            except OSError as error:
                assert error.errno == EIO
                continue
            if found is not None:
                assert found.size >= 4096 and all(found.size % e[0] == 0 for e in found.erases)
    # A damaged table of a chip that is known otherwise.
    bus = SpiTranscript(*AWAKE, HEADER.replace("05 01", "05 02"), *REGISTERS)
    assert W25Q(bus, bus.cs).size == 8 << 20
    bus = SpiTranscript(
        "> ab", "> 05 < 00", "> 05 < 00", "> 9f < 11 22 33", HEADER.replace("05 01", "05 02")
    )
    fails(EIO, "major revision", NorFlash, bus, bus.cs)


def test_what_the_bus_says_has_the_name_of_the_chip():
    bus, chip = made()
    bus.add("> 03 00 ! EIO")
    fails(EIO, "W25Q: the bus failed", chip.read, 0, bytearray(1))
    bus.add("> 03 00 00 00 < 05")  # and the next one begins anew
    chip.read(0, bytearray(1))
    bus.done()


def test_misuse():
    bus, chip = made()
    raises(TypeError, W25Q, object(), bus.cs)
    raises(TypeError, W25Q, bus, 5)
    raises(ValueError, chip.read, chip.size, bytearray(1))
    raises(ValueError, chip.erase, 1, 4096)
    raises(ValueError, chip.locked, -1)
    chip.geometry.four_bytes = ""
    bus.add("> 05 < 00")
    chip.deinit()
    chip.deinit()
    assert repr(chip) == "<W25Q deinitialised>"
    fails(ENODEV, "deinitialised", chip.read, 0, bytearray(1))
    fails(ENODEV, "deinitialised", chip.unique_id)
    bus.done()


class QuietFlash(QuietSpi):
    """A chip that is never busy and always writable."""

    def __init__(self):
        super().__init__()
        self.opcode = 0
        self.sent_bytes = 0

    def sent(self, buf):
        if self.selected and len(buf) < 6:
            self.opcode = buf[0]

    def reply(self, i, n):
        if self.opcode == 0x9F:
            return 0xEF if i == 0 else 0x40 if i == 1 else 0x17
        if self.opcode == 0x05:
            return 0x02
        return 0xFF if self.opcode == 0x5A else 0


def test_steady_state_allocates_nothing():
    bus = QuietFlash()
    chip = W25Q(bus, bus.cs)
    buf = bytearray(300)

    def work():
        chip.read(5, buf)
        chip.program(250, buf)
        chip.erase(4096, 4096)
        chip.sync()

    stays_off_the_heap(work)
