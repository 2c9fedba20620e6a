"""The virtual pins from the host's side: buttons that a person or a test presses."""

import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from . import hostpage, qmp
from .instances import Instance
from .report import Fail, unknown

#: NVIC line that tells the emulated board of a change.
_IRQ = 31


def number(name: str) -> int:
    """The pin called `name`, for example V3 or BUTTON1.  Raises Fail with the closest match."""
    if name.upper() not in hostpage.PINS:
        raise unknown("virtual pin", name, hostpage.PINS)
    return hostpage.PINS[name.upper()]


class Pins:
    """Drives the virtual pins of a running board.

    page: its host page.
    notify: raises the board's pin interrupt.
    lock: a file that keeps two processes from changing pins at once.
    """

    def __init__(self, page: hostpage.HostPage, notify: Callable[[], None], lock: Path):
        self._page = page
        self._notify = notify
        self._lock = lock

    def set(self, pin: int, level: int, timeout: float = 2):
        """Drive a pin and wait until the board's interrupt handler has seen it.

        Raises Fail when the board does not take the change within `timeout` seconds.
        """
        with open(self._lock, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            mask = 1 << pin
            levels = self._page.pins_in
            self._page.pins_in = levels | mask if level else levels & ~mask
            self._notify()
            deadline = time.monotonic() + timeout
            while self._page.pins_seen != self._page.pins_in:
                if time.monotonic() > deadline:
                    raise Fail(
                        f"the board did not notice pin V{pin} within {timeout:g} s.",
                        "interrupts are off, or the board is halted; reset it",
                    )
                time.sleep(0.001)

    def press(self, pin: int, ms: int = 100):
        """Hold a pin at 1 for `ms` milliseconds, then at 0."""
        self.set(pin, 1)
        time.sleep(ms / 1000)
        self.set(pin, 0)


def of(instance: Instance) -> Pins:
    """The pins of a board that another process runs."""
    return make(
        hostpage.HostPage(Path(instance.disk)),
        Path(instance.directory),
        instance.qtest,
        instance.board_pid,
    )


def make(page: hostpage.HostPage, directory: Path, qtest: str, pid: int) -> Pins:
    """The pins of the emulated board behind a qtest socket, or of process `pid` (board host)."""

    def notify():
        if qtest:
            qmp.pulse_irq(Path(qtest), _IRQ)
        else:
            os.kill(pid, signal.SIGUSR1)

    return Pins(page, notify, directory / "pins.lock")
