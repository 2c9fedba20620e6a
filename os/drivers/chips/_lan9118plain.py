"""The LAN9118's registers on a 32-bit memory bus, in plain Python: the twin of _lan9118fast.py.

For firmware without machine code. It allocates, and its frames are slow; it is not atomic, so
one thread must do all, and interrupts must not be hard ones.
"""

from micropython import const

_LOW = const(0x3FFFFFFF)
_FRAME_MIN = const(60)


class Bus:
    """The registers at `address`, a multiple of 256.

    memory: what is indexed by addresses; None: machine.mem32.
    """

    def __init__(self, address, memory=None):
        if address & 0xFF:
            raise ValueError("Bus(address): the chip's address is a multiple of 256")
        if memory is None:
            from machine import mem32 as memory
        self._base = address
        self._memory = memory

    def __repr__(self):
        return "0x%08x" % self._base

    def read(self, offset, shift):
        """Bits 29:0 of the register shifted right by `shift`."""
        return self._memory[self._base + offset] >> shift & _LOW

    def write(self, offset, value, top):
        """Write the register. value: bits 29:0. top: bits 31:30."""
        self._memory[self._base + offset] = value | top << 30

    def change(self, offset, off, on):
        """Clear and set bits of the register."""
        self._memory[self._base + offset] = self._memory[self._base + offset] & ~off | on

    def silence(self):
        """Disable the sources that interrupt now, until none is left. Returns them."""
        fired = 0
        while True:
            now = self.read(0x58, 0) & self.read(0x5C, 0)  # INT_STS, INT_EN
            if not now:
                return fired
            self.change(0x5C, now, 0)
            fired |= now

    def take_rx(self):
        """Take a word from the RX status FIFO: its bits 29:0, -1 when there is none."""
        return self.read(0x40, 0) if self.read(0x7C, 16) & 0xFF else -1

    def take_tx(self):
        """Take a word from the TX status FIFO: its bits 15:0, -1 when there is none."""
        return self.read(0x48, 0) & 0xFFFF if self.read(0x80, 16) & 0xFF else -1

    def push(self, buf, n):
        """Hand over a frame, padded with zeros to 60 bytes. False: there is no room, nothing is done."""
        total = max(n, _FRAME_MIN)
        words = n + 3 >> 2
        zeros = total - n + 3 >> 2
        need = words * 4 + 8 + (zeros * 4 + 8 if zeros else 0)
        if self.read(0x80, 0) & 0xFFFF < need:
            return False
        port = self._base + 0x20
        self._memory[port] = 0x2000 | (0 if zeros else 0x1000) | n  # TX command A
        self._memory[port] = total  # TX command B
        for at in range(0, n, 4):
            self._memory[port] = int.from_bytes(buf[at : min(at + 4, n)], "little")
        if zeros:
            self._memory[port] = 0x1000 | total - n
            self._memory[port] = total
            for _ in range(zeros):
                self._memory[port] = 0
        return True

    def pop(self, buf, n, words):
        """Read a frame of n bytes into buf, out of `words` words of the RX data FIFO."""
        at = 0
        for _ in range(words):
            word = self._memory[self._base]
            for _ in range(min(4, n - at)):
                buf[at] = word & 0xFF
                word >>= 8
                at += 1

    def skip(self, words):
        """Read `words` words of the RX data FIFO and forget them."""
        for _ in range(words):
            self._memory[self._base]
