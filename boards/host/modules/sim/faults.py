"""Faults of simulated hardware, switched on and off while the program runs.

Those of transfers are put into the list `faults` of a bus or serial line: faults.Nack(2).on(bus),
and off() ends them. Random ones repeat exactly with the same seed, on every platform.
"""

from micropython import const

from . import clock

_MODULUS = const(0x7FFFFFFF)
_MILLION = const(1_000_000)


class Fault:
    """The base: a transfer without a fault. I2C buses ask all three, SPI and UART without address.

    on_write and on_read may return another byte, or None: not acknowledged (I2C), lost (UART).
    """

    _list = None

    def on(self, bus):
        """Let it act on a bus or on the end of a serial line, behind those that do already."""
        self.off()
        self._list = bus.faults
        self._list.append(self)
        return self

    def off(self):
        """It acts no more."""
        if self._list is not None:
            self._list.remove(self)
            self._list = None

    def on_address(self, address, read, ack):
        return ack

    def on_write(self, address, byte):
        return byte

    def on_read(self, address, byte):
        return byte


class Nack(Fault):
    """An I2C device does not acknowledge.

    at: which byte of a transfer, 0 is the address.  times: how often, None: always.
    address: of which device; None: of all.
    """

    def __init__(self, at=0, times=None, address=None):
        self._at = at
        self._left = times
        self._address = address
        self._index = 0

    def on(self, bus):
        """As of all; ValueError for a bus on which nothing is acknowledged."""
        if not hasattr(bus, "begin"):
            raise ValueError("Nack is for I2C: on other buses nothing is acknowledged")
        return super().on(bus)

    def _here(self, address):
        if self._address not in (None, address) or self._index != self._at or self._left == 0:
            return False
        if self._left is not None:
            self._left -= 1
        return True

    def on_address(self, address, read, ack):
        self._index = 0
        return ack and not self._here(address)

    def on_write(self, address, byte):
        self._index += 1
        return None if self._here(address) else byte


class BitNoise(Fault):
    """Bits of data arrive flipped.

    per_million: so many of a million bits.  seed: what repeats it.  address: of which device.
    flips counts them.
    """

    def __init__(self, per_million, seed, address=None):
        self._per_million = per_million
        self._state = seed % (_MODULUS - 1) + 1
        self._address = address
        self.flips = 0

    def _flip(self, address, byte):
        if self._address not in (None, address) or byte is None:
            return byte
        for bit in range(8):
            # Park and Miller's minimal standard generator (CACM 31/10, 1988), as a source of bits.
            self._state = self._state * 48271 % _MODULUS
            if self._state % _MILLION < self._per_million:
                byte ^= 1 << bit
                self.flips += 1
        return byte

    on_write = on_read = _flip


class Lost(Fault):
    """Every n-th byte that comes in is lost: a framing error of a UART; else it reads as 0xff."""

    def __init__(self, every):
        self._every = every
        self._count = 0

    def on_read(self, address, byte):
        self._count += 1
        return None if self._count % self._every == 0 else byte


class _Lasting:
    """The base of what begins with on() and lasts until off(). A subclass has _begin() and _finish()."""

    _is_on = False
    _alarm = None

    def on(self, for_us=None):
        """Begin, or go on; with for_us it ends by itself, that long from now."""
        self._forget()
        if not self._is_on:
            self._is_on = True
            self._begin()
        if for_us is not None:
            self._alarm = clock.after(for_us, self._end)
        return self

    def off(self):
        """End it; nothing happens if it has ended already."""
        self._forget()
        if self._is_on:
            self._is_on = False
            self._finish()

    def _forget(self):
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _end(self, _):
        self.off()


class Stuck(_Lasting):
    """A short circuit of a wire. level: 0 to ground, 1 to supply.

    What goes over the wire feels it, also in the middle of a transfer: I2C, the bytes of SPI and of
    serial lines. Of several on one wire, one to ground wins.
    """

    def __init__(self, wire, level=0):
        self._wire = wire
        self._level = level

    def _begin(self):
        self._wire.force(self._level, self)

    def _finish(self):
        self._wire.force(None, self)


class LostInterrupt:
    """The next interrupts are not noticed, from here on.

    source: what Pin.irq(), UART.irq() or CAN.irq() returned, without arguments: it leaves the handler
    as it is. Or a simulated part: I2CTarget, cannode.Controller, radio.Radio.
    """

    def __init__(self, source, times=1):
        self._interrupt = source.interrupt
        self._interrupt.lose = times

    @property
    def lost(self):
        """How many were not noticed yet, of this and earlier faults."""
        return self._interrupt.lost

    def off(self):
        """The next ones are noticed."""
        self._interrupt.lose = 0


def brown_out_board():
    """The supply of board host itself fails for a moment: a reset. Does not return.

    drivers.ResetReason is BROWN_OUT then. RAM, no-init RAM and what devices held are lost, outputs float
    until the program sets them; the disk and the computer's clock stay.
    """
    import host

    host.brown_out()


class BrownOut(_Lasting):
    """The supply of a device fails: it answers nothing, drives nothing, and loses its state.

    bus: where it is attached, I2C, SPI or quad SPI. off() is power-up. A page of flash memory that was
    being written is left half written. A controller sees what it would of a device that has gone, at
    any place of a transfer; a device that comes back takes part from the next one on.
    """

    def __init__(self, bus, device):
        self._bus = bus
        self._device = device

    def _begin(self):
        self._bus.power(self._device, False)
        if hasattr(self._device, "power_off"):
            self._device.power_off()
        self._supply(False)

    def _finish(self):
        self._device.power_on()
        self._supply(True)
        self._bus.power(self._device, True)

    def _supply(self, on):
        for driver in getattr(self._device, "outputs", ()):
            if driver is not None:
                driver.power(on)
