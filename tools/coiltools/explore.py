"""Explores how a scenario behaves when it is preempted: at each branch, by each of its events.

The scenario runs on board `host`; os/rtos/explore.py is the part there and plays schedules, this
one chooses and shrinks them. docs/explore.md.
"""

import ast
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import config, firmware, imports, launch
from .rawrepl import BoardError
from .report import Fail

#: The events of a schedule: (branch, name), in the order of their branches.
Schedule = list[tuple[int, str]]

_MARK = b"\x1e"
_HEAP = 1 << 20  # small, because its size is counted at each start of the kernel
_POLL_S = 0.5
#: A schedule that has failed is played so often again before it counts as one that repeats.
_REPEATS = 2
_NAME = re.compile(r"(\d+):(\w+)")


@dataclass
class Failure:
    """A schedule that the scenario does not stand, and what it said.

    places: where each event came.  repeats: False if a fresh board does not fail with it.
    """

    schedule: Schedule
    said: str
    places: list[str] = field(default_factory=list)
    repeats: bool = True


@dataclass
class Report:
    """What has been played: branches of the undisturbed scenario, schedules, places in the source."""

    branches: int = 0
    runs: int = 0
    places: int = 0
    failure: Failure | None = None


def name(schedule: Schedule) -> str:
    """What --replay takes: 12:tick+40:alarm; "none" is the undisturbed scenario."""
    return "+".join(f"{branch}:{event}" for branch, event in schedule) or "none"


def parse(text: str) -> Schedule:
    """The schedule with that name.  Raises Fail."""
    if text == "none":
        return []
    parts = [_NAME.fullmatch(part) for part in text.split("+")]
    if not all(parts):
        raise Fail(f"{text} is no schedule.", "Copy it from the report: 12:tick+40:alarm")
    schedule = [(int(part[1]), part[2]) for part in parts]
    if (
        any(a[0] >= b[0] for a, b in zip(schedule, schedule[1:], strict=False))
        or not schedule[0][0]
    ):
        raise Fail(f"{text}: branches count from 1 and rise.", "Copy it from the report.")
    return schedule


class Explorer:
    """A scenario and the firmware it is played on.

    file: the scenario.  native: with boards/native, or on stock firmware.
    timeout_s: how long a single schedule may take on the wall clock.
    Raises Fail when the scenario is no Python or its firmware cannot be built.
    """

    def __init__(self, file: Path, native: bool = True, timeout_s: float = 20):
        imports.read(file)  # refuses what is no Python, and names the line
        self.file = file
        self.timeout_s = timeout_s
        self.text = file.read_text()
        self.events = _events(self.text)
        self.report = Report()
        app = _application(file)
        self.firmware = firmware.build(
            app,
            "host",
            native=native,
            tests=(file,) if app else (),
            include=("rtos.explore",) if app else (),
        )

    # -- what to play ------------------------------------------------------------------------

    def singles(self) -> Report:
        """Play each event at each branch, until a schedule fails."""
        return self._search("sweep([], 1, None, [])")

    def pairs(self) -> Report:
        """Play each two events at each two branches, until a schedule fails."""
        first = 1
        while self.report.failure is None and first <= self.report.branches:
            for event in self.events:
                before = [(first, event)]
                self._search(f"sweep({before!r}, {first + 1}, None, [])")
                if self.report.failure is not None:
                    break
            first += 1
        return self.report

    def sample(self, seed: int, runs: int, most: int = 4) -> Report:
        """Play `runs` random schedules of 2 to `most` events, until one fails."""
        return self._search(f"sample({seed}, {runs}, {most})")

    def replay(self, schedule: Schedule) -> Report:
        """Play one schedule on a fresh board."""
        for _, event in schedule:
            if event not in self.events:
                known = ", ".join(self.events) or "none"
                raise Fail(f"the scenario has no event {event}.", f"It has: {known}.")
        self.report.failure = self._attempt(schedule)
        return self.report

    def _search(self, call: str) -> Report:
        failure = self._play(call)
        if failure is not None:
            self.report.failure = self._shrunk(failure)
        return self.report

    # -- shrinking ---------------------------------------------------------------------------

    def _shrunk(self, failure: Failure) -> Failure:
        """The simplest failure that it leads to: fewest events, each at its earliest branch."""
        if not all(self._attempt(failure.schedule) for _ in range(_REPEATS)):
            failure.repeats = False
            return failure
        failure = self._earliest(self._fewest(failure))
        schedule = failure.schedule
        failure.places = [
            self._place(schedule[:n] + [(branch, "nothing")])
            for n, (branch, _) in enumerate(schedule)
        ]
        return failure

    def _fewest(self, failure: Failure) -> Failure:
        at = 0
        while at < len(failure.schedule):
            schedule = failure.schedule
            less = self._attempt(schedule[:at] + schedule[at + 1 :])
            if less is None:
                at += 1
            else:
                failure, at = less, 0
        return failure

    def _earliest(self, failure: Failure) -> Failure:
        for at in range(len(failure.schedule)):
            before, after = failure.schedule[:at], failure.schedule[at + 1 :]
            branch, event = failure.schedule[at]
            low = before[-1][0] + 1 if before else 1
            if low < branch:
                call = f"sweep({before!r}, {low}, {branch}, {after!r}, [{event!r}])"
                failure = self._play(call) or failure
        return failure

    def _attempt(self, schedule: Schedule) -> Failure | None:
        return self._play(f"replay({schedule!r})")

    def _place(self, schedule: Schedule) -> str:
        self._last_place = ""
        self._attempt(schedule)
        return self._last_place

    # -- one board ---------------------------------------------------------------------------

    def _play(self, call: str) -> Failure | None:
        """Have a fresh board play schedules; returns the first that fails."""
        script = (
            "from rtos.explore import Explorer\n"
            f"Explorer({self.text!r}, {self.file.name!r}).{call}\n"
        )
        playing: Schedule = []
        runs = 0
        for word, rest, said in _marks(self.firmware, script, self.timeout_s):
            if word == "run":
                playing = parse(rest or "none")
                runs += 1
            elif word == "branches":
                self.report.branches = int(rest)
            elif word == "place":
                self._last_place = rest
            elif word == "done":
                self.report.runs += int(rest.split()[0])
                self.report.places = max(self.report.places, int(rest.split()[1]))
                return None
            elif word == "end" or word == "lost":
                self.report.runs += runs
                return Failure(playing, said)
        raise AssertionError("_marks() ends with a mark")


def _events(text: str) -> list[str]:
    """The names of the scenario's events, as the board finds them."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    events = []
    for key in ("steps", "interrupts", "hard_interrupts"):
        elements = getattr(found.get(key), "elts", [])
        events += [element.id for element in elements if isinstance(element, ast.Name)]
    alarm = found.get("alarm")
    if not (isinstance(alarm, ast.Constant) and not alarm.value):
        events.append("alarm")
    return events


def _application(file: Path) -> Path | None:
    """The application that the scenario belongs to: its folder, or the one above."""
    for folder in list(file.resolve().parents)[:2]:
        if (folder / "app.py").is_file() or (folder / config.FILE).is_file():
            return folder
    return None


def _marks(
    built: firmware.Firmware, script: str, timeout_s: float
) -> Iterator[tuple[str, str, str]]:
    """The marks that the board prints: word, the rest of its line, what was printed before it.

    The last is "done", "end", or "lost" when the board has crashed, hangs or the script raised.
    """
    prompt = b"\r\n>>> "
    with launch.board(built, heap=_HEAP, script=script) as board:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                data = board.console.until(_MARK, prompt, timeout=_POLL_S)
                line = b"" if data.endswith(prompt) else board.console.until(b"\n", timeout=5)
            except BoardError as error:
                why = board.ended()
                if not why and time.monotonic() < deadline:
                    continue
                yield "lost", "", f"{error.detail}\n{why or 'it hangs'}"
                return
            said = data.removesuffix(_MARK).decode(errors="replace").replace("\r\n", "\n")
            if not line:
                yield "lost", "", said
                return
            word, _, rest = line.decode().strip().partition(" ")
            yield word, rest, said
            if word in ("done", "end"):
                return
            deadline = time.monotonic() + timeout_s
