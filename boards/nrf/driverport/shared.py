"""Which of I2C, SPI, I2CSlave and SPISlave has a serial unit: those of one number are one piece of hardware.

Source: nRF52840 PS 4.2.4, peripherals with shared ID; MicroPython's port would take a unit from its
user and say nothing.
"""

from micropython import const

_EBUSY = const(16)  # not in MicroPython's errno

_users = {}  # number -> "I2C", "SPI", ...


def take(kind, number):
    """Have a unit as I2C, SPI, I2CSlave or SPISlave. OSError(EBUSY): it is the other."""
    user = _users.get(number, kind)
    if user != kind:
        raise OSError(
            _EBUSY, "%s(%d) and %s(%d) are one unit: one of them" % (kind, number, user, number)
        )
    _users[number] = kind


def give_back(number):
    """It is nobody's."""
    _users.pop(number, None)
