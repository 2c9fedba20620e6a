"""The mps2 board for the boot code: its name, its storage, what the host handed over."""

import micropython
import mps2
from micropython import const

_NO_APP = const(4)  # flags()
_CRASHES_MAX = const(3)

NAME = "mps2"
DESCRIPTION = "mps2-an385 (Cortex-M3, emulated by QEMU)"


def storage():
    """The devices to mount, as (device, path)."""
    return ((mps2.flash, "/flash"), (mps2.rom, "/rom"))


def _crashing():
    """Has the program crashed so often that it must not be started again by itself?"""
    return mps2.crashes() >= _CRASHES_MAX


def flags():
    """Bits set by the host tools; docs/adr/0001-platform.md."""
    return mps2.flags() | (_NO_APP if _crashing() else 0)


clear_format = mps2.clear_format
#: RAM that a warm reset leaves alone, as a writable buffer.
noinit = mps2.noinit
#: The alarm of the threads' kernel: see kernelport.
attach_alarm = mps2.attach_alarm
program_alarm = mps2.program_alarm


# What exception is being handled, 0: none, a thread's or the prompt's code runs.
@micropython.asm_thumb
def in_isr():
    mrs(r0, IPSR)  # noqa: F821


def script():
    """Source handed over by the host, run instead of an application, or None."""
    return None if _crashing() else mps2.script()


def reset_reason():
    """Why the board started, in words; a crash with its place."""
    crash = mps2.crash()
    reason = mps2.reset_reason()
    if crash is None or reason not in ("crash", "watchdog"):
        return reason
    reason = "%s (%s, pc 0x%08x, address 0x%08x)" % (reason, crash[0], crash[1], crash[6])
    if _crashing():
        reason += ", %d in a row: nothing was run; Ctrl-D tries again" % mps2.crashes()
    return reason
