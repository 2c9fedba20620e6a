"""An I2C bus as one of its users sees it: with settings of its own, and all of machine's methods."""

from errno import EIO, ENODEV, EOPNOTSUPP, ETIMEDOUT

from driverport import I2C_DIRECT, NAME
from micropython import const
from rtos.core import yield_

from .context import refuse_isr
from .sharedbus import BusView

_PIECE = const(32)  # bytes of an awaited transfer between two places where others may run
_METHODS = (
    "scan",
    "readfrom",
    "readfrom_into",
    "writeto",
    "writevto",
    "readfrom_mem",
    "readfrom_mem_into",
    "start",
    "stop",
    "readinto",
    "write",
)


class I2CView(BusView):
    """The bus with settings of its own. All methods of machine.I2C, with their errors.

    Their context: thread, base level and callbacks; in an interrupt handler OSError(EBUSY) if that
    came in the middle of a transfer. OSError: ENODEV nobody answers at the address, ETIMEDOUT a
    device holds a line, EBUSY another thread keeps the bus (`async with`).

    Where the port's methods are one step each, and clear the bus themselves, a view that uses the
    bus alone gets them as attributes of its own, and no Python is in between.
    """

    METHODS = _METHODS
    direct = I2C_DIRECT

    def freq(self, freq=None):
        """The frequency in Hz, or set it for the next transfer. Raises ValueError."""
        if freq is not None:
            refuse_isr()
            check_freq(freq)
            self._change((freq, self._settings[1]))
        return self._settings[0]

    def _apply(self, hardware):
        freq, timeout_us = self._settings
        hardware.init(freq=freq, timeout=timeout_us)

    def _directs(self):
        return [getattr(self._bus.hardware, name) for name in _METHODS]

    def _failed(self, error):
        """A transfer has ended with an error: leave the bus free."""
        code = error.args[0]
        if code == ETIMEDOUT and not I2C_DIRECT:
            self._bus.recover(*self._settings)
        elif not isinstance(code, int):  # machine's, of a port without the four primitives
            raise OSError(EOPNOTSUPP, "%s has no I2C in single steps, only transfers" % NAME)
        raise error

    def recover(self):
        """Free a bus that a device holds: nine clocks at most, and a stop. After a time-out it is
        done by itself.

        Returns whether both lines are high then. Raises as transfers do. Source: NXP UM10204, 3.1.16.
        """
        self._enter()
        try:
            return self._bus.recover(*self._settings)
        finally:
            self._bus.leave()

    # ---- machine.I2C

    def scan(self):
        """The addresses that answer, 0x08 to 0x77, as a list."""
        hardware = self._enter()
        try:
            return hardware.scan()
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def readfrom(self, addr, nbytes, stop=True):
        """Read nbytes, at least one; returns bytes. stop=False: the bus is kept for the next call."""
        _check_read(nbytes)
        _check_addr(addr)
        hardware = self._enter()
        try:
            return hardware.readfrom(addr, nbytes, stop)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def readfrom_into(self, addr, buf, stop=True):
        """Fill buf, at least one byte."""
        _check_read(len(buf))
        _check_addr(addr)
        hardware = self._enter()
        try:
            hardware.readfrom_into(addr, buf, stop)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def writeto(self, addr, buf, stop=True):
        """Write buf; returns how many bytes were acknowledged. An empty one asks who is there."""
        _check_addr(addr)
        hardware = self._enter()
        try:
            return hardware.writeto(addr, buf, stop)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def writevto(self, addr, vector, stop=True):
        """Write several buffers as one; returns how many bytes were acknowledged."""
        _check_addr(addr)
        hardware = self._enter()
        try:
            return hardware.writevto(addr, vector, stop)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        """Read nbytes from memaddr on, a number of addrsize bits; returns bytes.

        OSError(EIO): the device does not take memaddr.
        """
        _check_read(nbytes)
        _check_addr(addr)
        hardware = self._enter()
        try:
            if I2C_DIRECT:
                return hardware.readfrom_mem(addr, memaddr, nbytes, addrsize=addrsize)
            self._bus.send_register(addr, memaddr, addrsize)
            return hardware.readfrom(addr, nbytes)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        """Fill buf from memaddr on. OSError(EIO): the device does not take memaddr."""
        _check_read(len(buf))
        _check_addr(addr)
        hardware = self._enter()
        try:
            if I2C_DIRECT:  # which tells that by itself
                hardware.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
            else:
                self._bus.send_register(addr, memaddr, addrsize)
                hardware.readfrom_into(addr, buf)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        """Write buf from memaddr on. OSError(EIO): the device does not take all of it."""
        _check_addr(addr)
        self._enter()
        try:
            self._bus.write_register(addr, memaddr, addrsize, buf)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def start(self):
        """A start condition, or a repeated one. Ports without the four primitives raise OSError(EOPNOTSUPP)."""
        hardware = self._enter()
        try:
            hardware.start()
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def stop(self):
        """A stop condition."""
        hardware = self._enter()
        try:
            hardware.stop()
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def readinto(self, buf, nack=True):
        """Fill buf after start() and an address; the last byte is refused if nack."""
        _check_read(len(buf))
        hardware = self._enter()
        try:
            hardware.readinto(buf, nack)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    def write(self, buf):
        """Write buf after start(); returns how many bytes were acknowledged."""
        hardware = self._enter()
        try:
            return hardware.write(buf)
        except OSError as error:
            self._failed(error)
        finally:
            self._bus.leave()

    # ---- Awaited ones

    def transfer(self, addr, tx=None, rx=None, *, stop=True, timeout_ms=None):
        """Write tx, then fill rx after a repeated start; either may be None, lengths differ at will.

        The bus is kept meanwhile, and equals of this thread run every 32 bytes where the port has the
        primitives (mps2), else after each of the two parts. timeout_ms: for the bus to become free.
        Raises OSError: ENODEV, ETIMEDOUT, and EIO when tx is not acknowledged to its end.
        Allocates a coroutine and views of the buffers. Context: thread.
        """
        refuse_isr()
        return self._transfer(addr, tx, rx, stop, timeout_ms)

    async def _transfer(self, addr, tx, rx, stop, timeout_ms):
        if rx is not None:
            _check_read(len(rx))
        await self.acquire(timeout_ms)
        try:
            if tx is not None or rx is None:
                await self._send(addr, b"" if tx is None else tx, stop and rx is None)
            if rx is not None:
                await self._receive(addr, rx, stop)
        except OSError:
            raise  # the bus is free
        except BaseException:
            self._hang_up()
            raise
        finally:
            self.release()

    def _hang_up(self):
        """The thread is terminated in the middle of a transfer: let no device hold the bus."""
        try:
            self.recover()
        except OSError:
            pass  # it is gone

    async def _send(self, addr, tx, stop):
        taken = 0
        if not I2C_DIRECT or len(tx) <= _PIECE:
            taken = self.writeto(addr, tx, stop)
        else:
            view = memoryview(tx)
            taken = self.writeto(addr, view[:_PIECE], False)
            for first in range(_PIECE, len(tx), _PIECE):
                if taken < first:
                    break  # it wants no more
                await yield_()
                taken += self.write(view[first : first + _PIECE])
            if stop:
                self.stop()
        if taken < len(tx):
            if not stop and I2C_DIRECT:
                self.stop()
            raise OSError(EIO, "the device at %#x took %d of %d bytes" % (addr, taken, len(tx)))
        await yield_()

    async def _receive(self, addr, rx, stop):
        if not I2C_DIRECT or len(rx) <= _PIECE:
            self.readfrom_into(addr, rx, stop)
            await yield_()
            return
        self.start()
        if not self.write(bytes((addr << 1 | 1,))):
            self.stop()
            raise OSError(ENODEV)
        view = memoryview(rx)
        for first in range(0, len(rx), _PIECE):
            self.readinto(view[first : first + _PIECE], first + _PIECE >= len(rx))
            await yield_()
        if stop:
            self.stop()


def check_freq(freq):
    """ValueError unless it is a frequency."""
    if not isinstance(freq, int) or not 0 < freq < 1 << 30:
        raise ValueError("freq: Hz, at least 1, for instance 400_000")


def _check_read(nbytes):
    if nbytes < 1:
        # A device that is asked to send drives SDA at once, and would hold it.
        raise ValueError("a read takes at least one byte; writeto(addr, b'') asks who is there")


def _check_addr(addr):
    # A larger one would be somebody else's when it is shifted.
    if not 0 <= addr <= 0x7F:
        raise ValueError("addr: 7 bits, the address without the read bit, such as 0x48")
