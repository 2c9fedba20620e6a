"""SpiChip: what the drivers of chips on SPI have in common. One method has all the bytes."""

from errno import EIO, ENODEV
from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const
from rtos.core import lock, unlock

_HEAD_MAX = const(8)


class SpiChip:
    """A chip on SPI mode 0, bits of a byte from the highest on.

    spi: an object with the methods of machine.SPI. On a drivers.SPI the chip has settings of its
    own, so that others may share the bus; any other object is set up when the chip is made.
    cs: the chip select pin, an output that is called with a level; low selects.
    freq: Hz, None: as the bus has it.
    Raises TypeError.
    """

    #: What the messages call the chip.
    NAME = "chip on SPI"

    def __init__(self, spi, cs, freq=None):
        for method in ("write", "readinto"):
            if not hasattr(spi, method):
                raise TypeError("spi has no %s(): pass a bus with machine.SPI's methods" % method)
        if not callable(cs):
            raise TypeError("cs cannot be called: pass the chip select as an output pin")
        head = memoryview(bytearray(_HEAD_MAX))
        # Views are made once, so that no transfer allocates: _heads[n] is the first n bytes.
        self._heads = tuple(head[:n] for n in range(_HEAD_MAX + 1))
        self._head = head
        self._bus = self._spi = spi
        self._cs = cs
        self._selected = False
        cs(1)
        if freq is not None or hasattr(spi, "device"):
            self._set_freq(freq)

    def __repr__(self):
        return "<%s%s>" % (self.NAME, " deinitialised" if self._spi is None else "")

    def deinit(self):
        """Leave the chip and the bus alone. May be called twice. Context: thread."""
        if self._spi is not None:
            self._spi = None
            self._cs(1)

    def _transfer(self, head, write=None, read=None, keep=False, select=True):
        """The one access to the bus: send head, then `write`, then fill `read` while FFh go out.

        keep: leave the chip selected, for a next call that goes on. Otherwise, and after any
        exception, it is deselected. As long as it is selected no other thread runs, for the bus
        may be shared. select: False: clock bytes while it is not selected.
        Raises OSError(ENODEV) after deinit(); the bus's errors, with the chip's name. Context: thread.
        """
        spi = self._spi
        if spi is None:
            raise OSError(ENODEV, "%s was deinitialised: make a new one" % self.NAME)
        try:
            if select and not self._selected:
                lock()
                self._selected = True
                self._cs(0)
            if head is not None:
                spi.write(head)
            if write is not None:
                spi.write(write)
            if read is not None:
                spi.readinto(read, 0xFF)
            # Not in a `finally`: Ctrl-C raises at branches, and here it leads to the one below.
            if not keep:
                self._deselect()
        except OSError as error:
            self._deselect()
            code = error.errno or EIO
            raise OSError(code, "%s: the bus failed (%s)" % (self.NAME, error)) from error
        except BaseException:
            self._deselect()
            raise

    def _deselect(self):
        """The end of what was kept; nothing if nothing was."""
        if self._selected:
            try:
                self._cs(1)
            finally:  # also when the chip select is one that can fail
                self._selected = False
                unlock()

    def _set_freq(self, freq):
        bus = self._bus
        if hasattr(bus, "device"):
            self._spi = bus.device(None, baudrate=freq, polarity=0, phase=0)
        elif hasattr(bus, "init"):
            bus.init(baudrate=freq, polarity=0, phase=0)
        else:
            raise TypeError("spi has no init(): pass the bus, or leave freq to it")

    def _pause(self, ms):
        """Let at least that many milliseconds go by."""
        sleep_ms(ms)

    def _until(self, ready, timeout_ms):
        """Call ready() until it is true. False when the time is over. ready is bound beforehand."""
        start = ticks_ms()
        while not ready():
            if ticks_diff(ticks_ms(), start) > timeout_ms:
                # Other code may have had the processor all the time.
                return ready()
        return True
