"""The simulated board: which buses and wires there are, by the names that machine takes.

Everything is made when it is first asked for, and forgotten by reset().
"""

from .wires import Wire

_I2C = range(4)
_SPI = range(5)
_UART = range(1, 5)
_ANALOG = range(6)  # A0 .. A5
_VIRTUAL = range(16)  # V0 .. V15, also D0 .. D15
_LEDS = range(1, 11)

#: Other names. Those of the Arduino header's pins are those that drivers know.
ALIASES = {
    "BUTTON1": "V0",
    "BUTTON2": "V1",
    "I2C_SCL": "I2C3_SCL",
    "I2C_SDA": "I2C3_SDA",
    "SPI_SCK": "SPI4_SCK",
    "SPI_MOSI": "SPI4_MOSI",
    "SPI_MISO": "SPI4_MISO",
    "SPI_CS": "SPI4_CS",
    "UART_TX": "UART1_TX",
    "UART_RX": "UART1_RX",
}

_HOST_PAGE = ("V", "LED")

ALIASES.update([(f"D{n}", f"V{n}") for n in _VIRTUAL])

_LINES = (
    ("I2C", _I2C, ("SCL", "SDA")),
    ("SPI", _SPI, ("SCK", "MOSI", "MISO", "CS")),
    ("UART", _UART, ("TX", "RX")),
    # Only names: frames and commands go over no wires here.
    ("CAN", range(2), ("TX", "RX")),
    ("QSPI", range(1), ("SCK", "CS", "IO0", "IO1", "IO2", "IO3")),
)

_wires = {}
_outputs = {}
_buses = {}


def reset():
    """Forget all buses, wires and what is attached; for tests."""
    for made in (_wires, _outputs, _buses):
        made.clear()


def names():
    """The names of all wires, without aliases."""
    found = [f"V{n}" for n in _VIRTUAL]
    found += [f"LED{n}" for n in _LEDS] + [f"A{n}" for n in _ANALOG]
    for kind, numbers, lines in _LINES:
        found += [f"{kind}{n}_{line}" for n in numbers for line in lines]
    return found


def wire(name):
    """The wire of that name. ValueError says which there are."""
    name = ALIASES.get(name, name)
    if name not in _wires:
        if name not in names():
            raise ValueError(
                "no such pin: use LED1..LED10, BUTTON1, BUTTON2, V0..V15, D0..D15, A0..A5, "
                "I2C_SCL, I2C_SDA, SPI_SCK, SPI_MOSI, SPI_MISO, SPI_CS, UART_TX, UART_RX, or with "
                "a number, such as I2C0_SCL"
            )
        # A virtual pin that nobody moves is 0, as the tools' word for it.
        _wires[name] = Wire(name, 0 if name.startswith(_HOST_PAGE) else None)
    return _wires[name]


def output(wire, owner, open_drain):
    """The output of `owner` on a wire: the same one each time that it is asked for."""
    key = wire.name, owner
    if key not in _outputs:
        _outputs[key] = wire.driver(owner, open_drain)
    return _outputs[key]


def i2c(number):
    """I2C bus 0 to 3, as i2c.I2CBus."""
    if number not in _I2C:
        raise ValueError(f"I2C({number}) doesn't exist, use I2C(0) to I2C({_I2C[-1]})")
    name = f"I2C{number}"
    if name not in _buses:
        from .i2c import I2CBus

        _buses[name] = I2CBus(name, wire(name + "_SCL"), wire(name + "_SDA"))
    return _buses[name]


def spi(number):
    """SPI bus 0 to 4, as spi.SPIBus."""
    if number not in _SPI:
        raise ValueError(f"SPI({number}) doesn't exist, use SPI(0) to SPI({_SPI[-1]})")
    name = f"SPI{number}"
    if name not in _buses:
        from .spi import SPIBus

        lines = [wire(f"{name}_{line}") for line in ("SCK", "MOSI", "MISO")]
        _buses[name] = SPIBus(name, *lines)
    return _buses[name]


def spi_of(sck):
    """The SPI bus whose clock that wire is, or None."""
    for number in _SPI:
        if sck is not None and sck.name == f"SPI{number}_SCK":
            return spi(number)
    return None


def uart(number):
    """The board's end of serial line 1 to 4, as uart.UartEnd."""
    if number not in _UART:
        last = _UART[-1]
        raise ValueError(f"UART({number}) doesn't exist, use UART({_UART[0]}) to UART({last})")
    name = f"UART{number}"
    if name not in _buses:
        from .uart import UartEnd

        _buses[name] = UartEnd(name, wire(name + "_TX"), wire(name + "_RX"))
    return _buses[name]


def part(name, make):
    """Another part of the board: what make() returned when it was first asked for."""
    if name not in _buses:
        _buses[name] = make()
    return _buses[name]


def check_pins(owner, given):
    """ValueError unless the pins, where given, are those of the bus: (name, pin, wire) each."""
    for name, pin, own in given:
        if pin is not None and pin.wire is not own:
            raise ValueError(f"{owner} has {name}={own.name}: leave it out, or use the Soft class")
