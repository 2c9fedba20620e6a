"""Starts a built firmware: in QEMU or, for board `host`, as a program."""

from .firmware import Firmware
from .runningboard import RunningBoard


def board(built: Firmware, **options) -> RunningBoard:
    """The board that runs `built`, not started yet; `options` as RunningBoard's."""
    if built.board.emulated:
        from .emulator import Emulator

        return Emulator(built.image, **options)
    from .hostboard import HostBoard

    return HostBoard(built.image, **options)
