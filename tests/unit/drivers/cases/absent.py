# platforms: mps2-stock
"""What board mps2 has not: each driver says so, and names board and feature."""

from errno import EOPNOTSUPP

import drivers
from drivers.pins import owner
from support import raises


def refuses(feature, function, *arguments):
    error = raises(OSError, function, *arguments)
    assert error.args[0] == EOPNOTSUPP, error
    assert error.args[1] == "mps2 has no " + feature, error


def test_analog_pins():
    refuses("AnalogIn", drivers.AnalogIn, "A0")
    refuses("AnalogOut", drivers.AnalogOut, "A4")
    refuses("PwmOut", drivers.PwmOut, "LED1")
    assert owner("A0") is None and owner("LED1") is None and owner("A4") is None


def test_buses():
    refuses("CAN", drivers.CAN)
    refuses("CAN", drivers.CAN, 1, 250_000)
    refuses("I2CSlave", drivers.I2CSlave, 0x42)
    refuses("SPISlave", drivers.SPISlave)
    refuses("QSPI", drivers.QSPI)
    for kind, name in (
        (drivers.CAN, "CAN"),
        (drivers.SPISlave, "SPISlave"),
        (drivers.QSPI, "QSPI"),
    ):
        refuses(name, kind.default)
    refuses("I2CSlave", drivers.I2CSlave.default, 0x42)


def test_settings_that_the_controller_lacks():
    spi = drivers.SPI()
    chip = spi.device("D2")
    for view in (spi, chip):
        refuses("SPI with more than 16 bits", lambda view=view: view.init(bits=24))
        refuses("SPI with firstbit=LSB", lambda view=view: view.init(firstbit=1))
        view.write(b"x")  # nothing has changed
    refuses("SPI with more than 16 bits", lambda: spi.device(None, bits=32))
    spi.deinit()


def test_what_the_caller_did_wrong_comes_first():
    raises(ValueError, drivers.AnalogIn, "A9")
    raises(ValueError, drivers.CAN, 0, 0)
    raises(ValueError, drivers.I2CSlave, 0)
    raises(ValueError, drivers.QSPI, 0, 0)
    refuses("CAN", drivers.CAN)  # and again
