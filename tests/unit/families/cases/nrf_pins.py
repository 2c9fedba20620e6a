# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py

from support import P0, P1, Nrf, fails, raises

EBUSY = 16


def test_all_names_of_a_pin_have_one_key():
    port = Nrf().open()
    from machine import Pin

    for name in ("LED1", "P13", "P0.13", 13, Pin.board.LED1, Pin(13)):
        assert port.resolve(name) == "P13", name
    assert port.resolve("P1.05") == "P37" == port.resolve(37) == port.resolve("P37")
    assert port.make_pin("P37") is Pin(37)


def test_a_pin_that_is_none():
    port = Nrf("nrf52832").open()
    for name in ("LED9", "P32", "P1.00", "P0.32", "P", "P1.", "Px", "", 32, -1, None):
        error = raises(ValueError, port.resolve, name)
        text = f"no pin {repr(name)} on dongle: use BUTTON1, D2, LED1, P0 to P31"
        assert str(error) == text, error


def test_what_init_is_not_told_stays():
    chip = Nrf()
    chip.open()
    from drivers import DigitalInOut

    def setting():
        return chip.memory.cells[P0 + 0x700 + 4 * 26]

    data = DigitalInOut("D2", mode=DigitalInOut.OUT)
    data.init(value=1)  # the port's Pin.init() wants a mode
    assert setting() == 3 and data() == 1
    data.init(data.IN, data.PULL_UP)
    data.init()
    assert setting() == 3 << 2
    data.init(pull=data.PULL_DOWN)
    assert setting() == 1 << 2
    data.init(data.IN)
    assert setting() == 0
    data.deinit()


def test_edges_call_with_the_pin():
    chip = Nrf()
    port = chip.open()
    from machine import Pin

    count = [0]
    pin = port.make_pin("P11")

    def note(which):
        assert which is pin
        count[0] += 1

    interrupt = port.PinInterrupt(pin, note)
    interrupt.enable(Pin.IRQ_RISING)
    pin.drive(1)
    pin.drive(0)
    assert count == [1]
    interrupt.enable(Pin.IRQ_RISING | Pin.IRQ_FALLING)
    pin.drive(1)
    pin.drive(0)
    assert count == [3]
    interrupt.disable()
    pin.drive(1)
    assert count == [3] and chip.channels == [None] * 8


def test_a_ninth_pin_has_no_channel():
    chip = Nrf()
    port = chip.open()
    from machine import Pin

    interrupts = []
    for n in (0, 1, 2, 31, 32, 33, 46):
        interrupts.append(port.PinInterrupt(port.make_pin(f"P{n}"), print))
        interrupts[-1].enable(Pin.IRQ_RISING)
    Pin(20).irq(print)  # the program's own
    ninth = port.PinInterrupt(port.make_pin("P40"), print)
    text = "all 8 pin interrupts of dongle are in use: P0, P1, P2, P20, P31, P32, P33, P46"
    fails(EBUSY, text, ninth.enable, Pin.IRQ_RISING)
    interrupts[3].disable()
    ninth.enable(Pin.IRQ_FALLING)
    interrupts[0].enable(Pin.IRQ_FALLING)  # has one still


def test_ports():
    chip = Nrf()
    port = chip.open()
    p0 = port.PortRegister("P0")
    assert p0.keys[31] == "P31" and len(p0.keys) == 32
    p1 = port.PortRegister(1)
    assert p1.keys == [f"P{n}" for n in range(32, 48)]
    chip.memory.cells[P0 + 0x700 + 4 * 5] = 0x0E  # an input with a pull, disconnected
    p0.direction(0x80000021, True)
    assert chip.memory.cells[P0 + 0x700] == 1
    assert chip.memory.cells[P0 + 0x700 + 4 * 5] == 0x0D
    assert chip.memory.cells[P0 + 0x700 + 4 * 6] == 2
    before = len(chip.memory.log)
    p0.write(0x80000021, 0x80000001)
    assert chip.memory.log[before:] == [(32, P0 + 0x508, 0x80000001), (32, P0 + 0x50C, 0x20)]
    assert p0.read() == 0x80000001
    p0.direction(0x80000000, False)
    assert p0.read() == 1
    p1.direction(3, True)
    p1.write(3, 2)
    assert p1.read() == 2 and chip.memory.cells[P1 + 0x504] == 2
    assert not chip.core.masked
    raises(ValueError, port.PortRegister, "P2")
    error = raises(ValueError, Nrf("nrf52832").open().PortRegister, "P1")
    assert str(error) == "no port 'P1' on dongle: use P0"


def test_a_port_in_a_handler_takes_no_heap():
    chip = Nrf()
    p0 = chip.open().PortRegister("P0")

    def toggle(_):
        p0.direction(0x3FFFFFFF, True)
        p0.write(0x3FFFFFFF, 0x2AAAAAAA)
        p0.write(0x3FFFFFFF, 0x15555555)

    toggle(None)
    assert chip.core.hard(toggle, None), chip.core.uncaught
    assert p0.read() == 0x15555555


def test_drivers_run_on_it():
    chip = Nrf()
    chip.open()
    from drivers import DigitalIn, DigitalOut, InterruptIn, PortOut

    led = DigitalOut("LED1", value=1)
    assert led.key == "P13" and led() == 1
    raises(OSError, DigitalIn, "P0.13")
    button = InterruptIn("BUTTON1")
    rises = [0]

    def count(pin):
        rises[0] += 1

    button.rise(count, hard=True)
    chip.pins[11].drive(1)
    chip.pins[11].drive(0)
    assert rises == [1], chip.core.uncaught
    port = PortOut("P1", mask=0x30, value=0x20)
    assert port() == 0x20
    for driver in (led, button, port):
        driver.deinit()
    assert chip.channels == [None] * 8
