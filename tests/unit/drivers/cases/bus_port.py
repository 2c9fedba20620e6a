# platforms: cpython host-stock host-native mps2-native
from errno import ENODEV

from driverport import make_pin
from drivers import BusIn, BusInOut, BusOut, DigitalOut, PortIn, PortInOut, PortOut
from drivers.pins import owner
from support import drive, let_go, no_allocation, raises

EBUSY = 16


def test_bus_out_and_in():
    with BusOut("LED1", "D5", None, "LED3", value=0b1010) as bus:
        assert make_pin("V5")() == 1 and make_pin("LED3")() == 1 and make_pin("LED1")() == 0
        assert bus() == 0b1010 and bus.mask() == 0b1011 and len(bus) == 4
        bus(0b0101)
        assert bus() == 1 and bus.value() == 1 and make_pin("LED1")() == 1
        bus.value(0xFFFF)
        assert bus() == 0b1011
        bus[1](0)
        assert bus() == 0b1001
        assert repr(bus) == "<BusOut LED1 V5 - LED3: 0x9>", repr(bus)
    assert make_pin("LED1")() == 0 and owner("D5") is None
    with BusIn("D1", "D2", "D3", pull=BusIn.PULL_DOWN) as bus:
        drive("D2", 1)
        drive("D3", 1)
        assert bus() == 0b110 and bus[0]() == 0 and bus[2]() == 1
        for name in ("D2", "D3"):
            drive(name, 0)
            let_go(name)
        assert bus() == 0
        raises(TypeError, bus, 1)


def test_bus_that_turns_round():
    with BusInOut("D8", "D9") as bus:
        drive("D9", 1)
        assert bus() == 0b10
        drive("D9", 0)
        let_go("D9")
        bus.init(bus.OUT, value=0b01)
        assert bus() == 0b01
        bus(0b11)
        assert bus() == 0b11
        bus.init(bus.IN, bus.PULL_DOWN)
        drive("D8", 0)
        assert bus() == 0
        let_go("D8")


def test_wrong_buses():
    raises(ValueError, BusIn)
    raises(ValueError, BusIn, *["D0"] * 17)
    raises(ValueError, BusIn, "D0", "V0")
    raises(ValueError, BusIn, "D1", "LED1")  # not an input: all are given back
    assert owner("D1") is None
    with DigitalOut("D4"):
        error = raises(OSError, BusOut, "D3", "D4")
        assert error.args[0] == EBUSY and "DigitalOut 'V4'" in error.args[1]
        assert owner("D3") is None
    bus = BusOut("D3", "D4")
    again = BusOut("D4", "D5")  # takes over
    for use in (bus, bus.value, lambda: bus(1), lambda: bus[0], lambda: bus.init(bus.IN)):
        assert raises(OSError, use).args[0] == ENODEV
    assert repr(bus) == "<BusOut deinitialised>"
    again.deinit()
    again.deinit()


def test_port_out_changes_its_bits_only():
    with DigitalOut("LED2", value=1) as led, PortOut("LED", mask=0b1101, value=0b0001) as port:
        assert port() == 1 and make_pin("LED1")() == 1
        port(0xFFF)
        assert port() == 0b1101 == port.mask()
        led(0)
        port.value(0b0010)  # outside of the mask
        assert port() == 0 and led() == 0
        port(0b1100)
        assert make_pin("LED3")() == 1 and make_pin("LED4")() == 1 and make_pin("LED5")() == 0
        assert repr(port) == "<PortOut 'LED' mask 0xd: 0xc>"
    assert make_pin("LED4")() == 0
    with PortOut("LED") as port:
        port(0b10_1010_1010)
        assert port() == 0b10_1010_1010


def test_port_in_and_both_ways():
    with PortIn("V", mask=0x00F0) as port, PortInOut("D", mask=0xF000) as other:
        drive("V4", 1)
        drive("V7", 1)
        drive("V13", 1)
        assert port() == 0x90 == port.value() and other() == 0x2000
        for name in ("V4", "V7", "V13"):
            drive(name, 0)
            let_go(name)
        raises(TypeError, port, 1)
        other(0x5000)  # driven when it is an output
        other.direction(True)
        assert other() == 0x5000 and port() == 0
        other(0xFFFF)
        assert other() == 0xF000 and port() == 0
        other.direction(False)
        for n in range(12, 16):
            drive(n, 0)
        assert other() == 0
        for n in range(12, 16):
            let_go(n)


def test_wrong_ports():
    error = raises(ValueError, PortOut, "A")
    assert "use LED, V" in str(error)
    for mask in (0, -1, 1 << 10, "1", 1.0):
        raises(ValueError, PortOut, "LED", mask)
    raises(ValueError, PortIn, "LED")
    assert owner("LED1") is None
    with DigitalOut("LED3"):
        error = raises(OSError, PortOut, "LED")
        assert error.args[0] == EBUSY and "DigitalOut 'LED3'" in error.args[1]
    port = PortOut("LED", 3)
    port.deinit()
    port.deinit()
    for use in (port, lambda: port(1), port.value):
        assert raises(OSError, use).args[0] == ENODEV


def test_use_allocates_nothing():
    bus = BusOut("D1", "D2", "LED1")
    port = PortOut("LED", 0x3F8)
    pins = PortIn("V", 0xF0)

    def use():
        for n in range(1000):
            bus(n & 7)
            bus()
            port(n & 0x3F8)
            port()
            pins()

    no_allocation(use)
    for driver in (bus, port, pins):
        driver.deinit()
