"""TMP105 and LM75: thermometers with a thermostat output.

TMP105: Texas Instruments SLLS648D; its tables are named below. LM75: Texas
Instruments SNOS808 (LM75A) and SNIS153 (LM75B, LM75C).
"""

from errno import EOPNOTSUPP

from micropython import const

from .i2cchip import I2CChip

# Pointer register (SLLS648D table 2).
_TEMPERATURE = const(0)
_CONFIG = const(1)
_T_LOW = const(2)
_T_HIGH = const(3)

# Configuration register (SLLS648D table 6).
_SHUTDOWN = const(0x01)
_INTERRUPT = const(0x02)  # thermostat mode: comparator or interrupt
_POLARITY = const(0x04)
_FAULTS_SHIFT = const(3)
_FAULTS = const(0x18)
_RESOLUTION_SHIFT = const(5)
_RESOLUTION = const(0x60)
_ONE_SHOT = const(0x80)  # OS; it is only written

#: Consecutive conversions beyond a limit, by the two bits of the fault queue (table 7).
_FAULT_QUEUE = (1, 2, 4, 6)
#: Longest conversion with 9 to 12 bits: SLLS648D table 8 gives what is typical, 27.5 to 220 ms,
#: the TMP75 of the same core (SBOS288, electrical characteristics) these.
_CONVERT_MS = (38, 75, 150, 300)

_LOWEST_C = const(-55)
_HIGHEST_C = const(128)  # table 5: it reads as 127.9375


class LM75(I2CChip):
    """A thermometer with an output that switches at a limit. Contract: sensor (docs/contracts.md).

    bits: that the temperature has: 9, or what a better compatible one offers (NXP's LM75B: 11).
    Sets the chip up: it converts all the time, thermostat as after power-up. Limits stay as they are.
    Raises OSError(ENODEV) when it is not there. Methods may be called by one thread at a time.
    """

    NAME = "LM75"
    QUANTITIES = ("temperature_c",)
    BITS = (9, 11)
    #: Configuration bits that always read as 0 (SNOS808, configuration register).
    _ZERO_CONFIG = 0xE0
    #: Low bits of a register with a temperature that always read as 0.
    _ZERO_BITS = 0

    def __init__(self, i2c, addr=0x48, bits=9):
        super().__init__(i2c, addr)
        self._setting = bytearray((_CONFIG, 0))
        self._two = bytearray(2)
        self._limit = bytearray(3)
        self._one = bytearray(1)
        self._set_bits(bits)
        self._put(self._setting)

    def __repr__(self):
        return "<%s at 0x%02x, %d bits>" % (self.NAME, self.addr, self.bits)

    def _set_bits(self, bits):
        if bits not in self.BITS:
            known = ", ".join([str(n) for n in self.BITS])
            raise ValueError("a %s has %s bits, not %r" % (self.NAME, known, bits))
        #: Resolution of the temperature: 9 = 0.5 °C … 12 = 0.0625 °C.
        self.bits = bits
        self._mask = 0xFFFF & -(1 << (16 - bits))
        # The electrical characteristics: an LM75 converts for at most 300 ms.
        self.convert_ms = _CONVERT_MS[3]

    # ---- The sensor

    def read(self):
        """(degrees Celsius,) of the last complete conversion; allocates what it returns."""
        return (self.temperature_c(),)

    def temperature_c(self):
        """Degrees Celsius of the last complete conversion, a float."""
        return self.raw() / 256

    def raw(self):
        """The same in 1/256 °C, an int; allocates nothing. Raises OSError of the bus."""
        return self._register(_TEMPERATURE)

    def _register(self, register):
        buf = self._two
        self._get(register, buf)
        value = (buf[0] << 8 | buf[1]) & self._mask
        return value - 0x10000 if value & 0x8000 else value

    def shutdown(self, on=None):
        """Whether the chip rests; with an argument, let it rest or convert all the time."""
        if on is not None:
            self._configure(_SHUTDOWN, _SHUTDOWN if on else 0)
        return bool(self._setting[1] & _SHUTDOWN)

    def start(self):
        """Begin a conversion; when the chip converts all the time, there is nothing to do.

        Raises OSError(EOPNOTSUPP) in shutdown: an LM75 has no single conversions.
        """
        if self._setting[1] & _SHUTDOWN:
            text = "%s at 0x%02x converts only while it is not shut down: shutdown(False)"
            raise OSError(EOPNOTSUPP, text % (self.NAME, self.addr))

    def check(self):
        """Tell that the chip is there, and has the settings it was given.

        There is no identity register: bits that always read as 0, what was written, and limits that
        make sense, decide.
        Raises OSError(ENODEV) with what was found.
        """
        self._get(_CONFIG, self._one)
        found = self._one[0]
        if (found ^ self._setting[1]) & ~_ONE_SHOT or found & self._ZERO_CONFIG:
            text = "its configuration reads 0x%02x instead of 0x%02x"
            self._strange(text % (found, self._setting[1]))
        for register in (_TEMPERATURE, _T_LOW, _T_HIGH):
            self._get(register, self._two)
            if self._two[1] & self._ZERO_BITS:
                text = "register %d reads 0x%02x%02x"
                self._strange(text % (register, self._two[0], self._two[1]))
        low = self._register(_T_LOW)
        high = self._register(_T_HIGH)
        if not (_LOWEST_C * 256 <= low < high):
            self._strange("its limits read 0x%04x and 0x%04x" % (low & 0xFFFF, high & 0xFFFF))

    # ---- The thermostat

    def limits(self, low_c=None, high_c=None):
        """(low, high) in °C; with arguments, set them, rounded to the chip's steps.

        The output becomes active at high_c and ends below low_c. -55 <= low_c < high_c < 128.
        Raises ValueError.
        """
        if low_c is not None or high_c is not None:
            if low_c is None or high_c is None:
                raise ValueError("limits are set together: limits(low_c, high_c)")
            low = self._steps(low_c)
            high = self._steps(high_c)
            if low >= high:
                text = "low_c must be at least a step below high_c, not %r and %r"
                raise ValueError(text % (low_c, high_c))
            # First the one that cannot pass the other one.
            first = _T_HIGH if high > self._register(_T_LOW) else _T_LOW
            self._set_limit(first, high if first == _T_HIGH else low)
            first ^= 1
            self._set_limit(first, high if first == _T_HIGH else low)
        return self._register(_T_LOW) / 256, self._register(_T_HIGH) / 256

    def _steps(self, degrees):
        """Degrees in 1/256 °C, rounded to what the chip resolves."""
        if not _LOWEST_C <= degrees < _HIGHEST_C:
            raise ValueError("limits are -55 °C up to below 128 °C, not %r" % (degrees,))
        step = 1 << (16 - self.bits)
        return min(round(degrees * 256 / step) * step, 0x8000 - step)

    def _set_limit(self, register, value):
        buf = self._limit
        buf[0] = register
        buf[1] = value >> 8 & 0xFF
        buf[2] = value & 0xFF
        self._put(buf)

    def alert(self, interrupt=False, faults=1, active_high=False):
        """Choose what the output does.

        interrupt: False: active from the high limit until below the low one (comparator).
            True: active at the high limit, then at the low one, in turns, until a register is read.
        faults: consecutive conversions beyond a limit that it takes: 1, 2, 4 or 6.
        active_high: the level; the output is open-drain and needs a pull-up in both cases.
        """
        if faults not in _FAULT_QUEUE:
            raise ValueError("faults must be 1, 2, 4 or 6, not %r" % (faults,))
        value = _FAULT_QUEUE.index(faults) << _FAULTS_SHIFT
        if interrupt:
            value |= _INTERRUPT
        if active_high:
            value |= _POLARITY
        self._configure(_INTERRUPT | _POLARITY | _FAULTS, value)

    def _configure(self, mask, value, command=0):
        """Change those bits. What the chip has is kept here: reading it would end an alert."""
        kept = self._setting[1]
        self._setting[1] = kept & ~mask | value | command
        try:
            self._put(self._setting)
        except OSError:
            self._setting[1] = kept
            raise
        self._setting[1] &= ~command


class TMP105(LM75):
    """An LM75 with 9 to 12 bits and single conversions.

    bits: 9 to 12; each bit more doubles the time of a conversion.  Otherwise as LM75.
    """

    NAME = "TMP105"
    BITS = (9, 10, 11, 12)
    _ZERO_CONFIG = 0
    _ZERO_BITS = 0x0F  # the registers have 12 bits (table 4)

    def __init__(self, i2c, addr=0x48, bits=12):
        super().__init__(i2c, addr, bits)

    def _set_bits(self, bits):
        super()._set_bits(bits)
        self._setting[1] = self._setting[1] & ~_RESOLUTION | (bits - 9) << _RESOLUTION_SHIFT
        self.convert_ms = _CONVERT_MS[bits - 9]

    def resolution(self, bits=None):
        """Bits of a temperature; with an argument, choose 9, 10, 11 or 12.

        `convert_ms` changes with it; what was converted before keeps its bits.
        """
        if bits is not None:
            before = self.bits
            self._set_bits(bits)
            try:
                self._put(self._setting)
            except OSError:
                self._set_bits(before)
                raise
        return self.bits

    def start(self):
        """Begin a single conversion in shutdown; else the chip converts all the time anyway."""
        if self._setting[1] & _SHUTDOWN:
            self._configure(0, 0, _ONE_SHOT)
