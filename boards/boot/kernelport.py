"""What the kernel of rtos needs of a board, in terms of `machine`; docs/adr/0003-kernel.md.

Serves every board with a machine.Timer that can be programmed at will. Where the module `board` has
an alarm of its own that is taken, as it costs less.
"""

import board
import machine
from machine import disable_irq, enable_irq
from micropython import const

_TIMER_MAX_MS = const(0x0FFFFFFF)


class Port:
    """An alarm, a way to wait for interrupts, RAM that survives a reset."""

    def __init__(self):
        # In the instance: in the class MicroPython would bind them as methods.
        self.irq_off = disable_irq
        self.irq_on = enable_irq
        self.idle = machine.idle
        self.reset = machine.reset
        # Whether an interrupt handler runs; asked only by firmware without boards/native.
        self.in_isr = getattr(board, "in_isr", None)
        if hasattr(board, "program_alarm"):
            self.attach = board.attach_alarm
            self.program = board.program_alarm
        else:
            self._timer = machine.Timer(-1)
            self._alarm = None

    def attach(self, alarm):
        """alarm: a function to call, in any context and with any arguments, when time is up."""
        self._alarm = alarm

    def program(self, delay_ms):
        """Have the alarm go off once after `delay_ms` milliseconds; None: not at all."""
        if delay_ms is None:
            self._timer.deinit()
        else:
            self._timer.init(
                mode=machine.Timer.ONE_SHOT,
                period=min(delay_ms, _TIMER_MAX_MS) or 1,
                callback=self._alarm,
                hard=True,
            )

    def noinit(self):
        """Memory that survives a warm reset, as a writable buffer, or None."""
        return board.noinit()

    def watchdog_reset(self):
        """Whether the hardware watchdog has reset the board."""
        return machine.reset_cause() == machine.WDT_RESET
