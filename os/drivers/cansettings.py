"""Rates, modes and states of CAN nodes: what is allowed, and what they are called."""

from micropython import const

_FREQ_MAX = const(1_000_000)

STATES = ("stopped", "active", "warning", "passive", "bus-off")
MODES = ("normal", "silent", "loopback", "silent loopback")


def check(freq, mode):
    """ValueError unless they are a rate and a mode of drivers.CAN."""
    if not isinstance(freq, int) or not 0 < freq <= _FREQ_MAX:
        raise ValueError("freq: bits a second, up to 1000000")
    if mode not in (0, 1, 2, 3):
        raise ValueError("mode: CAN.NORMAL, SILENT, LOOPBACK or SILENT_LOOPBACK")


def not_sent(name, state, tx_errors, freq):
    """Why a frame was not sent in time, as well as the node can tell."""
    return "%s: not sent in time, the node is %s, tx errors %d: %s" % (
        name,
        STATES[state],
        tx_errors,
        "does another node run at %d bit/s?" % freq if tx_errors else "the bus is busy",
    )
