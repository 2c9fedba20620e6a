"""The buses of a board that are known by number, each with pins of its own."""

from driverport import resolve


class Places:
    """All buses of a kind: `Places("I2C", 0, 3, 3, ("SCL", "SDA"))`, with pins I2C0_SCL and so on.

    first, last: their numbers. default: the one that is meant when nothing is said.
    """

    def __init__(self, kind, first, last, default, lines):
        self._kind = kind
        self._first = first
        self._last = last
        self._default = default
        self._lines = lines

    def pins(self, number):
        """The keys of its pins, in the order of `lines`."""
        return [resolve("%s%d_%s" % (self._kind, number, line)) for line in self._lines]

    def find(self, number, *given):
        """(number, keys of its pins). given: a pin for each line, or none; None = the bus's own.

        Raises ValueError for a number or pins that no bus has.
        """
        keys = [None if pin is None else _key(pin) for pin in given]
        if number is not None:
            if not isinstance(number, int) or not self._first <= number <= self._last:
                raise ValueError(
                    "%s(%r) doesn't exist, use %s(%d) to %s(%d)"
                    % (self._kind, number, self._kind, self._first, self._kind, self._last)
                )
            candidates = (number,)
        elif any(keys):
            candidates = range(self._first, self._last + 1)
        else:
            candidates = (self._default,)
        for candidate in candidates:
            pins = self.pins(candidate)
            if all(keys[i] in (None, pins[i]) for i in range(len(keys))):
                return candidate, pins
        raise ValueError(
            "no %s of this board has %s: leave the pins out and give the number"
            % (
                self._kind if number is None else "%s(%d)" % (self._kind, number),
                ", ".join(
                    "%s=%s" % (self._lines[i].lower(), key) for i, key in enumerate(keys) if key
                ),
            )
        )


def _key(pin):
    return pin.key if hasattr(pin, "key") else resolve(pin)
