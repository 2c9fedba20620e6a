"""Images of RecordLog, read by the letter of docs/spec/recordlog.md alone."""

import struct
from dataclasses import dataclass
from pathlib import Path

from ..report import Fail
from .image import Damaged, Entry, Image

_VERSION = 1
_MAGIC = b"CRLG"
_HEADER = struct.Struct("<4sB3sIIQII")
_RECORD = struct.Struct("<HHI")
_PLACE = struct.Struct("<IIH")
_POLYNOMIAL, _MASK = 0x2030B9C7, 0x3FFFFFFF
#: The image does not say how much the device programs at once.
_PROGRAM_SIZES = [1 << n for n in range(13)]


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 22
        for _ in range(8):
            value = value << 1 ^ (_POLYNOMIAL if value >> 29 & 1 else 0)
        table.append(value & _MASK)
    return table


_TABLE = _crc_table()


def crc30(data: bytes) -> int:
    """CRC-30/CDMA."""
    value = _MASK
    for byte in data:
        value = (value << 8 ^ _TABLE[value >> 22 ^ byte]) & _MASK
    return value ^ _MASK


@dataclass(frozen=True)
class _Block:
    """A block whose header is right."""

    at: int
    version: int
    size: int
    number: int
    first: int
    floor: int


def _block_at(data, at: int) -> _Block | None:
    raw = data[at : at + _HEADER.size]
    if len(raw) < _HEADER.size:
        return None
    magic, version, _, size, number, first, floor, crc = _HEADER.unpack(raw)
    if magic != _MAGIC or crc30(raw[:-4]) != crc:
        return None
    return _Block(at, version, size, number, first, floor)


def _blocks(data) -> list[_Block]:
    """Those with valid headers at multiples of their size, which is that of the first of them."""
    found: list[_Block] = []
    at = data.find(_MAGIC)
    while at >= 0:
        block = _block_at(data, at)
        if block is not None and block.size >= _HEADER.size and at % block.size == 0:
            found.append(block)
            break
        at = data.find(_MAGIC, at + 1)
    if found:
        size = found[0].size
        places = range(found[0].at + size, len(data) - size + 1, size)
        found += [block for place in places if (block := _block_at(data, place))]
    return found


def detect(data) -> bool:
    return bool(_blocks(data))


class RecordsImage(Image):
    """path: the file.  data: its bytes.  Records are called by their numbers."""

    kind = "records"

    def __init__(self, path: Path, data, block_size: int | None = None):
        blocks = _blocks(data)
        if not blocks:
            raise Damaged(f"{path} has no RecordLog: no block has a valid header.")
        size = blocks[0].size
        for block in blocks:
            if block.version != _VERSION or block.size != size:
                raise Fail(
                    f"{path} has a block of version {block.version} with {block.size} bytes; known"
                    f" here is version {_VERSION}, and the others have {size}.",
                    "use newer tools",
                )
        if blocks[-1].at + size > len(data):
            raise Damaged(f"{path} is cut off within a block.", "copy the whole image")
        floor = max(blocks, key=lambda block: block.number).floor
        counting = {block.number: block for block in blocks if block.number >= floor}
        self._data = data
        self._blocks = [counting[number] for number in sorted(counting)]
        program = max(_PROGRAM_SIZES, key=self._found)
        self._records, self._lost = self._read(program)
        self.about = (
            f"RecordLog of version {_VERSION}, {len(counting)} blocks of {size} bytes, program size"
            f" {program}"
        )

    def _found(self, program: int) -> int:
        return sum(len(list(self._in_block(block, program))) for block in self._blocks)

    def _in_block(self, block: _Block, program: int):
        """The records of a block, (data, or None for one with a wrong CRC)."""
        at = -(-_HEADER.size // program) * program
        place = 0
        end = block.size
        while at + _RECORD.size <= end:
            length, check, crc = _RECORD.unpack_from(self._data, block.at + at)
            about = _PLACE.pack(block.number, place, length)
            if not 0 < length <= end - at - _RECORD.size or crc30(about) & 0xFFFF != check:
                return
            start = block.at + at + _RECORD.size
            data = self._data[start : start + length]
            yield data if crc30(about + data) == crc else None
            at += -(-(_RECORD.size + length) // program) * program
            place += 1

    def _read(self, program: int) -> tuple[dict[int, bytes], list[tuple[int, int]]]:
        """Number -> data, and the lost ones as (first, last)."""
        records: dict[int, bytes] = {}
        lost: list[tuple[int, int]] = []
        due = self._blocks[0].first
        for block, following in zip(self._blocks, [*self._blocks[1:], None], strict=True):
            if block.first > due:
                lost.append((due, block.first - 1))
            due = block.first
            inside = list(self._in_block(block, program))
            if following is None and inside and inside[-1] is None:
                inside.pop()  # cut short while it was written
            if following is not None:
                inside = inside[: max(0, following.first - block.first)]
            for data in inside:
                if data is None:
                    lost.append((due, due))
                else:
                    records[due] = data
                due += 1
        return records, lost

    def entries(self):
        found = [(number, Entry(str(number), len(data))) for number, data in self._records.items()]
        for first, last in self._lost:
            name = str(first) if first == last else f"{first}-{last}"
            found.append((first, Entry(name, 0, "it was damaged, and is lost")))
        return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]

    def read(self, path):
        return self._records[int(path)]
