"""machine.I2C and SoftI2C over simulated buses, with MicroPython's methods and errors.

Behaviour is that of MicroPython's extmod/machine_i2c.c: an address that nobody acknowledges is
OSError(ENODEV), a byte that is not ends the transfer and shows in the number of acknowledges, a
clock that is held too long is OSError(ETIMEDOUT).
"""

from errno import EIO, ENODEV, ETIMEDOUT

from . import board, clock
from .i2cbits import BitBang

_FREQ = 400_000
_TIMEOUT_US = 50_000
_NOTHING = b""
_ADDR_SIZES = (0, 8, 16, 24, 32)


class _I2CBase:
    """What I2C and SoftI2C share. A subclass has _transfer()."""

    def scan(self):
        """The addresses that acknowledge, of 0x08 to 0x77."""
        found = []
        for address in range(0x08, 0x78):
            try:
                self._transfer(address, False, _NOTHING, _NOTHING, True)
            except OSError as error:
                if error.args[0] != ENODEV:
                    raise
            else:
                found.append(address)
        return found

    def readfrom(self, addr, nbytes, stop=True):
        """Read so many bytes."""
        buf = bytearray(nbytes)
        self._transfer(addr, True, buf, _NOTHING, stop)
        return bytes(buf)

    def readfrom_into(self, addr, buf, stop=True):
        """Fill the buffer."""
        self._transfer(addr, True, buf, _NOTHING, stop)

    def writeto(self, addr, buf, stop=True):
        """Write the buffer; returns the number of bytes that were acknowledged."""
        return self._transfer(addr, False, _bytes(buf), _NOTHING, stop)

    def writevto(self, addr, vector, stop=True):
        """Write several buffers in one transfer; returns the number of acknowledges."""
        if len(vector) == 2:  # which drivers take to allocate nothing
            return self._transfer(addr, False, _bytes(vector[0]), _bytes(vector[1]), stop)
        return self._transfer(addr, False, b"".join([bytes(_bytes(b)) for b in vector]), b"", stop)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        """Write memaddr, repeated start, read so many bytes."""
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
        return bytes(buf)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        """Write memaddr, repeated start, fill the buffer."""
        head = self._memaddr(memaddr, addrsize)
        if self._transfer(addr, False, head, _NOTHING, False) != len(head):
            # As MicroPython does: a stop, then what it has got, without an error.
            self._transfer(addr, False, _NOTHING, _NOTHING, True)
            return
        self._transfer(addr, True, buf, _NOTHING, True)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        """Write memaddr and the buffer in one transfer."""
        self._transfer(addr, False, self._memaddr(memaddr, addrsize), _bytes(buf), True)

    def _memaddr(self, memaddr, addrsize):
        if addrsize not in _ADDR_SIZES:
            raise ValueError("invalid addrsize: use 8, 16, 24 or 32")
        head = self._heads[addrsize >> 3]
        for i in range(len(head)):
            addrsize -= 8
            head[i] = memaddr >> addrsize & 0xFF
        return head

    def _set_up(self, scl, sda, freq, timeout, arbitrates):
        if freq < 1:
            raise ValueError("freq must be at least 1 Hz")
        if timeout < 0:
            raise ValueError("timeout must not be negative")
        self._freq = freq
        self._timeout_us = timeout
        self._heads = [bytearray(n) for n in range(5)]
        self._wire = BitBang(scl, sda, freq, timeout, arbitrates)

    def _by_bits(self, addr, read, first, second, stop):
        """A transfer on the wires; returns the number of acknowledges of a write."""
        wire = self._wire
        acks = 0
        wire.start()
        if not wire.write_byte((addr << 1 | read) & 0xFF):
            wire.stop()
            raise OSError(ENODEV, "nobody at that address")
        if read:
            last = len(first) - 1
            for i in range(len(first)):
                first[i] = wire.read_byte(i != last)
        else:
            for byte in first:
                if not wire.write_byte(byte):
                    break
                acks += 1
            else:
                for byte in second:
                    if not wire.write_byte(byte):
                        break
                    acks += 1
        if stop:
            wire.stop()
        return acks


def _bytes(buf):
    return buf.encode() if isinstance(buf, str) else buf


class I2C(_I2CBase):
    """A controller of the board.

    id: 0 to 3, default 3 as on board mps2.  freq in Hz.  timeout: how long a device may hold the
    clock, us.  scl, sda: accepted if they are the pins of that controller.

    Transfers go over the wires bit by bit while somebody observes these, else byte by byte.
    OSError: ENODEV nobody at the address, EIO something else drives SDA, ETIMEDOUT the clock is
    held or the bus is not free.
    """

    def __init__(self, id=3, *, scl=None, sda=None, freq=_FREQ, timeout=_TIMEOUT_US):
        self._id = id
        self._bus = bus = board.i2c(id)
        board.check_pins(f"I2C({id})", (("scl", scl, bus.scl), ("sda", sda, bus.sda)))
        # The controller's outputs are the same for all objects of that number.
        self._scl = board.output(bus.scl, f"I2C({id})", True)
        self._sda = board.output(bus.sda, f"I2C({id})", True)
        self._free_now = self._free  # to make a bound method allocates
        self._clocked_now = self._clocked
        self.init(freq=freq, timeout=timeout)

    def __repr__(self):
        return f"I2C({self._id}, freq={self._freq}, timeout={self._timeout_us})"

    def init(self, *, freq=_FREQ, timeout=_TIMEOUT_US):
        """Set the frequency and the timeout; releases the bus."""
        self._set_up(self._scl, self._sda, freq, timeout, True)
        self._byte_us = 9_000_000 // freq

    def _unsupported(self, *_):
        raise OSError("I2C operation not supported")

    start = stop = readinto = write = _unsupported

    def _free(self):
        return self._bus.scl() and self._bus.sda()

    def _clocked(self):
        return self._bus.scl()

    def _transfer(self, addr, read, first, second, stop):
        clock.hold()
        try:
            ours = self._scl.level == 0  # a transfer without stop before: the clock is low
            if not ours and not self._free() and not clock.wait(self._free_now, self._timeout_us):
                raise OSError(ETIMEDOUT, "the bus is not free")
            if not ours and not self._bus.observed:
                return self._by_bytes(addr, read, first, second, stop)
            try:
                return self._by_bits(addr, read, first, second, stop)
            except OSError as error:
                if error.args[0] in (EIO, ETIMEDOUT):  # the controller lets go of the bus
                    self._sda(1)
                    self._scl(1)
                raise
        finally:
            clock.release()

    def _by_bytes(self, addr, read, first, second, stop):
        bus = self._bus
        acks = 0
        clock.spend(2_000_000 // self._freq)
        if not bus.begin(addr, read):
            clock.spend(self._byte_us)
            bus.end()
            raise OSError(ENODEV, "nobody at that address")
        if read:
            self._pass(False)
            for i in range(len(first)):
                held = self._pass(True)
                first[i] = 0 if held else bus.read()
        else:
            acks = self._send(first)
            if acks == len(first):
                acks += self._send(second)
        if stop:
            bus.end()
        return acks

    def _send(self, buf):
        acks = 0
        for byte in buf:
            self._pass(False)
            if not self._bus.write(byte):
                break
            acks += 1
        return acks

    def _pass(self, reading):
        """The time of a byte, and what happens to the wires meanwhile. Returns whether SDA is held low."""
        bus = self._bus
        us = bus.stretch_us()
        clock.spend(self._byte_us + us)
        if us > self._timeout_us:
            bus.end()
            raise OSError(ETIMEDOUT, "a device holds SCL")
        if not bus.disturbed:
            return False
        if not bus.scl() and not clock.wait(self._clocked_now, self._timeout_us):
            bus.lose()
            raise OSError(ETIMEDOUT, "something holds SCL")
        if bus.scl.forced or bus.sda.forced:
            bus.lose()  # no clock, or no bit of it, gets through
        if bus.sda():
            return False
        if not reading:
            bus.lose()
            raise OSError(EIO, "arbitration lost: something else holds SDA")
        return True


class SoftI2C(_I2CBase):
    """I2C that drives two pins bit by bit; any pins with open drain."""

    def __init__(self, scl, sda, *, freq=_FREQ, timeout=_TIMEOUT_US):
        self.init(scl, sda, freq=freq, timeout=timeout)

    def __repr__(self):
        return f"SoftI2C(scl={self._scl}, sda={self._sda}, freq={self._freq})"

    def init(self, scl, sda, *, freq=_FREQ, timeout=_TIMEOUT_US):
        self._scl, self._sda = scl, sda
        for pin in (scl, sda):
            pin.init(pin.OPEN_DRAIN, value=1)
        self._set_up(scl, sda, freq, timeout, False)

    def start(self):
        """A start, or repeated start."""
        self._wire.start()

    def stop(self):
        self._wire.stop()

    def readinto(self, buf, nack=True):
        """Read bytes; the last one is acknowledged if nack is false."""
        last = len(buf) - 1
        for i in range(len(buf)):
            buf[i] = self._wire.read_byte(not nack or i != last)

    def write(self, buf):
        """Write bytes until one is not acknowledged; returns the number of acknowledges."""
        acks = 0
        for byte in _bytes(buf):
            if not self._wire.write_byte(byte):
                break
            acks += 1
        return acks

    def _transfer(self, addr, read, first, second, stop):
        clock.hold()
        try:
            return self._by_bits(addr, read, first, second, stop)
        finally:
            clock.release()
