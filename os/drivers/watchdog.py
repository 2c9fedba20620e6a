"""Watchdog: resets the board when the program does not feed it in time."""

from errno import ENODEV, EOPNOTSUPP

import driverport

_running = None  # the one that has the hardware


class Watchdog:
    """The hardware watchdog, which runs from here on.

    timeout_ms: 1 to max_timeout_ms(); the reset comes at that time or later, before twice the time.
    Where the hardware cannot be given another timeout while it runs, asking for one is a ValueError;
    asking for the same again gives another object for the same watchdog.
    Raises ValueError; OSError(EOPNOTSUPP) where the board has none.
    Context: thread or base level; feed(): any, also hard handlers. Source: mbed's Watchdog.

    It goes on through a soft reset (Ctrl-D). To watch threads one by one: rtos.ThreadWatchdog with
    this object as its hardware.
    """

    def __init__(self, timeout_ms):
        global _running
        highest = driverport.WATCHDOG_MAX_MS
        if highest and (not isinstance(timeout_ms, int) or not 0 < timeout_ms <= highest):
            raise ValueError("timeout_ms: 1 to %d, not %r" % (highest, timeout_ms))
        self._port = port = driverport.Watchdog(timeout_ms)
        self._timeout_ms = timeout_ms
        # The port's own method, so that a handler feeds with one call.
        self.feed = port.feed
        if _running is not None:
            _running.feed = _fed_elsewhere
        _running = self

    def __repr__(self):
        state = "running" if self.is_running() else "stopped"
        return "<Watchdog %d ms %s>" % (self._timeout_ms, state)

    def feed(self):
        """Start the count anew. Raises OSError(ENODEV) after stop()."""

    def timeout_ms(self):
        """The timeout in milliseconds."""
        return self._timeout_ms

    @staticmethod
    def max_timeout_ms():
        """The longest timeout of this board. 0: it has no watchdog."""
        return driverport.WATCHDOG_MAX_MS

    def is_running(self):
        """Whether it has been started and nobody has stopped it."""
        return _running is self

    def stop(self):
        """No reset any more. Raises OSError(EOPNOTSUPP) where the hardware cannot be stopped."""
        global _running
        if _running is not self:
            return
        stop = getattr(self._port, "stop", None)
        if stop is None:
            raise OSError(EOPNOTSUPP, "the watchdog of %s cannot be stopped" % driverport.NAME)
        stop()
        self.feed = _stopped
        _running = None


def _stopped():
    raise OSError(ENODEV, "the watchdog has been stopped: make another Watchdog(timeout_ms)")


def _fed_elsewhere():
    raise OSError(ENODEV, "another Watchdog object has taken over: feed that one")
