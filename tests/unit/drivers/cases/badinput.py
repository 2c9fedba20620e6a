# platforms: cpython host-stock host-native mps2-native
"""Arguments of a wrong kind, or out of range: ValueError or TypeError, at once, and nothing is kept."""

import drivers
import drivers.pins as pins
from driverport import NAME
from support import raises

HOST = NAME == "host"
if HOST:
    from support import fresh

    fresh()

WRONG = (ValueError, TypeError)
#: What is none of: a number in range, a name, a buffer, None.
ODD = (-5, 1 << 40, "x", b"\0", [], 1.5, {}, len)

CONSTRUCTORS = [
    ("DigitalIn", ("D2",), ("pull",)),
    ("InterruptIn", ("D2",), ("pull", "debounce_ms")),
    ("DigitalInOut", ("D2",), ("pull",)),
    ("BusIn", ("D2", "D3"), ("pull",)),
    ("PortIn", ("V",), ("mask",)),
    ("I2C", (), ("bus", "scl", "sda", "freq", "timeout_us")),
    ("SPI", (), ("bus", "baudrate", "polarity", "phase", "bits", "firstbit", "sck", "ssel")),
    ("SPI", (), ("write_value",)),
    ("BufferedSerial", (), ("bus", "tx", "rx", "baudrate", "bits", "parity", "stop")),
    ("BufferedSerial", (), ("rxbuf", "txbuf")),
    ("UnbufferedSerial", (), ("bus", "tx", "rx", "baudrate", "bits", "parity", "stop")),
    ("CRC", (), ("width", "initial", "final_xor")),
    ("FlashIAPBlockDevice", (), ("start", "size")),
    ("BlockDevice", (4096,), ("read_size", "program_size", "erase_size", "erase_value")),
]
if HOST:
    CONSTRUCTORS += [
        ("AnalogIn", ("A0",), ("samples",)),
        ("AnalogOut", ("A4",), ("value",)),
        ("PwmOut", ("D2",), ("freq", "duty_u16", "duty_ns")),
        ("CAN", (), ("bus", "freq", "mode")),
        ("I2CSlave", (0x42,), ("bus", "scl", "sda", "mem", "mem_addrsize")),
        ("SPISlave", (), ("bus", "polarity", "phase", "firstbit", "fill")),
        ("QSPI", (), ("bus", "freq", "mode")),
    ]
#: Too large for the heap is MemoryError, not a mistake.
UNBOUND = [("I2CSlave", (0x42,), "size"), ("I2CSlave", (0x42,), "messages")]
UNBOUND += [("SPISlave", (), "size"), ("CAN", (), "rx_size")]


def refused(what, function):
    try:
        function()
    except WRONG:
        return
    except BaseException as error:
        raise AssertionError(f"{what}: {error!r}") from None
    raise AssertionError(f"{what} was accepted")


def test_constructors():
    for name, arguments, options in CONSTRUCTORS:
        kind = getattr(drivers, name)
        for option in options:
            for odd in ODD:
                what = f"{name}({option}={odd!r})"
                refused(what, lambda o=option, v=odd, k=kind, a=arguments: k(*a, **{o: v}))
                assert not pins._owners, (what, pins._owners)


def test_sizes():
    if HOST:
        for name, arguments, option in UNBOUND:
            kind = getattr(drivers, name)
            for odd in (0, -1, "x", b"x", 1.5, None, []):
                what = f"{name}({option}={odd!r})"
                refused(what, lambda o=option, v=odd, k=kind, a=arguments: k(*a, **{o: v}))
                assert not pins._owners, (what, pins._owners)


def test_methods_of_buses():
    spi, i2c = drivers.SPI(), drivers.I2C(2)
    for n in (-1, 1.5, "x", None):
        refused(f"read({n!r})", lambda n=n: spi.read(n))
        refused(f"readfrom({n!r})", lambda n=n: i2c.readfrom(0x48, n))
    for odd in (-1, 0, 1 << 40, "x", 1.5, []):
        refused(f"freq({odd!r})", lambda odd=odd: i2c.freq(odd))
        refused(f"init(baudrate={odd!r})", lambda odd=odd: spi.init(baudrate=odd))
    buf = bytearray(1)
    for _ in range(6):  # also when the methods are those of the hardware
        # 0x90 is what mbed calls 0x48: it must not become 0x10.
        for addr in (0x80, 0x90, 0xC8, 0x3FF, -1):
            for function, *arguments in (
                (i2c.readfrom, 1),
                (i2c.readfrom_into, buf),
                (i2c.writeto, b"x"),
                (i2c.writevto, (b"x", b"y")),
                (i2c.readfrom_mem, 0, 1),
                (i2c.readfrom_mem_into, 0, buf),
                (i2c.writeto_mem, 0, b"x"),
            ):
                raises(ValueError, function, addr, *arguments)
            raises(ValueError, i2c.device, addr)
        assert raises(OSError, i2c.readfrom_into, 0x48, buf).args[0] == 19
    assert i2c.freq() == 100_000 and "1000000 Hz" in repr(spi)
    chip = spi.device("D2")
    for odd in (b"ab", memoryview(b"ab"), "ab", None, 5):  # constants stay constant
        for view in (spi, chip):
            for n in (b"abcd", b"a", b"ab"):
                refused(
                    f"write_readinto({n!r}, {odd!r})",
                    lambda view=view, odd=odd, n=n: view.write_readinto(n, odd),
                )
            refused(f"readinto({odd!r})", lambda view=view, odd=odd: view.readinto(odd))
            refused("write(5)", lambda view=view: view.write(5))
            assert chip._cs() == 1 and not spi._bus.state[1]  # deselected, and free
    spi.write(b"")  # nothing to send is no mistake
    spi.write_readinto(b"", bytearray(0))
    assert spi.read(0) == b""
    spi.deinit()
    i2c.deinit()


def test_constants_stay_constant():
    constant = b"constant"
    flash = drivers.FlashIAP()
    device = drivers.FlashIAPBlockDevice(flash.start, 65536)
    ring = drivers.CircularBuffer(8, "B")
    ring.push_span(b"12345678")
    for odd in (constant, memoryview(constant)):
        refused("flash.read", lambda odd=odd: flash.read(flash.start, odd))
        refused("device.read", lambda odd=odd: device.read(0, odd))
        refused("ring.pop_into", lambda odd=odd: ring.pop_into(odd))
    flash.read(flash.start, bytearray(0))
    assert constant == b"constant"


def test_what_is_no_frame():
    if not HOST:
        return
    with drivers.CAN(mode=drivers.CAN.SILENT_LOOPBACK) as can:
        for odd in (None, 1, "x", b"abc", [], {}):
            refused(f"write({odd!r})", lambda odd=odd: can.write(odd))
            refused(f"read({odd!r})", lambda odd=odd: can.read(odd))
        for odd in ([], [0] * 7, bytearray(8), 5):
            refused(f"counters({odd!r})", lambda odd=odd: can.counters(odd))
        assert can.write(drivers.CANMessage(1))


def test_everything_can_be_listed():
    """dir() and hasattr() go through, before and after deinit()."""
    made = [drivers.DigitalOut("D2"), drivers.DigitalIn("D3"), drivers.InterruptIn("D4")]
    made += [drivers.BusOut("D5", "D6"), drivers.PortIn("V", 0x300), drivers.I2C(), drivers.SPI()]
    made += [made[-1].device("D7"), drivers.BufferedSerial(2), drivers.UnbufferedSerial(3)]
    if HOST:
        made += [drivers.CAN(), drivers.QSPI(), drivers.AnalogIn("A0"), drivers.AnalogOut("A4")]
        made += [drivers.PwmOut("D10"), drivers.I2CSlave(0x42, 1), drivers.SPISlave(1)]
    for driver in made:
        assert len(dir(driver)) > 3 and repr(driver)[0] == "<"
        driver.deinit()
        assert len(dir(driver)) > 3 and "deinitialised" in repr(driver)
        assert not hasattr(driver, "no such thing")
        driver.deinit()
    assert raises(OSError, lambda: made[0].irq(None, 1)).args[0] == 19
    assert not pins._owners
