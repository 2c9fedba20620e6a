"""InterruptIn: calls a function, or wakes a thread, at the edges of a pin."""

from driverport import Alarm, PinInterrupt
from machine import Pin
from rtos.core import EventFlags

from .context import refuse_isr
from .digital import _Digital

try:
    from ._fastpin import edge
except ImportError:
    from ._plainpin import edge
from .softcall import SoftCall

#: Bits of what the waits return.
RISING = 1
FALLING = 2
_BOTH = RISING | FALLING
_GONE = 4
_DEBOUNCE_MAX_MS = 100_000


class InterruptIn(_Digital):
    """An input that reports its edges.

        button = InterruptIn("BUTTON1", debounce_ms=20)
        button.rise(lambda pin: print("pressed"))
        await button.wait_for_falling()  # in a thread

    pin, pull: as for DigitalIn. debounce_ms: how long a new level has to last until it counts as an
    edge; what is shorter is no edge. It reports that much later. 0: every edge at once, 100 s at most.
    Raises as DigitalIn, and ValueError for a pin that has no interrupt.
    Context of the constructor: thread or base level. Source: mbed's InterruptIn.
    """

    _lent = ("mode", "pull", "drive")  # its irq() is taken

    def __init__(self, pin, pull=None, debounce_ms=0):
        if not isinstance(debounce_ms, int) or not 0 <= debounce_ms <= _DEBOUNCE_MAX_MS:
            raise ValueError("debounce_ms: 0 to 100000")
        super().__init__(pin, Pin.IN, pull, None)
        self._debounce_us = debounce_ms * 1000
        # What the interrupt calls; for soft callbacks it is their post().
        self.on_rise = self.on_fall = None
        self.flags = None
        self._rise_call = self._fall_call = None
        #: How many edges had no soft call of their own.
        self.missed = 0
        self._edges = 0
        self._enabled = True
        self._level = 0
        self._alarm = None
        if debounce_ms:
            self._alarm = Alarm(self._settled)
            self._interrupt = PinInterrupt(self.pin, self._bounced)
        else:
            self._interrupt = PinInterrupt(self.pin, self._edge)
        try:  # whether it has one; nothing is called yet
            self._interrupt.enable(Pin.IRQ_RISING)
            self._interrupt.disable()
        except BaseException:
            self.deinit()
            raise

    _edge = edge

    def rise(self, function, hard=False):
        """Have function(self) called at each rising edge; None: no more.

        hard: in the interrupt handler, where nothing can be allocated; an exception there switches
        the interrupt off, until rise() or fall() sets a function again. Else between two bytecodes of whatever runs; if edges come faster than
        that, it is called once for several, and `missed` counts the others.
        Raises TypeError, RuntimeError in an ISR.
        Context: thread, base level, soft callback.
        """
        self._rise_call, self.on_rise = self._prepare(self._rise_call, function, hard)
        self._restart()

    def fall(self, function, hard=False):
        """Have function(self) called at each falling edge; the rest as rise()."""
        self._fall_call, self.on_fall = self._prepare(self._fall_call, function, hard)
        self._restart()

    def wait_for_edge(self, timeout_ms=None):
        """Awaitable of the next edge: 1 rising, 2 falling, 3 both; 4: deinitialised meanwhile.

        From the first wait on edges are kept, so that a thread that waits again and again misses
        none; several between two waits count once. Allocates nothing after the first call; without
        boards/native an exception, when the answer is another one than the last time.
        timeout_ms: None = for ever. Raises OSError(ETIMEDOUT).
        Context: thread; rtos.wait() at the prompt. One thread at a time.
        """
        return self._wait(_BOTH, timeout_ms)

    def wait_for_rising(self, timeout_ms=None):
        """Awaitable of the next rising edge: 1; 3 if the pin has fallen meanwhile, too.

        Falling edges before it are forgotten; the rest as wait_for_edge().
        """
        return self._wait(RISING, timeout_ms)

    def wait_for_falling(self, timeout_ms=None):
        """Awaitable of the next falling edge: 2; 3 if the pin has risen meanwhile, too.

        Rising edges before it are forgotten; the rest as wait_for_edge().
        """
        return self._wait(FALLING, timeout_ms)

    def enable(self):
        """Report edges again. Context: any."""
        self._enabled = True
        self._update()

    def disable(self):
        """Report no edges until enable(); those in between are not seen. Context: any."""
        self._enabled = False
        self._update()

    def deinit(self):
        """Stop reporting, give the pin back; a thread that waits gets 4. May be called twice."""
        if self.is_connected():
            refuse_isr()
            self._switch(0)
            for call in (self._rise_call, self._fall_call):
                if call is not None:
                    call.cancel()
            self.on_rise = self.on_fall = None
            if self.flags is not None:
                self.flags.set(_GONE)
        super().deinit()

    def _prepare(self, before, function, hard):
        refuse_isr()
        self.pin()  # ENODEV after deinit()
        if function is not None and not callable(function):
            raise TypeError("pass the function, not its call")
        if before is not None:
            before.cancel()
        if function is None:
            return None, None
        if hard:
            return None, function
        call = SoftCall(function, self)
        return call, call.post

    def _restart(self):
        # The interrupt may have been switched off, by an exception in a hard callback.
        self._edges = 0
        self._update()

    def _update(self):
        self.pin()
        edges = 0
        if self._enabled:
            if self.flags is not None:
                edges = _BOTH
            else:
                edges = (RISING if self.on_rise else 0) | (FALLING if self.on_fall else 0)
            if edges and self._debounce_us:
                edges = _BOTH
        self._switch(edges)

    def _switch(self, edges):
        """Have the port report these edges."""
        if edges == self._edges:
            return
        if edges:
            self._level = self.pin()
            self._interrupt.enable(
                (Pin.IRQ_RISING if edges & RISING else 0)
                | (Pin.IRQ_FALLING if edges & FALLING else 0)
            )
        else:
            self._interrupt.disable()
            if self._alarm is not None:
                self._alarm.stop()
        self._edges = edges

    def _wait(self, edges, timeout_ms):
        flags = self.flags
        if flags is None or not self.is_connected():
            self.pin()
            self.flags = flags = EventFlags()
            self._update()
        elif edges != _BOTH:
            flags.clear(_BOTH - edges)
        return flags.wait_any(edges | _GONE, True, timeout_ms)

    def _bounced(self, pin):
        # In the interrupt: each change begins the time anew.
        self._alarm.start(self._debounce_us)

    def _settled(self, alarm):
        level = self.pin()
        if level != self._level:
            self._level = level
            self._edge(self.pin)
