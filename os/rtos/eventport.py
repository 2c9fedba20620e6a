"""What an event queue needs of the kernel: an alarm, and a way to keep interrupt handlers out."""

from .core import now, park, ready
from .eventplace import ticks_diff
from .kernel import Service, kernel


def interrupt_mask():
    """The board's functions that switch interrupts off and on; a computer has none to switch."""
    port = kernel.port
    if port is None:
        try:
            from kernelport import Port
        except ImportError:
            return (lambda: None), (lambda state: None)
        port = Port()
    return port.irq_off, port.irq_on


class Alarm(Service):
    """Calls a function when the time has come; a wait with a time limit would raise OSError."""

    def __init__(self, function):
        self._function = function
        self._due = None
        super().__init__(self._ring)

    def set(self, due):
        """due: the time on the kernel's clock; takes the place of the one before."""
        if due != self._due:
            self._due = due
            ready(self.strand)

    async def _ring(self):
        while True:
            due = self._due
            if due is None:
                await park()
            elif ticks_diff(due, now()) > 0:
                await park(None, ticks_diff(due, now()))
            else:
                self._due = None
                self._function()
