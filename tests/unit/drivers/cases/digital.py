from errno import ENODEV

import drivers
import drivers.pins as pins
from driverport import make_pin, resolve
from drivers import DigitalIn, DigitalInOut, DigitalOut
from drivers.pins import claim, owner, release
from machine import Pin
from support import no_allocation, press, raises, settle

EBUSY = 16


def test_output_is_set_and_read_in_all_ways():
    with DigitalOut("LED1") as led:
        assert led() == 0
        led(1)
        assert led() == 1 and led.value() == 1 and make_pin("LED1")() == 1
        led.off()
        assert led() == 0
        led.on()
        assert led.value() == 1
        led.toggle()
        assert led() == 0
        led.value(True)
        assert led() == 1
        led(0)
        assert led() == 0


def test_value_at_the_start():
    with DigitalOut("LED2", value=1) as led:
        assert led() == 1
    assert make_pin("LED2")() == 0  # off, since an LED cannot be an input


def test_input_reads_and_refuses_to_be_set():
    with DigitalIn("BUTTON1", pull=DigitalIn.PULL_UP) as button:
        assert button() in (0, 1) and button.value() == button()
        raises(TypeError, button, 1)
        raises(TypeError, button.value, 1)
        assert not hasattr(button, "on")


def test_a_driver_that_is_handed_a_pin_can_set_it_up():
    with DigitalInOut("D4") as data:
        assert data.IN == Pin.IN and data.OUT == Pin.OUT and data.PULL_UP == Pin.PULL_UP
        data.init(data.OUT, value=1)
        assert data() == 1 and data.pin.mode() == Pin.OUT if hasattr(data.pin, "mode") else data()
        data.value(0)
        assert data.value() == 0
        data.init(mode=data.IN, pull=data.PULL_DOWN)
        data.init(Pin.OUT, value=1)
        assert data() == 1
    with DigitalOut("D5") as cs:
        cs.init(cs.OUT, value=1)
        assert cs() == 1
        cs.low()
        assert cs() == 0
        cs.high()
        assert cs() == 1
        raises(AttributeError, getattr, cs, "write")
    with DigitalIn("BUTTON1") as button:
        calls = []
        button.irq(calls.append, button.IRQ_RISING)
        press("BUTTON1", 1)
        settle()
        assert len(calls) == 1
        button.irq(None)
        raises(AttributeError, getattr, button, "high")


def test_all_names_of_a_pin_are_one():
    assert resolve("BUTTON1") == resolve("D0") == resolve("V0") == resolve(0)
    assert resolve(make_pin(resolve("D3"))) == resolve("D3")
    assert resolve("I2C_SCL") != resolve("I2C_SDA")
    assert resolve("A5") and resolve("SPI_MOSI") and resolve("UART_TX")
    assert resolve(make_pin(resolve("LED3"))) == "LED3"


def test_a_wrong_name_is_answered_with_the_closest():
    for name, close in (("LDE1", "LED1"), ("led2", "LED2"), ("BUTON1", "BUTTON1")):
        said = str(raises(ValueError, DigitalOut, name))
        assert name in said and "did you mean " in said and close in said, said
    said = str(raises(ValueError, DigitalIn, "nothing at all"))
    assert "did you mean" not in said and "LED1..LED10" in said and "D0..D15" in said, said
    raises(ValueError, DigitalOut, "LED" * 10_000)
    raises(ValueError, DigitalOut, "LED" + "1" * 10_000)
    for name in ("LED0", "LED01", "LED11", "V16", "D", "", 99, -1, None, 1.5, ()):
        raises(ValueError, DigitalOut, name)


def test_a_pin_in_use_names_its_driver():
    with DigitalIn("BUTTON1"):
        error = raises(OSError, DigitalOut, "D0")
        assert error.args[0] == EBUSY and "<DigitalIn 'V0'" in error.args[1], error
        assert isinstance(owner("V0"), DigitalIn)
    assert owner("V0") is None
    with DigitalOut("D0") as out:
        out(1)


def test_the_same_line_again_takes_over():
    first = DigitalOut("D7", value=1)
    second = DigitalOut("D7")
    assert raises(OSError, first, 1).args[0] == ENODEV
    second(1)
    assert second() == 1
    first.deinit()  # no more its pin
    assert second() == 1 and owner("D7") is second
    second.deinit()


def test_after_deinit_every_call_raises():
    led = DigitalOut("LED3")
    led.deinit()
    led.deinit()
    assert not led.is_connected()
    calls = (
        led,
        lambda: led(1),
        led.on,
        led.off,
        led.toggle,
        led.value,
        lambda: led.init(led.OUT),
    )
    for call in calls:
        error = raises(OSError, call)
        assert error.args[0] == ENODEV and "DigitalOut 'LED3'" in error.args[1], error
    assert repr(led) == "<DigitalOut 'LED3' deinitialised>"
    button = DigitalIn("BUTTON2")
    button.deinit()
    assert raises(OSError, button).args[0] == ENODEV


def test_a_driver_stands_for_its_pin():
    with DigitalOut("LED4") as led:
        assert owner(led) is led
        raises(OSError, DigitalIn, led)
        again = DigitalOut(led)
        assert not led.is_connected() and again.is_connected()
        again.deinit()


def test_a_constructor_that_fails_keeps_nothing():
    raises(ValueError, DigitalIn, "LED1")  # not an input
    assert owner("LED1") is None
    DigitalOut("LED1").deinit()


class Bus:
    def __init__(self, *pins):
        self.keys = claim(self, *pins)
        self.ended = 0

    def __repr__(self):
        return "<Bus>"

    def deinit(self):
        self.ended += 1  # and forgets to release: claim() does it


def test_several_pins_are_all_taken_or_none():
    with DigitalOut("D9"):
        raises(OSError, Bus, "D8", "D9", "D10")
    assert owner("D8") is None and owner("D10") is None
    raises(ValueError, Bus, "D8", "V8")
    first = Bus("D8", "D9")
    second = Bus("D9", "D10")
    assert first.ended == 1 and owner("D8") is None and owner("D9") is second
    release(second)
    assert owner("D9") is None and owner("D10") is None


def test_a_claim_that_finds_the_heap_full_keeps_nothing():
    class Full(dict):
        def setdefault(self, key, value):
            if len(self) == 1:
                raise MemoryError
            self[key] = value
            return value

    kept = pins._owners
    pins._owners = Full()
    try:
        raises(MemoryError, Bus, "D8", "D9")
        assert not pins._owners
    finally:
        pins._owners = kept


def test_unknown_names_of_the_package():
    error = raises(AttributeError, getattr, drivers, "digitalout")
    assert str(error) == "drivers has no digitalout"


def test_modules_of_the_package_are_imported_by_name():
    from drivers import chips, sleep, walltime

    assert sleep.can_deep_sleep() in (True, False)
    assert walltime.localtime(0)[0] == 1970 and chips.__name__ == "drivers.chips"


def test_use_allocates_nothing():
    led = DigitalOut("LED5")
    button = DigitalIn("BUTTON1")

    def use():
        for _ in range(1000):
            led(1)
            led.value(led())
            led.toggle()
            led.off()
            button()

    no_allocation(use)
    led.deinit()
    button.deinit()
