"""An SPI bus as one of its users sees it: with settings and a chip select of its own."""

from driverport import SPI_DIRECT, in_isr
from machine import Pin
from micropython import const
from rtos.core import lock, unlock, yield_

from .context import refuse_isr
from .sharedbus import BusView

try:
    from ._fastspi import readinto, write, write_readinto
except ImportError:
    from ._plainspi import readinto, write, write_readinto

# MicroPython's errno has no names for these.
_EBUSY = const(16)
_ECANCELED = const(125)
# In SharedBus.state, and in SPIView._quick.
_SETTINGS = const(0)
_INSIDE = const(1)
_STATE = const(0)
_MINE = const(1)
_MUTEX = const(2)
_CHIP = const(3)
_FILLER = const(4)
_WRITE = const(5)
_READINTO = const(6)
_EXCHANGE = const(7)
_END = const(8)
_BEGIN = const(9)
_BEGIN_WRITE = const(10)
_ENDS = const(11)  # without and with a chip select
# 12: whether selecting the chip is no code that threads divide.
_MSB = const(0)
_LSB = const(1)
_PIECE = const(64)  # bytes of an awaited transfer between two places where others may run


class SPIView(BusView):
    """The bus with settings and a chip select of its own. All methods of machine.SPI.

    A transfer selects the chip for its time, unless select() did before. What is sent where there is
    nothing to send is `write_value`.
    Context of the methods: thread, base level and callbacks; in an interrupt handler OSError(EBUSY) if
    that came in the middle of a transfer. OSError(EBUSY) too if another thread keeps the bus
    (`async with`), or another device is selected. With more than 8 bits a frame is a little-endian
    word of 2 bytes (of 4 with more than 16) in the buffers.
    """

    MSB = _MSB
    LSB = _LSB
    METHODS = ("write",)

    def __init__(self, bus, settings, cs, write_value):
        # Only what has to do nothing but to write can be the hardware's own.
        self.direct = SPI_DIRECT and cs is None
        super().__init__(bus, settings)
        self._cs = cs
        hardware = bus.hardware
        # What each transfer needs, see the constants; an item costs a third of an attribute.
        self._quick = [
            bus.state,
            self._settings,
            bus.mutex,
            cs,
            write_value,
            hardware.write,
            hardware.readinto,
            hardware.write_readinto,
            None,
            self._begin,
            self._begin_direct if self.direct else self._begin,
            (self._leave, self._end),
            cs is None or isinstance(cs, Pin) or _is_one_step(cs),
        ]
        self._quick[_END] = self._quick[_ENDS][cs is not None]
        self._own = _copy(settings)
        self._scratch = bytearray(0)
        self._abort = False
        self._make_room()

    def _change(self, settings):
        self.deselect()
        super()._change(settings)
        self._quick[_MINE] = self._settings
        self._own = _copy(settings)

    def _apply(self, hardware):
        baudrate, polarity, phase, bits, firstbit = self._settings
        hardware.init(baudrate, polarity=polarity, phase=phase, bits=bits, firstbit=firstbit)

    def _prepare(self, bus):
        if bus.selected is not None and bus.selected is not self:
            if in_isr():
                raise OSError(_EBUSY, "another device is selected")
            raise OSError(_EBUSY, "%r is selected: deselect() it first" % bus.selected)
        super()._prepare(bus)

    def write_value(self, value=None):
        """What is sent where there is nothing to send, or set it. Context: any."""
        if value is not None:
            check_filler(value)
            self._quick[_FILLER] = value
        return self._quick[_FILLER]

    def select(self):
        """Select the chip until deselect(), over several transfers. OSError(EBUSY) as transfers."""
        bus = self._bus
        self._enter()
        try:
            if bus.selected is None:
                bus.be_careful()
                bus.selected = self
                # Nobody else has these, so that other views find out who has selected.
                self._settings = self._quick[_MINE] = bus.state[_SETTINGS] = self._own
                self._quick[_CHIP] = None
                self._quick[_END] = self._quick[_ENDS][0]
                if self._cs is not None:
                    self._cs(0)
        except BaseException:
            if bus.selected is self:
                self._unselect()
            raise
        finally:
            bus.leave()

    def deselect(self):
        """The end of select(). Context: any; it may be called without a select()."""
        if self._bus.selected is self:
            try:
                if self._cs is not None:
                    self._cs(1)
            finally:
                self._unselect()

    def _unselect(self):
        bus = self._bus
        self._quick[_CHIP] = self._cs
        self._quick[_END] = self._quick[_ENDS][self._cs is not None]
        self._settings = self._quick[_MINE] = bus.state[_SETTINGS] = bus.share(self._own)
        bus.selected = None

    # ---- machine.SPI

    write = write
    readinto = readinto
    write_readinto = write_readinto

    def read(self, nbytes, write=None):
        """Receive nbytes, as bytes, while `write` goes out again and again."""
        refuse_isr("not in an interrupt handler, which has no heap: readinto() works there")
        if not isinstance(nbytes, int) or nbytes < 0:
            raise ValueError("read(nbytes): 0 or more")
        buf = bytearray(nbytes)
        self.readinto(buf, write)
        return bytes(buf)

    def _begin(self):
        """Begin a transfer, as _enter(). The callers are short of words: with more than 11 of them,
        locals and stack, their frames come from the heap.
        """
        quick = self._quick
        state = quick[_STATE]
        lock()
        try:  # no branch outside of it, see _enter()
            if (
                state[_SETTINGS] is not quick[_MINE]
                or state[_INSIDE]
                or quick[_MUTEX].owner is not None
            ):
                self._prepare(self._bus)
            state[_INSIDE] = True
            return  # not behind the `except`: that would be a branch
        except BaseException:
            unlock()
            raise

    def _begin_direct(self):
        """The same for write(), which can be the hardware's own."""
        self._enter()

    def _leave(self):
        """The end of a transfer without a chip select. No branch: Ctrl-C would raise there."""
        self._quick[_STATE][_INSIDE] = False
        unlock()

    def _end(self):
        """The end of a transfer, also when the chip select has gone, or is one that can fail."""
        try:
            self._quick[_CHIP](1)
        finally:
            self._quick[_STATE][_INSIDE] = False
            unlock()

    def _leave_bus(self, gone):
        """Be a view of another bus, one that is deinitialised, from now on."""
        bus = self._bus
        bus.be_careful()
        bus.give_back(self._cs)
        self._bus = gone
        self._quick[_STATE] = gone.state

    def _directs(self):
        return [self._bus.hardware.write]

    # ---- Awaited transfers

    def transfer(self, tx=None, rx=None, *, timeout_ms=None):
        """Send tx while rx is filled; either may be None, and their lengths differ at will.

        The bus is kept and the chip selected meanwhile; equals of this thread run every 64 bytes.
        timeout_ms: for the bus to become free. Raises OSError(ETIMEDOUT), OSError(ECANCELED) after
        abort(). Allocates a coroutine and views of the buffers. Context: thread.
        """
        refuse_isr()
        return self._transfer(tx, rx, timeout_ms)

    async def _transfer(self, tx, rx, timeout_ms):
        await self.acquire(timeout_ms)
        selected = self._bus.selected is self
        try:
            self._abort = False
            if not selected:
                self.select()
            await self._pieces(tx or b"", rx or b"")
        finally:
            if not selected:
                self.deselect()
            self.release()

    async def _pieces(self, tx, rx):
        send = memoryview(tx)
        receive = memoryview(rx)
        for first in range(0, max(len(tx), len(rx)), _PIECE):
            if self._abort:
                raise OSError(_ECANCELED, "the transfer was aborted after %d bytes" % first)
            out = send[first : first + _PIECE]
            into = receive[first : first + _PIECE]
            if not len(into):
                self.write(out)
            elif not len(out):
                self.readinto(into)
            else:
                self.write_readinto(out, into)
            await yield_()

    def abort(self):
        """End a transfer() of this object after the piece that is under way. Context: any."""
        self._abort = True


def _is_one_step(cs):
    """Whether no thread comes in between while this chip select is set."""
    return getattr(cs, "undivided", False) and isinstance(cs.pin, Pin)


def check_filler(value):
    """ValueError unless it can be sent where there is nothing to send; None is not looked at."""
    if value is not None and (not isinstance(value, int) or not 0 <= value <= 0xFF):
        raise ValueError("write_value: a byte, 0 to 255")


def _copy(settings):
    """Equal, but another object."""
    return settings[:-1] + settings[-1:]
