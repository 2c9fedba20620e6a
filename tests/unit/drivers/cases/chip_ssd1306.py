from drivers.chips import SSD1306_I2C, SSD1306_SPI
from support import Transcript, fails, no_allocation, raises

EOPNOTSUPP = 95
SETTINGS = "e3 ae 20 02 40 a8 {} d3 00 d5 80 da {} d9 {} db 30 a4 a6 81 {} 8d {}"


def settings(mux="3f", pins="12", charge="f1", contrast="cf", pump="14"):
    return "3c w 00 " + SETTINGS.format(mux, pins, charge, contrast, pump)


def page(n, data, low="00", high="10"):
    return f"3c w 80 {0xB0 + n:02x} 80 {low} 80 {high} 40 " + " ".join(data)


def made(width=128, height=64, column=None, chosen=None):
    if column is None:
        column = (128 - width) // 2
    place = f"{column & 15:02x}", f"{0x10 + (column >> 4):02x}"
    pins = "02" if width > 2 * height else "12"
    bus = Transcript(
        settings(f"{height - 1:02x}", pins),
        *(["3c w 00 e3 ad 30"] if width == 72 else []),
        "3c w 00 a1 c8",
        *[page(n, ["00"] * width, *place) for n in range(height // 8)],
        "3c w 00 af a4",
    )
    display = SSD1306_I2C(bus, width, height, column=chosen)
    bus.done()
    return bus, display


def test_power_up_of_several_panels():
    # A panel of 96 x 16 begins at the first column, the others are in the middle.
    for width, height, column in (
        (128, 64, 0),
        (128, 32, 0),
        (64, 32, 32),
        (64, 48, 32),
        (72, 40, 28),
        (96, 16, 0),
        (96, 40, 0),
    ):
        _, display = made(width, height, column)
        assert repr(display) == f"<SSD1306 {width} x {height}, on>"
        assert display.power()


def test_columns_of_a_panel_at_the_edge_change_sides():
    for column in (0, 32):
        bus, display = made(96, 16, column, chosen=column or None)
        place = f"{32 - column & 15:02x}", f"{0x10 + (32 - column >> 4):02x}"
        bus.add("3c w 00 a0 c0", *[page(n, ["00"] * 96, *place) for n in range(2)])
        display.rotate(180)
        assert display.show() == 2
        bus.done()
    for width, column in ((128, 1), (96, 33), (64, -1)):
        raises(ValueError, SSD1306_I2C, bus, width, 16, 0x3C, False, column)


def test_external_supply_leaves_the_pump_off():
    bus = Transcript(
        settings("0f", "02", "22", "9f", "10"),
        "3c w 00 a1 c8",
        page(0, ["00"] * 128),
        page(1, ["00"] * 128),
        "3c w 00 af a4",
    )
    SSD1306_I2C(bus, 128, 16, external_vcc=True)
    bus.done()


def test_only_changed_pages_are_sent():
    bus, display = made(16, 32)
    place = "08", "13"
    assert display.show() == 0
    display.pixel(0, 0, 1)
    display.pixel(15, 31, 1)
    bus.add(
        page(0, ["01"] + ["00"] * 15, *place),
        page(3, ["00"] * 15 + ["80"], *place),
    )
    assert display.show() == 2
    assert display.show() == 0
    # Drawn and wiped out again: nothing has changed.
    display.fill_rect(3, 8, 4, 8, 1)
    display.fill_rect(3, 8, 4, 8, 0)
    assert display.show() == 0
    display.fill(1)
    bus.add(*[page(n, ["ff"] * 16, *place) for n in range(4)])
    assert display.show() == 4
    assert display.pixel(0, 0) == 1
    bus.done()


def test_a_page_that_failed_is_sent_again():
    bus, display = made(16, 16)
    place = "08", "13"
    display.fill(1)
    first, second = (page(n, ["ff"] * 16, *place) for n in range(2))
    for name in ("EIO", "ETIMEDOUT", "ENODEV"):
        bus.add(first + " ! " + name)
        fails(name, "SSD1306 at 0x3c", display.show)
    bus.add(first, second + " ! 5")
    fails("EIO", "took 5 of 23 bytes", display.show)
    bus.add(second)
    assert display.show() == 1
    # What came through of it is not known: the page before is sent again, too.
    display.fill(0)
    blank, _ = (page(n, ["00"] * 16, *place) for n in range(2))
    bus.add(blank + " ! 9")
    fails("EIO", "took 9 of 23 bytes", display.show)
    display.fill(1)
    bus.add(first)
    assert display.show() == 1
    bus.done()


def test_settings():
    bus, display = made(16, 16)
    bus.add("3c w 00 e3 81 00", "3c w 00 e3 81 ff", "3c w 00 a7 a4", "3c w 00 a6 a4")
    display.contrast(0)
    display.contrast(255)
    display.invert(True)
    display.invert(False)
    bus.add("3c w 00 ae a4")
    display.power(False)
    assert not display.power() and repr(display) == "<SSD1306 16 x 16, off>"
    bus.add("3c w 00 af a4 ! EIO")
    fails("EIO", "SSD1306 at 0x3c", display.power, True)
    assert not display.power()
    bus.add("3c w 00 a0 c0", *[page(n, ["00"] * 16, "08", "13") for n in range(2)])
    display.rotate(180)
    assert display.show() == 2
    bus.done()


def test_check_reads_the_status():
    bus, display = made(16, 16)
    bus.add("3c r 00 : 03")
    display.check()
    bus.add("3c r 00 : 43")
    fails("ENODEV", "no SSD1306 at 0x3c: its status reads 0x43", display.check)
    bus.add("3c w 00 ae a4", "3c r 00 : 43", "3c r 00 : 00")
    display.power(False)
    display.check()
    fails("ENODEV", "switched off", display.check)
    for name in ("EIO", "ENODEV"):
        bus.add("3c r 00 ! " + name)
        fails(name, "SSD1306 at 0x3c", display.check)
    bus.done()


def test_misuse():
    bus, display = made(16, 16)
    for value in (-1, 256):
        raises(ValueError, display.contrast, value)
    raises(ValueError, display.rotate, 90)
    for width, height in ((129, 64), (8, 64), (128, 72), (128, 0), (128, 20)):
        raises(ValueError, SSD1306_I2C, bus, width, height)
    raises(TypeError, SSD1306_I2C, None)
    raises(TypeError, SSD1306_SPI, None, None, None)
    raises(ValueError, SSD1306_I2C, bus, 128, 64, 0x78)
    fails("ENODEV", "no SSD1306 at 0x3d", SSD1306_I2C, Nobody(), 128, 64, 0x3D)
    bus.done()


class Nobody:
    def readfrom_mem_into(self, addr, register, buf):
        raise OSError(19, "nobody")

    def writeto(self, addr, buf):
        raise OSError(19, "nobody")


class Wires:
    """An SPI bus and its pins; what happens is written down."""

    def __init__(self):
        self.seen = []
        self.broken = False

    def pin(self, name):
        return lambda level: self.seen.append(f"{name}{level}")

    def write(self, buf):
        if self.broken:
            raise OSError(5, "broken")
        self.seen.append(" ".join([f"{byte:02x}" for byte in buf]))


def test_spi():
    wires = Wires()
    pins = [wires.pin(name) for name in ("dc", "cs", "reset")]
    display = SSD1306_SPI(wires, *pins, width=16, height=16)
    zeros = " ".join(["00"] * 16)
    assert wires.seen == (
        ["cs1", "reset1", "reset0", "reset1"]
        + ["dc0", "cs0", SETTINGS.format("0f", "12", "f1", "cf", "14"), "cs1"]
        + ["dc0", "cs0", "a1 c8", "cs1"]
        + ["dc0", "cs0", "b0 08 13", "cs1", "dc1", "cs0", zeros, "cs1"]
        + ["dc0", "cs0", "b1 08 13", "cs1", "dc1", "cs0", zeros, "cs1"]
        + ["dc0", "cs0", "af a4", "cs1"]
    )
    wires.seen = []
    display.pixel(0, 8, 1)
    assert display.show() == 1
    assert wires.seen[2] == "b1 08 13" and wires.seen[6] == "01" + " 00" * 15
    fails(EOPNOTSUPP, "SPI", display.check)
    # The chip is not left selected.
    display.fill(1)
    wires.broken = True
    wires.seen = []
    raises(OSError, display.show)
    assert wires.seen == ["dc0", "cs0", "cs1"]


class Sink:
    """An I2C bus that takes everything and allocates nothing."""

    def readfrom_mem_into(self, addr, register, buf):
        buf[0] = 0

    def writeto(self, addr, buf):
        return len(buf)


def test_steady_state_allocates_nothing():
    display = SSD1306_I2C(Sink(), 128, 64)

    def use():
        for i in range(1000):
            display.pixel(i & 127, i >> 7, ~i & 1)
            display.pixel(3, 60, i & 1)
            assert display.show()
            display.contrast(i & 255)
            display.invert(i & 1)
            display.check()

    no_allocation(use)
