"""FlashIAP: the flash of the microcontroller itself, read, erased and programmed by the program."""

from errno import ENODEV

from driverport import FlashMemory
from micropython import const
from rtos.core import lock, unlock

from .context import refuse_isr
from .default import default_of

# The port does not give way while it programs; so much goes to it at a time.
_PIECE = const(512)


class FlashIAP:
    """The part of the internal flash that the board leaves to programs.

    start, size: of that part; page_size: what is programmed at once; erase_value: the byte that
    an erased place reads as. sector_size(addr) is what is erased at once.

    Raises OSError(EOPNOTSUPP) where the board has none. Calls after deinit() raise OSError(ENODEV).
    Context: not an ISR. Nothing is allocated after the constructor. Source: mbed's FlashIAP.

        flash = FlashIAP()
        flash.erase(flash.start, flash.sector_size(flash.start))
        flash.program(flash.start, b"settings")
    """

    def __init__(self):
        self._memory = memory = FlashMemory()
        self.start = memory.start
        self.size = memory.size
        self.page_size = memory.page_size
        self.erase_value = memory.erase_value
        self._page = bytearray(memory.page_size)

    def __repr__(self):
        state = " deinitialised" if self._memory is None else ""
        return "<FlashIAP %d KB at %#x%s>" % (self.size // 1024, self.start, state)

    @classmethod
    def default(cls):
        """The same object for all who ask. A new one after deinit()."""
        return default_of(cls)

    def is_connected(self):
        """Whether it is there to be used; False after deinit(). Context: any."""
        return self._memory is not None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def deinit(self):
        """Give it up. May be called twice."""
        self._memory = None

    def sector_size(self, addr):
        """The size in bytes of the sector that holds addr. Raises ValueError beyond the flash."""
        self._check(addr, 1)
        return self._memory.sector_size(addr)

    def read(self, addr, buf):
        """Fill buf with what is at addr. Raises ValueError beyond the flash."""
        self._check(addr, len(buf))
        self._memory.read(addr, buf)

    def program(self, addr, buf):
        """Write buf to addr, which was erased before. Flash can only clear bits.

        addr: a multiple of page_size. When len(buf) is none, the page is filled up with erase_value.
        Raises ValueError; OSError(EIO) when the place was not erased or the flash fails.
        """
        memory = self._memory
        page_size = self.page_size
        n = len(buf)
        self._check(addr, n)
        if addr % page_size:
            raise ValueError("%#x: program from a multiple of %d" % (addr, page_size))
        tail = n % page_size
        whole = n - tail
        piece = max(_PIECE, page_size)
        start = 0
        while start < whole:
            memory.program(addr + start, buf, start, min(piece, whole - start))
            start += piece
        if tail:
            page = self._page
            lock()  # the page is there once
            try:
                for i in range(page_size):
                    page[i] = buf[whole + i] if i < tail else self.erase_value
                memory.program(addr + whole, page, 0, page_size)
            finally:
                unlock()

    def erase(self, addr, size):
        """Erase whole sectors: addr is the start of one, addr + size that of another, or the end.

        Raises ValueError; OSError(EIO).
        """
        memory = self._memory
        self._check(addr, size)
        end = addr + size
        at = addr
        while at < end:  # sectors need not be of one size, but lie at multiples of theirs
            sector = memory.sector_size(at)
            if at % sector:
                break
            at += sector
        if at != end:
            raise ValueError("%d bytes at %#x: erase whole sectors of %d" % (size, addr, sector))
        at = addr
        while at < end:
            memory.erase(at)
            at += memory.sector_size(at)

    def _check(self, addr, size):
        refuse_isr("flash cannot be waited for in an interrupt handler")
        if self._memory is None:
            raise OSError(ENODEV, "FlashIAP is deinitialised")
        if size < 0 or addr < self.start or addr + size > self.start + self.size:
            end = self.start + self.size
            raise ValueError(
                "%d bytes at %#x: flash is %#x to %#x" % (size, addr, self.start, end)
            )
