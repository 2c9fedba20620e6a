"""Images of TDBStore, read and written by the letter of docs/spec/tdbstore.md alone.

Device code is written from the same page and not from this file: each one proves the other.
"""

import re
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from ..report import Fail
from .image import Damaged, Entry, Image
from .source import Item, Medium

_VERSION = 1
_MASTER = struct.Struct("<8sHHIIIII")
_MASTER_MAGIC = b"CoilTDB\0"
_HEADER = struct.Struct("<HHHHIIII")
_HEADER_MAGIC = 0x4852
_TRAILER = struct.Struct("<HHIIII")
_TRAILER_MAGIC = 0x5452
_MAGICS = re.compile(b"R[HT]")
_WRITE_ONCE, _DELETE, _STREAMED, _LOST = 1, 2, 4, 8
_FLAGS = _WRITE_ONCE | _DELETE | _STREAMED | _LOST
_KEY_BYTES_MAX = 512
_KEY_MAX = 128
_KEY_FORBIDDEN = set('*/?:;"| <>\\\x7f') | set(map(chr, range(32)))
_ERASE_DEFAULT = 4096


def _up(n: int, unit: int) -> int:
    return -(-n // unit) * unit


@dataclass(frozen=True)
class Master:
    """A master record whose CRC is right."""

    at: int  # where it was found
    version: int
    area: int
    generation: int
    area_size: int
    program_size: int
    erased: int

    @property
    def places(self) -> tuple[int, int]:
        """Where the two copies lie in the image."""
        start = self.area * self.area_size
        return start, start + _up(_MASTER.size, self.program_size)

    @property
    def sensible(self) -> bool:
        return (
            self.program_size > 0
            and self.area <= 1
            and self.generation > 0
            and self.erased <= 255
            and 2 * _up(_MASTER.size, self.program_size) <= self.area_size
        )


def _master_at(data, at: int) -> Master | None:
    if at + _MASTER.size > len(data):
        return None
    raw = data[at : at + _MASTER.size]
    magic, version, area, generation, size, program, erased, crc = _MASTER.unpack(raw)
    if magic != _MASTER_MAGIC or zlib.crc32(raw[:-4]) != crc:
        return None
    return Master(at, version, area, generation, size, program, erased)


def _masters(data) -> list[Master]:
    """The valid master records that lie where they say, of both areas."""
    found = []
    size = None
    at = data.find(_MASTER_MAGIC)
    while at >= 0:
        master = _master_at(data, at)
        # That of another version is where it seems to be: its layout is the same for ever.
        if master is not None and master.sensible and at in master.places:
            if size is None:
                size = master.area_size
            if master.area_size == size:
                found.append(master)
        at = data.find(_MASTER_MAGIC, at + 1)
    return found


def detect(data) -> bool:
    return bool(_masters(data))


@dataclass
class _Key:
    value: bytes
    write_once: bool


@dataclass
class _Contents:
    """What the log says."""

    keys: dict[bytes, _Key] = field(default_factory=dict)
    lost: dict[int, None] = field(default_factory=dict)  # key_hash, in the order of the log
    names: dict[int, bytes] = field(default_factory=dict)  # of keys that were seen, by key_hash

    def lose(self, key_hash: int):
        for key in [key for key in self.keys if zlib.crc32(key) == key_hash]:
            del self.keys[key]
        self.lost[key_hash] = None


class _Log:
    """The log of one area: reads it as the section "Reading" says.

    data: the area.
    """

    def __init__(self, data: bytes, master: Master):
        self._data = data
        self._unit = master.program_size
        self._generation = master.generation
        self._start = 2 * _up(_MASTER.size, self._unit)
        self._trailer_step = _up(_TRAILER.size, self._unit)

    def read(self) -> _Contents:
        self._contents = _Contents()
        at = self._start
        while at is not None:
            header = self._header(at)
            at = self._skip(at) if header is None else self._record(at, header)
        return self._contents

    def _crc(self, record: int, raw: bytes) -> int:
        return zlib.crc32(struct.pack("<II", self._generation, record) + raw)

    def _header(self, at: int):
        """(flags, key_len, size, key_hash, value_crc, place of the trailer, end), or None."""
        raw = self._data[at : at + _HEADER.size]
        if len(raw) < _HEADER.size:
            return None
        magic, flags, key_len, _, size, key_hash, value_crc, crc = _HEADER.unpack(raw)
        if magic != _HEADER_MAGIC or self._crc(at, raw[:20]) != crc or flags & ~_FLAGS:
            return None
        if flags & (_DELETE | _LOST) and (flags not in (_DELETE, _LOST) or size):
            return None
        if not (key_len == 0 if flags & _LOST else 1 <= key_len <= _KEY_BYTES_MAX):
            return None
        trailer = at + _up(_HEADER.size + key_len + size, self._unit)
        end = trailer + self._trailer_step * (2 if flags & _STREAMED else 1)
        if end > len(self._data):
            return None
        return flags, key_len, size, key_hash, value_crc, trailer, end

    def _trailer(self, at: int):
        """(flags, offset of the record, key_hash, value_crc), or None."""
        raw = self._data[at : at + _TRAILER.size]
        if len(raw) < _TRAILER.size:
            return None
        magic, flags, back, key_hash, value_crc, crc = _TRAILER.unpack(raw)
        record = at - back
        if magic != _TRAILER_MAGIC or back < _HEADER.size or record < self._start:
            return None
        return (flags, record, key_hash, value_crc) if self._crc(record, raw[:16]) == crc else None

    def _record(self, at: int, header) -> int:
        """Take in a record with a valid header; returns where it ends."""
        flags, key_len, size, key_hash, value_crc, trailer, end = header
        key = self._data[at + _HEADER.size :][:key_len]
        value = self._data[at + _HEADER.size + key_len :][:size]
        known = [
            found[3]
            for place in range(trailer, end, self._trailer_step)
            if (found := self._trailer(place)) and found[:3] == (flags, at, key_hash)
        ]
        sums = known if flags & _STREAMED else [value_crc]
        whole = flags & _LOST or zlib.crc32(key) == key_hash
        contents = self._contents
        if whole and zlib.crc32(value) in sums:
            if flags & _LOST:
                contents.lose(key_hash)
            else:
                contents.names[key_hash] = key
                contents.lost.pop(key_hash, None)
                contents.keys.pop(key, None)
                if not flags & _DELETE:
                    contents.keys[key] = _Key(value, bool(flags & _WRITE_ONCE))
        elif known:
            contents.lose(key_hash)
        return end

    def _skip(self, at: int) -> int | None:
        """Where to go on behind a place without a valid header; None = the log ends."""
        for match in _MAGICS.finditer(self._data, at + 1):
            place = match.start()
            if (place - at) % self._unit:
                continue
            if self._header(place) is not None:
                return place
            found = self._trailer(place)
            if found is not None and found[1] >= at:
                self._contents.lose(found[2])
                return place + self._trailer_step
        return None


class KvImage(Image):
    """path: the file.  data: its bytes."""

    kind = "kv"

    def __init__(self, path: Path, data, block_size: int | None = None):
        masters = _masters(data)
        if not masters:
            raise Damaged(f"{path} has no TDBStore: no master record is valid.")
        for other in masters:
            if other.version != _VERSION:
                raise Fail(
                    f"{path} is a TDBStore of version {other.version}; version {_VERSION} is known"
                    " here.",
                    "use newer tools",
                )
        master = max(masters, key=lambda each: each.generation)
        if 2 * master.area_size > len(data):
            raise Damaged(
                f"{path} is cut off: its TDBStore has {2 * master.area_size} bytes, the file"
                f" {len(data)}.",
                "copy the whole image",
            )
        size = master.area_size
        area = data[master.area * size : (master.area + 1) * size]
        self.about = (
            f"TDBStore of version {_VERSION}, area {master.area} of {size} bytes, generation"
            f" {master.generation}, program size {master.program_size}"
        )
        self._contents = _Log(area, master).read()

    def entries(self):
        found = [
            Entry(_text(key), len(kept.value), _wrong(_text(key)), "write-once" * kept.write_once)
            for key, kept in self._contents.keys.items()
        ]
        for key_hash in self._contents.lost:
            name = self._contents.names.get(key_hash)
            text = f"<key with CRC {key_hash:08x}>" if name is None else _text(name)
            found.append(Entry(text, 0, "it was damaged, and its value is lost"))
        return sorted(found, key=lambda entry: entry.path)

    def read(self, path):
        return self._contents.keys[path.encode(errors="surrogateescape")].value


def _text(key: bytes) -> str:
    return key.decode(errors="surrogateescape")


def _wrong(key: str) -> str:
    """Why this is no key; "" = it is one."""
    if not 1 <= len(key) <= _KEY_MAX:
        return f"a key has 1 to {_KEY_MAX} characters"
    for character in key:
        if character in _KEY_FORBIDDEN:
            return f"a key never has {character!r}"
    return "it is no UTF-8" if any("\ud800" <= c <= "\udfff" for c in key) else ""


def _record(item: Item, at: int, generation: int, unit: int, fill: bytes) -> bytes:
    key = item.path.encode()
    place = struct.pack("<II", generation, at)
    flags = _WRITE_ONCE if item.write_once else 0
    key_hash, value_crc = zlib.crc32(key), zlib.crc32(item.data)
    fields = _HEADER_MAGIC, flags, len(key), 0, len(item.data), key_hash, value_crc
    head = _HEADER.pack(*fields, 0)[:-4]
    head += struct.pack("<I", zlib.crc32(place + head))
    body = head + key + item.data
    body += fill * (_up(len(body), unit) - len(body))
    tail = _TRAILER.pack(_TRAILER_MAGIC, flags, len(body), key_hash, value_crc, 0)[:-4]
    tail += struct.pack("<I", zlib.crc32(place + tail))
    return body + tail + fill * (_up(len(tail), unit) - len(tail))


def build(items: list[Item], medium: Medium, target: Path):
    """Write an image as a store leaves it that was formatted and then filled."""
    erase, unit = medium.block_size or _ERASE_DEFAULT, medium.program_size or 1
    area_size = medium.size // 2 // erase * erase if erase else 0
    log = 2 * _up(_MASTER.size, unit)
    if not erase or erase % unit or medium.size % erase or area_size < log:
        raise Fail(
            f"{medium.size} bytes, erased in blocks of {erase} and programmed by {unit}, are no"
            " TDBStore.",
            "take a --size of two blocks or more; each divides the next: --program-size,"
            " --block-size, --size",
        )
    fill = bytes((medium.erase_value,))
    fields = _MASTER_MAGIC, _VERSION, 0, 1, area_size, unit, medium.erase_value
    master = _MASTER.pack(*fields, 0)[:-4]
    master += struct.pack("<I", zlib.crc32(master))
    area = bytearray()
    for _ in range(2):
        area += master + fill * (_up(len(master), unit) - len(master))
    for item in items:
        if item.data is None:
            raise Fail(f"'{item.path}' is a folder.", "a store has keys and values only")
        if wrong := _wrong(item.path):
            raise Fail(f"'{item.path}' is no key: {wrong}.", "rename it")
        area += _record(item, len(area), 1, unit, fill)
    if len(area) > area_size:
        raise Fail(
            f"{len(items)} keys do not fit: they need {len(area)} bytes, an area has {area_size}.",
            "take a larger --size",
        )
    target.write_bytes(area + fill * (medium.size - len(area)))
