"""Volumes go from the host to a board and back, byte for byte, and past programs of others:
littlefs-python, mtools and fsck.fat.
"""

import hashlib
import os
import random
import struct
import subprocess
from pathlib import Path

from coiltools import cli, packages
from littlefs import LittleFS, UserContext

_SIZES = (0, 1, 100, 128, 129, 4095, 4096, 4097, 50_000, 300_000)
#: Prints the sum of each file and the name of each folder below a path.
_WALK = """
import os, hashlib, binascii
def walk(path):
    for entry in sorted(os.ilistdir(path)):
        name = path + "/" + entry[0]
        if entry[1] == 0x4000:
            print(name[len(ROOT) + 1:], "folder")
            walk(name)
        else:
            with open(name, "rb") as file:
                sum = hashlib.sha256()
                while data := file.read(4096):
                    sum.update(data)
            print(name[len(ROOT) + 1:], str(binascii.hexlify(sum.digest()), "ascii"))
ROOT = %r
walk(ROOT)
"""
#: Writes files whose contents are told by their size: see written().
_WRITE = """
import os
os.mkdir(%(root)r + "/from board")
for size in (0, 1, 100, 129, 4097, 40000):
    with open("%%s/from board/file %%d.bin" %% (%(root)r, size), "wb") as file:
        for at in range(0, size, 1000):
            file.write(bytes((at // 1000 * 7 + n) & 255 for n in range(min(1000, size - at))))
"""
#: A file of the board's /flash as a medium in memory, mounted; and written back.
_MOUNT_CARD = """
import vfs
class Ram:
    def __init__(self, data):
        self.data = data
    def readblocks(self, n, buf):
        buf[:] = self.data[n * 512 : n * 512 + len(buf)]
    def writeblocks(self, n, buf):
        self.data[n * 512 : n * 512 + len(buf)] = buf
    def ioctl(self, request, argument):
        return {4: len(self.data) // 512, 5: 512}.get(request, 0)
with open("/flash/card.img", "rb") as file:
    ram = Ram(bytearray(file.read()))
vfs.mount(vfs.VfsFat(ram), "/card")
"""
_UNMOUNT_CARD = """
vfs.umount("/card")
with open("/flash/card.img", "wb") as file:
    file.write(ram.data)
"""


def coil(*arguments) -> int:
    return cli.main(["fs", *map(str, arguments)])


def written() -> dict[str, bytes]:
    """What _WRITE writes."""
    return {
        f"from board/file {size}.bin": bytes(
            (at // 1000 * 7 + at % 1000) & 255 for at in range(size)
        )
        for size in (0, 1, 100, 129, 4097, 40000)
    }


def tree(root: Path) -> Path:
    """Files of many sizes, in folders, with times."""
    dice = random.Random(11)
    for number, size in enumerate(_SIZES):
        path = root / "/".join(["some folder", "deeper"][: number % 3]) / f"file{size}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dice.randbytes(size))
        os.utime(path, (1_700_000_000 + 2 * number,) * 2)
    (root / "empty folder").mkdir()
    return root


def sums(files: dict[str, bytes | None]) -> str:
    """What _WALK prints."""
    folders = {parent.as_posix() for name in files for parent in Path(name).parents}
    every = {**dict.fromkeys(folders - {"."}), **files}
    lines = {
        name: "folder" if data is None else hashlib.sha256(data).hexdigest()
        for name, data in every.items()
    }
    order = sorted(lines, key=lambda name: name.split("/"))
    return "".join(f"{name} {lines[name]}\n" for name in order)


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def by_littlefs_python(image: Path) -> dict[str, bytes | None]:
    """All that is in an image of 4 KB blocks, read by littlefs-python as its authors mean it."""
    data = image.read_bytes()
    fs = LittleFS(
        UserContext(buffer=bytearray(data)),
        mount=False,
        block_size=4096,
        block_count=len(data) // 4096,
    )
    fs.mount()
    found = {}
    for place, folders, files in fs.walk("/"):
        for name in folders + files:
            path = f"{place.rstrip('/')}/{name}"
            found[path[1:]] = None
            if name in files:
                with fs.open(path, "rb") as file:
                    found[path[1:]] = file.read()
    return found


def test_littlefs_of_the_host_on_a_board_and_back(board, tmp_path):
    source = tree(tmp_path / "tree")
    image = tmp_path / "flash.img"
    assert coil("build", image, source, "--kind", "littlefs", "--size", "8M") == 0
    assert by_littlefs_python(image) == contents(source)
    board.push(image)
    said = board.run(
        _WALK % "/flash",
        "print(os.stat('/flash/file0.bin')[8])",
        _WRITE % {"root": "/flash"},
        "os.rename('/flash/some folder/deeper', '/flash/moved'); os.remove('/flash/file0.bin')\n"
        "with open('/flash/some folder/file1.bin', 'ab') as file: file.write(b'appended')",
    )
    # The time of a file comes along; a board may count from 1970 or 2000.
    walk, _, stamp = said.strip().rpartition("\n")
    assert walk + "\n" == sums(contents(source))
    assert int(stamp) in (1_700_000_000, 1_700_000_000 - 946_684_800)

    wanted = contents(source)
    for name in list(wanted):
        if name.startswith("some folder/deeper"):
            wanted["moved" + name.removeprefix("some folder/deeper")] = wanted.pop(name)
    del wanted["file0.bin"]
    wanted["some folder/file1.bin"] += b"appended"
    wanted.update({"from board": None, **written()})
    back = board.pull(tmp_path / "back.img")
    assert coil("check", back) == 0
    assert coil("extract", back, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == wanted
    assert by_littlefs_python(back) == wanted


def test_littlefs_that_a_board_has_formatted(board, tmp_path):
    board.run(_WRITE % {"root": "/flash"})
    back = board.pull(tmp_path / "back.img")
    assert coil("check", back) == 0
    assert by_littlefs_python(back) == {"from board": None, **written()}
    assert coil("extract", back, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == {"from board": None, **written()}


def mtools(name: str, *arguments) -> bytes:
    done = subprocess.run(
        [name, *map(str, arguments)],
        env={**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_mtools(image: Path) -> dict[str, bytes | None]:
    found = {}
    for line in mtools("mdir", "-i", image, "-/", "-b", "::").decode().splitlines():
        path = line.removeprefix("::/")
        folder = path.endswith("/")
        found[path.rstrip("/")] = None if folder else mtools("mtype", "-i", image, line)
    return found


def fsck(image: Path):
    program = Path(packages.piece("mkfs.fat").find()).with_name("fsck.fat")
    done = subprocess.run([program, "-n", image], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout


def test_fat_of_the_host_on_a_board_and_back(board, tmp_path):
    source = tree(tmp_path / "tree")
    card = tmp_path / "card.img"
    assert coil("build", card, source, "--kind", "fat", "--size", "1M") == 0
    assert by_mtools(card) == contents(source)
    fsck(card)
    carrier = tmp_path / "carrier"
    carrier.mkdir()
    card.rename(carrier / "card.img")
    volume = tmp_path / "flash.img"
    assert coil("build", volume, carrier, "--kind", "littlefs", "--size", "8M") == 0
    board.push(volume)
    said = board.run(
        _MOUNT_CARD,
        _WALK % "/card",
        _WRITE % {"root": "/card"},
        "os.rename('/card/file4096.bin', '/card/a new name.bin'); os.remove('/card/file0.bin')",
        _UNMOUNT_CARD,
    )
    assert said == sums(contents(source))

    wanted = contents(source)
    wanted["a new name.bin"] = wanted.pop("file4096.bin")
    del wanted["file0.bin"]
    wanted.update({"from board": None, **written()})
    assert coil("extract", board.pull(tmp_path / "back.img"), tmp_path / "back") == 0
    back = tmp_path / "back" / "card.img"
    fsck(back)
    assert by_mtools(back) == wanted
    assert coil("check", back) == 0
    assert coil("extract", back, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == wanted


def test_fat_that_a_board_has_formatted(board, tmp_path):
    blank = tmp_path / "carrier"
    blank.mkdir()
    (blank / "card.img").write_bytes(bytes(200 << 10))
    volume = tmp_path / "flash.img"
    assert coil("build", volume, blank, "--kind", "littlefs", "--size", "8M") == 0
    board.push(volume)
    format = _MOUNT_CARD.replace("vfs.mount(", "vfs.VfsFat.mkfs(ram)\nvfs.mount(")
    board.run(format, _WRITE % {"root": "/card"}, _UNMOUNT_CARD)
    assert coil("extract", board.pull(tmp_path / "back.img"), tmp_path / "back") == 0
    back = tmp_path / "back" / "card.img"
    assert struct.unpack_from("<H", back.read_bytes(), 11)[0] == 512
    fsck(back)
    assert by_mtools(back) == {"from board": None, **written()}
    assert coil("extract", back, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == {"from board": None, **written()}
