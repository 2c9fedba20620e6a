"""Names of pins: looks them up in the tables of a board, and finds the closest ones."""

from micropython import const

_CLOSE = const(2)  # mistakes in typing
_SHOWN = const(3)  # names
_LENGTH_MAX = const(12)  # of any name


class PinNames:
    """The pins of a board under all their names.

    series: ((prefix, first, count, prefix of the key, its first), ...): names that end in a number.
    others: name -> key. lines: those of numbered buses, (("I2C", 0, 3, ("SCL", "SDA")), ...), whose
    names are keys: "I2C0_SCL".
    """

    def __init__(self, series, others, lines=()):
        self._series = series
        self._others = others
        self._lines = lines

    def find(self, name):
        """The key of the pin called `name`, or None."""
        if len(name) > _LENGTH_MAX:
            return None
        for prefix, first, count, key, key_first in self._series:
            digits = name[len(prefix) :]
            if name.startswith(prefix) and digits.isdigit():
                number = int(digits) - first
                if 0 <= number < count and digits == str(number + first):
                    return key + str(number + key_first)
        if name in self._bus_lines():
            return name
        return self._others.get(name)

    def _bus_lines(self):
        for bus, first, last, lines in self._lines:
            for number in range(first, last + 1):
                for line in lines:
                    yield "%s%d_%s" % (bus, number, line)

    def names(self):
        """All names, those in a series one by one."""
        for prefix, first, count, _, _ in self._series:
            for number in range(first, first + count):
                yield prefix + str(number)
        yield from sorted(self._others)
        yield from self._bus_lines()

    def summary(self):
        """What there is, for a message."""
        shown = [
            prefix + str(first) + (".." + prefix + str(first + count - 1) if count > 1 else "")
            for prefix, first, count, _, _ in self._series
        ]
        shown += sorted(self._others)
        for bus, first, last, lines in self._lines:
            shown.append("%s%d_%s..%s%d_%s" % (bus, first, lines[0], bus, last, lines[-1]))
        return ", ".join(shown)

    def unknown(self, name, board):
        """The ValueError for a name that find() does not know."""
        close = []
        if isinstance(name, str) and len(name) <= _LENGTH_MAX:
            ranked = sorted((_mistakes(name.upper(), known), known) for known in self.names())
            least = ranked[0][0]
            if least <= _CLOSE:
                close = [known for mistakes, known in ranked if mistakes == least][:_SHOWN]
        hint = "did you mean %s? " % " or ".join(close) if close else ""
        return ValueError("no pin %r on %s: %suse %s" % (name, board, hint, self.summary()))


def _mistakes(a, b):
    """How many characters were inserted, left out, replaced or swapped with the next to get from a
    to b: the optimal string alignment distance.
    """
    before = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        next = [i + 1]
        for j, y in enumerate(b):
            least = min(row[j] + (x != y), row[j + 1] + 1, next[j] + 1)
            if i and j and x == b[j - 1] and y == a[i - 1]:
                least = min(least, before[j - 1] + 1)
            next.append(least)
        before = row
        row = next
    return row[-1]
