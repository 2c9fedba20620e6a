"""TMP105 temperature sensor with its thermostat output, on an I2C bus.

Source: Texas Instruments SLLS648 (data sheet of the TMP105): pointer and registers in tables 3 to
6, resolution in table 8, the behaviour of ALERT in "High and low limit registers" and figure 3.

Conversions take no time: what `temperature` is set to can be read at once, and a fault queue of
any length (F1, F0) is filled at once. The general call and the SMBus alert response are not there.
"""

from micropython import const

# Pointer register, 2 bits.
_TEMPERATURE = const(0)
_CONFIGURATION = const(1)
_T_LOW = const(2)
_T_HIGH = const(3)

# Configuration register.
_SD = const(0x01)  # shutdown
_TM = const(0x02)  # thermostat: 0 comparator, 1 interrupt mode
_POL = const(0x04)  # ALERT is active high
_OS = const(0x80)  # one conversion while shut down; reads as 0
_RESOLUTION_SHIFT = const(5)  # two bits: 9 to 12 bits

_COUNTS_PER_C = const(16)
_C_MIN = const(-128)
_C_MAX = 127.9375
_POWER_ON_LIMITS = (75 * 16, 80 * 16)


class TMP105:
    """The chip. alert: sim.wires.Driver of its ALERT pin, open drain; or None."""

    properties = ("temperature",)

    def __init__(self, alert=None):
        self._ambient_c = 0.0
        self._alert = alert
        self.outputs = (alert,)
        self.power_on()

    def __repr__(self):
        return f"<TMP105 {self._ambient_c} C>"

    @property
    def temperature(self):
        """What it is exposed to, degrees Celsius."""
        return self._ambient_c

    @temperature.setter
    def temperature(self, celsius):
        celsius = float(celsius)
        if not _C_MIN <= celsius <= _C_MAX:
            raise ValueError(f"temperature must be {_C_MIN} to {_C_MAX} degrees Celsius")
        self._ambient_c = celsius
        self._keep_converting()

    def power_on(self):
        """The state after power-up."""
        self._configuration = 0
        self._limits = list(_POWER_ON_LIMITS)
        self._pointer = _TEMPERATURE
        self._index = 0
        self._reading = False
        self._active = False
        self._wants_low = False  # interrupt mode: it waits for the lower limit now
        self._convert()

    # -- The bus

    def start(self, read):
        self._reading = read
        self._index = 0
        return True

    def write(self, byte):
        index = self._index
        self._index = index + 1
        if index == 0:
            self._pointer = byte & 3
        elif self._pointer == _CONFIGURATION:
            self._configure(byte)
        elif self._pointer >= _T_LOW and index <= 2:
            limit = self._limits[self._pointer - _T_LOW]
            # 12 bits on the left of two bytes, the first one has the sign.
            limit = _signed(byte) << 4 | limit & 0xF if index == 1 else limit & ~0xF | byte >> 4
            self._limits[self._pointer - _T_LOW] = limit
            self._keep_converting()
        return True

    def read(self):
        index = self._index
        self._index = index + 1
        if self._pointer == _CONFIGURATION:
            return 0xFF if index else self._configuration
        if self._pointer == _TEMPERATURE:
            counts = self._counts
        else:
            counts = self._limits[self._pointer - _T_LOW]
        return counts >> 4 & 0xFF if index == 0 else (counts & 0xF) << 4 if index == 1 else 0xFF

    def stop(self):
        if self._reading and self._configuration & _TM:
            self._active = False  # reading any register clears it
            self._show()
            self._keep_converting()

    # -- The sensor and its thermostat

    def _configure(self, byte):
        self._configuration = byte & ~_OS
        if not byte & _SD or byte & _OS:
            self._convert()
        if byte & _SD and byte & _TM:
            self._active = False
        self._show()

    def _keep_converting(self):
        if not self._configuration & _SD:
            self._convert()

    def _convert(self):
        unused = 7 >> (self._configuration >> _RESOLUTION_SHIFT & 3)
        self._counts = round(self._ambient_c * _COUNTS_PER_C) & ~unused
        low, high = self._limits
        if not self._configuration & _TM:
            self._active = self._counts >= high or self._active and self._counts >= low
        elif not self._active:
            limit_passed = self._counts < low if self._wants_low else self._counts >= high
            if limit_passed:
                self._active = True
                self._wants_low = not self._wants_low
        self._show()

    def _show(self):
        if self._alert is not None:
            self._alert(self._active == bool(self._configuration & _POL))


def _signed(byte):
    return byte - 0x100 if byte & 0x80 else byte


#: What `coil run --i2c tmp105@ADDRESS` attaches, and its options there.
DEVICE = TMP105
OPTIONS = {"alert": "output"}
