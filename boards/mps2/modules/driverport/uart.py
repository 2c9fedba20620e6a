"""Serial ports of the emulated board: machine.UART 1 to 4; UART 0 is the console."""

from errno import EOPNOTSUPP

import machine
import mps2
from busplaces import Places

from . import NAME

__all__ = ("UART", "find_uart", "uart_break", "uart_errors", "uart_room")

find_uart = Places("UART", 1, 4, 1, ("TX", "RX")).find


def UART(number, baudrate, bits, parity, stop, flow, rxbuf, txbuf):
    """The machine.UART of that number. OSError(EOPNOTSUPP) for what a CMSDK UART cannot do.

    Its receiver holds the sender up when rxbuf is full, without any flow control.
    """
    if bits != 8 or parity is not None or stop != 1:
        raise OSError(EOPNOTSUPP, "%s has no serial format but 8 bits, parity None, 1 stop" % NAME)
    if flow:
        raise OSError(EOPNOTSUPP, "%s has no RTS and CTS" % NAME)
    return machine.UART(number, baudrate, timeout=0, timeout_char=0, rxbuf=rxbuf, txbuf=txbuf)


def uart_room(number, hardware):
    """How many bytes a write takes without waiting. Context: any."""
    return mps2.uart_room(number)


def uart_errors(number, hardware):
    """(overruns, framing errors, parity errors); the emulated lines have none of the latter."""
    return mps2.uart_overruns(number), 0, 0


def uart_break(number, hardware, ms):
    """OSError(EOPNOTSUPP): a CMSDK UART cannot hold its line low."""
    raise OSError(EOPNOTSUPP, "%s has no break on serial lines" % NAME)
