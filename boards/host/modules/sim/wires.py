"""Wires: several drivers, pull resistors, watchers, recorded waveforms."""

from . import clock

#: Supply of everything that is simulated, microvolts.
VDD_UV = 3_300_000


class Driver:
    """One output on a wire. Call it with a level to drive it, without to read the wire.

    open_drain: a 1 releases the wire instead of driving it.
    level: 0, 1, or None while it drives nothing, as at first.
    """

    def __init__(self, wire, name, open_drain):
        self.wire = wire
        self.name = name
        self.open_drain = open_drain
        self.level = None
        #: Whether it has no supply and drives nothing, whatever its level; see power().
        self.dark = False

    def __repr__(self):
        level = "released" if self.level is None else self.level
        return f"<Driver {self.name} of {self.wire.name} {level}>"

    def __call__(self, level=None):
        if level is None:
            return self.wire._level
        level = 1 if level else 0
        self.set(None if level and self.open_drain else level)

    def set(self, level):
        """Drive 0 or 1, or None: release."""
        if level != self.level:
            self.level = level
            self.wire.settle()

    def release(self):
        self.set(None)

    def power(self, on):
        """Switch the supply of what drives: without, the output floats. faults.BrownOut."""
        self.dark = not on
        self.wire.settle()


class Wire:
    """A wire that has a level at all times.

    name: for people.  pull: 1 (resistor to supply), 0 (to ground) or None.

    A driven 0 wins against a driven 1, and is counted in `conflicts`. Released by all it follows the
    pull; without one it keeps its level, as a short wire does for a while.
    """

    def __init__(self, name="", pull=None):
        self.name = name
        self.conflicts = 0
        #: The recorded waveform: [(time in us, level), ...], or None; see record().
        self.changes = None
        #: Changes that did not fit into the record any more.
        self.missed = 0
        #: What sets a voltage: a number of microvolts, or a function without arguments; or None.
        self.source_uv = None
        self._pull = pull
        self._level = 1 if pull else 0
        self._drivers = []
        self._watchers = []
        self._observers = 0
        self._limit = 0
        #: The level of a short circuit, or None; see force().
        self.forced = None
        self._shorts = []

    def __repr__(self):
        return f"<Wire {self.name} {self._level}>"

    def __call__(self):
        """The level."""
        return self._level

    def driver(self, name="", open_drain=False):
        """A new output on this wire, released."""
        driver = Driver(self, name, open_drain)
        self._drivers.append(driver)
        return driver

    def remove(self, driver):
        """Take an output away."""
        self._drivers.remove(driver)
        self.settle()

    def pull(self, level):
        """Change the resistor: 1, 0 or None."""
        self._pull = level
        self.settle()

    def force(self, level, by=None):
        """A short circuit to supply (1) or ground (0), whatever is driven; None ends it.

        by: who makes it, or ends its own; of several, one to ground wins.
        """
        self._shorts = [each for each in self._shorts if each[0] is not by]
        if level is not None:
            self._shorts.append((by, level))
        self.forced = min(each[1] for each in self._shorts) if self._shorts else None
        self.settle()

    def uv(self):
        """The voltage, microvolts: what `source_uv` says, else that of the level."""
        source = self.source_uv
        if source is None:
            return VDD_UV if self._level else 0
        return source() if callable(source) else source

    def settle(self):
        """Find the level anew; for those that changed something themselves."""
        low = high = False
        for driver in self._drivers:
            if driver.dark:
                continue
            if driver.level == 0:
                low = True
            elif driver.level is not None:
                high = True
        if low and high:
            self.conflicts += 1
        if self.forced is not None:
            level = self.forced
        elif low or high:
            level = 0 if low else 1
        else:
            level = self._level if self._pull is None else self._pull
        if level == self._level:
            return
        self._level = level
        if self.changes is not None:
            if len(self.changes) < self._limit:
                self.changes.append((clock.now(), level))
            else:
                self.missed += 1
        for function in self._watchers:
            function(self)

    def watch(self, function, observer=True):
        """Call function(wire) after each change, in the context of whatever caused it.

        observer: a bus sends every bit over wires that are observed; else transfers between a
        controller and its devices may leave the wires alone.
        """
        # Another list: this one may be in use by settle().
        self._watchers = self._watchers + [function]
        self._observers += bool(observer)

    def unwatch(self, function, observer=True):
        """End watch(function), which had the same `observer`."""
        watchers = list(self._watchers)
        watchers.remove(function)
        self._watchers = watchers
        self._observers -= bool(observer)

    def record(self, limit=100_000):
        """Record the waveform from here on, at most so many changes, in `changes`."""
        self.changes = [(clock.now(), self._level)]
        self.missed = 0
        self._limit = limit

    def stop_recording(self):
        """Returns the waveform: [(time in us, level), ...]."""
        changes, self.changes = self.changes, None
        return changes

    @property
    def observed(self):
        """Whether anybody would see a waveform."""
        return self._observers > 0 or self.changes is not None
