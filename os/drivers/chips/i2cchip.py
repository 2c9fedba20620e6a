"""I2CChip: what chips with registers on I2C share. All their bytes go through _get() and _put()."""

from errno import EIO, ENODEV

from micropython import const

_ADDR_FIRST = const(0x08)  # the I2C-bus specification (UM10204) reserves those outside, table 4
_ADDR_LAST = const(0x77)


class I2CChip:
    """A chip at an address of a bus.

    i2c: an object with machine.I2C's methods.  addr: 7 bits, 0x08 to 0x77.
    Raises TypeError and ValueError for what is none; nothing is transferred.

    A subclass has a NAME, and calls only _get() and _put() for transfers. Their errors say which chip
    it was: OSError(ENODEV, "no TMP105 at 0x48") when nobody answers, else the bus's errno.
    """

    NAME = "chip"

    def __init__(self, i2c, addr):
        if not hasattr(i2c, "readfrom_mem_into"):
            raise TypeError("%s takes an I2C bus such as machine.I2C(), not %r" % (self.NAME, i2c))
        if not _ADDR_FIRST <= addr <= _ADDR_LAST:
            raise ValueError("I2C addresses are 0x08 to 0x77, without the read bit: %r" % (addr,))
        self._i2c = i2c
        #: The chip's address, 7 bits.
        self.addr = addr

    def __repr__(self):
        return "<%s at 0x%02x>" % (self.NAME, self.addr)

    def _get(self, register, buf):
        """Fill buf from that register on; one transfer with a repeated start."""
        try:
            self._i2c.readfrom_mem_into(self.addr, register, buf)
        except OSError as error:
            self._failed(error)

    def _put(self, buf):
        """Write buf: the register, then its contents.

        Raises OSError(EIO) when the chip does not acknowledge a byte.
        """
        try:
            acks = self._i2c.writeto(self.addr, buf)
        except OSError as error:
            self._failed(error)
        # Not every object with these methods counts; a refused last byte is not refused data.
        if acks is not None and acks < len(buf):
            self._refused(acks, buf)

    def _is_there(self):
        """Whether the bus has not been deinitialised, as far as it can tell."""
        bus = self._i2c
        return not hasattr(bus, "is_connected") or bus.is_connected()

    def _failed(self, error):
        """Raise what a transfer has raised, with the chip's name."""
        code = error.errno
        # ENODEV of a bus that was deinitialised has a text, which names it.
        if code == ENODEV and self._is_there():
            raise OSError(ENODEV, "no %s at 0x%02x" % (self.NAME, self.addr))
        text = error.args[1] if len(error.args) > 1 else "the bus failed"
        raise OSError(code, "%s at 0x%02x: %s" % (self.NAME, self.addr, text))

    def _refused(self, acks, buf):
        """Raise that only that many bytes of buf were acknowledged."""
        text = "%s at 0x%02x took %d of %d bytes"
        raise OSError(EIO, text % (self.NAME, self.addr, acks, len(buf)))

    def _strange(self, what):
        """Raise that what answers at the address is something else."""
        raise OSError(ENODEV, "no %s at 0x%02x: %s" % (self.NAME, self.addr, what))
