from drivers import BusOut, DigitalIn, DigitalOut, InterruptIn
from drivers.chips import MAX7310, PCA9552
from drivers.chips.expander import ExpanderPin
from support import Registers, Transcript, fails, no_allocation, raises

RESET_MAX = ("18 w 03 ff", "18 w 02 00", "18 w 01 00", "18 w 04 01")
RESET_PCA = ("60 w 12 ff 80 ff 80", "60 w 16 55 55 55 55")


def port():
    bus = Transcript(*RESET_MAX)
    chip = MAX7310(bus)
    bus.done()
    return bus, chip


def leds():
    bus = Transcript(*RESET_PCA)
    chip = PCA9552(bus)
    bus.done()
    return bus, chip


# ---- MAX7310


def test_port_is_read_and_written_at_once():
    bus, chip = port()
    bus.add("18 r 00 : a5")
    assert chip.read() == 0xA5
    bus.add("18 w 01 03", "18 w 01 13", "18 w 01 12")
    chip.write(0x0F, 0xF3)
    chip.write(0x10, 0xFF)
    chip.write(0x01, 0)
    assert chip.written() == 0x12
    # An output begins with the level that was written.
    bus.add("18 w 03 f0", "18 w 01 12", "18 w 03 f1")
    assert chip.direction(0x0F, True) == 0x0F
    assert chip.direction(0x01, False) == 0x0E == chip.direction()
    bus.done()


def test_pins_of_a_port_look_like_pins():
    bus, chip = port()
    bus.add("18 w 01 08", "18 w 03 f7", "18 w 01 08")
    pin = chip.pin(3, ExpanderPin.OUT, value=1)
    assert chip.pin(3) is pin
    assert repr(pin) == "<pin 3 of <MAX7310 at 0x18>, output>"
    bus.add("18 w 01 00", "18 w 01 08", "18 w 01 00", "18 w 01 08", "18 w 01 00", "18 w 01 08")
    pin(0)
    pin(1)
    pin.off()
    pin.on()
    pin.toggle()
    pin.toggle()
    bus.add("18 r 00 : 08", "18 r 00 : f7", "18 r 00 : 08")
    assert pin() == 1 and pin.value() == 0 and pin.value(None) == 1
    # As a driver does with its chip select.
    bus.add("18 w 01 00", "18 w 03 f7", "18 w 01 00", "18 w 03 ff")
    pin.init(pin.OUT, value=0)
    pin.init(pin.IN)
    assert repr(pin) == "<pin 3 of <MAX7310 at 0x18>, input>"
    bus.done()


def test_inverted_pins():
    bus, chip = port()
    bus.add("18 w 01 01", "18 w 03 fe", "18 w 01 01", "18 w 01 00", "18 w 01 01")
    led = chip.pin(0, ExpanderPin.OUT, value=0, inverted=True)
    led.on()
    led.toggle()
    assert "active low" in repr(led)
    bus.add("18 r 00 : 01", "18 r 00 : 00", "18 r 00 : 01")
    assert led() == 0 and led() == 1
    assert chip.pin(0)() == 1  # another object, for the same pin
    bus.done()


def test_port_misuse():
    bus, chip = port()
    for number in (-1, 8):
        raises(ValueError, chip.pin, number)
    pin = chip.pin(7)
    raises(ValueError, pin.init, 2)
    raises(ValueError, pin.init, pin.IN, 1)
    raises(TypeError, MAX7310, [])
    raises(ValueError, MAX7310, Transcript(), 0x80)
    bus.done()


def test_port_check_finds_a_reset_and_another_chip():
    bus, chip = port()
    good = ("18 r 02 : 00", "18 r 03 : ff", "18 r 04 : 01")
    bus.add(*good)
    chip.check()
    for i, bad in enumerate(("18 r 02 : f0", "18 r 03 : 0f", "18 r 04 : ff")):
        bus.add(*good[:i], bad)
        fails("ENODEV", f"no MAX7310 at 0x18: register {i + 2} reads", chip.check)
    bus.add("18 w 04 00", *good[:2], "18 r 04 : 00")
    chip.bus_timeout(False)
    chip.check()
    bus.done()


def test_port_errors_name_the_chip_and_change_nothing():
    fails("ENODEV", "no MAX7310 at 0x1f", MAX7310, Transcript("1f w 03 ff ! ENODEV"), 0x1F)
    bus, chip = port()
    for name in ("EIO", "ETIMEDOUT", "ENODEV"):
        bus.add("18 r 00 ! " + name)
        fails(name, "MAX7310 at 0x18", chip.read)
        bus.add("18 w 01 01 ! " + name)
        fails(name, "MAX7310 at 0x18", chip.write, 1, 1)
        bus.add("18 w 03 fe ! " + name)
        fails(name, "MAX7310 at 0x18", chip.direction, 1, True)
    assert chip.written() == 0 and chip.direction() == 0
    bus.add("18 w 01 01 ! 1")
    fails("EIO", "took 1 of 2 bytes", chip.write, 1, 1)
    bus.done()


# ---- PCA9552


def test_leds_are_switched():
    bus, chip = leds()
    led = chip.led(0)
    assert chip.led(0) is led
    bus.add("60 w 16 54 55 55 55", "60 w 16 55 55 55 55", "60 w 16 54 55 55 55")
    led.on()
    led.off()
    led.toggle()
    bus.add("60 w 16 54 55 55 15")
    chip.led(15)(1)
    bus.add("60 r 00 : fe", "60 r 01 : 7f", "60 r 00 : fe", "60 r 01 : 7f")
    assert chip.led(15)() == 1 and chip.led(14)() == 0
    assert repr(led) == "<pin 0 of <PCA9552 at 0x60>, output, active low>"
    bus.done()


def test_pins_of_leds():
    bus, chip = leds()
    bus.add("60 w 16 55 51 55 55")
    pin = chip.pin(5, ExpanderPin.OUT, value=0)
    bus.add("60 w 16 55 55 55 55", "60 r 00 : 20", "60 r 01 : 00")
    pin.init(pin.IN)
    assert pin() == 1
    bus.done()


def test_all_leds_in_one_transfer():
    bus, chip = leds()
    bus.add("60 w 16 00 55 00 55", "60 w 16 00 55 45 50")
    chip.write(0x0F0F, 0)
    chip.write(0xFF00, 0b11001011 << 8)
    assert chip.written() == 0b11001011 << 8 | 0xF0
    bus.add("60 r 00 : 34", "60 r 01 : 12")
    assert chip.read() == 0x1234
    bus.done()


def test_blinking():
    bus, chip = leds()
    # 1 s and a half; 1/4 s and a quarter: prescalers 43 and 10 as in the data sheet's example.
    # The example's PWM for a quarter is 192: the LED is lit in 256 - PWM of 256 steps.
    bus.add("60 w 12 2b 80 ff 80", "60 w 12 2b 80 0a c0")
    assert chip.rate(0, 1000, 0x8000) == (1000, 0x8000)
    assert chip.rate(1, 250, 0x4000) == (250, 0x4000)
    assert chip.rate(0) == (1000, 0x8000)
    bus.add("60 w 12 2b ff 0a c0")
    assert chip.rate(0, on_u16=0) == (1000, 256)
    bus.add("60 w 12 2b 00 0a c0", "60 w 12 00 00 0a c0", "60 w 12 ff 00 0a c0")
    assert chip.rate(0, on_u16=65535) == (1000, 65535)
    assert chip.rate(0, 23) == (22, 65535)
    assert chip.rate(0, 5818) == (5818, 65535)
    bus.add("60 w 16 56 55 55 55", "60 w 16 5e 55 55 55", "60 w 16 5d 55 55 55")
    chip.blink(0, 0)
    chip.blink(1, 1)
    chip.led(0).off()
    bus.done()
    for wrong in ((2,), (0, 10), (0, 6000), (0, None, -1), (0, None, 65536)):
        raises(ValueError, chip.rate, *wrong)
    raises(ValueError, chip.blink, 16, 0)
    raises(ValueError, chip.blink, 0, 2)
    raises(ValueError, chip.led, 16)
    raises(ValueError, chip.pin, -1)


def test_leds_check_finds_a_reset_and_another_chip():
    bus, chip = leds()
    bus.add("60 w 16 54 55 55 55")
    chip.led(0).on()
    bus.add("60 r 12 : ff 80 ff 80 54 55 55 55")
    chip.check()
    bus.add("60 r 12 : ff 80 ff 80 55 55 55 55")
    fails("ENODEV", "register 6 reads 0x55 instead of 0x54", chip.check)
    bus.add("60 r 12 : 00 00 00 00 00 00 00 00")
    fails("ENODEV", "no PCA9552 at 0x60", chip.check)
    bus.done()


def test_leds_errors_name_the_chip_and_change_nothing():
    fails("ENODEV", "no PCA9552", PCA9552, Transcript("60 w 12 ff 80 ff 80 ! ENODEV"))
    bus, chip = leds()
    for name in ("EIO", "ETIMEDOUT", "ENODEV"):
        bus.add("60 r 00 ! " + name)
        fails(name, "PCA9552 at 0x60", chip.read)
        bus.add("60 w 16 54 55 55 55 ! " + name)
        fails(name, "PCA9552 at 0x60", chip.led(0).on)
        bus.add("60 w 12 2b 80 ff 80 ! " + name)
        fails(name, "PCA9552 at 0x60", chip.rate, 0, 1000)
    assert chip.written() == 0xFFFF and chip.rate(0) == (5818, 0x8000)
    bus.add("60 w 16 54 55 55 55 ! 4")
    fails("EIO", "took 4 of 5 bytes", chip.led(0).on)
    bus.done()


def test_steady_state_allocates_nothing():
    port = MAX7310(Registers())
    chip = PCA9552(Registers())
    pin = port.pin(2, ExpanderPin.OUT)
    led = chip.led(9)

    def use():
        for _ in range(1000):
            pin(1)
            pin.toggle()
            pin()
            port.check()
            led(1)
            led.toggle()
            led()
            chip.write(0xFFFF, 0x5555)
            chip.blink(3, 0)

    no_allocation(use)


# ---- As pins of our drivers


def test_pins_go_into_buses_and_drivers_of_one_pin():
    bus, chip = port()
    pins = [chip.pin(n) for n in (2, 0)]
    assert pins[0].key == pins[0].key and pins[0].key != pins[1].key
    # Each pin: its level, its direction, the level again.
    bus.add(
        *("18 w 01 04", "18 w 03 fb", "18 w 01 04"),
        *("18 w 01 04", "18 w 03 fa", "18 w 01 04"),
    )
    both = BusOut(*pins, value=0b01)
    bus.add("18 w 01 00", "18 w 01 01", "18 r 00 : 00", "18 r 00 : 01")
    both(0b10)
    assert both() == 0b10
    # The message shows the levels.
    bus.add("18 r 00 : 01", "18 r 00 : 01")
    error = raises(OSError, DigitalOut, pins[0])
    assert error.errno == 16 and pins[0].key in str(error), error
    bus.add("18 w 03 fe", "18 w 03 ff")
    both.deinit()
    bus.add("18 w 01 05", "18 w 03 fb", "18 w 01 05")
    out = DigitalOut(pins[0], value=1)
    bus.add("18 w 01 01", "18 r 00 : 01")
    out.off()
    assert out() == 0
    bus.add("18 w 03 ff")
    out.deinit()
    bus.add("18 w 03 ff", "18 r 00 : 04", "18 w 03 ff")
    with DigitalIn(pins[0]) as button:
        assert button() == 1
    bus.done()


def test_pins_have_no_interrupts():
    bus, chip = port()
    bus.add("18 w 03 ff", "18 w 03 ff")
    assert "no interrupt" in str(raises(ValueError, InterruptIn, chip.pin(5)))
    bus.done()


def test_leds_go_into_buses():
    bus, chip = leds()
    bus.add("60 w 16 54 55 55 55", "60 w 16 54 55 55 55")
    lights = BusOut(chip.led(0), chip.led(1), value=1)
    bus.add("60 w 16 55 55 55 55", "60 w 16 51 55 55 55")
    lights(2)
    bus.add("60 w 16 51 55 55 55", "60 w 16 55 55 55 55")
    lights.deinit()
    bus.done()
