# uses: models/spi.py
from errno import EINVAL, EIO, ENODEV, EOPNOTSUPP, ETIMEDOUT

from drivers.chips import SDCard
from drivers.chips.sdcarddata import R1, R2, TOKEN, Csd
from support import QuietSpi, SpiTranscript, fails, stays_off_the_heap

EROFS, EACCES = 30, 13
CLOCKS = ["- > ff"] * 10
END = "- > ff"
READY = "> ff < ff"
# CSDs of two cards: 5.3.3, (15159 + 1) * 1024 blocks; 5.3.2, (3921 + 1) * 2^9 blocks of 1024 bytes.
CSD2 = "40 0e 00 32 5b 59 00 00 3b 37 7f 80 0a 40 40 df"
CSD1 = "00 2e 00 32 5b 5a 83 d4 6d b7 ff 80 16 80 00 eb"
CID = "03 53 44 53 55 30 38 47 80 12 34 56 78 00 c9 11"


def crc16(text):
    crc = 0
    for byte in bytes.fromhex(text.replace(" ", "")):
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return f"{crc >> 8:02x} {crc & 0xFF:02x}"


def crc7(text):
    crc = 0
    for byte in bytes.fromhex(text.replace(" ", "")):
        for shift in range(7, -1, -1):
            crc = crc << 1 & 0x7F ^ (9 if (byte >> shift ^ crc >> 6) & 1 else 0)
    return f"{crc << 1 | 1:02x}"


def command(index, argument="00 00 00 00"):
    head = f"{0x40 | index:02x} {argument}"
    return f"> {head} {crc7(head)}"


# What follows when a transfer of data was broken off: the rest of a block, the ends of several.
RESYNC = ["< " + "ff " * 520 + READY, "> fd < ff ff " + READY, command(12) + " < ff 04 " + READY]


def block(text):
    return f"< ff fe {text} {crc16(text)}"


def start(kind="sdhc"):
    """What goes over the bus until a card is ready: figure 7-2."""
    v2 = kind != "v1"
    lines = CLOCKS + [command(0) + " < ff 01", END]
    lines += [READY, command(8, "00 00 01 aa") + (" < 01 00 00 01 aa " if v2 else " < 05 ")]
    # The answer leaves the card selected, and the next command begins with the question whether it
    # is busy, which ends that.
    lines[-1] += READY
    lines += [command(59, "00 00 00 01") + " < 01 " + READY]
    hcs = "40 00 00 00" if v2 else "00 00 00 00"
    lines += [command(55) + " < 01 " + READY, command(41, hcs) + " < 01", END]
    lines += [READY, command(55) + " < 01 " + READY, command(41, hcs) + " < 00", END]
    ccs = "c0" if kind == "sdhc" else "80"
    lines += [READY, command(58) + f" < 00 {ccs} ff 80 00 " + READY]
    if kind != "sdhc":
        lines += [command(16, "00 00 02 00") + " < 00 " + READY]
    csd = CSD2 if kind == "sdhc" else CSD1
    lines += [command(9) + " < 00 " + block(csd) + " " + READY]
    lines += [command(10) + " < 00 " + block(CID), END]
    return lines


def made(kind="sdhc", **options):
    bus = SpiTranscript(*start(kind))
    card = SDCard(bus, bus.cs, **options)
    bus.done()
    return bus, card


def test_start():
    for kind, blocks, name in (
        ("sdhc", 15_523_840, "SDHC"),
        ("v2", 4_016_128, "SDSC v2"),
        ("v1", 4_016_128, "SDSC v1"),
    ):
        bus, card = made(kind, freq=50_000_000)
        assert bus.baudrates == [400_000, 25_000_000]
        assert card.blocks == blocks and card.kind == name, (card.blocks, card)
        assert card.size == blocks * 512 and card.erase_value is None
        assert card.cid == bytes.fromhex(CID.replace(" ", ""))


def test_command_crc_of_the_specification():
    # 4.5.1 has these examples.
    assert command(0) == "> 40 00 00 00 00 95"
    assert command(17) == "> 51 00 00 00 00 55"
    assert crc16("ff " * 512) == "7f a1"  # 4.5.2


def test_single_blocks():
    bus, card = made()
    data = "a5 " * 512
    bus.add(READY, command(17, "00 00 00 07") + " < 00 " + block(data), END)
    buf = bytearray(512)
    card.read(7 * 512, buf)
    assert buf == b"\xa5" * 512
    give = f"> ff fe {data} {crc16(data)} < e5"
    bus.add(
        READY,
        command(24, "00 00 00 07") + f" < 00 {give} > ff < 00",
        "> ff < 00",
        READY,
        READY,
        command(13) + " < 00 00",
        END,
    )
    card.program(7 * 512, buf)
    bus.done()


def test_byte_addresses_of_standard_capacity():
    bus, card = made("v1")
    data = "a5 " * 512
    number = card.blocks - 10_241
    addr = number * 512
    argument = " ".join([f"{addr >> shift & 0xFF:02x}" for shift in (24, 16, 8, 0)])
    bus.add(READY, command(17, argument) + " < 00 " + block(data), END)
    card.read_blocks(number, bytearray(512))
    bus.done()


def test_several_blocks():
    bus, card = made()
    data = ("11 " * 512, "22 " * 512)
    bus.add(
        READY,
        command(18, "00 00 00 02")
        + f" < 00 {block(data[0])} {block(data[1])} {command(12)} < ff 00 > ff < 00",
        READY,
        END,
    )
    buf = bytearray(1024)
    card.read(1024, buf)
    assert buf == b"\x11" * 512 + b"\x22" * 512
    gives = [f"> ff fc {text} {crc16(text)} < e5 > ff < ff" for text in data]
    bus.add(
        READY,
        command(55) + " < 00 " + READY,
        command(23, "00 00 00 02") + " < 00 " + READY,
        command(25, "00 00 00 02") + f" < 00 {gives[0]}",
        gives[1],
        "> fd < ff 00 > ff < 00",
        READY,
        READY,
        command(13) + " < 00 00",
        END,
    )
    card.program(1024, buf)
    bus.done()


def test_each_bit_of_r1():
    bus, card = made()
    resync = []
    for bit, code, text in (
        (0x01, ENODEV, "reset or replaced"),
        (0x02, EIO, "erase sequence reset"),
        (0x04, EOPNOTSUPP, "illegal command"),
        (0x10, EIO, "erase sequence error"),
        (0x20, EINVAL, "address error"),
        (0x40, EINVAL, "parameter error"),
        (0x60, EINVAL, "parameter error, address error"),
    ):
        # An answer may be garbled itself, and the card at work.
        bus.add(*resync, READY, command(17) + f" < {bit:02x}", END)
        resync = RESYNC
        fails(
            code,
            f"CMD17 {bit:02x}: " + ("the card was " if bit == 1 else "") + text,
            card.read,
            0,
            bytearray(512),
        )
    again = [READY] + [command(17) + f" < 08 {READY}"] * 2 + [command(17) + " < 08", END]
    bus.add(*RESYNC, *again)
    fails(EIO, "CRC of the command", card.read, 0, bytearray(512))
    bus.add(*RESYNC, READY, command(17) + " < ff ff ff ff ff ff ff ff ff", END)
    fails(ENODEV, "removed", card.read, 0, bytearray(512))
    bus.done()
    assert [entry[0] for entry in R1] and len(R1) == 7 and len(R2) == 8 and len(TOKEN) == 5


def test_no_data_and_no_end_of_busy():
    bus, card = made()
    waits = " ff" * 152
    bus.add(READY, command(17) + f" < 00{waits} {READY}", command(13) + " < 00 00", END)
    fails(ETIMEDOUT, "no data come", card.read, 0, bytearray(512))
    bus.add(*["> ff < 00"] * 602, END)
    fails(ETIMEDOUT, "busy after 600 ms", card.sync)
    bus.done()


def test_cards_that_are_refused():
    cases = (
        (lambda lines: lines[:11], "01", "00", "reset answered 00"),
        (lambda lines: lines[:14], "01 00 00 01 aa", "01 00 00 00 aa", "not for 3.3 V"),
        (lambda lines: lines[:14], "01 00 00 01 aa", "01 00 00 01 55", "not for 3.3 V"),
    )
    for cut, good, bad, text in cases:
        lines = cut(start())
        lines[-1] = (
            lines[-1].replace("< ff " + good, "< ff " + bad).replace("< " + good, "< " + bad)
        )
        if text == "reset answered 00":
            lines += [END, lines[-1], END, lines[-1], END, END]
        else:
            lines[-1] = lines[-1].replace(" " + READY, "").replace(READY, "")
            lines += [END]
        bus = SpiTranscript(*lines)
        fails(ENODEV, text, SDCard, bus, bus.cs)
        bus.done()


def test_csd_versions():
    csd = bytearray(bytes.fromhex(CSD2.replace(" ", "")))
    found = Csd(csd)
    assert found.blocks == 15_523_840 and found.max_freq == 25_000_000 and found.erases
    assert not found.write_protected
    csd[14] |= 0x10
    assert Csd(csd).write_protected
    csd[14] = csd[14] & ~0x10 | 0x20
    assert Csd(csd).write_protected
    for code, freq in (
        (0x5A, 50_000_000),
        (0x0B, 100_000_000),
        (0x2B, 200_000_000),
        (0x07, 400_000),
    ):
        csd[3] = code
        assert Csd(csd).max_freq == freq
    for version in (0x80, 0xC0):
        csd[0] = version
        fails(EOPNOTSUPP, "CSD of version", Csd, csd)
    old = bytearray(bytes.fromhex(CSD1.replace(" ", "")))
    old[5] = old[5] & 0xF0  # blocks of one byte
    old[9], old[10] = old[9] & ~3, old[10] & 0x7F
    fails(EOPNOTSUPP, "smaller than 512", Csd, old)


def test_misuse_and_deinit():
    bus, card = made()
    bus.add(READY, END)
    card.deinit()
    card.deinit()
    assert repr(card) == "<SDCard deinitialised>"
    fails(ENODEV, "deinitialised", card.read, 0, bytearray(512))
    bus.done()


class QuietCard(QuietSpi):
    """A card that is always ready, and all zeros."""

    def __init__(self):
        super().__init__()
        self.answers = 0
        self.index = 0
        self.data = False
        self.register = bytes.fromhex(CSD2.replace(" ", ""))
        self.sums = bytes.fromhex(crc16(CSD2).replace(" ", ""))

    def sent(self, buf):
        n = len(buf)
        if n == 6:
            self.index = buf[0] & 0x3F
            self.answers = 1 if self.index == 12 else 0
            self.data = False
        elif n == 512:
            self.data = True
        elif n == 1 and buf[0] == 0xFF and self.answers > 1:
            self.index = -1  # a question whether it is busy

    def reply(self, i, n):
        index = self.index
        if n == 1:
            self.answers += 1
            if self.data:
                self.data = False
                return 0xE5
            if index == -1:
                return 0xFF
            if index == 12 and self.answers == 2:
                return 0xFF  # the byte in front of the answer
            if index in (9, 10, 17, 18) and self.answers > 1:
                return 0xFE
            return 0x01 if index in (0, 8, 59) else 0x00
        if n == 4:
            if index == 8:
                return 0xAA if i == 3 else i == 2
            return 0xC0 if i == 0 else 0xFF
        if n == 16:
            return self.register[i]
        if n == 2 and index in (9, 10):
            return self.sums[i]
        return 0


def test_steady_state_allocates_nothing():
    bus = QuietCard()
    card = SDCard(bus, bus.cs)
    one, four, part = bytearray(512), bytearray(2048), bytearray(700)

    def work():
        card.read(512, one)
        card.read(1024, four)
        card.read(1000, part)
        card.program(512, one)
        card.program(1024, four)
        card.sync()

    stays_off_the_heap(work, 250)  # 1,000 transfers of data
