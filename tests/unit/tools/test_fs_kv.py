"""coil fs on images of TDBStore: the bytes of docs/spec/tdbstore.md, and what damage leads to."""

import json
import re
import struct
import zlib
from pathlib import Path

import pytest
from coiltools import cli, paths, storage
from coiltools.report import Fail
from coiltools.storage import kv

SMALL = ["--kind", "kv", "--size", "512", "--block-size", "256"]
_BLOCK = 256


def coil(*arguments) -> int:
    return cli.main(["fs", *map(str, arguments)])


def made(tmp_path: Path, keys: dict, *options) -> Path:
    source = tmp_path / "keys.json"
    source.write_text(json.dumps(keys))
    image = tmp_path / "kv.img"
    assert coil("build", image, source, *(options or SMALL)) == 0
    return image


def contents(path: Path) -> dict[str, bytes | None]:
    """Key -> value, None for one that is lost."""
    with storage.opened(path, "kv") as image:
        return {
            entry.path: None if entry.error else image.read(entry.path)
            for entry in image.entries()
        }


def test_example_of_the_specification(tmp_path):
    """Byte for byte, in both directions."""
    text = (paths.ROOT / "docs/spec/tdbstore.md").read_text()
    example = text.partition("## Example")[2]
    lines = re.findall(r"^[0-9a-f]{3}  ([0-9a-f ]+)$", example, re.MULTILINE)
    wanted = bytes.fromhex("".join(lines)).ljust(512, b"\xff")
    image = made(tmp_path, {"a": "hi"})
    assert image.read_bytes() == wanted
    image.write_bytes(wanted)
    assert contents(image) == {"a": b"hi"}


@pytest.mark.parametrize("program", [1, 4, 8, 32, 64, 256])
@pytest.mark.parametrize("erased", [0, 255])
def test_media_of_all_kinds(tmp_path, program, erased):
    keys = {"": 0, "a": "", "b" * 128: "x" * 1000, "ünï": {"hex": "00ff"}}
    del keys[""]
    keys["once"] = {"text": "1", "write_once": True}
    options = ["--kind", "kv", "--size", "8K", "--block-size", "512"]
    options += ["--program-size", program, "--erase-value", erased]
    image = made(tmp_path, keys, *options)
    assert contents(image) == {
        "a": b"",
        "b" * 128: b"x" * 1000,
        "ünï": b"\0\xff",
        "once": b"1",
    }
    assert image.stat().st_size == 8192 and image.read_bytes()[-1] == erased
    assert coil("check", image) == 0


def test_listed_checked_extracted(tmp_path, capsys):
    image = made(tmp_path, {"net.ip": "10.0.2.15", "id": {"hex": "0102", "write_once": True}})
    capsys.readouterr()
    assert coil("ls", image) == 0
    assert capsys.readouterr().out == "        2  id  (write-once)\n        9  net.ip\n"
    assert coil("extract", image, tmp_path / "out") == 0
    assert (tmp_path / "out" / "net.ip").read_bytes() == b"10.0.2.15"
    again = tmp_path / "again.img"
    assert coil("build", again, tmp_path / "out", *SMALL) == 0
    assert contents(again) == contents(image)


@pytest.mark.parametrize("key", ["a b", "a*", "a\x7f", "a" * 129, "a\\b", "x/y"])
def test_what_is_no_key_is_refused(tmp_path, capsys, key):
    source = tmp_path / "keys.json"
    source.write_text(json.dumps({key: ""}))
    assert coil("build", tmp_path / "x", source, *SMALL) == 1
    assert "failed:" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--size", "256", "--block-size", "256"],
        ["--size", "1000", "--block-size", "256"],
        ["--size", "512", "--block-size", "256", "--program-size", "3"],
        ["--size", "64", "--block-size", "32"],
        ["--size", "0"],
    ],
)
def test_media_that_hold_no_store_are_refused(tmp_path, capsys, options):
    source = tmp_path / "keys.json"
    source.write_text("{}")
    assert coil("build", tmp_path / "x", source, "--kind", "kv", *options) == 1
    assert "are no TDBStore" in capsys.readouterr().err


def test_too_much_is_refused(tmp_path, capsys):
    source = tmp_path / "keys.json"
    source.write_text(json.dumps({"a": "x" * 200}))
    assert coil("build", tmp_path / "x", source, *SMALL) == 1
    assert "do not fit" in capsys.readouterr().err


def test_every_damaged_byte_is_noticed_or_harmless(tmp_path):
    """Never another value, never a key that was not there."""
    image = made(tmp_path, {"a": "first", "b": "second"})
    whole = image.read_bytes()
    truth = contents(image)
    noticed = 0
    for at in range(_BLOCK):
        for flip in (0x01, 0xFF):
            damaged = bytearray(whole)
            damaged[at] ^= flip
            image.write_bytes(damaged)
            found = contents(image)
            for key, value in found.items():
                if value is not None:
                    assert truth[key] == value, (at, flip)
            lost = [key for key, value in found.items() if value is None]
            # What is not found as it was must be known to be lost.
            assert len([key for key in truth if found.get(key) is None]) == len(lost), (at, flip)
            noticed += bool(lost)
    assert noticed > 100


def test_every_torn_end_leaves_the_old_value(tmp_path):
    """What was cut off while it was written means nothing, and the log goes on behind it."""
    area = made(tmp_path, {"a": "old"}).read_bytes()
    log = area.index(b"RH")
    old = area[log:_BLOCK].rstrip(b"\xff")
    image = tmp_path / "torn.img"
    new = _record(b"a", b"new", log + len(old))
    behind = _record(b"b", b"1", log + len(old) + len(new))
    for cut in range(len(new) + 1):
        torn = new[:cut].ljust(len(new), b"\xff")
        image.write_bytes((area[:log] + old + torn + behind).ljust(512, b"\xff"))
        value = b"new" if cut >= kv._HEADER.size + 4 else b"old"
        if cut < kv._HEADER.size:  # without its header nobody knows how long it was
            assert contents(image) == {"a": b"old", "b": b"1"}
        else:
            assert contents(image) == {"a": value, "b": b"1"}, cut


def _record(key: bytes, value: bytes, at: int, flags=0, generation=1, header_hash=None) -> bytes:
    """A record as docs/spec/tdbstore.md draws it, for a program size of 1."""
    place = struct.pack("<II", generation, at)
    key_hash = zlib.crc32(key) if header_hash is None else header_hash
    value_crc = zlib.crc32(value)
    in_header = 0 if flags & 4 else value_crc
    head = struct.pack("<HHHHIII", 0x4852, flags, len(key), 0, len(value), key_hash, in_header)
    head += struct.pack("<I", zlib.crc32(place + head))
    body = head + key + value
    tails = b""
    for _ in range(2 if flags & 4 else 1):
        back = len(body) + len(tails)
        tail = struct.pack("<HHIII", 0x5452, flags, back, key_hash, value_crc)
        tails += tail + struct.pack("<I", zlib.crc32(place + tail))
    return body + tails


def _store(tmp_path, *records, size=1024) -> Path:
    """A store with records made of (key, value, flags)."""
    area = made(tmp_path, {}, "--kind", "kv", "--size", size, "--block-size", size // 2)
    data = area.read_bytes()[:64]
    for record in records:
        data += (
            record(len(data))
            if callable(record)
            else _record(record[0], record[1], len(data), *record[2:])
        )
    area.write_bytes(data.ljust(size, b"\xff"))
    return area


def test_deleted_streamed_and_lost_records(tmp_path):
    gone = _store(tmp_path, (b"a", b"1"), (b"a", b"", 2))
    assert contents(gone) == {}
    streamed = _store(tmp_path, (b"a", b"1"), (b"a", b"2222", 4), (b"b", b"3", 4))
    assert contents(streamed) == {"a": b"2222", "b": b"3"}
    lost = (b"", b"", 8, 1, zlib.crc32(b"a"))
    assert contents(_store(tmp_path, (b"a", b"1"), lost)) == {"a": None}
    assert contents(_store(tmp_path, (b"a", b"1"), lost, (b"a", b"2"))) == {"a": b"2"}
    assert contents(_store(tmp_path, lost)) == {f"<key with CRC {zlib.crc32(b'a'):08x}>": None}


def test_damaged_streamed_record_is_lost_and_a_torn_one_is_not(tmp_path):
    image = _store(tmp_path, (b"a", b"1"), (b"a", b"2222", 4))
    data = bytearray(image.read_bytes())
    trailers = [m.start() for m in re.finditer(b"RT", data)][-2:]
    damaged = bytearray(data)
    damaged[trailers[0]] ^= 1  # one of two is enough
    image.write_bytes(damaged)
    assert contents(image) == {"a": b"2222"}
    damaged[data.index(b"2222")] ^= 1
    image.write_bytes(damaged)
    assert contents(image) == {"a": None}
    damaged[trailers[1]] ^= 1
    image.write_bytes(damaged)
    assert contents(image) == {"a": b"1"}


def test_the_newer_area_counts(tmp_path):
    image = _store(tmp_path, (b"a", b"old"))
    data = bytearray(image.read_bytes())
    master = struct.pack("<8sHHIIII", b"CoilTDB\0", 1, 1, 2, 512, 1, 255)
    master += struct.pack("<I", zlib.crc32(master))
    data[512:] = (2 * master + _record(b"a", b"new", 64, generation=2)).ljust(512, b"\xff")
    image.write_bytes(data)
    assert contents(image) == {"a": b"new"}
    for at in (512, 512 + 32):  # one copy of the record is enough
        torn = bytearray(data)
        torn[at : at + 32] = b"\xff" * 32
        image.write_bytes(torn)
        assert contents(image) == {"a": b"new"}
    alone = bytearray(data)
    alone[:64] = b"\xff" * 64  # area 0 was erased
    image.write_bytes(alone)
    assert contents(image) == {"a": b"new"}
    data[512:576] = b"\xff" * 64  # a collection that was not finished
    image.write_bytes(data)
    assert contents(image) == {"a": b"old"}


def test_another_version_and_a_short_image_are_refused(tmp_path, capsys):
    image = made(tmp_path, {"a": "1"})
    data = bytearray(image.read_bytes())
    image.write_bytes(data[:300])
    assert coil("ls", image) == 1
    assert "is cut off" in capsys.readouterr().err
    data[8] = 2
    struct.pack_into("<I", data, 28, zlib.crc32(data[:28]))
    image.write_bytes(data)
    assert coil("check", image) == 1
    assert "is a TDBStore of version 2" in capsys.readouterr().err


@pytest.mark.parametrize("key", [b"..", b".", b"a/b", b"\x1b[2J", b"\xff"])
def test_keys_that_lead_elsewhere_are_not_extracted(tmp_path, capsys, key):
    image = _store(tmp_path, (key, b"evil"))
    proper = key.strip(b".") == b""
    assert coil("ls", image) == (0 if proper else 1)
    assert "\x1b" not in capsys.readouterr().out
    assert coil("extract", image, tmp_path / "out") == 1
    wanted = "cannot be read" if key == b"a/b" else "is refused"
    assert wanted in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_headers_that_lie_about_sizes_are_no_headers(tmp_path):
    def huge(at):
        return _lying(at, size=0xFFFFFFFF)

    def long_key(at):
        return _lying(at, key_len=600)

    for lie in (huge, long_key):
        image = _store(tmp_path, (b"a", b"1"), lie, (b"b", b"2"), size=4096)
        assert contents(image) == {"a": b"1", "b": b"2"}


def _lying(at: int, key_len: int = 1, size: int = 1) -> bytes:
    head = struct.pack("<HHHHIII", 0x4852, 0, key_len, 0, size, 0, 0)
    return head + struct.pack("<I", zlib.crc32(struct.pack("<II", 1, at) + head))


def test_kind_is_found(tmp_path):
    image = made(tmp_path, {"a": "1"})
    with storage.opened(image) as found:
        assert found.kind == "kv"
    with pytest.raises(Fail, match="has no FAT"), storage.opened(image, "fat"):
        pass
