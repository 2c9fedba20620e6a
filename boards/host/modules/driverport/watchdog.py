"""Watchdog: a timer of the computer, which resets the board whatever the program does."""

import host

WATCHDOG_MAX_MS = 2**29 - 1


class Watchdog:
    """Runs from here on. The driver has checked the timeout."""

    def __init__(self, timeout_ms):
        self._timeout_ms = timeout_ms
        self.feed()

    def feed(self):
        """Start the count anew."""
        host.watchdog(self._timeout_ms)

    def stop(self):
        """No reset any more."""
        host.watchdog(0)
