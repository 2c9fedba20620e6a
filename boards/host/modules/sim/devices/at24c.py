"""AT24C01 to AT24C512 EEPROMs, on an I2C bus.

Source: Atmel 0180, 0670, Microchip DS20006109A, DS20005937, DS20006161B: "device addressing", "write
operations", "read operations", AC characteristics (tWR). A page write rolls over inside its page, a
read over the whole chip; while it writes, the chip does not answer.
"""

from micropython import const

from .. import clock

#: (largest size, bytes in a page)
_PAGES = ((256, 8), (2048, 16), (8192, 32), (32768, 64), (65536, 128))
_WRITE_US = const(5000)
_ONE_BYTE_MAX = const(2048)
_BLOCK = const(256)
_READING = const(-1)


class AT24C:
    """The chip. attach(bus, address) plugs it in, at all addresses that it takes.

    size: bytes.  write_us: how long a page write takes.
    file: where its contents are kept, in the board's file system, created when missing; None: they are
        lost at power-off.
    """

    properties = ("write_protect",)

    def __init__(self, size=8192, write_us=_WRITE_US, file=None):
        if not 128 <= size <= 65536 or size & (size - 1):
            raise ValueError("size is a power of two from 128 to 65536")
        self.size = size
        self.page_size = [page for limit, page in _PAGES if size <= limit][0]
        self.write_us = write_us
        self._head = 2 if size > _ONE_BYTE_MAX else 1  # address bytes
        #: The level of the pin WP.
        self.write_protect = 0
        #: Whether data are refused while protected, as some makers' chips do; else dropped.
        self.refuses = False
        #: Page writes that have happened.
        self.writes = 0
        self.memory = bytearray(b"\xff" * size)
        self._file = file
        self._loaded = file is None
        self.power_on()

    def __repr__(self):
        return f"<AT24C {self.size} bytes>"

    def attach(self, bus, address):
        """Plug it onto a bus. address: the first one, 0x50 to 0x57."""
        if self.size > _ONE_BYTE_MAX or self.size <= _BLOCK:
            bus.attach(address, self)
        else:
            for block in range(self.size // _BLOCK):
                bus.attach(address + block, _Block(self, block * _BLOCK))
        return self

    def power_on(self):
        """The state after power-up; what was being written may or may not be, here it is."""
        self._counter = self._place = 0
        self._busy_until = clock.now()
        self._bytes = _READING  # that came since the start
        self._latch = bytearray(self.page_size)
        self._latched = bytearray(self.page_size)

    def _load(self):
        # Not at the start: the board's file system comes after the devices.
        self._loaded = True
        try:
            with open(self._file, "rb") as stored:
                stored.readinto(self.memory)
        except OSError:
            with open(self._file, "wb") as stored:
                stored.write(self.memory)

    # -- The bus

    def start(self, read, base=0):
        if clock.now() < self._busy_until:
            return False
        if not self._loaded:
            self._load()
        # A write that ends with a repeated start instead of a stop is none.
        self._bytes = _READING if read else 0
        self._place = base
        if read and self._head == 1:
            self._counter = base | self._counter & 0xFF
        return True

    def write(self, byte):
        n = self._bytes
        if n >= self._head and self.write_protect and self.refuses:
            return False
        self._bytes = n + 1
        if n >= self._head:
            at = self._counter
            self._latch[at & (self.page_size - 1)] = byte
            self._latched[at & (self.page_size - 1)] = 1
            # Only the address inside the page counts.
            self._counter = at & ~(self.page_size - 1) | (at + 1) & (self.page_size - 1)
            return True
        self._place = self._place | byte if self._head == 1 else self._place << 8 | byte
        if n + 1 == self._head:
            self._counter = self._place % self.size
            self._forget()
        return True

    def read(self):
        byte = self.memory[self._counter]
        self._counter = (self._counter + 1) % self.size
        return byte

    def stop(self):
        n, self._bytes = self._bytes, _READING
        if n <= self._head or self.write_protect:
            return
        page = self._counter & ~(self.page_size - 1)
        for i in range(self.page_size):
            if self._latched[i]:
                self.memory[page + i] = self._latch[i]
        self._forget()
        self.writes += 1
        self._busy_until = clock.now() + self.write_us
        if self._file is not None:
            with open(self._file, "r+b") as stored:
                stored.seek(page)
                stored.write(self.memory[page : page + self.page_size])

    def _forget(self):
        for i in range(self.page_size):
            self._latched[i] = 0


class _Block:
    """One of several device addresses: 256 bytes of the chip."""

    def __init__(self, chip, base):
        self.chip = chip
        self._base = base
        self.write = chip.write
        self.read = chip.read
        self.stop = chip.stop

    def __repr__(self):
        return repr(self.chip)

    def start(self, read):
        return self.chip.start(read, self._base)


#: What `coil run --i2c at24c@ADDRESS` attaches, and its options there.
DEVICE = AT24C
OPTIONS = {"size": "int", "write_us": "int", "file": "text"}
