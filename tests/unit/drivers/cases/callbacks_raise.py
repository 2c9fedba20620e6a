# platforms: host-stock host-native
"""Exceptions in hard callbacks: printed, the callback ends, and the driver goes on."""

import drivers
from drivers import InterruptIn
from support import fresh, press, raises, settle

fresh()
from sim import board, clock  # noqa: E402
from sim.machine_i2c import I2C  # noqa: E402
from sim.machine_pin import Pin  # noqa: E402
from sim.machine_spi import SPI  # noqa: E402
from sim.uart import UartEnd  # noqa: E402

calls = [0]


def boom(_):
    calls[0] += 1
    raise ValueError("on purpose")


def fine(_):
    calls[0] += 1


def counted(function, *arguments):
    """How many calls of a callback function(*arguments) has led to."""
    calls[0] = 0
    function(*arguments)
    settle()
    return calls[0]


def test_an_edge():
    """The board switches its interrupt off; a function that is set afterwards is called again."""
    with InterruptIn("D3") as pin:
        pin.fall(boom, hard=True)
        assert counted(press, "D3", 3) == 1
        pin.fall(fine, hard=True)
        assert counted(press, "D3", 3) == 3
        pin.fall(boom, hard=True)
        assert counted(press, "D3") == 1
        pin.rise(fine, hard=True)
        pin.fall(None)
        assert counted(press, "D3", 2) == 2


def test_can():
    with drivers.CAN(mode=drivers.CAN.SILENT_LOOPBACK) as can:
        message = drivers.CANMessage(0x100, b"x")
        can.irq(boom, hard=True)

        def send():
            assert can.write(message)
            clock.advance(1000)

        assert counted(send) == 1
        assert counted(send) == 0
        assert can.any() == 2 and can.read(message)
        can.irq(fine, hard=True)
        assert counted(send) == 1


def test_devices_on_buses():
    fresh()
    i2c = I2C(3)
    with drivers.I2CSlave(0x42) as slave:
        slave.irq(boom, hard=True)
        assert counted(i2c.writeto, 0x42, b"a") == 1
        assert counted(i2c.writeto, 0x42, b"b") == 0
        assert slave.read() == b"a" and slave.read() == b"b"
        slave.irq(fine, hard=True)
        assert counted(i2c.writeto, 0x42, b"c") == 1
    spi, cs = SPI(4), Pin("SPI_CS", Pin.OUT, value=1)
    with drivers.SPISlave() as slave:
        slave.irq(boom, hard=True)
        cs(0)
        assert counted(spi.write, b"abc") == 1
        cs(1)
        assert [slave.read() for _ in range(4)] == [97, 98, 99, None]


def test_a_serial_port():
    fresh()
    peer = UartEnd("peer")
    board.uart(2).connect(peer)
    peer.set_up(115_200)
    port = drivers.BufferedSerial(2)

    def receive():
        peer.send(65)
        clock.advance(1000)

    port.notify(boom)
    assert port.read() is None
    assert counted(receive) == 1
    assert port.read() == b"A" and port.read() is None
    assert counted(receive) == 0
    port.notify(fine)
    assert port.read() == b"A" and port.read() is None
    assert counted(receive) == 1
    port.deinit()
    raises(OSError, port.any)
