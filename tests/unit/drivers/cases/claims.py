# Whose pins and peripherals are: all drivers that take several, on board host.
from errno import ENODEV

from drivers import (
    CAN,
    I2C,
    QSPI,
    SPI,
    BufferedSerial,
    DigitalIn,
    DigitalOut,
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
