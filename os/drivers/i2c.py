"""I2C: the controller of a bus, shared by threads and devices."""

from errno import EIO

from driverport import I2C as make_i2c
from driverport import find_i2c, recover_i2c
from micropython import const

from .context import refuse_isr
from .default import default_of
from .i2cview import I2CView, check_freq
from .pins import Gone, claim, release
from .sharedbus import SharedBus

_FREQ = const(100_000)
_TIMEOUT_US = const(50_000)
_ADDR_SIZES = (0, 8, 16, 24, 32)


class _Bus(SharedBus):
    """An I2C bus and its pins."""

    def __init__(self, name, hardware, pins):
        super().__init__(name, hardware)
        self.pins = pins
        self._registers = [bytearray(n) for n in range(5)]
        self._both = [b"", b""]

    # machine.I2C says nothing when a device refuses a part of these.

    def send_register(self, addr, memaddr, addrsize):
        """Begin a transfer with a register's number; a repeated start is to follow."""
        register = self._register(memaddr, addrsize)
        if self.hardware.writeto(addr, register, False) < len(register):
            self.hardware.writeto(addr, b"")  # with a stop
            raise OSError(EIO, "the device does not take that register")

    def write_register(self, addr, memaddr, addrsize, buf):
        """Write a register's number, then buf."""
        both = self._both
        both[0] = register = self._register(memaddr, addrsize)
        both[1] = buf
        taken = self.hardware.writevto(addr, both)
        both[1] = b""
        if taken < len(register) + len(buf):
            raise OSError(EIO, "the device does not take all bytes")

    def _register(self, memaddr, addrsize):
        if addrsize not in _ADDR_SIZES:
            raise ValueError("addrsize: 0, 8, 16, 24 or 32 bits")
        register = self._registers[addrsize >> 3]
        for i in range(len(register)):
            addrsize -= 8
            register[i] = memaddr >> addrsize & 0xFF
        return register

    def recover(self, freq, timeout_us):
        """See I2CView.recover()."""
        self.forget()
        return recover_i2c(self.hardware, self.pins, freq, timeout_us)


def _check_timeout(us):
    if not isinstance(us, int) or not 0 <= us < 1 << 30:
        raise ValueError("timeout: us, 0 to 2**30 - 1")


class _Settings(I2CView):
    """A view whose settings can be changed."""

    def init(self, *, freq=None, timeout=None):
        """Set frequency and timeout (us) afresh, as machine.I2C.init(). Context: thread, base level."""
        refuse_isr()
        before = self._settings
        if freq is not None:
            check_freq(freq)
        if timeout is not None:
            _check_timeout(timeout)
        self._change(
            (before[0] if freq is None else freq, before[1] if timeout is None else timeout)
        )


class I2CDevice(_Settings):
    """An I2C bus as one device wants it; I2C.device() makes it. Goes wherever a bus goes."""

    def __init__(self, bus, addr, freq, timeout_us):
        self.addr = addr
        super().__init__(bus, (freq, timeout_us))

    def __repr__(self):
        state = "%d Hz" % self._settings[0] if self.is_connected() else "deinitialised"
        return "<I2CDevice %#x of %s, %s>" % (self.addr, self._bus.name, state)


class I2C(_Settings):
    """An I2C bus as its controller: `i2c = I2C()`, then as machine.I2C.

    bus: its number, None = the board's default. scl, sda: pins instead of the number.
    freq: Hz, an upper limit. timeout_us: how long a device may hold SCL.
    A second I2C on the same pins takes over from the first. Raises ValueError for a bus that does not
    exist, OSError(EBUSY) if another kind of driver has the pins, OSError(EOPNOTSUPP) without I2C.
    After deinit() every use raises OSError(ENODEV). Context of the constructor: thread or base level.
    Source: mbed's I2C, machine.I2C.
    """

    def __init__(self, bus=None, *, scl=None, sda=None, freq=_FREQ, timeout_us=_TIMEOUT_US):
        check_freq(freq)
        _check_timeout(timeout_us)
        self._bus = None
        number, pins = find_i2c(bus, scl, sda)
        name = "I2C(%d)" % number
        claim(self, *pins, unit=name)
        try:
            hardware = make_i2c(number, freq, timeout_us)
        except BaseException:
            release(self)
            raise
        super().__init__(_Bus(name, hardware, pins), (freq, timeout_us))
        self._mark()

    @classmethod
    def default(cls):
        """The board's default bus: the same object for all who ask. A new one after deinit()."""
        return default_of(cls)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def __repr__(self):
        state = "%d Hz" % self._settings[0] if self.is_connected() else "deinitialised"
        return "<%s %s>" % (self._bus.name, state)

    def device(self, addr, *, freq=None, timeout_us=None):
        """The bus with settings of its own, for one device; they are set when another used the bus.

        addr: of the device, for messages. freq, timeout_us: None = as the bus has them now.
        Context: thread or base level.
        """
        refuse_isr()
        if not isinstance(addr, int) or not 0 <= addr <= 0x7F:
            raise ValueError("addr: the address without the read bit, such as 0x48")
        self._bus.hardware.init  # noqa: B018 - ENODEV after deinit()
        before = self._settings
        freq = before[0] if freq is None else freq
        check_freq(freq)
        timeout_us = before[1] if timeout_us is None else timeout_us
        _check_timeout(timeout_us)
        return I2CDevice(self._bus, addr, freq, timeout_us)

    def deinit(self):
        """Give the pins back. May be called twice. Context: thread or base level."""
        bus = self._bus
        if bus is None or bus.gone():
            return
        refuse_isr()
        bus.forget()
        hardware = bus.hardware
        bus.hardware = Gone(bus.name)
        if hasattr(hardware, "deinit"):
            hardware.deinit()
        else:  # a transfer may have been left open
            recover_i2c(hardware, bus.pins, *self._settings)
        release(self)
