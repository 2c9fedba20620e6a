"""The mps2 board for the boot code: its name, its storage, what the host handed over."""

import mps2

NAME = "mps2"
DESCRIPTION = "mps2-an385 (Cortex-M3, emulated by QEMU)"


def storage():
    """The devices to mount, as (device, path)."""
    return ((mps2.flash, "/flash"), (mps2.rom, "/rom"))


#: Bits set by the host tools; docs/adr/0001-platform.md.
flags = mps2.flags
clear_format = mps2.clear_format
#: Source handed over by the host, run instead of an application, or None.
script = mps2.script


def reset_reason():
    """Why the board started, in words; a crash with its place."""
    crash = mps2.crash()
    reason = mps2.reset_reason()
    if crash is None or reason not in ("crash", "watchdog"):
        return reason
    return "%s (%s, pc 0x%08x, address 0x%08x)" % (reason, crash[0], crash[1], crash[6])
