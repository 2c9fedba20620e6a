"""The buses of a board by number, in a table that the board has."""

from driverport import resolve


class BusTable:
    """All buses of a kind: `BusTable("I2C", 1, {1: ("PB8", "PB9")}, ("SCL", "SDA"))`.

    default: the number that is meant when nothing is said. pins: number -> names of its pins, in the
    order of `lines`. free: whether a bus takes any pins, not only those of the table.
    """

    def __init__(self, kind, default, pins, lines, free=False):
        self._kind = kind
        self._default = default
        self._pins = pins
        self._lines = lines
        self._free = free

    def find(self, number, *given):
        """(number, keys of its pins). given: a pin for each line, or none; None = the bus's own.

        Raises ValueError for a number or pins that no bus has.
        """
        keys = [None if pin is None else _key(pin) for pin in given]
        if number is not None and number not in self._pins:
            raise ValueError(
                "%s(%r) doesn't exist, use %s"
                % (
                    self._kind,
                    number,
                    ", ".join(["%s(%d)" % (self._kind, n) for n in sorted(self._pins)])
                    or "another bus: this board has none of that kind",
                )
            )
        if number is not None:
            candidates = (number,)
        elif any(keys):
            candidates = [self._default] + sorted(n for n in self._pins if n != self._default)
        else:
            candidates = (self._default,)
        for candidate in candidates:
            if candidate not in self._pins:
                continue
            own = [resolve(name) for name in self._pins[candidate]]
            if all(keys[i] in (None, own[i]) for i in range(len(keys))):
                return candidate, own
        if self._free and candidates:
            number = candidates[0]
            if number in self._pins:
                own = [resolve(name) for name in self._pins[number]]
                return number, [keys[i] or own[i] for i in range(len(own))]
        raise ValueError(
            "no %s of this board has %s: leave the pins out and give the number"
            % (
                self._kind if number is None else "%s(%d)" % (self._kind, number),
                ", ".join(
                    "%s=%s" % (self._lines[i].lower(), key) for i, key in enumerate(keys) if key
                )
                or "default pins",
            )
        )


def _key(pin):
    return pin.key if hasattr(pin, "key") else resolve(pin)
