"""Pictures of wear: how often each erase block of a medium was erased."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from .report import Fail

_COUNTS_MAX = 1 << 20
_MAP_PX = 640
_CELL_MAX_PX = 32
_MARGIN_PX = 20
_HEAD_PX = 64
_CHART_PX = 180
_AXIS_PX = 70
_FONT_PX = 14
_BACKGROUND, _INK, _GRID = "white", "#222222", "#dddddd"
_NEVER = (238, 238, 238)
#: Colours of wear, little to much: light yellow, orange, dark red.
_SCALE = ((255, 247, 188), (254, 153, 41), (153, 0, 13))
_WORN_OUT = (20, 20, 20)


@dataclass(frozen=True)
class Wear:
    """erases: of each block.  limit: erases that a block stands, one more and it is worn; 0 = unknown."""

    erases: list[int]
    limit: int = 0

    def summary(self) -> str:
        total = sum(self.erases)
        blocks = len(self.erases)
        mean = total / blocks
        spread = math.sqrt(sum((n - mean) ** 2 for n in self.erases) / blocks)
        text = (
            f"{blocks} blocks, {total} erases; a block: {min(self.erases)} to {max(self.erases)},"
            f" mean {mean:.1f}, standard deviation {spread:.1f}"
        )
        if self.limit:
            worn = sum(n > self.limit for n in self.erases)
            text += f"; {worn} worn out, each stands {self.limit}"
        return text


def load(file: Path) -> Wear:
    """A report: a list of counts, or an object with "erases" and, if known, "limit"."""
    try:
        found = json.loads(file.read_text())
        if isinstance(found, list):
            found = {"erases": found}
        erases, limit = found["erases"], found.get("limit") or 0
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        erases, limit = None, 0
    good = isinstance(erases, list) and 0 < len(erases) <= _COUNTS_MAX
    if not good or not all(type(n) is int and 0 <= n < 1 << 63 for n in (*erases, limit)):
        raise Fail(
            f"{file} is no report of wear.",
            'it is JSON: [3, 0, 12], or {"erases": [3, 0, 12], "limit": 10000}',
        )
    return Wear(erases, limit)


def draw(worn: Wear, path: Path):
    """Draw the blocks as a map and their counts as a chart, as a PNG."""
    blocks = len(worn.erases)
    columns = _columns(blocks)
    rows = -(-blocks // columns)
    cell = max(1, min(_CELL_MAX_PX, _MAP_PX // columns))
    width = 2 * _MARGIN_PX + _AXIS_PX + _MAP_PX
    map_top = _HEAD_PX + _CHART_PX + 2 * _MARGIN_PX
    picture = Image.new("RGB", (width, map_top + rows * cell + 3 * _MARGIN_PX), _BACKGROUND)
    canvas = ImageDraw.Draw(picture)
    font = ImageFont.load_default(_FONT_PX)
    head, _, tail = worn.summary().partition("; ")
    canvas.text((_MARGIN_PX, 12), f"wear: {head}", fill=_INK, font=font)
    canvas.text((_MARGIN_PX, 34), tail, fill=_INK, font=font)
    _chart(canvas, worn, font)
    top = worn.limit or max(max(worn.erases), 1)
    left = _MARGIN_PX + _AXIS_PX
    for number, erases in enumerate(worn.erases):
        x, y = left + number % columns * cell, map_top + number // columns * cell
        edge = cell - 2 if cell > 3 else cell - 1
        canvas.rectangle((x, y, x + edge, y + edge), fill=_colour(erases, top, worn.limit))
    for row in range(0, rows, max(1, 24 // cell)):
        y = map_top + row * cell
        canvas.text((left - 8, y), str(row * columns), fill=_INK, font=font, anchor="ra")
    _legend(canvas, worn, top, map_top + rows * cell + _MARGIN_PX, font)
    picture.save(path, "PNG")


def _columns(blocks: int) -> int:
    """A power of two, so that rows begin at round numbers, about twice as many as rows."""
    return min(_MAP_PX, 1 << max(0, round(math.log2(math.sqrt(2 * blocks)))))


def _colour(erases: int, top: int, limit: int) -> tuple[int, int, int]:
    if limit and erases > limit:
        return _WORN_OUT
    if erases == 0:
        return _NEVER
    place = min(erases / top, 1) * (len(_SCALE) - 1)
    at = min(int(place), len(_SCALE) - 2)
    part = place - at
    return tuple(round(a + (b - a) * part) for a, b in zip(*_SCALE[at : at + 2], strict=True))


def _chart(canvas: ImageDraw.ImageDraw, worn: Wear, font):
    """Erases over the number of the block; where a pixel stands for several, the most."""
    left, top = _MARGIN_PX + _AXIS_PX, _HEAD_PX + _MARGIN_PX
    bottom = top + _CHART_PX - _MARGIN_PX
    blocks = len(worn.erases)
    highest = max(max(worn.erases), 1)
    for part in (0, 0.5, 1):
        y = bottom - part * (bottom - top)
        canvas.line((left, y, left + _MAP_PX, y), fill=_GRID)
        said = f"{highest * part:g}"
        canvas.text((left - 8, y), said, fill=_INK, font=font, anchor="rm")
    for x in range(_MAP_PX):
        first = x * blocks // _MAP_PX
        last = max(first + 1, (x + 1) * blocks // _MAP_PX)
        erases = max(worn.erases[first:last])
        if erases:
            y = bottom - erases * (bottom - top) / highest
            canvas.line((left + x, y, left + x, bottom), fill=_SCALE[1])
    mean = sum(worn.erases) / blocks
    y = bottom - mean * (bottom - top) / highest
    canvas.line((left, y, left + _MAP_PX, y), fill=_INK)
    canvas.text((left + _MAP_PX, top - 6), "black line: mean", fill=_INK, font=font, anchor="rs")
    canvas.text((left, bottom + 4), "block 0", fill=_INK, font=font)
    end = str(blocks - 1)
    canvas.text((left + _MAP_PX, bottom + 4), end, fill=_INK, font=font, anchor="ra")


def _legend(canvas: ImageDraw.ImageDraw, worn: Wear, top: int, y: int, font):
    x = _MARGIN_PX + _AXIS_PX
    marks = {1: "1", top // 2: str(top // 2), top: str(top), 0: "never"}
    if worn.limit:
        marks[worn.limit + 1] = "worn out"
    for erases, said in sorted(marks.items()):
        canvas.rectangle((x, y, x + 14, y + 14), fill=_colour(erases, top, worn.limit))
        canvas.text((x + 20, y), said, fill=_INK, font=font)
        x += 40 + int(font.getlength(said))
