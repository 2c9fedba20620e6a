"""Random numbers that are the same on MicroPython and CPython for the same seed."""


class Dice:
    """Marsaglia's xorshift with 32 bits (Journal of Statistical Software 8/14, 2003; 13, 17, 5)."""

    def __init__(self, seed):
        self._state = seed & 0xFFFFFFFF or 1
        for _ in range(8):  # small seeds give small numbers at first
            self.bits()

    def bits(self):
        """An int of 32 bits."""
        x = self._state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self._state = x
        return x

    def chance(self, probability):
        """True with that probability."""
        return self.bits() < probability * 0x100000000

    def below(self, n):
        """An int from 0 to n - 1."""
        return self.bits() % n

    def normal(self, sigma):
        """About normally distributed around 0: the sum of twelve uniform numbers."""
        total = 0
        for _ in range(12):
            total += self.bits()
        return (total / 0x100000000 - 6) * sigma
