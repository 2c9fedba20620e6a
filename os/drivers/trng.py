"""Random numbers from the hardware, and the number that only this board has."""

import driverport


def fill_random(buf):
    """Fill a bytearray or memoryview with random bytes of a hardware source, fit for keys.

    Raises OSError(EOPNOTSUPP) where the board has none: there is no second best that would do.
    Context: thread or base level. Source: mbed's TRNG.
    """
    driverport.fill_random(buf)


def getrandom(n):
    """n random bytes. Raises ValueError; OSError(EOPNOTSUPP). Allocates."""
    if not isinstance(n, int) or n < 0:
        raise ValueError("getrandom(n): 0 bytes or more, not %r" % (n,))
    buf = bytearray(n)
    driverport.fill_random(buf)
    return bytes(buf)


def unique_id():
    """What tells this board from all others, as bytes. Raises OSError(EOPNOTSUPP)."""
    return driverport.unique_id()
