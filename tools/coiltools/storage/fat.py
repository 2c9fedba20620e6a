"""FAT images: read here, made by mkfs.fat and mtools, checked by fsck.fat.

Numbers are from Microsoft's "FAT32 File System Specification", version 1.03.
"""

import struct
import tempfile
from pathlib import Path

from ..report import Fail
from . import fattools
from .image import Damaged, Entry, Image
from .source import Item, Medium, checked

_SECTORS = (512, 1024, 2048, 4096)
_SIGNATURE_AT, _SIGNATURE = 510, b"\x55\xaa"
_PARTITIONS_AT, _PARTITION_BYTES = 446, 16
# Directory entries: their size, what their first byte and attributes may say.
_ENTRY = 32
_END, _FREE, _E5 = 0x00, 0xE5, 0x05
_LABEL, _FOLDER, _LONG = 0x08, 0x10, 0x0F
_LOWER_BASE, _LOWER_EXTENSION = 0x08, 0x10
_LONG_PARTS = ((1, 11), (14, 26), (28, 32))
_LONG_LAST, _LONG_MAX = 0x40, 20
_CODE_PAGE = "cp437"
_FORBIDDEN = '"*/:<>?\\|' + "".join(map(chr, range(32))) + "\x7f"
_NAME_MAX = 255
_FAT12_END, _FAT16_END = 4085, 65525  # clusters
_DEPTH_MAX = 64


def _volume_at(data, start: int) -> bool:
    """Whether a boot sector of FAT is there."""
    boot = data[start : start + 512]
    if len(boot) < 512 or boot[_SIGNATURE_AT:] != _SIGNATURE or boot[0] not in (0xEB, 0xE9):
        return False
    sector, cluster = struct.unpack_from("<HB", boot, 11)
    return sector in _SECTORS and cluster > 0 and cluster & (cluster - 1) == 0


def find_volume(data) -> int | None:
    """Where the first FAT volume starts: at 0, or in a partition of an MBR; None = nowhere."""
    if _volume_at(data, 0):
        return 0
    if data[_SIGNATURE_AT : _SIGNATURE_AT + 2] == _SIGNATURE:
        for number in range(4):
            at = _PARTITIONS_AT + number * _PARTITION_BYTES
            start = struct.unpack_from("<I", data, at + 8)[0] * 512
            if start and _volume_at(data, start):
                return start
    return None


def detect(data) -> bool:
    return find_volume(data) is not None


class FatImage(Image):
    """path: the file.  data: its bytes."""

    kind = "fat"

    def __init__(self, path: Path, data):
        start = find_volume(data)
        if start is None:
            raise Damaged(f"{path} has no FAT: its boot sector is damaged or absent.")
        self._path, self._data, self._start = path, data, start
        boot = data[start : start + 512]
        self._sector, per_cluster, reserved, fats, self._root_entries, total = struct.unpack_from(
            "<HBHBHH", boot, 11
        )
        fat_sectors = struct.unpack_from("<H", boot, 22)[0]
        fat_sectors = fat_sectors or struct.unpack_from("<I", boot, 36)[0]
        total = total or struct.unpack_from("<I", boot, 32)[0]
        self._cluster = self._sector * per_cluster
        self._fat = start + reserved * self._sector
        self._root = self._fat + fats * fat_sectors * self._sector
        root_sectors = -(-self._root_entries * _ENTRY // self._sector)
        self._area = self._root + root_sectors * self._sector
        self._size = total * self._sector
        self._count = (start + self._size - self._area) // self._cluster
        if not fats or not reserved or self._count < 1:
            raise Damaged(f"{path} is damaged: its boot sector contradicts itself.")
        if start + self._size > len(data):
            raise Damaged(
                f"{path} is cut off: its FAT has {self._size} bytes, the file"
                f" {len(data) - start}.",
                "copy the whole image",
            )
        self._bits = 12 if self._count < _FAT12_END else 16 if self._count < _FAT16_END else 32
        self._first = struct.unpack_from("<I", boot, 44)[0] if self._bits == 32 else 0
        if -(-(self._count + 2) * self._bits // 8) > fat_sectors * self._sector:
            raise Damaged(f"{path} is damaged: its table is too short for its clusters.")
        place = f", in a partition at byte {start}" if start else ""
        self.about = f"FAT{self._bits}, {self._count} clusters of {self._cluster} bytes{place}"
        self.capacity = self._count * self._cluster
        self._found: dict[str, tuple[Entry, int]] | None = None

    def _next(self, cluster: int) -> int:
        """The entry of the table: the cluster behind this one."""
        if self._bits == 12:
            pair = struct.unpack_from("<H", self._data, self._fat + cluster * 3 // 2)[0]
            return pair >> 4 if cluster & 1 else pair & 0xFFF
        if self._bits == 16:
            return struct.unpack_from("<H", self._data, self._fat + cluster * 2)[0]
        return struct.unpack_from("<I", self._data, self._fat + cluster * 4)[0] & 0x0FFFFFFF

    def _chain(self, cluster: int, limit: int | None = None) -> bytes:
        """The bytes of a chain of clusters; limit: of a file."""
        if limit is not None and limit > self.capacity:
            raise Damaged(f"it claims to have {limit} bytes, more than the volume.")
        end = (1 << min(self._bits, 28)) - 8
        wanted = self._count if limit is None else -(-limit // self._cluster)
        parts = []
        while cluster < end:
            if not 2 <= cluster < self._count + 2:
                raise Damaged(f"its chain leads to cluster {cluster}, which is not there.")
            if len(parts) == wanted:
                raise Damaged("its chain of clusters is longer than it should be.")
            at = self._area + (cluster - 2) * self._cluster
            parts.append(self._data[at : at + self._cluster])
            cluster = self._next(cluster)
        data = b"".join(parts)
        if limit is not None and len(data) < limit:
            raise Damaged(f"its chain of clusters ends after {len(data)} bytes.")
        return data[:limit]

    def _all(self) -> dict[str, tuple[Entry, int]]:
        if self._found is None:
            self._found = {}
            self._seen = {self._first}
            if self._bits == 32:
                root = self._chain(self._first)
            else:
                root = self._data[self._root : self._root + self._root_entries * _ENTRY]
            self._folder("", root, 0)
        return self._found

    def _folder(self, path: str, table: bytes, depth: int):
        for name, attributes, cluster, size in _listed(table):
            below = path + name
            if not attributes & _FOLDER:
                self._found[below] = Entry(below, size), cluster
                continue
            below += "/"
            error = ""
            inside = b""
            if cluster in self._seen or depth == _DEPTH_MAX:
                error = "it is a folder of a folder that contains it, or is there twice"
            else:
                self._seen.add(cluster)
                try:
                    inside = self._chain(cluster)
                except Damaged as damage:
                    error = damage.message
            self._found[below] = Entry(below, 0, error), cluster
            self._folder(below, inside, depth + 1)

    def entries(self):
        return [entry for _, (entry, _) in sorted(self._all().items())]

    def read(self, path):
        entry, cluster = self._all()[path]
        if entry.size == 0:
            return b""
        return self._chain(cluster, entry.size)

    def check(self):
        problems = super().check()
        with tempfile.TemporaryDirectory(prefix="coil-") as scratch:
            volume = Path(scratch) / "volume.img"
            with open(volume, "wb") as file:
                for at in range(self._start, self._start + self._size, 1 << 20):
                    file.write(self._data[at : min(at + (1 << 20), self._start + self._size)])
            return problems + fattools.check(volume)


def _listed(table: bytes):
    """The entries of a folder: (name, attributes, first cluster, size)."""
    long: list[tuple[int, int, bytes]] = []
    for at in range(0, len(table) - _ENTRY + 1, _ENTRY):
        entry = table[at : at + _ENTRY]
        if entry[0] == _END:
            return
        attributes = entry[11]
        if entry[0] == _FREE:
            long = []
        elif attributes & 0x3F == _LONG:
            if entry[0] & _LONG_LAST:
                long = []
            part = b"".join(entry[a:b] for a, b in _LONG_PARTS)
            long.append((entry[0] & ~_LONG_LAST, entry[13], part))
        else:
            if not attributes & _LABEL:
                name = _long_name(long, entry[:11]) or _short_name(entry)
                high, low, size = (
                    *struct.unpack_from("<H", entry, 20),
                    *struct.unpack_from("<HI", entry, 26),
                )
                if name not in (".", ".."):
                    yield name, attributes, high << 16 | low, size
            long = []


def _long_name(parts: list[tuple[int, int, bytes]], short: bytes) -> str:
    """The name in the entries in front of a short one; "" when they are not its own."""
    total = 0
    for byte in short:
        total = ((total >> 1) + ((total & 1) << 7) + byte) & 0xFF
    numbers = [number for number, _, _ in parts]
    if not 0 < len(parts) <= _LONG_MAX or numbers != list(range(len(parts), 0, -1)):
        return ""
    if any(check != total for _, check, _ in parts):
        return ""
    text = b"".join(part for _, _, part in reversed(parts)).decode("utf-16-le", "surrogatepass")
    return text.partition("\0")[0]


def _short_name(entry: bytes) -> str:
    base = bytes([0xE5 if entry[0] == _E5 else entry[0]]) + entry[1:8]
    parts = [base.decode(_CODE_PAGE).rstrip(), entry[8:11].decode(_CODE_PAGE).rstrip()]
    for at, lower in enumerate((_LOWER_BASE, _LOWER_EXTENSION)):
        if entry[12] & lower:
            parts[at] = parts[at].lower()
    return ".".join(part for part in parts if part)


def build(items: list[Item], medium: Medium, target: Path):
    """Write an image that MicroPython mounts.  Raises Fail when it does not all fit."""
    size, sector = medium.size, medium.block_size or 512
    if sector not in _SECTORS:
        raise Fail(f"a sector cannot have {sector} bytes.", f"take one of {_SECTORS}")
    if size % sector or size < 64 * sector:
        raise Fail(
            f"{size} bytes are no FAT.", f"take a multiple of {sector}, at least {64 * sector}"
        )
    _check_names(checked(items, name_max=_NAME_MAX, forbidden=_FORBIDDEN))
    fattools.build(items, size, sector, target)
    _verify(items, target)


def _check_names(items: list[Item]):
    same: dict[str, str] = {}
    for item in items:
        if not item.path.isascii():
            raise Fail(
                f"'{item.path}': boards read FAT names only in ASCII.",
                "rename it, or use littlefs",
            )
        if any(part != part.strip(" ").rstrip(".") for part in item.path.split("/")):
            raise Fail(
                f"'{item.path}': FAT drops dots and blanks at the end of a name.", "rename it"
            )
        other = same.setdefault(item.path.lower(), item.path)
        if other != item.path:
            raise Fail(f"'{other}' and '{item.path}' are the same name to FAT.", "rename one")


def _verify(items: list[Item], target: Path):
    """Read the image back: what mtools cannot store as it is must not be lost silently."""
    data = target.read_bytes()
    image = FatImage(target, data)
    there = {entry.path: entry for entry in image.entries()}
    for item in items:
        path = item.path + "/" * (item.data is None)
        if path not in there or (item.data is not None and image.read(path) != item.data):
            raise Fail(f"'{item.path}' cannot be stored in a FAT.", "rename it")
