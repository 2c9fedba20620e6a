"""Formats of serial ports: what a UARTE has, as the numbers of its registers."""

from errno import EOPNOTSUPP

import board
from board import NAME, chip
from micropython import const

#: BAUDRATE by the rate: nRF52840 PS 6.34.9.25, nRF52832 PS 35.10.
_RATES = {
    1200: 0x0004F000,
    2400: 0x0009D000,
    4800: 0x0013B000,
    9600: 0x00275000,
    14400: 0x003AF000,
    19200: 0x004EA000,
    28800: 0x0075C000,
    31250: 0x00800000,
    38400: 0x009D0000,
    56000: 0x00E50000,
    57600: 0x00EB0000,
    76800: 0x013A9000,
    115200: 0x01D60000,
    230400: 0x03B00000,
    250000: 0x04000000,
    460800: 0x07400000,
    921600: 0x0F000000,
    1000000: 0x10000000,
}
# CONFIG
_HWFC = const(1)
_PARITY = const(7 << 1)
_STOP_TWO = const(1 << 4)


def rate_of(baudrate):
    """What goes into BAUDRATE. Raises OSError(EOPNOTSUPP)."""
    rate = _RATES.get(baudrate)
    if rate is None:
        known = ", ".join([str(known) for known in sorted(_RATES)])
        raise OSError(EOPNOTSUPP, "%s has no serial rate of %d: use %s" % (NAME, baudrate, known))
    return rate


def config_of(number, bits, parity, stop, flow):
    """What goes into CONFIG. Raises OSError(EOPNOTSUPP)."""
    if bits != 8 or parity == 1 or stop == 2 and not chip.UART_STOP_TWO:
        stops = "1 or 2" if chip.UART_STOP_TWO else "1"
        text = "%s has no serial format but 8 bits, parity None or 0, %s stop" % (NAME, stops)
        raise OSError(EOPNOTSUPP, text)
    if flow and number not in getattr(board, "FLOW", ()):
        raise OSError(EOPNOTSUPP, "%s has no RTS and CTS on UART(%d)" % (NAME, number))
    config = _HWFC if flow else 0
    if parity == 0:
        config |= _PARITY
    return config | _STOP_TWO if stop == 2 else config
