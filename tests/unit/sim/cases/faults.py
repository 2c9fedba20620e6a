"""Faults of buses and devices, and the TMP105 model with what the tools do to it."""

from errno import ENODEV, ETIMEDOUT

from machine import I2C, SPI, Pin
from sim import attached, board, clock
from sim.devices.tmp105 import TMP105
from sim.faults import BitNoise, BrownOut, LostInterrupt, Nack, Stuck
from support import Memory, Shift, errno_of, fresh, raises


def bus_with(device, address=0x50):
    fresh()
    board.i2c(3).attach(address, device)
    return I2C(3)


def test_nack_of_the_address():
    i2c = bus_with(Memory())
    fault = Nack(at=0, times=2).on(board.i2c(3))
    assert errno_of(i2c.readfrom, 0x50, 1) == ENODEV
    assert errno_of(i2c.writeto, 0x50, b"x") == ENODEV
    assert i2c.readfrom(0x50, 1) == b"\x00"
    fault.off()


def test_nack_of_a_byte():
    i2c = bus_with(Memory())
    board.i2c(3).attach(0x51, Memory())
    fault = Nack(at=3, address=0x50).on(board.i2c(3))
    assert i2c.writeto(0x50, b"\x00abc") == 2
    assert i2c.writeto(0x51, b"\x00abc") == 4
    fault.off()
    fault.off()
    assert i2c.writeto(0x50, b"\x00abc") == 4


def test_noise_repeats_with_its_seed():
    flips = []
    for _ in range(2):
        memory = Memory()
        i2c = bus_with(memory)
        noise = BitNoise(20_000, seed=99).on(board.i2c(3))
        i2c.writeto(0x50, bytes(201))
        flips.append((noise.flips, bytes(memory.bytes)))
    assert flips[0] == flips[1]
    # The same on every platform, and about 2 % of 1608 bits.
    assert flips[0][0] == 29


def test_a_line_that_is_stuck_for_a_while():
    i2c = bus_with(Memory())
    Stuck(board.wire("I2C_SDA")).on(for_us=200_000)
    assert errno_of(i2c.readfrom, 0x50, 1) == ETIMEDOUT
    clock.advance(200_000)
    assert i2c.readfrom(0x50, 1) == b"\x00"
    fault = Stuck(board.wire("I2C_SCL")).on()
    assert errno_of(i2c.readfrom, 0x50, 1) == ETIMEDOUT
    fault.off()
    assert i2c.readfrom(0x50, 1) == b"\x00"


def test_a_brown_out_loses_the_state():
    device = TMP105()
    i2c = bus_with(device, 0x48)
    i2c.writeto_mem(0x48, 1, b"\x60")
    fault = BrownOut(board.i2c(3), device).on(for_us=1000)
    assert errno_of(i2c.readfrom, 0x48, 1) == ENODEV
    clock.advance(1000)
    assert i2c.readfrom_mem(0x48, 1, 1) == b"\x00"
    fault.on()
    fault.off()
    assert i2c.scan() == [0x48]


def test_a_brown_out_of_an_spi_device():
    fresh()
    device = Shift()
    device.power_on = lambda: device.calls.append("power")
    board.spi(4).attach(board.wire("V10"), device)
    cs = Pin("V10", Pin.OUT, value=1)
    fault = BrownOut(board.spi(4), device).on()
    cs(0)
    assert SPI(4).read(1) == b"\xff"
    cs(1)
    fault.off()
    cs(0)
    assert SPI(4).read(1, 5) == b"\x00" and device.came == b"\x05"
    assert device.calls == ["power", "select"]


def test_a_lost_edge():
    fresh()
    pin = Pin("V5", Pin.IN)
    drive = board.wire("V5").driver("outside")
    log = []
    irq = pin.irq(lambda p: log.append(p()), Pin.IRQ_RISING, hard=False)
    fault = LostInterrupt(irq, times=2)
    for _ in range(3):
        drive(1)
        drive(0)
    assert fault.lost == 2
    assert irq.flags() & 1


# ---- TMP105


def sensor(**settings):
    device = TMP105(**settings)
    return bus_with(device, 0x48), device


def read_c(i2c):
    high, low = i2c.readfrom_mem(0x48, 0, 2)
    return ((high << 8 | low) ^ 0x8000) / 256 - 128


def test_tmp105_resolution():
    # Table 8 of the data sheet: 0.5, 0.25, 0.125, 0.0625 degrees.
    i2c, device = sensor()
    device.temperature = -10.0625
    for code, celsius in (0x00, -10.5), (0x20, -10.25), (0x40, -10.125), (0x60, -10.0625):
        i2c.writeto_mem(0x48, 1, bytes([code]))
        assert read_c(i2c) == celsius
    for celsius in -128, 127.9375:
        device.temperature = celsius
        assert read_c(i2c) == celsius
    raises(ValueError, setattr, device, "temperature", 128)


def test_tmp105_shutdown_and_one_shot():
    i2c, device = sensor()
    device.temperature = 20
    i2c.writeto_mem(0x48, 1, b"\x01")
    device.temperature = 30
    assert read_c(i2c) == 20
    i2c.writeto_mem(0x48, 1, b"\x81")
    assert read_c(i2c) == 30 and i2c.readfrom_mem(0x48, 1, 1) == b"\x01"


def test_tmp105_comparator():
    fresh()
    wire = board.wire("A1")
    wire.pull(1)
    device = TMP105(alert=wire.driver("ALERT", open_drain=True))
    levels = []
    for celsius in 79.5, 80, 77, 75, 74.5, 90:
        device.temperature = celsius
        levels.append(wire())
    assert levels == [1, 0, 0, 0, 1, 0]


def test_tmp105_limits_and_interrupt_mode():
    i2c, device = sensor()
    wire = board.wire("A1")
    wire.pull(1)
    device = TMP105(alert=wire.driver("ALERT", open_drain=True))
    board.i2c(3).attach(0x49, device)
    device.temperature = 20
    assert i2c.readfrom_mem(0x49, 2, 2) == b"\x4b\x00"
    assert i2c.readfrom_mem(0x49, 3, 2) == b"\x50\x00"
    i2c.writeto_mem(0x49, 3, b"\x1e\x80")  # 30.5
    i2c.writeto_mem(0x49, 2, b"\xf6\x00")  # -10
    i2c.writeto_mem(0x49, 1, b"\x06")  # interrupt mode, active high
    assert wire() == 0
    device.temperature = 30.5
    assert wire() == 1
    i2c.readfrom_mem(0x49, 0, 2)
    assert wire() == 0  # read: cleared
    device.temperature = 40
    assert wire() == 0  # it waits for the lower limit now
    device.temperature = -10.5
    assert wire() == 1
    i2c.readfrom_mem(0x49, 0, 2)
    device.temperature = 31
    assert wire() == 1


# ---- What the tools say


def test_requests():
    fresh()
    attached.devices.clear()
    attached.attach("tmp105@72,alert=A2\nset i2c0 temperature=12.5")
    device = attached.devices["i2c0"]
    assert device.temperature == 12.5 and I2C(3).scan() == [0x48]
    assert attached.answer("set i2c0 temperature=-3.5") == "+temperature=-3.5\npower=on"
    assert attached.answer("get i2c0") == "+temperature=-3.5\npower=on"
    I2C(3).writeto_mem(0x48, 1, b"\x60")
    for _ in range(2):
        assert attached.answer("set i2c0 power=off") == "+temperature=-3.5\npower=off"
        assert I2C(3).scan() == []
    assert attached.answer("set i2c0 power=on").endswith("power=on")
    assert I2C(3).readfrom_mem(0x48, 1, 1) == b"\x00"
    for request, said in (
        ("get i2c1", "-no device i2c1; there are i2c0"),
        ("set i2c0 heat=1", "-i2c0 has no property heat; there are temperature, power"),
        ("set i2c0 temperature=x", "-i2c0 temperature=x: "),
        ("set i2c0 temperature=999", "-i2c0 temperature=999: temperature must be"),
    ):
        assert attached.answer(request).startswith(said), request
    assert device.temperature == -3.5
    attached.devices.clear()


def test_wrong_lists():
    for text, kind in (
        ("tmp999@72", ImportError),
        ("tmp105@72,alert=V99", ValueError),
        ("tmp105@72,x=1", ValueError),
    ):
        fresh()
        raises(kind, attached.attach, text)
