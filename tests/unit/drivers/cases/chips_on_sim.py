# uses: conformance/sensor.py conformance/blockdevice.py
"""Drivers of I2C chips on the simulated bus, with models that know nothing of the drivers."""

import machine
from drivers.chips import (
    AT24C,
    DS1307,
    DS1338,
    LM75,
    MAX7310,
    PCA9552,
    SSD1306_I2C,
    SSD1306_SPI,
    TMP105,
)
from sim import board, clock, machine_pin
from sim.devices import at24c, ds1338, max7310, pca9552, ssd1306, tmp105
from sim.machine_i2c import I2C
from support import (
    check_absent,
    check_blockdevice,
    check_deinit,
    check_filesystems,
    check_reading,
    check_sensor,
    check_stranger,
    fails,
    raises,
)

machine.Pin  # noqa: B018 - on board host it installs the computer's clock, which fresh() replaces
EROFS = 30


def fresh():
    """A bus with nothing attached, at time 0 of a virtual clock."""
    board.reset()
    machine_pin.reset()
    clock.use(clock.VirtualClock())
    return board.i2c(3), I2C(3)


def wait(ms):
    clock.advance(ms * 1000)


# ---- Thermometers


def test_thermometers_keep_the_contract():
    for kind, options in ((TMP105, {}), (TMP105, {"bits": 9}), (LM75, {})):
        bus, i2c = fresh()
        device = bus.attach(0x48, tmp105.TMP105())
        sensor = kind(i2c, **options)
        check_sensor(sensor, wait)
        for degrees in (25, -40, 0, 102.5):
            device.temperature = degrees
            check_reading(sensor, wait, "temperature_c", degrees, 0)
        bus.detach(device)
        check_absent(sensor, 0x48)
        bus.attach(0x48, pca9552.PCA9552())
        check_stranger(sensor, 0x48)


def test_single_conversions():
    bus, i2c = fresh()
    device = bus.attach(0x48, tmp105.TMP105())
    device.temperature = 20
    sensor = TMP105(i2c)
    sensor.shutdown(True)
    device.temperature = 30
    assert sensor.temperature_c() == 20
    sensor.start()
    wait(sensor.convert_ms)
    assert sensor.temperature_c() == 30
    sensor.check()


def test_thermostat_output():
    bus, i2c = fresh()
    wire = board.wire("D2")
    wire.pull(1)
    device = bus.attach(0x48, tmp105.TMP105(wire.driver("ALERT", open_drain=True)))
    sensor = TMP105(i2c)
    assert sensor.limits(20, 30) == (20, 30)
    for degrees, active in ((25, 0), (30, 1), (25, 1), (19.5, 0)):
        device.temperature = degrees
        assert wire() == 1 - active, degrees
    sensor.alert(active_high=True)
    assert wire() == 0
    device.temperature = 40
    assert wire() == 1
    sensor.alert(interrupt=True)
    device.temperature = 10
    assert wire() == 0
    sensor.raw()
    assert wire() == 1


# ---- EEPROM


def eeprom(size, **options):
    bus, i2c = fresh()
    device = at24c.AT24C(size, **options).attach(bus, 0x50)
    return device, AT24C(i2c, size=size, timeout_ms=1000)


def test_eeproms_keep_the_contract():
    for size in (512, 2048, 8192, 65536):
        device, chip = eeprom(size, write_us=0)
        chip.check()
        check_blockdevice(chip)
        check_deinit(chip)


def test_eeproms_are_waited_for():
    for size in (128, 2048, 8192):
        device, chip = eeprom(size, write_us=300)
        data = bytes(range(100))
        chip.program(13, data)
        assert device.memory[13:113] == data
        found = bytearray(100)
        # The last page is written before program() returns.
        chip.read(13, found)
        assert found == data
        page = device.page_size
        assert device.writes == (112 // page) - (13 // page) + 1


def test_protected_eeproms_say_so():
    for refuses in (False, True):
        device, chip = eeprom(256)
        device.write_protect = 1
        device.refuses = refuses
        fails(EROFS, "write-protected", chip.program, 0, b"abc")
        assert device.memory[:3] == b"\xff\xff\xff"


def test_eeproms_hold_file_systems():
    try:
        import vfs  # noqa: F401
    except ImportError:
        return  # CPython has none
    device, chip = eeprom(65536, write_us=0)
    check_filesystems(chip)


# ---- Clocks


def test_clock_is_set_and_runs():
    for kind, hours in ((DS1338, False), (DS1338, True), (DS1307, False)):
        bus, i2c = fresh()
        device = bus.attach(0x68, ds1338.DS1338())
        chip = kind(i2c, twelve_hours=hours)
        if kind is DS1338:
            chip.check()
            assert chip.stopped()
            fails("EIO", "has stopped", chip.datetime)
        else:
            device.registers[7] = 0
        chip.datetime((2024, 2, 28, 0, 23, 59, 58, 0))
        assert not chip.stopped()
        assert chip.datetime() == (2024, 2, 28, 2, 23, 59, 58, 0)
        clock.advance(2_000_000)
        assert chip.datetime() == (2024, 2, 29, 3, 0, 0, 0, 0)
        chip.datetime((2099, 12, 31, 0, 11, 59, 59, 0))
        clock.advance(1_000_000)
        assert chip.datetime() == (2099, 12, 31, 3, 12, 0, 0, 0)
        assert bool(device.registers[2] & 0x40) == hours
        chip.halt()
        assert chip.stopped()
        fails("EIO", "has stopped", chip.datetime)


def test_clock_that_was_disturbed():
    bus, i2c = fresh()
    device = bus.attach(0x68, ds1338.DS1338())
    chip = DS1338(i2c)
    chip.datetime((2024, 1, 1, 0, 0, 0, 0, 0))
    device.stop_oscillator()
    fails("EIO", "has stopped", chip.datetime)
    chip.square_wave(1)  # does not hide it
    assert chip.stopped()
    chip.datetime((2024, 1, 1, 0, 0, 0, 0, 0))
    assert not chip.stopped() and device.registers[7] == 0x90
    device.registers[4] = 0x3A
    fails("EIO", "register 4 reads 0x3a", chip.datetime)
    chip.write_nvram(10, b"kept")
    assert device.registers[18:22] == b"kept"


# ---- LEDs and pins


def test_leds():
    bus, i2c = fresh()
    device = bus.attach(0x60, pca9552.PCA9552())
    chip = PCA9552(i2c)
    chip.check()
    chip.led(3).on()
    chip.blink(4, 1)
    assert device.state(3) == "on" and device.state(4) == "blink1" and device.state(5) == "off"
    assert chip.led(3)() == 1 and chip.led(5)() == 0
    assert chip.rate(1, 500, 0x4000) == (500, 0x4000)
    wait(1)
    lit = []
    for _ in range(20):
        lit.append(device.led(4))
        wait(50)
    assert 4 <= sum(lit) <= 6, lit
    device.power_on()
    raises(OSError, chip.check)


def test_port():
    bus, i2c = fresh()
    wires = [board.wire("D%d" % n) for n in (2, 3, 4, 5)]  # noqa: UP031
    bus.attach(0x18, max7310.MAX7310(wires))
    chip = MAX7310(i2c)
    chip.check()
    select = chip.pin(1, 1, value=1)
    assert wires[1]() == 1
    wires[1].record()
    select(0)
    select(1)
    assert [level for _, level in wires[1].stop_recording()] == [1, 0, 1]
    outside = wires[3].driver("outside")
    for level in (1, 0):
        outside(level)
        assert chip.pin(3)() == level
    chip.write(0xFF, 0)
    chip.direction(0x06, True)
    assert [wire() for wire in wires[1:3]] == [0, 0]


# ---- Display


def draw(display):
    display.fill_rect(2, 3, 4, 10, 1)
    display.pixel(15, 15, 1)
    assert display.show() == 2


def expected():
    rows = []
    for y in range(16):
        row = "..####.........." if 3 <= y < 13 else "................"
        rows.append(row if y < 15 else "...............#")
    return rows


def test_display_on_i2c():
    bus, i2c = fresh()
    device = bus.attach(0x3C, ssd1306.SSD1306(16, 16))
    display = SSD1306_I2C(i2c, 16, 16)
    display.check()
    assert device.picture() == ["." * 16] * 16
    draw(display)
    assert device.picture() == expected()
    display.rotate(180)
    display.show()
    assert device.picture() == ["".join(list(reversed(row))) for row in reversed(expected())]
    display.contrast(3)
    display.invert(True)
    assert device.contrast == 3 and device.inverted
    display.power(False)
    display.check()
    assert device.picture() == ["." * 16] * 16


def test_panels_that_are_not_in_the_middle():
    for width, column in ((96, None), (96, 32), (72, None), (40, 5)):
        bus, i2c = fresh()
        device = bus.attach(0x3C, ssd1306.SSD1306(width, 16, column))
        assert device.reference == (width != 72)  # dark until the driver has switched it on
        display = SSD1306_I2C(i2c, width, 16, column=column)
        display.pixel(3, 1, 1)
        for degrees, x, y in ((0, 3, 1), (180, width - 4, 14), (0, 3, 1)):
            display.rotate(degrees)
            display.show()
            assert device.pixel(x, y) and "".join(device.picture()).count("#") == 1


def test_display_on_spi():
    fresh()
    from sim.machine_pin import Pin
    from sim.machine_spi import SPI

    device = ssd1306.SSD1306_SPI(board.wire("D9"), 16, 16)
    board.spi(4).attach(board.wire("D10"), device)
    dc, cs = Pin("D9", Pin.OUT), Pin("D10", Pin.OUT)
    display = SSD1306_SPI(SPI(4), dc, cs, width=16, height=16)
    draw(display)
    assert device.picture() == expected()
