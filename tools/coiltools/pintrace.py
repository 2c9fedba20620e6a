"""Records what the LEDs and virtual pins of a running board do."""

import threading
import time
from pathlib import Path

from . import waveform
from .hostboard import HostBoard
from .hostpage import START, TRACED
from .report import err
from .runningboard import RunningBoard

#: The board's ring holds 510 changes: it is emptied so often.
_PERIOD_S = 0.005
#: Changes that a picture may have.
_DRAWN_MAX = 200_000


class PinTrace:
    """A record, from entering the context to leaving it.

    board: runs, and was started with the flag hostpage.TRACE.
    vcd, png: files to write; None = no such file.
    """

    def __init__(self, board: RunningBoard, vcd: Path | None = None, png: Path | None = None):
        self._board = board
        self._png = png
        self._vcd_path = vcd
        self._file = open(vcd, "w") if vcd is not None else None  # noqa: SIM115 - until stop()
        self._vcd = waveform.VcdFile(self._file, TRACED) if self._file is not None else None
        #: Pin -> its waveform.
        self.waveforms: dict[str, list[tuple[int, int]]] = {}
        self.changes = 0
        self.lost = 0
        #: Time of the last change, us since the start of the record.
        self.end_us = 0
        # On board host times are those of the computer's clock; elsewhere since the board's reset.
        self._base = -(time.monotonic_ns() // 1000) if isinstance(board, HostBoard) else 0
        self._levels = [0] * len(TRACED)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._ending.set()
        self._thread.join()
        self._take()
        self.lost = self._board.page.trace_lost
        if self._vcd is not None:
            self._vcd.close(self.end_us)
            self._file.close()
        if self._png is not None:
            waveform.draw(self._png, self.sorted_waveforms(), self.end_us + self.end_us // 50 + 1)
        for path in filter(None, (self._vcd_path, self._png)):
            err.print(f"{path}: {self.changes} changes of {len(self.waveforms)} pins", style="dim")
        if self.lost:
            err.print(
                f"[yellow]{self.lost} changes were lost: the board changed pins faster than they "
                "could be taken.[/]"
            )

    def sorted_waveforms(self) -> dict[str, list[tuple[int, int]]]:
        """The pins that changed, in the order of TRACED."""
        return {name: self.waveforms[name] for name in TRACED if name in self.waveforms}

    def _run(self):
        while not self._ending.wait(_PERIOD_S):
            self._take()
            if self._vcd is not None:
                self._vcd.flush()

    def _take(self):
        for time_us, pin, level in self._board.page.take_trace():
            if pin == START:
                self._started(time_us)
            elif pin < len(TRACED):  # else the board overwrites its page
                self._change(max(time_us + self._base, self.end_us), pin, level)

    def _started(self, time_us: int):
        """The board's clock may have begun anew, and all pins are low."""
        if time_us + self._base < self.end_us:
            self._base = self.end_us - time_us
        now = time_us + self._base
        for pin, level in enumerate(self._levels):
            if level:
                self._change(now, pin, 0)

    def _change(self, time_us: int, pin: int, level: int):
        if self._levels[pin] == level:
            return
        self._levels[pin] = level
        self.end_us = time_us
        self.changes += 1
        if self._vcd is not None:
            self._vcd.change(time_us, TRACED[pin], level)
        if self.changes <= _DRAWN_MAX:
            self.waveforms.setdefault(TRACED[pin], []).append((time_us, level))
