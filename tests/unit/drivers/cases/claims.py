# Whose pins and peripherals are: all drivers that take several, on board host.
from errno import ENODEV, EOPNOTSUPP

from drivers import (
    CAN,
    I2C,
    QSPI,
    SPI,
    BufferedSerial,
    DigitalIn,
    DigitalOut,
    FlashIAP,
    I2CSlave,
    SPISlave,
    UnbufferedSerial,
)
from drivers.pins import owner
from support import fresh, raises

fresh()
EBUSY = 16


def busy(name, function, *arguments):
    error = raises(OSError, function, *arguments)
    assert error.args[0] == EBUSY and name in error.args[1], error


def slave(**options):
    return I2CSlave(0x42, **options)


ALL = (
    (CAN, ("CAN0_TX", "CAN0_RX")),
    (lambda: CAN(1), ("CAN1_TX", "CAN1_RX")),
    (QSPI, ["QSPI0_" + line for line in ("SCK", "CS", "IO0", "IO1", "IO2", "IO3")]),
    (I2C, ("I2C_SCL", "I2C_SDA")),
    (lambda: I2C(0), ("I2C0_SCL", "I2C0_SDA")),
    (slave, ("I2C_SCL", "I2C_SDA")),
    (lambda: slave(bus=0), ("I2C0_SCL", "I2C0_SDA")),
    (lambda: slave(scl="I2C1_SCL"), ("I2C1_SCL", "I2C1_SDA")),
    (SPI, ("SPI_SCK", "SPI_MOSI", "SPI_MISO")),
    (SPISlave, ("SPI_SCK", "SPI_MOSI", "SPI_MISO", "SPI_CS")),
    (lambda: SPISlave(1), ("SPI1_SCK", "SPI1_MOSI", "SPI1_MISO", "SPI1_CS")),
    (BufferedSerial, ("UART_TX", "UART_RX")),
    (UnbufferedSerial, ("UART_TX", "UART_RX")),
)


def test_every_pin_is_its_drivers_until_deinit():
    for make, pins in ALL:
        fresh()
        driver = make()
        for pin in pins:
            assert owner(pin) is driver, (driver, pin)
            busy("is in use by " + repr(driver), DigitalOut, pin)
        driver.deinit()
        for pin in pins:
            assert owner(pin) is None, (driver, pin)


def test_a_pin_that_somebody_has_is_not_taken():
    for make, pins in ALL:
        for pin in pins:
            fresh()
            with DigitalIn(pin) as other:
                busy("is in use by " + repr(other), make)
                assert [owner(p) for p in pins if p != pin] == [None] * (len(pins) - 1)
        driver = make()  # nothing was left behind
        driver.deinit()


def test_the_same_peripheral_by_its_number_or_without():
    for kind, number in ((CAN, 0), (QSPI, 0), (SPISlave, 4), (I2C, 3), (SPI, 4)):
        for arguments in ((), (number,)):
            fresh()
            first = kind()
            second = kind(*arguments)
            assert "deinitialised" in repr(first) and "deinitialised" not in repr(second)
            first.deinit()  # not its any more
            third = kind(number)
            assert "deinitialised" in repr(second)
            third.deinit()
            assert "deinitialised" in repr(third)
    fresh()
    first = I2CSlave(0x42)
    second = I2CSlave(0x43, 3)  # one controller is one device
    assert raises(OSError, first.receive).args[0] == ENODEV
    second.deinit()


def test_controller_and_device_do_not_share_a_peripheral():
    for one, other in (
        (I2C, lambda: I2CSlave(0x42, 3)),
        (SPI, lambda: SPISlave(4)),
        (BufferedSerial, lambda: UnbufferedSerial(1)),
    ):
        fresh()
        driver = one()
        busy(repr(driver), other)
        driver.deinit()
        driver = other()
        busy(repr(driver), one)
        driver.deinit()


def test_chip_selects_of_devices_go_with_their_bus():
    fresh()
    spi = SPI(ssel="D1")
    first, second = spi.device("D2"), spi.device("D3")
    given = DigitalOut("D4")
    third = spi.device(given)
    second.select()
    for pin in ("D1", "D2", "D3"):
        assert owner(pin) is not None
    spi.deinit()
    for pin in ("D1", "D2", "D3"):
        assert owner(pin) is None, pin
    assert owner("D4") is given
    given(1)
    for device in (first, second, third):
        assert raises(OSError, device.write, b"x").args[0] == ENODEV
        assert "deinitialised" in repr(device), device
    given.deinit()
    # The same line again takes the chip select over, as everywhere.
    spi = SPI()
    first = spi.device("D2")
    second = spi.device("D2")
    second.write(b"x")
    assert raises(OSError, first.write, b"x").args[0] == ENODEV
    spi.deinit()
    assert owner("D2") is None


def test_a_device_that_is_not_used_any_more_gives_its_chip_select_back():
    fresh()
    spi = SPI()
    device = spi.device("D2")
    device.write(b"x")
    device.select()
    device.deinit()
    device.deinit()
    assert owner("D2") is None
    assert raises(OSError, device.write, b"x").args[0] == ENODEV
    assert raises(OSError, device.select).args[0] == ENODEV
    spi.write(b"y")  # nobody is selected
    DigitalOut("D2").deinit()
    spi.deinit()
    device.deinit()


def test_defaults_are_one_object_for_all():
    fresh()
    for kind in (CAN, QSPI, SPISlave, FlashIAP, UnbufferedSerial):
        first = kind.default()
        assert kind.default() is first and first.is_connected(), kind
        first.deinit()
        assert not first.is_connected()
        second = kind.default()
        assert second is not first and second.is_connected()
        third = second if kind is FlashIAP else kind()  # takes over
        assert (kind.default() is second) == (kind is FlashIAP), kind
        kind.default().deinit()
        third.deinit()
    for kind, other in ((BufferedSerial, UnbufferedSerial), (I2C, slave), (SPI, SPISlave)):
        first = kind.default()
        assert kind.default() is first
        busy(repr(first), other)
        first.deinit()
    first = I2CSlave.default(0x42)
    assert I2CSlave.default(0x42) is first and first.addr == 0x42
    second = I2CSlave.default(0x43)
    assert second.addr == 0x43 and not first.is_connected()
    second.deinit()


def test_devices_are_set_up_as_their_buses():
    fresh()
    spi, i2c = SPI(), I2C()
    chip, device = spi.device("D2", polarity=1), i2c.device(0x48)
    chip.init(baudrate=250_000, phase=1)
    chip.write(b"x")
    assert "250000 Hz" in repr(chip) and "1000000 Hz" in repr(spi)
    device.init(freq=50_000, timeout=1000)
    assert device.freq() == 50_000 and i2c.freq() == 100_000
    for wrong in ({"baudrate": 0}, {"polarity": 3}, {"bits": "x"}, {"firstbit": 2}):
        raises(ValueError, lambda wrong=wrong: chip.init(**wrong))
    for wrong in ({"freq": 0}, {"freq": "x"}, {"timeout": -1}, {"timeout": "x"}):
        raises(ValueError, lambda wrong=wrong: device.init(**wrong))
    for view in (chip, spi):  # what the board cannot do is refused at once, and nothing changes
        error = raises(OSError, lambda view=view: view.init(bits=16))
        assert error.args[0] == EOPNOTSUPP and "host has no SPI" in error.args[1], error
        view.write(b"x")
    assert raises(OSError, lambda: spi.device(None, bits=12)).args[0] == EOPNOTSUPP
    spi.deinit()
    i2c.deinit()
    for view in (chip, device):
        assert raises(OSError, view.init).args[0] == ENODEV
