"""Waveforms of pins as files: VCD for waveform viewers, and a picture.

A waveform is a list of changes (time in us, level), oldest first.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from PIL import Image, ImageDraw, ImageFont
from vcd import VCDWriter

_NAME_PX = 90
_WAVE_PX = 1100
_ROW_PX = 44
_HIGH_PX = 24
_AXIS_PX = 40
_TICKS = 10
_FONT_PX = 14
_BACKGROUND, _INK, _GRID, _WAVE = "white", "#222222", "#dddddd", "#0b6e4f"


class VcdFile:
    """A VCD file that is written while the changes come in.

    file: open for text.  names: of the signals, one bit each.  high: those that are 1 at first.
    """

    def __init__(self, file: TextIO, names: Iterable[str], high: Iterable[str] = ()):
        # Without a date: runs that repeat make files that are the same.
        self._writer = VCDWriter(
            file, timescale="1 us", date="", version="Coil OS", comment="pins"
        )
        self._signals = {
            name: self._writer.register_var("pins", name, "wire", size=1, init=int(name in high))
            for name in names
        }
        self._writer.flush()

    def change(self, time_us: int, name: str, level: int):
        """Times must not go backwards."""
        self._writer.change(self._signals[name], time_us, level)

    def flush(self):
        self._writer.flush()

    def close(self, time_us: int):
        """The end of the record, at that time."""
        self._writer.close(time_us)


def write_vcd(path: Path, waveforms: Mapping[str, Sequence[tuple[int, int]]]):
    """Write whole waveforms, for instance those of simulated wires, to a file.

    The first entry of each is its level from the start on, when record() was called.
    """
    high = {name for name, wave in waveforms.items() if wave and wave[0][1]}
    changes = sorted(
        (time_us, order, name, level)
        for order, (name, wave) in enumerate(waveforms.items())
        for time_us, level in wave
    )
    with open(path, "w") as file:
        vcd = VcdFile(file, waveforms, high)
        for time_us, _, name, level in changes:
            vcd.change(time_us, name, level)
        vcd.close(changes[-1][0] if changes else 0)


def draw(path: Path, waveforms: Mapping[str, Sequence[tuple[int, int]]], end_us: int):
    """Draw waveforms from their first change to `end_us`, one row each, as a PNG.

    Signals are 0 before their first change.
    """
    starts = [wave[0][0] for wave in waveforms.values() if wave]
    start = min(starts, default=0)
    span = max(end_us - start, 1)
    start -= span // 50  # the first edge stands clear of the border
    span = max(end_us - start, 1)
    height = _AXIS_PX + _ROW_PX * max(len(waveforms), 1)
    image = Image.new("RGB", (_NAME_PX + _WAVE_PX + 20, height), _BACKGROUND)
    canvas = ImageDraw.Draw(image)
    font = ImageFont.load_default(_FONT_PX)

    def x(time_us: int) -> int:
        return _NAME_PX + (time_us - start) * _WAVE_PX // span

    step = _nice(span / _TICKS)
    for time_us in range(-(-start // step) * step, end_us + 1, step):
        canvas.line([(x(time_us), _AXIS_PX - 8), (x(time_us), height)], fill=_GRID)
        canvas.text((x(time_us), 8), _seconds(time_us, step), fill=_INK, font=font, anchor="ma")
    if not waveforms:
        canvas.text((10, _AXIS_PX), "no pin has changed", fill=_INK, font=font)
    for row, (name, wave) in enumerate(waveforms.items()):
        low = _AXIS_PX + (row + 1) * _ROW_PX - 10
        canvas.text((10, low - _HIGH_PX // 2), name, fill=_INK, font=font, anchor="lm")
        points = [(_NAME_PX, low)]
        for time_us, level in wave:
            here = x(time_us)
            points += [(here, points[-1][1]), (here, low - _HIGH_PX * level)]
        points.append((_NAME_PX + _WAVE_PX, points[-1][1]))
        canvas.line(points, fill=_WAVE, width=2)
    image.save(path, "PNG")


def _nice(step: float) -> int:
    """The next larger number of 1, 2, 5, 10, ... microseconds."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size >= step:
                return factor * size
        size *= 10


def _seconds(time_us: int, step: int) -> str:
    """A time on the axis, with as many digits as the steps need."""
    for unit, name in ((1_000_000, "s"), (1000, "ms")):
        if step >= unit // 10:
            return f"{time_us / unit:g} {name}"
    return f"{time_us} us"
