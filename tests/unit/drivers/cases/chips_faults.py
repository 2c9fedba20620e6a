"""Drivers of I2C chips on a bus where each transfer, and each byte written, fails once.

Whatever fails, the caller gets an OSError that names the chip, the same call then works, and driver
and chip agree about what is set.
"""

import machine
from drivers.chips import AT24C, DS1338, MAX7310, PCA9552, SSD1306_I2C, TMP105
from sim import board, clock, machine_pin
from sim.devices import at24c, ds1338, max7310, pca9552, ssd1306, tmp105
from sim.faults import Fault, Stuck
from sim.machine_i2c import I2C
from support import raises

machine.Pin  # noqa: B018 - on board host it installs the computer's clock, which fresh() replaces
ENODEV, EIO, ETIMEDOUT = 19, 5, 110


def fresh(address, kind, *arguments):
    """(device of that kind, its bus, machine.I2C), at time 0 of a virtual clock."""
    board.reset()
    machine_pin.reset()
    clock.use(clock.VirtualClock())
    bus = board.i2c(3)
    return bus.attach(address, kind(*arguments)), bus, I2C(3)


class NoAddress(Fault):
    """The n-th address from here on is not acknowledged."""

    def __init__(self, n):
        self.left = n
        self.reading = False

    def on_address(self, address, read, ack):
        self.reading = read
        self.left -= 1
        return ack and self.left != -1

    @property
    def hit(self):
        return self.left < 0


class NoByte(Fault):
    """The n-th byte that is written from here on is not acknowledged."""

    def __init__(self, n):
        self.left = n

    def on_write(self, address, byte):
        self.left -= 1
        return None if self.left == -1 else byte

    @property
    def hit(self):
        return self.left < 0


def fail_everywhere(bus, kind, act, name, check, errnos):
    """Run act() with a fault at the first place, the second ... until there is none. Their number."""
    n = 0
    while True:
        fault = kind(n).on(bus)
        try:
            error = raises(OSError, act)
        except AssertionError:
            assert not fault.hit, f"{kind.__name__} {n} was not reported"
            return n
        finally:
            fault.off()
        assert error.errno in errnos and name in str(error), error
        act()
        check()
        n += 1
        assert n < 1000


def both(bus, act, name, check):
    """Faults of addresses and of bytes, for what only writes."""
    assert fail_everywhere(bus, NoAddress, act, name, check, (ENODEV,)) > 0
    assert fail_everywhere(bus, NoByte, act, name, check, (EIO,)) > 0


def addresses(bus, act, name, check):
    """Faults of addresses, for what reads, too: MicroPython hides refused bytes there."""
    assert fail_everywhere(bus, NoAddress, act, name, check, (ENODEV,)) > 0


def test_thermometer():
    device, bus, i2c = fresh(0x48, tmp105.TMP105)
    chip = TMP105(i2c)
    device.temperature = 25
    for act in (
        chip.raw,
        chip.check,
        lambda: chip.limits(20, 30),
        lambda: chip.limits(-20, -10),
    ):
        addresses(bus, act, "TMP105 at 0x48", chip.check)
    for act in (
        lambda: chip.resolution(10),
        lambda: chip.resolution(12),
        lambda: chip.alert(True, 4),
        lambda: chip.shutdown(True),
        chip.start,
        lambda: chip.shutdown(False),
    ):
        both(bus, act, "TMP105 at 0x48", chip.check)
    assert chip.raw() == 25 * 256 and chip.limits() == (-20, -10)


def test_clock():
    device, bus, i2c = fresh(0x68, ds1338.DS1338)
    chip = DS1338(i2c)
    name = "DS1338 at 0x68"
    addresses(bus, lambda: chip.datetime((2024, 2, 29, 0, 12, 0, 0, 0)), name, chip.check)
    addresses(bus, chip.datetime, name, chip.check)
    addresses(bus, lambda: chip.square_wave(1), name, chip.check)
    both(bus, lambda: chip.write_nvram(0, b"kept"), name, chip.check)
    assert device.registers[8:12] == b"kept" and device.registers[7] == 0x90


def test_leds():
    device, bus, i2c = fresh(0x60, pca9552.PCA9552)
    chip = PCA9552(i2c)
    name = "PCA9552 at 0x60"
    levels = iter(range(1 << 20))
    both(bus, lambda: chip.write(0xFFFF, next(levels) * 0x1235 & 0xFFFF), name, chip.check)
    both(bus, chip.led(3).on, name, chip.check)
    both(bus, chip.led(3).off, name, chip.check)
    both(bus, lambda: chip.blink(9, 1), name, chip.check)
    both(bus, lambda: chip.rate(1, 500, 0x4000), name, chip.check)
    addresses(bus, chip.read, name, chip.check)
    addresses(bus, chip.check, name, chip.check)
    assert device.state(9) == "blink1" and device.state(3) == "off"


def test_port():
    device, bus, i2c = fresh(0x18, max7310.MAX7310)
    chip = MAX7310(i2c)
    name = "MAX7310 at 0x18"
    levels = iter(range(1 << 20))
    both(bus, lambda: chip.write(0xFF, next(levels) & 0xFF), name, chip.check)
    both(bus, lambda: chip.direction(0x0F, True), name, chip.check)
    both(bus, lambda: chip.bus_timeout(False), name, chip.check)
    both(bus, chip.pin(2).off, name, chip.check)
    both(bus, chip.pin(2).on, name, chip.check)
    addresses(bus, chip.read, name, chip.check)
    assert device.driven & 4 and chip.direction() == 0x0F


def test_eeprom():
    device, bus, i2c = fresh(0x50, at24c.AT24C, 8192, 0)
    chip = AT24C(i2c, size=8192)
    data = bytes(range(70))
    found = bytearray(70)

    # The third address of a page is the question whether it is ready: no answer is an answer.
    for place in (0, 2, 3, 5, 6, 8):
        fault = NoAddress(place).on(bus)
        try:
            chip.program(100, data)
            raised = False
        except OSError as error:
            raised = True
            assert error.errno == ENODEV and "AT24C at 0x50" in str(error), error
        fault.off()
        assert fault.hit and raised != (place % 4 == 1), place
        chip.program(100, data)
        chip.read(100, found)
        assert found == data
    addresses(bus, lambda: chip.read(100, found), "AT24C at 0x50", chip.check)


def test_display():
    device, bus, i2c = fresh(0x3C, ssd1306.SSD1306, 16, 16)
    display = SSD1306_I2C(i2c, 16, 16)
    name = "SSD1306 at 0x3c"
    colors = iter(range(1 << 20))

    def show():
        display.fill(next(colors) & 1)
        display.pixel(3, 3, 1)
        display.pixel(3, 12, 1)
        display.show()

    def check():
        display.check()
        lit = [
            device.pixel(x, y) == bool(display.pixel(x, y)) for x in range(16) for y in range(16)
        ]
        assert all(lit)

    both(bus, show, name, check)
    both(bus, lambda: display.contrast(7), name, check)
    both(bus, lambda: display.power(True), name, check)
    addresses(bus, display.check, name, check)
    assert device.contrast == 7


def test_a_stuck_bus_names_the_chip():
    device, bus, i2c = fresh(0x48, tmp105.TMP105)
    chip = TMP105(i2c)
    fault = Stuck(bus.scl).on()
    error = raises(OSError, chip.raw)
    assert error.errno == ETIMEDOUT and "TMP105 at 0x48" in str(error), error
    fault.off()
    chip.check()
