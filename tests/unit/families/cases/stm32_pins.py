# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from support import Stm32, fails, raises

EBUSY = 16


def test_all_names_of_a_pin_have_one_key():
    port = Stm32("f4").open()
    from machine import Pin

    for name in ("LED1", "PB0", "B0", Pin.board.LED1, Pin.cpu.B0):
        assert port.resolve(name) == "PB0", name
    # A0 of the board comes first, as in Pin("A0"); the key is taken for what it is.
    assert port.resolve("A0") == "PA3" == port.resolve(port.resolve("A0"))
    assert port.resolve("PA0") == "PA0"
    assert port.resolve("A1") == "PA1"
    assert port.make_pin("PA0") is Pin.cpu.A0


def test_a_pin_that_is_none():
    port = Stm32("f4").open()
    for name in ("LED9", "PA99", "P", "", 13, None):
        error = raises(ValueError, port.resolve, name)
        assert f"no pin {repr(name)} on nucleo: use A0, D13, LED1, SW or the chip's" in str(error)


def test_edges_are_hard_and_call_with_the_pin():
    chip = Stm32("f4")
    port = chip.open()
    from machine import Pin

    pin = port.make_pin("PA4")
    places = [None] * 4
    count = [0]

    def note(pin):
        places[count[0]] = pin
        count[0] += 1

    interrupt = port.PinInterrupt(pin, note)
    interrupt.enable(Pin.IRQ_RISING)
    pin.drive(1)
    pin.drive(0)
    assert places[:2] == [pin, None]
    interrupt.enable(Pin.IRQ_RISING | Pin.IRQ_FALLING)
    pin.drive(1)
    pin.drive(0)
    assert count == [3]
    interrupt.disable()
    pin.drive(1)
    assert count == [3] and chip.lines == {}
    interrupt.disable()  # again


def test_pins_of_one_number_share_a_line():
    chip = Stm32("f4")
    port = chip.open()
    from machine import Pin

    first = port.PinInterrupt(port.make_pin("PA3"), print)
    second = port.PinInterrupt(port.make_pin("PB3"), print)
    first.enable(Pin.IRQ_RISING)
    fails(EBUSY, "PB3 and PA3 have the same interrupt", second.enable, Pin.IRQ_RISING)
    second.disable()  # takes nothing from the first
    assert chip.lines[3].name() == "A3"
    first.disable()
    second.enable(Pin.IRQ_FALLING)
    assert chip.lines[3].name() == "B3"
    # One that the program has taken itself, behind our back.
    Pin.cpu.A7.irq(print, Pin.IRQ_RISING, hard=True)
    other = port.PinInterrupt(port.make_pin("PB7"), print)
    fails(EBUSY, "PB7: IRQ resource already taken by Pin('A7')", other.enable, Pin.IRQ_RISING)


def test_a_port_is_set_at_once():
    chip = Stm32("l4")
    port = chip.open()
    from machine import Pin

    b = port.PortRegister("B")
    assert b.keys[0] == "PB0" and b.keys[15] == "PB15" and len(b.keys) == 16
    chip.memory.cells[0x48000400] = 0xFFFFFFFF  # MODER of port B after reset: analog
    b.direction(0xC003, True)
    assert chip.memory.cells[0x48000400] == 0x5FFFFFF5
    before = len(chip.memory.log)
    b.write(0xC001, 0x8001)
    b.write(0xC000, 0x4000)
    assert chip.memory.log[before:] == [(16, 0x48000414, 0x8001), (16, 0x48000414, 0x4001)]
    assert b.read() == 0x4001
    b.direction(0xC000, False)
    assert chip.memory.cells[0x48000400] == 0x0FFFFFF5
    Pin.cpu.B15.drive(1)
    assert b.read() == 0x8001
    assert not chip.core.masked


def test_a_port_in_a_handler_takes_no_heap():
    chip = Stm32("f4")
    port = chip.open()
    a = port.PortRegister("PA")
    chip.memory.log = Nothing()

    def toggle(_):
        a.direction(0xFFFF, True)
        a.write(0xFFFF, 0xFFFF)
        a.write(0xFFFF, 0)

    toggle(None)
    assert chip.core.hard(toggle, None), chip.core.uncaught
    assert a.read() == 0
    raises(ValueError, port.PortRegister, "Z")
    error = raises(ValueError, port.PortRegister, "D")
    assert "no port 'D' on nucleo: use A, B" in str(error)


class Nothing:
    def append(self, item):
        pass


def test_drivers_run_on_it():
    chip = Stm32("f4")
    chip.open()
    from drivers import DigitalIn, DigitalOut, InterruptIn, PortOut

    led = DigitalOut("LED1", value=1)
    assert led.key == "PB0" and led() == 1
    raises(OSError, DigitalIn, "PB0")
    button = InterruptIn("SW")
    rises = [0]

    def count(pin):
        rises[0] += 1

    button.rise(count, hard=True)
    chip.lines[13].drive(1)
    chip.lines[13].drive(0)
    assert rises == [1], chip.core.uncaught
    fails(EBUSY, "PA13 and PC13", InterruptIn, "PA13")
    port = PortOut("A", mask=0x30, value=0x20)
    assert port() == 0x20
    for driver in (led, button, port):
        driver.deinit()
    assert chip.lines == {}
