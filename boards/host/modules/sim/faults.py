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
    """Bytes on a serial line are lost as framing errors: every n-th, from the n-th on."""

    def __init__(self, every):
        self._every = every
        self._count = 0

    def on_read(self, address, byte):
        self._count += 1
        return None if self._count % self._every == 0 else byte


class Stuck:
    """A short circuit of a wire. level: 0 to ground, 1 to supply."""

    def __init__(self, wire, level=0):
        self._wire = wire
        self._level = level

    def on(self, for_us=None):
        """Begin; with for_us it ends by itself."""
        self._wire.force(self._level)
        if for_us is not None:
            clock.after(for_us, self._end)
        return self

    def off(self):
        self._wire.force(None)

    def _end(self, _):
        self.off()


class LostInterrupt:
    """The next interrupts are not noticed. irq: what Pin.irq() or UART.irq() returned."""

    def __init__(self, irq, times=1):
        self._interrupt = irq.interrupt
        self._interrupt.lose = times

    @property
    def lost(self):
        """How many were not noticed yet, of this and earlier faults."""
        return self._interrupt.lost

    def off(self):
        self._interrupt.lose = 0


class BrownOut:
    """The supply of an I2C or SPI device fails: it answers nothing and loses its state.

    bus: where it is attached.  Begins with on(), and off() is power-up.
    """

    def __init__(self, bus, device):
        self._bus = bus
        self._device = device

    def on(self, for_us=None):
        """Begin; with for_us it ends by itself."""
        self._bus.power(self._device, False)
        if for_us is not None:
            clock.after(for_us, self._end)
        return self

    def off(self):
        self._device.power_on()
        self._bus.power(self._device, True)

    def _end(self, _):
        self.off()
