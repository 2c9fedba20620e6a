"""I2C bit by bit: the device side of the wires, and a controller that bangs them.

Source of the protocol: NXP UM10204 section 3.1.
"""

from errno import EIO, ETIMEDOUT

from micropython import const

from . import clock

# What the bits on the wires are; the device side's states.
_IDLE = const(0)  # not addressed: waits for a start
_ADDRESS = const(1)
_TO_DEVICE = const(2)
_FROM_DEVICE = const(3)


class Decoder:
    """All devices of a bus as its wires see them: makes calls of bits, and bits of replies."""

    def __init__(self, bus):
        self._bus = bus
        self._sda = bus.sda.driver(bus.name + " devices", open_drain=True)
        self._scl = bus.scl.driver(bus.name + " devices", open_drain=True)
        self.forget()
        bus.sda.watch(self._sda_changed, observer=False)
        bus.scl.watch(self._scl_changed, observer=False)

    def forget(self):
        """Wait for a start."""
        self._state = _IDLE
        self._bit = 0
        self._byte = 0
        self._in_transfer = False
        self._sda(1)

    def _sda_changed(self, sda):
        if not self._bus.scl():
            return
        self._sda(1)
        if sda():
            self._state = _IDLE
            if self._in_transfer:
                self._in_transfer = False
                self._bus.end()
        else:
            self._state = _ADDRESS
            self._in_transfer = True
            self._bit = -1  # the clock's fall behind the start is no bit's end
            self._byte = 0

    def _scl_changed(self, scl):
        if self._state == _IDLE:
            return
        if scl():
            self._rise()
        else:
            self._fall()

    def _rise(self):
        # The wire is valid while the clock is high: sample it at once.
        if self._bit < 8:
            if self._state != _FROM_DEVICE:
                self._byte = self._byte << 1 | self._bus.sda()
        elif self._state == _FROM_DEVICE and self._bus.sda():
            self._state = _IDLE  # the controller wants no more

    def _fall(self):
        self._bit += 1
        if self._bit == 9:
            self._bit = 0
            self._byte = 0
            self._stretch()
            if self._state == _FROM_DEVICE:
                self._byte = self._bus.read()
        if self._state == _FROM_DEVICE:
            self._sda(self._bit == 8 or self._byte >> (7 - self._bit) & 1)
        elif self._bit == 8:
            self._sda(0 if self._take() else 1)
        elif self._bit == 0:
            self._sda(1)

    def _take(self):
        """A byte has come in: returns whether it is acknowledged."""
        if self._state == _TO_DEVICE:
            ack = self._bus.write(self._byte)
        else:
            read = self._byte & 1
            ack = self._bus.begin(self._byte >> 1, bool(read))
            # The direction changes behind the acknowledge bit, in which nobody looks at it.
            self._state = (_FROM_DEVICE if read else _TO_DEVICE) if ack else _IDLE
        return ack

    def _stretch(self):
        us = self._bus.stretch_us()
        if us:
            self._scl(0)
            clock.after(us, self._scl, 1)


class BitBang:
    """A controller that drives two wires.

    scl, sda: called with a level to set it, 1 releases; without to read it.
    freq: clock, Hz.  timeout_us: how long a device may hold SCL.
    arbitrates: a released SDA that reads low is another controller: OSError(EIO), as hardware
    says; MicroPython's SoftI2C does not look.
    """

    def __init__(self, scl, sda, freq, timeout_us, arbitrates=False):
        self._scl = scl
        self._sda = sda
        self._half_us = max(500_000 // freq, 1)
        self._timeout_us = timeout_us
        self._arbitrates = arbitrates
        self._high_now = self._scl_high  # to make a bound method allocates
        scl(1)
        sda(1)

    def _scl_high(self):
        return self._scl()

    def _rise(self):
        """Release the clock and wait until it is high; then half a period."""
        self._scl(1)
        if not self._scl() and not clock.wait(self._high_now, self._timeout_us):
            raise OSError(ETIMEDOUT, "a device holds SCL")
        clock.spend(self._half_us)

    def start(self):
        self._sda(1)
        clock.spend(self._half_us)
        self._rise()
        self._sda(0)
        clock.spend(self._half_us)
        self._scl(0)

    def stop(self):
        self._sda(0)
        clock.spend(self._half_us)
        self._rise()
        self._sda(1)
        clock.spend(self._half_us)

    def bit(self, level):
        """One clock pulse; returns what the wire says."""
        self._sda(level)
        clock.spend(self._half_us)
        self._rise()
        seen = self._sda()
        self._scl(0)
        return seen

    def write_byte(self, byte):
        """Returns whether it was acknowledged."""
        for shift in range(7, -1, -1):
            level = byte >> shift & 1
            if self.bit(level) != level and self._arbitrates:
                raise OSError(EIO, "arbitration lost: something else holds SDA")
        return not self.bit(1)

    def read_byte(self, ack):
        byte = 0
        for _ in range(8):
            byte = byte << 1 | self.bit(1)
        self.bit(0 if ack else 1)
        return byte
