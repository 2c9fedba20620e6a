"""The LAN9118's registers on a 32-bit memory bus, in machine code; _lan9118plain.py is the twin.

Every access to the chip is made here. A method is atomic but for interrupt handlers, for callbacks and
threads come in between bytecodes only. Values are small ints, so that nothing allocates: bits 29:0
of a register, or of a register shifted right.

Minimum times between an access and a read of what it changes (datasheet 6.1.1, 6.1.2: 45 to 180 ns)
are kept by the dummy reads of BYTE_TEST, each one bus cycle of 45 ns.
"""

import micropython

# ruff: noqa: F821


class Bus:
    """The registers at `address`, a multiple of 256."""

    def __init__(self, address):
        if address & 0xFF:
            raise ValueError("Bus(address): the chip's address is a multiple of 256")
        self._page = address >> 8  # a small int

    def __repr__(self):
        return "0x%08x" % (self._page << 8)

    @micropython.viper
    def read(self, offset: int, shift: int) -> int:
        """Bits 29:0 of the register shifted right by `shift`."""
        register = ptr32((int(self._page) << 8) + offset)
        return (register[0] >> shift) & 0x3FFFFFFF

    @micropython.viper
    def write(self, offset: int, value: int, top: int):
        """Write the register. value: bits 29:0. top: bits 31:30."""
        register = ptr32((int(self._page) << 8) + offset)
        register[0] = value | (top << 30)

    @micropython.viper
    def change(self, offset: int, off: int, on: int):
        """Clear and set bits of the register; a handler in between must only clear some."""
        register = ptr32((int(self._page) << 8) + offset)
        register[0] = (register[0] & ~off) | on

    @micropython.viper
    def silence(self) -> int:
        """Disable the sources that interrupt now, until none is left. Returns them. Context: ISR."""
        base = int(self._page) << 8
        status = ptr32(base + 0x58)  # INT_STS
        enable = ptr32(base + 0x5C)  # INT_EN
        test = ptr32(base + 0x64)  # BYTE_TEST
        fired = 0
        while True:
            now = status[0] & enable[0] & 0x3FFFFFFF
            if now == 0:
                return fired
            enable[0] = enable[0] & ~now
            fired |= now
            test[0]

    @micropython.viper
    def take_rx(self) -> int:
        """Take a word from the RX status FIFO: its bits 29:0, -1 when there is none."""
        base = int(self._page) << 8
        test = ptr32(base + 0x64)
        information = ptr32(base + 0x7C)  # RX_FIFO_INF
        test[0]
        test[0]
        test[0]
        if (information[0] >> 16) & 0xFF == 0:
            return -1
        port = ptr32(base + 0x40)  # RX_STATUS_FIFO
        return port[0] & 0x3FFFFFFF

    @micropython.viper
    def take_tx(self) -> int:
        """Take a word from the TX status FIFO: its bits 15:0, -1 when there is none."""
        base = int(self._page) << 8
        test = ptr32(base + 0x64)
        information = ptr32(base + 0x80)  # TX_FIFO_INF
        test[0]
        test[0]
        test[0]
        if (information[0] >> 16) & 0xFF == 0:
            return -1
        port = ptr32(base + 0x48)  # TX_STATUS_FIFO
        return port[0] & 0xFFFF

    @micropython.viper
    def push(self, buf, n: int) -> bool:
        """Hand over a frame, padded with zeros to 60 bytes. False: there is no room, nothing is done.

        The words that hold the frame are sent as they lie in memory; the chip drops what is before
        and behind it (datasheet 3.12.2: data start offset, buffer size).
        """
        base = int(self._page) << 8
        test = ptr32(base + 0x64)
        information = ptr32(base + 0x80)
        port = ptr32(base + 0x20)  # TX_DATA_FIFO
        start = int(ptr8(buf))
        offset = start & 3
        words = (offset + n + 3) >> 2
        last = 0x1000
        total = n
        need = (words << 2) + 8
        zeros = 0
        if n < 60:
            total = 60
            last = 0
            zeros = (63 - n) >> 2
            need += (zeros << 2) + 8
        test[0]
        test[0]
        test[0]
        if information[0] & 0xFFFF < need:
            return False
        port[0] = (offset << 16) | 0x2000 | last | n  # TX command A
        port[0] = total  # TX command B
        source = ptr32(start - offset)
        i = 0
        while i + 4 <= words:
            port[0] = source[i]
            port[0] = source[i + 1]
            port[0] = source[i + 2]
            port[0] = source[i + 3]
            i += 4
        while i < words:
            port[0] = source[i]
            i += 1
        if zeros:
            port[0] = 0x1000 | (60 - n)
            port[0] = total
            while zeros:
                port[0] = 0
                zeros -= 1
        return True

    @micropython.viper
    def pop(self, buf, n: int, words: int):
        """Read a frame of n bytes into buf, out of `words` words of the RX data FIFO."""
        port = ptr32(int(self._page) << 8)  # RX_DATA_FIFO
        start = int(ptr8(buf))
        bytes_ = ptr8(start)
        odd = start & 3
        at = 0
        have = 0  # bytes in `word` that are not stored yet
        word = 0
        i = 0
        if odd:  # not every core stores words there
            word = port[0]
            words -= 1
            while at < 4 - odd:
                bytes_[at] = word
                word >>= 8
                at += 1
            have = odd
            left = odd << 3
            mask = (1 << left) - 1
            right = 32 - left
            rest = word & mask
            full = (n - at) >> 2
            target = ptr32(start + at)
            while i < full:
                word = port[0]
                target[i] = rest | (word << left)
                rest = (word >> right) & mask
                i += 1
            word = rest
        else:
            full = n >> 2
            target = ptr32(start)
            while i + 4 <= full:
                target[i] = port[0]
                target[i + 1] = port[0]
                target[i + 2] = port[0]
                target[i + 3] = port[0]
                i += 4
            while i < full:
                target[i] = port[0]
                i += 1
        at += full << 2
        words -= full
        while at < n:
            if have == 0:
                word = port[0]
                words -= 1
                have = 4
            bytes_[at] = word
            word >>= 8
            have -= 1
            at += 1
        while words:
            port[0]
            words -= 1

    @micropython.viper
    def skip(self, words: int):
        """Read `words` words of the RX data FIFO and forget them."""
        port = ptr32(int(self._page) << 8)
        while words:
            port[0]
            words -= 1
