"""coil fs on images of RecordLog: what docs/spec/recordlog.md says, and what damage leads to."""

import struct
from pathlib import Path

import pytest
from coiltools import cli, storage
from coiltools.report import Fail
from coiltools.storage import records

_BLOCK = 256


def crc(data: bytes) -> int:
    """CRC-30/CDMA, bit by bit."""
    value = 0x3FFFFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            top = value >> 29 ^ byte >> bit & 1
            value = value << 1 & 0x3FFFFFFF
            if top:
                value ^= 0x2030B9C7
    return value ^ 0x3FFFFFFF


def block(number: int, first: int, *datas: bytes, floor=1, program=1, version=1) -> bytes:
    """A block with records, as the page draws it."""
    head = struct.pack("<4sB3xIIQI", b"CRLG", version, _BLOCK, number, first, floor)
    made = head + struct.pack("<I", crc(head))
    for place, data in enumerate(datas):
        made = made.ljust(-(-len(made) // program) * program, b"\xee")
        about = struct.pack("<IIH", number, place, len(data))
        made += struct.pack("<HHI", len(data), crc(about) & 0xFFFF, crc(about + data)) + data
    return made.ljust(_BLOCK, b"\xff")


def image(tmp_path: Path, *blocks: bytes) -> Path:
    path = tmp_path / "log.img"
    path.write_bytes(b"".join(blocks))
    return path


def found(path: Path) -> list[tuple[str, bytes | None]]:
    """(number or numbers, data), None for those that are lost."""
    with storage.opened(path) as opened:
        assert opened.kind == "records"
        return [(e.path, None if e.error else opened.read(e.path)) for e in opened.entries()]


FREE = b"\xff" * _BLOCK


def test_check_value_of_the_specification():
    assert records.crc30(b"123456789") == crc(b"123456789") == 0x04C34ABF


@pytest.mark.parametrize("program", [1, 2, 8, 32, 64])
def test_records_in_order(tmp_path, program):
    first = block(1, 0, b"a", b"bb" * 20, program=program)
    path = image(tmp_path, first, block(2, 2, b"ccc", program=program), FREE)
    assert found(path) == [("0", b"a"), ("1", b"bb" * 20), ("2", b"ccc")]


def test_ring_that_has_come_round(tmp_path, capsys):
    path = image(tmp_path, block(4, 6, b"g"), block(2, 2, b"c", b"d"), block(3, 4, b"e", b"f"))
    assert [name for name, _ in found(path)] == ["2", "3", "4", "5", "6"]
    assert cli.main(["fs", "cat", str(path), "6"]) == 0
    assert capsys.readouterr().out == "g"
    assert cli.main(["fs", "extract", str(path), str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "3").read_bytes() == b"d"


def test_blocks_below_the_floor_do_not_count(tmp_path):
    path = image(tmp_path, block(1, 0, b"a"), block(2, 1, b"b", floor=2))
    assert found(path) == [("1", b"b")]


def test_damage(tmp_path):
    whole = [block(1, 0, b"one", b"two", b"three"), block(2, 3, b"four", b"five")]

    def with_byte(number: int, part: bytes, by: int = 1):
        changed = [bytearray(each) for each in whole]
        changed[number][changed[number].index(part)] ^= by
        return found(image(tmp_path, *map(bytes, changed)))

    assert with_byte(0, b"two")[1] == ("1", None)
    assert [name for name, data in with_byte(0, b"two") if data] == ["0", "2", "3", "4"]
    # The last one of all was cut short, and never there.
    assert with_byte(1, b"five") == [*found(image(tmp_path, *whole))[:4]]
    # Behind a damaged length nothing is found; the numbers tell what is missing.
    head = whole[0].index(b"two") - 8
    changed = bytearray(whole[0])
    changed[head] ^= 0x10
    path = image(tmp_path, bytes(changed), whole[1])
    assert found(path) == [("0", b"one"), ("1-2", None), ("3", b"four"), ("4", b"five")]
    assert cli.main(["fs", "check", str(path)]) == 1
    # A block without its header is a gap.
    path = image(tmp_path, whole[0], FREE, block(3, 9, b"ten"))
    assert [name for name, _ in found(path)] == ["0", "1", "2", "3-8", "9"]


def test_records_behind_the_first_of_the_next_block_do_not_count(tmp_path):
    path = image(tmp_path, block(1, 0, b"a", b"b", b"stale"), block(2, 2, b"c"))
    assert [data for _, data in found(path)] == [b"a", b"b", b"c"]


def test_numbers_that_lie_do_not_take_for_ever(tmp_path):
    path = image(tmp_path, block(1, 0, b"a"), block(2, 1 << 63, b"b"))
    assert [name for name, _ in found(path)] == ["0", f"1-{(1 << 63) - 1}", str(1 << 63)]


def test_other_versions_and_short_images_are_refused(tmp_path):
    with pytest.raises(Fail, match="of version 2"):
        found(image(tmp_path, block(1, 0, b"a"), block(2, 1, b"b", version=2)))
    with pytest.raises(Fail, match="cut off"):
        found(image(tmp_path, block(1, 0, b"a")[:100]))
    with pytest.raises(Fail, match="no image that is known"):
        found(image(tmp_path, block(1, 0)[:20] + FREE))


def test_every_damaged_byte_is_noticed_or_harmless(tmp_path):
    whole = block(1, 0, b"one", b"two") + block(2, 2, b"three", b"four")
    truth = dict(found(image(tmp_path, whole)))
    for at in range(len(whole)):
        path = image(tmp_path, whole[:at] + bytes((whole[at] ^ 0x55,)) + whole[at + 1 :])
        for name, data in found(path):
            assert data is None or truth[name] == data, at
