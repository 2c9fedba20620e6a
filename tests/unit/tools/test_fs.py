"""coil fs: images are made, listed, read, extracted and checked; damaged ones are refused."""

import json
import random
import struct
import sys
from pathlib import Path

import pytest
from coiltools import cli, hostpage, paths, portvolume, storage, wear
from coiltools.disk import Disk
from coiltools.report import Fail
from coiltools.storage import fattools
from littlefs import LittleFS, UserContext
from PIL import Image

SMALL = {"littlefs": ["--size", "64K", "--block-size", "512"], "fat": ["--size", "64K"]}
FILES = {
    "main.py": b"print('hello')\n",
    "lib/a long name of a module.py": b"",
    "lib/deep/deeper/data.bin": bytes(range(256)) * 20,
    "lib/inline.txt": b"x" * 120,
    "lib/not inline.txt": b"y" * 140,
}
EMPTY = "lib/empty"


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "tree"
    for name, data in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (root / EMPTY).mkdir()
    return root


@pytest.fixture(params=SMALL)
def kind(request) -> str:
    return request.param


@pytest.fixture
def image(tree, tmp_path, kind) -> Path:
    made = tmp_path / f"{kind}.img"
    assert coil("build", made, tree, "--kind", kind, *SMALL[kind]) == 0
    return made


def coil(*arguments) -> int:
    return cli.main(["fs", *map(str, arguments)])


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def refused(capsys, *arguments) -> str:
    """What coil says; it must fail and say how to mend it, without a traceback."""
    capsys.readouterr()
    assert coil(*arguments) == 1
    said = capsys.readouterr().err
    assert "failed:" in said and "Traceback" not in said
    return said


def test_what_was_put_in_comes_out(image, tree, tmp_path, capsys):
    assert coil("extract", image, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(tree)
    capsys.readouterr()
    assert coil("ls", image) == 0
    listed = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    assert {name: int(size) for size, name in listed} == {
        **{name: len(data) for name, data in FILES.items()},
        **dict.fromkeys(("lib/", "lib/deep/", "lib/deep/deeper/", "lib/empty/"), 0),
    }
    assert coil("check", image) == 0
    assert "sound" in capsys.readouterr().out


def test_cat_prints_bytes(image, capfdbinary):
    assert coil("cat", image, "/lib/deep/deeper/data.bin") == 0
    assert capfdbinary.readouterr().out == FILES["lib/deep/deeper/data.bin"]


def test_name_that_is_not_there_gets_the_closest(image, capsys):
    assert "did you mean 'main.py'" in refused(capsys, "cat", image, "mian.py")
    assert "did you mean 'check'" in refused(capsys, "chek", image)


def test_images_repeat(image, tree, tmp_path, kind):
    again = tmp_path / "again.img"
    assert coil("build", again, tree, "--kind", kind, *SMALL[kind]) == 0
    assert again.read_bytes() == image.read_bytes()


def test_json_makes_the_same_as_a_folder(tmp_path, kind):
    source = tmp_path / "files.json"
    source.write_text(
        json.dumps({"a/b.txt": "text", "c": {"hex": "00ff"}, "d": {"base64": "AAE="}})
    )
    image = tmp_path / "j.img"
    assert coil("build", image, source, "--kind", kind, *SMALL[kind]) == 0
    assert coil("extract", image, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == {
        "a": None,
        "a/b.txt": b"text",
        "c": b"\0\xff",
        "d": b"\0\1",
    }


@pytest.mark.parametrize(
    "text, said",
    [
        ("{", "is no JSON"),
        ("[1]", "holds no names"),
        ('{"a": 1}', "'a' has no contents"),
        ('{"a": {"hex": "0"}}', "'a' has no contents"),
        ('{"a": {"hex": "00", "text": ""}}', "'a' has no contents"),
        ('{"a": {"base64": "A"}}', "'a' has no contents"),
        ('{"a": {"text": "", "write_once": 1}}', "'a' has no contents"),
        ('{"../a": ""}', "is no path"),
        ('{"": ""}', "is no path"),
        ('{"a": "", "a/b": ""}', ""),
    ],
)
def test_wrong_json_is_refused(tmp_path, capsys, kind, text, said):
    source = tmp_path / "wrong.json"
    source.write_text(text)
    assert said in refused(capsys, "build", tmp_path / "x", source, "--kind", kind, *SMALL[kind])
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "name, said",
    [
        ("ünï", "only in ASCII"),
        ("a:b", "may not have ':'"),
        ("end. ", "at the end of a name"),
        ("README", "are the same name"),
        ("n" * 256, ""),
    ],
)
def test_names_that_fat_cannot_hold_are_refused(tmp_path, capsys, name, said):
    source = tmp_path / "names.json"
    source.write_text(json.dumps({"readme": "", name: ""}))
    assert said in refused(capsys, "build", tmp_path / "x", source, "--kind", "fat", *SMALL["fat"])
    assert not (tmp_path / "x").exists()


def test_littlefs_holds_all_names(tmp_path, capsys):
    source = tmp_path / "names.json"
    names = {"ünï 项目": "1", "a:b*": "2", "README": "3", "readme": "4", "n" * 255: "5"}
    source.write_text(json.dumps(names))
    image = tmp_path / "names.img"
    assert coil("build", image, source, "--kind", "littlefs", *SMALL["littlefs"]) == 0
    assert coil("extract", image, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == {name: text.encode() for name, text in names.items()}


@pytest.mark.parametrize("size", ["100", "1000", "0"])
def test_wrong_sizes_are_refused(tree, tmp_path, capsys, kind, size):
    refused(capsys, "build", tmp_path / "x", tree, "--kind", kind, "--size", size)
    assert cli.main(["fs", "build", "x", "y", "--kind", kind, "--size", "8X"]) == 2


def test_too_much_is_refused(tmp_path, capsys, kind):
    source = tmp_path / "much.json"
    source.write_text(json.dumps({"a": "x" * 70_000}))
    said = refused(capsys, "build", tmp_path / "x", source, "--kind", kind, *SMALL[kind])
    assert "do not fit" in said and "--size" in said
    assert not (tmp_path / "x").exists()


def test_extract_overwrites_nothing(image, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "main.py").write_text("mine")
    assert "is not empty" in refused(capsys, "extract", image, out)
    assert contents(out) == {"main.py": b"mine"}


def test_blank_empty_short_and_foreign_files_are_refused(image, tmp_path, capsys):
    file = tmp_path / "bad.img"
    for data, said in (
        (b"", "is empty"),
        (b"\xff" * 4096, "is blank"),
        (bytes(4096), "is blank"),
        (b"text\n" * 1000, "is no image that is known here"),
        (image.read_bytes()[:6000], "is cut off"),
        (image.read_bytes()[:-1], "is cut off"),
    ):
        file.write_bytes(data)
        for command in (("ls",), ("check",), ("cat", "main.py"), ("extract", tmp_path / "out")):
            assert said in refused(capsys, command[0], file, *command[1:])
    assert "is no file" in refused(capsys, "ls", tmp_path)
    assert "is not there" in refused(capsys, "ls", tmp_path / "none")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", range(3))
def test_damage_is_said_or_harmless(image, tmp_path, kind, seed):
    """Never a traceback, never something that was not in it from a littlefs folder or a FAT name."""
    print("seed", seed)
    dice = random.Random(seed)
    whole = image.read_bytes()
    written = [i for i in range(0, len(whole), 16) if len(set(whole[i : i + 16])) > 1]
    file = tmp_path / "damaged.img"
    for _ in range(4):
        damaged = bytearray(whole)
        for _ in range(dice.choice((1, 8, 200))):
            damaged[dice.choice(written) + dice.randrange(16)] = dice.randrange(256)
        file.write_bytes(damaged)
        try:
            with storage.opened(file, kind) as opened:
                problems = opened.check()
                assert all(isinstance(said, str) and said for said in problems)
                for entry in opened.entries():
                    assert entry.size < 1 << 32
        except Fail as failure:
            assert failure.message and "gives up" not in failure.message


# ---- littlefs


def hostile(tmp_path, name: bytes) -> Path:
    """A littlefs with a file of that name, which no program writes."""
    medium = UserContext(64 << 10)
    fs = LittleFS(medium, block_size=512, block_count=128, filename_encoding="latin-1")
    with fs.open("N" * len(name), "wb") as file:
        file.write(b"inside")
    fs.unmount()
    # The name is covered by a checksum: littlefs SPEC.md, 0x500 LFS_TYPE_CRC.
    data = bytearray(medium.buffer)
    for block in (0, 1):
        _rename(data, block * 512, b"N" * len(name), name)
    path = tmp_path / "hostile.img"
    path.write_bytes(data)
    return path


def _rename(data: bytearray, start: int, old: bytes, new: bytes):
    """Replace a name in a metadata block and make all its checksums right again."""
    at = start + 4
    tag = 0xFFFFFFFF
    first = start
    while at + 4 <= start + 512:
        tag ^= struct.unpack_from(">I", data, at)[0]
        if tag >> 31:
            return
        length = tag & 0x3FF
        kind = tag >> 20 & 0x7FF
        if kind & 0x700 == 0x500 and kind < 0x5F0:
            checksum = crc(data[first : at + 4])
            struct.pack_into("<I", data, at + 4, checksum)
            first = at + 4 + length
        elif bytes(data[at + 4 : at + 4 + len(old)]) == old:
            data[at + 4 : at + 4 + len(old)] = new
        at += 4 + (0 if length == 0x3FF else length)
        if kind & 0x700 == 0x500 and kind < 0x5F0 and kind & 1:
            tag ^= 0x80000000


def crc(data: bytes) -> int:
    """littlefs' CRC-32: polynomial 0x04C11DB7 reflected, from 0xFFFFFFFF, not inverted."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value


@pytest.mark.parametrize(
    "name", [b"../../evil", b"/etc/evil", b"a/../../b", b"a\x1b[2Jb", b"a\\..\\b"]
)
def test_names_that_lead_elsewhere_are_not_extracted(tmp_path, capsys, name):
    image = hostile(tmp_path, name)
    out = tmp_path / "below" / "out"
    said = refused(capsys, "extract", image, out)
    assert "is refused" in said and "\x1b[2J" not in said
    assert not out.exists()
    assert not (tmp_path / "evil").exists()
    coil("ls", image)
    listed = capsys.readouterr().out
    assert "\x1b" not in listed
    assert name.replace(b"\x1b", b"\\x1b").decode() in listed


def test_hostile_names_are_what_the_test_says(tmp_path):
    """The tool above makes an image that littlefs takes."""
    data = hostile(tmp_path, b"harmless").read_bytes()
    medium = UserContext(buffer=bytearray(data))
    fs = LittleFS(medium, block_size=512, block_count=128, mount=False)
    fs.mount()
    assert fs.listdir("/") == ["harmless"]


def test_one_superblock_is_enough(tree, tmp_path):
    image = tmp_path / "l.img"
    assert coil("build", image, tree, "--kind", "littlefs", *SMALL["littlefs"]) == 0
    data = bytearray(image.read_bytes())
    for first in (0, 512):
        damaged = bytearray(data)
        damaged[first : first + 64] = bytes(64)
        image.write_bytes(damaged)
        with storage.opened(image) as opened:
            assert opened.geometry == (512, 128)


def test_littlefs_that_makes_the_reader_hang_is_given_up(tmp_path, monkeypatch, tree, capsys):
    image = tmp_path / "l.img"
    assert coil("build", image, tree, "--kind", "littlefs", *SMALL["littlefs"]) == 0
    reader = tmp_path / "slow"
    reader.write_text("#!/bin/sh\nexec sleep 30\n")
    reader.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(reader))
    monkeypatch.setattr(storage.lfs, "_TIMEOUT_S", 0.1)
    assert "does not end" in refused(capsys, "ls", image)
    reader.write_text("#!/bin/sh\nkill -SEGV $$\n")
    assert "gives up" in refused(capsys, "ls", image)


# ---- FAT


def fat(tmp_path, tree) -> tuple[Path, bytearray]:
    image = tmp_path / "f.img"
    assert coil("build", image, tree, "--kind", "fat", *SMALL["fat"]) == 0
    return image, bytearray(image.read_bytes())


def entry_of(data: bytearray, short: bytes) -> int:
    at = data.find(short)
    assert at > 0 and at % 32 == 0
    return at


def test_fat_folder_that_contains_itself(tmp_path, tree, capsys):
    image, data = fat(tmp_path, tree)
    deep, deeper = entry_of(data, b"DEEP       "), entry_of(data, b"DEEPER     ")
    data[deeper + 26 : deeper + 28] = data[deep + 26 : deep + 28]
    image.write_bytes(data)
    assert "1 of them cannot be read" in refused(capsys, "ls", image)
    assert "is damaged" in refused(capsys, "check", image)
    refused(capsys, "extract", image, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_fat_chain_that_loops(tmp_path, tree, capsys):
    image, data = fat(tmp_path, tree)
    at = entry_of(data, b"DATA    BIN")
    cluster = struct.unpack_from("<H", data, at + 26)[0]
    table = 512 * struct.unpack_from("<H", data, 14)[0] + cluster * 3 // 2
    pair = struct.unpack_from("<H", data, table)[0]
    loop = pair & 0xF | cluster << 4 if cluster & 1 else pair & 0xF000 | cluster
    struct.pack_into("<H", data, table, loop)
    image.write_bytes(data)
    assert "longer than it should be" in refused(capsys, "cat", image, "lib/deep/deeper/data.bin")
    assert "data.bin cannot be read" in refused(capsys, "extract", image, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert coil("cat", image, "main.py") == 0  # the rest can be read
    assert coil("check", image) == 1
    assert "data.bin" in capsys.readouterr().out


def test_fat_files_that_share_their_clusters_fill_no_disk(tmp_path, tree, capsys):
    image, data = fat(tmp_path, tree)
    at = entry_of(data, b"DATA    BIN")
    folder = at - at % 512
    entry = bytearray(data[at : at + 32])
    for n in range(14):  # all with the same chain
        entry[:8] = b"COPY%04d" % n
        data[folder + 64 + 32 * n : folder + 96 + 32 * n] = entry
    image.write_bytes(data)
    said = refused(capsys, "extract", image, tmp_path / "out")
    assert "claim" in said and not (tmp_path / "out").exists()
    assert coil("check", image) == 1
    assert "claim" in capsys.readouterr().out
    assert coil("ls", image) == 0
    assert "copy0013" in capsys.readouterr().out.lower()


def test_fat_file_larger_than_its_volume(tmp_path, tree, capsys):
    image, data = fat(tmp_path, tree)
    at = entry_of(data, b"DATA    BIN")
    cluster = struct.unpack_from("<H", data, at + 26)[0]
    table = 512 * struct.unpack_from("<H", data, 14)[0] + cluster * 3 // 2
    pair = struct.unpack_from("<H", data, table)[0]
    loop = pair & 0xF | cluster << 4 if cluster & 1 else pair & 0xF000 | cluster
    struct.pack_into("<H", data, table, loop)
    struct.pack_into("<I", data, at + 28, 0xFFFFFFFF)
    image.write_bytes(data)
    said = refused(capsys, "cat", image, "lib/deep/deeper/data.bin")
    assert "more than the volume" in said
    assert coil("cat", image, "main.py") == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("made", ["fat", "kv", "littlefs"])
def test_hostile_images_end_in_an_error_and_stay_in_their_folder(tmp_path, made, seed):
    """Many small changes, cut off, extended, parts that are copied elsewhere."""
    print("seed", seed)
    dice = random.Random(seed)
    source = tmp_path / "s.json"
    source.write_text(json.dumps({"a": "1" * 700} | ({} if made == "kv" else {"b/c": "2" * 3000})))
    whole = tmp_path / "whole.img"
    sizes = ["--size", "64K"] + ["--block-size", "512"] * (made != "kv")
    assert coil("build", whole, source, "--kind", made, *sizes) == 0
    file = tmp_path / "damaged.img"
    for n in range(4 if made == "littlefs" else 60):
        data = bytearray(whole.read_bytes())
        for _ in range(dice.randrange(1, 9)):
            at = dice.randrange(min(len(data), dice.choice((64, 600, 2048, len(data)))))
            size = dice.choice((1, 2, 4, 32, 512))
            start = dice.randrange(len(data))
            data[at : at + size] = dice.choice(
                (bytes(size), b"\xff" * size, dice.randbytes(size), data[start : start + size])
            )
        if n % 8 == 0:
            del data[dice.randrange(1, len(data)) :]
        if n % 8 == 1:
            data += bytes(dice.randrange(5000))
        file.write_bytes(data)
        place = tmp_path / f"out{n}"
        try:
            with storage.opened(file, dice.choice((None, made))) as opened:
                storage.image.extract(opened, place / "in")
        except Fail as failure:
            assert failure.message
        outside = [path for path in place.rglob("*") if place / "in" not in (path, *path.parents)]
        assert outside == [], (n, outside)
    names = {path.name for path in tmp_path.iterdir()}
    assert all(
        name in ("s.json", "whole.img", "damaged.img") or name[:3] == "out" for name in names
    )


def test_fat_in_a_partition(tmp_path, tree, capsys):
    image, data = fat(tmp_path, tree)
    record = bytearray(512)
    struct.pack_into("<BxxxBxxxII", record, 446, 0, 1, 8, len(data) // 512)
    record[510:] = b"\x55\xaa"
    image.write_bytes(record + bytes(7 * 512) + data)
    assert coil("check", image) == 0
    assert "in a partition at byte 4096" in capsys.readouterr().out
    assert coil("extract", image, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(tree)


@pytest.mark.parametrize("size, bits", [("1M", 12), ("16M", 16)])
def test_widths_of_fat(tmp_path, tree, capsys, size, bits):
    image = tmp_path / "wide.img"
    assert coil("build", image, tree, "--kind", "fat", "--size", size) == 0
    reads_whole(image, tree, f"FAT{bits},", tmp_path, capsys)


def test_fat32(tmp_path, tree, capsys):
    """Which mkfs.fat takes for large cards only, if nobody asks for it."""
    image = tmp_path / "wide.img"
    with image.open("wb") as file:
        file.truncate(40 << 20)
    for command in (
        ("mkfs.fat", "-F", "32", "-s", "1", image),
        ("mcopy", "-i", image, "-s", *tree.iterdir(), "::/"),
    ):
        assert fattools._run(*command).returncode == 0
    reads_whole(image, tree, "FAT32, ", tmp_path, capsys)


def reads_whole(image, tree, about, tmp_path, capsys):
    assert coil("check", image) == 0
    assert about in capsys.readouterr().out
    assert coil("extract", image, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(tree)


# ---- Boards that are stopped, and wear


@pytest.fixture
def disks(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    return tmp_path / "disks"


def flash(tmp_path, text: str) -> Path:
    source = tmp_path / "flash.json"
    source.write_text(json.dumps({"main.py": text}))
    image = tmp_path / "flash.img"
    assert coil("build", image, source, "--kind", "littlefs", "--size", "8M") == 0
    return image


def test_volume_of_a_stopped_board(disks, tmp_path, capsys):
    back = tmp_path / "back.img"
    assert "coil run" in refused(capsys, "pull", back)
    image = flash(tmp_path, "1")
    with Disk(disks / "mps2-1.img") as disk:
        disk.write_romfs(b"romfs")
        unique_id = disk.page.unique_id
    assert coil("push", image) == 0
    assert coil("pull", back) == 0
    assert back.read_bytes() == image.read_bytes()
    with Disk(disks / "mps2-1.img") as disk:
        assert disk.romfs(5) == b"romfs" and disk.page.unique_id == unique_id
        assert "in use by another board" in refused(capsys, "push", image)
        assert "in use by another board" in refused(capsys, "pull", back)
    with Disk(disks / "mps2-2.img"):
        pass
    assert "choose one with --instance" in refused(capsys, "pull", back)
    assert coil("pull", back, "--instance", "mps2-2") == 0
    assert back.read_bytes() == bytes(hostpage.ROMFS[0])
    assert "there is no disk" in refused(capsys, "pull", back, "--instance", "mps2-3")
    assert coil("pull", back, "--disk", disks / "mps2-1.img") == 0
    assert back.read_bytes() == image.read_bytes()
    assert coil("cat", disks / "mps2-1.img", "main.py") == 0  # a disk file is an image, too
    assert capsys.readouterr().out.endswith("1")


def test_only_a_volume_that_boards_mount_is_pushed(disks, tmp_path, capsys):
    with Disk(disks / "mps2-1.img"):
        pass
    before = (disks / "mps2-1.img").read_bytes()
    source = tmp_path / "a.json"
    source.write_text("{}")
    for options in (["--size", "4M"], ["--size", "8M", "--block-size", "8K"]):
        image = tmp_path / "other.img"
        assert coil("build", image, source, "--kind", "littlefs", *options) == 0
        assert "--size 8M --block-size 4K" in refused(capsys, "push", image)
    refused(capsys, "push", source)
    assert (disks / "mps2-1.img").read_bytes() == before


def test_port_that_is_not_there(tmp_path, capsys):
    said = refused(capsys, "pull", tmp_path / "x", "--port", tmp_path / "none")
    assert "does not answer" in said
    assert "--port is for a real board" in refused(
        capsys, "pull", tmp_path / "x", "--port", "y", "--instance", "mps2-1"
    )


def test_lines_of_a_volume_that_are_lost_or_garbled_are_noticed():
    lines = [b"size 4 3\r\n", b"fill 0 255\r\n", b"data 1 AAECAw==\r\n", b"fill 2 0\r\n"]
    crc = portvolume.zlib.crc32(b"\xff" * 4 + bytes(range(4)) + bytes(4))
    end = b"end %d %d\r\n" % (crc, crc)

    def received(parts):
        receiver = portvolume._Receiver()
        for byte in b"".join(parts):
            receiver.take(bytes((byte,)))
        return receiver

    whole = received([*lines, end])
    assert whole.whole and whole.data == b"\xff" * 4 + bytes(range(4)) + bytes(4)
    assert not received(lines).whole
    assert not received([*lines[:3], end]).whole
    assert not received([*lines[:2], b"data 1 AAECBA==\r\n", lines[3], end]).whole
    for wrong in (
        [*lines[:2], lines[3]],
        [lines[0], b"data 0 AAEC\r\n"],
        [lines[0], b"data 0 !\r\n"],
    ):
        with pytest.raises(ValueError):
            received(wrong)


def test_picture_of_wear(tmp_path, capsys):
    report = tmp_path / "wear.json"
    report.write_text(json.dumps({"erases": [0, 50] * 31 + [100, 120], "limit": 100}))
    picture = tmp_path / "wear.png"
    assert coil("wear", report, "--png", picture) == 0
    assert "64 blocks, 1770 erases; a block: 0 to 120" in capsys.readouterr().out
    with Image.open(picture) as found:
        colours = {colour for _, colour in found.convert("RGB").getcolors(1 << 20)}
        size = found.size
    for erases in (0, 50, 100):
        assert wear._colour(erases, 100, 100) in colours
    assert size[0] > 600 and size[1] > 300
    report.write_text("[3, 0, 12]")
    assert coil("wear", report, "--png", picture) == 0
    with Image.open(picture) as found:
        assert (20, 20, 20) not in {c for _, c in found.convert("RGB").getcolors(1 << 20)}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[-1]", "[1.5]", '["a"]', '{"erases": 3}', "null"]
)
def test_wrong_reports_of_wear_are_refused(tmp_path, capsys, text):
    report = tmp_path / "wear.json"
    report.write_text(text)
    assert "is no report of wear" in refused(capsys, "wear", report, "--png", tmp_path / "p")
