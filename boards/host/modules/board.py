"""The host board for the boot code: its name, its storage, what the tools handed over."""

import _machine  # noqa: F401  machine takes its classes from there, so it must be frozen
import host
import machine
import uctypes

NAME = "host"
DESCRIPTION = "host (MicroPython's unix port)"

_REASONS = ("power-on", "power-on", "reset", "watchdog", "deepsleep", "soft reset", "brown-out")


def storage():
    """The devices to mount, as (device, path). Offsets: docs/adr/0001-platform.md."""
    return (
        (host.Flash(0x000000, 0x800000), "/flash"),
        (host.Flash(0x800000, 0x400000), "/rom"),
    )


def noinit():
    """What a warm reset leaves alone, as a writable buffer: the end of the part for updates."""
    part = host.Flash(0xFEF000, 0x1000)  # as a buffer it cannot be written to
    return uctypes.bytearray_at(uctypes.addressof(part), 0x1000)


def clear_format():
    """Take back the tools' order to format /flash."""
    host.flags(host.flags() & ~8)


#: Bits set by the tools; docs/adr/0001-platform.md.
flags = host.flags
#: Source handed over by the tools, run instead of an application, or None.
script = host.script


def reset_reason():
    """Why the board started, in words."""
    return _REASONS[machine.reset_cause()]
