"""Serial ports of the host board: machine.UART over simulated lines."""

from errno import EOPNOTSUPP

import machine
from busplaces import Places
from sim import board, clock

from . import NAME

__all__ = ("UART", "find_uart", "uart_break", "uart_errors", "uart_room")

find_uart = Places("UART", 1, 4, 1, ("TX", "RX")).find


class UART(machine.UART):
    """The machine.UART of that number. With a ring its write() takes what there is room for."""

    def __init__(self, number, baudrate, bits, parity, stop, flow, rxbuf, txbuf):
        if bits not in (7, 8):
            raise OSError(EOPNOTSUPP, "%s has no serial format but 7 and 8 bits" % NAME)
        if flow:
            raise OSError(EOPNOTSUPP, "%s has no RTS and CTS" % NAME)
        self._line = board.uart(number)
        self._waits = not txbuf
        super().__init__(
            number, baudrate, bits, parity, stop, rxbuf=rxbuf, txbuf=txbuf or 1, timeout=0
        )

    def write(self, buf, first=0, nbytes=None):
        """Take nbytes of buf from `first` on, or as many as there is room for; None if for none.

        Without a ring: wait for the wire, as the emulated board does, and take all of buf.
        """
        if self._waits:
            return super().write(buf)
        if isinstance(buf, str):
            buf = buf.encode()
        if nbytes is None:
            nbytes = len(buf) - first
        room = uart_room(0, self)
        if room < nbytes:
            nbytes = room
        if not nbytes:
            return None if len(buf) else 0
        line = self._line
        clock.hold()
        try:
            for i in range(first, first + nbytes):  # a slice would allocate
                line.send(buf[i])
        finally:
            clock.release()
        return nbytes


def uart_room(number, uart):
    """How many bytes a write takes without waiting. Context: any."""
    ring = uart._line.tx_ring
    return ring.size - ring.count


def uart_errors(number, uart):
    """(overruns, framing errors, parity errors) of the line."""
    line = uart._line
    return line.overruns, line.framing_errors, line.parity_errors


def uart_break(number, uart, ms):
    """OSError(EOPNOTSUPP): the simulation has bytes, and no levels in between."""
    raise OSError(EOPNOTSUPP, "%s has no break on serial lines" % NAME)
