"""PCA9552 LED driver, on an I2C bus.

Source: NXP PCA9552 Rev. 05: control register, register descriptions, LED selectors. Blinking LEDs
follow the clock: reading and led() see it, wires change at the right time. They are off until the
count reaches PWM, then lit: (256 - PWM) / 256 of the period, as the data sheet's examples have it.
"""

from micropython import const

from .. import clock

_PSC0 = const(2)
_LS0 = const(6)
_LAST = const(9)
_INCREMENT = const(0x10)
_OUTPUTS = const(16)
_CLOCK_HZ = const(44)
_STEPS = const(256)
_STATES = ("on", "off", "blink0", "blink1")
_POWER_ON = b"\x00\x00\xff\x80\xff\x80\x55\x55\x55\x55"


class PCA9552:
    """The chip.

    wires: up to sixteen Wires, which its open-drain outputs drive; None where there is none.
    """

    properties = ("lit",)

    def __init__(self, wires=()):
        self._wires = wires
        self._drivers = [
            None if wire is None else wire.driver(f"PCA9552 {i}", open_drain=True)
            for i, wire in enumerate(wires)
        ]
        self.outputs = self._drivers
        self._alarms = [None, None]
        self.power_on()

    def __repr__(self):
        lit = [str(i) for i in range(_OUTPUTS) if self.state(i) == "on"]
        return f"<PCA9552 lit: {' '.join(lit) or 'none'}>"

    def power_on(self):
        """The state after power-up: all LEDs off."""
        self.registers = bytearray(_POWER_ON)
        self._pointer = 0
        self._first = True
        self._since_us = clock.now()
        self._drive()

    def state(self, output):
        """What its selector says: "on", "off", "blink0", "blink1"."""
        return _STATES[self._selector(output)]

    def led(self, output):
        """Whether the LED is lit now."""
        selector = self._selector(output)
        return self._low(selector - 2) if selector > 1 else selector == 0

    @property
    def lit(self):
        """The LEDs that are lit now, a mask; to look at."""
        return sum(1 << i for i in range(_OUTPUTS) if self.led(i))

    @lit.setter
    def lit(self, mask):
        raise ValueError("the chip lights them")

    def _selector(self, output):
        return self.registers[_LS0 + output // 4] >> output % 4 * 2 & 3

    def _period_us(self, generator):
        return (self.registers[_PSC0 + 2 * generator] + 1) * 1_000_000 // _CLOCK_HZ

    def _off_us(self, generator):
        """For how long a period begins with an LED that is off."""
        pulse = self.registers[_PSC0 + 2 * generator + 1]
        return self._period_us(generator) * pulse // _STEPS

    def _low(self, generator):
        phase = (clock.now() - self._since_us) % self._period_us(generator)
        return phase >= self._off_us(generator)

    # -- The bus

    def start(self, read):
        self._first = not read
        return True

    def write(self, byte):
        if self._first:
            self._first = False
            self._pointer = byte
            return True
        register = self._pointer & 0x0F
        if _PSC0 <= register <= _LAST:
            self.registers[register] = byte
            self._drive()
        self._advance(register)
        return True

    def read(self):
        register = self._pointer & 0x0F
        self._advance(register)
        if register < _PSC0:
            found = 0
            for i in range(8):
                found |= self._level(register * 8 + i) << i
            return found
        return self.registers[register] if register <= _LAST else 0xFF

    def _advance(self, register):
        if self._pointer & _INCREMENT:
            self._pointer = _INCREMENT | (0 if register >= _LAST else register + 1)

    def stop(self):
        pass

    # -- The outputs

    def _level(self, output):
        wire = self._wires[output] if output < len(self._wires) else None
        return int(not self.led(output)) if wire is None else wire()

    def _drive(self):
        for i, driver in enumerate(self._drivers):
            if driver is not None:
                driver(0 if self.led(i) else 1)
        for generator in (0, 1):
            self._plan(generator)

    def _plan(self, generator):
        """Come again when the generator's output changes, if a wire follows it."""
        if self._alarms[generator] is not None:
            self._alarms[generator].cancel()
            self._alarms[generator] = None
        used = any(
            driver is not None and self._selector(i) == 2 + generator
            for i, driver in enumerate(self._drivers)
        )
        off_us = self._off_us(generator)
        if used and off_us:
            period_us = self._period_us(generator)
            phase = (clock.now() - self._since_us) % period_us
            delay_us = off_us - phase if phase < off_us else period_us - phase
            self._alarms[generator] = clock.after(delay_us, self._flip, generator)

    def _flip(self, generator):
        for i, driver in enumerate(self._drivers):
            if driver is not None and self._selector(i) == 2 + generator:
                driver(0 if self._low(generator) else 1)
        self._alarms[generator] = None
        self._plan(generator)


#: What `coil run --i2c pca9552@ADDRESS` attaches, and its options there.
DEVICE = PCA9552
OPTIONS = {}
