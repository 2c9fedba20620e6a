"""SPISlave on a simulated bus of board host: machine.SPI on the same bus is the controller."""

from errno import ENODEV

import rtos
from drivers import SPISlave
from sim.machine_pin import Pin
from sim.machine_spi import SPI
from support import fresh, no_allocation, raises, run_main, times_out

fresh()


def controller(**options):
    """machine.SPI and the chip select of our slave."""
    return SPI(4, **options), Pin("SPI_CS", Pin.OUT, value=1)


def exchange(spi, cs, sent):
    got = bytearray(len(sent))
    cs(0)
    spi.write_readinto(sent, got)
    cs(1)
    return bytes(got)


def test_bytes_both_ways():
    spi, cs = controller()
    with SPISlave() as slave:
        assert slave.receive() == 0 and slave.read() is None
        assert exchange(spi, cs, b"\1\2\3") == b"\xff\xff\xff"
        assert slave.receive() == 3 and slave.frames == 1
        assert [slave.read() for _ in range(4)] == [1, 2, 3, None]
        slave.reply(0x5A)
        assert exchange(spi, cs, b"ab") == b"\x5a\xff"
        slave.write(b"\x10\x20\x30")
        assert exchange(spi, cs, b"cdef") == b"\x10\x20\x30\xff"
        buf = bytearray(16)
        assert slave.readinto(buf) == 6 and buf[:6] == b"abcdef"
        assert slave.readinto(buf) is None
        spi.write(b"not selected")
        assert slave.receive() == 0 and slave.frames == 3


def test_modes_and_bit_order():
    for polarity, phase in ((0, 0), (0, 1), (1, 0), (1, 1)):
        spi, cs = controller(polarity=polarity, phase=phase)
        with SPISlave(polarity=polarity, phase=phase) as slave:
            slave.write(b"\x81\x42")
            assert exchange(spi, cs, b"\x0f\xf1") == b"\x81\x42"
            assert slave.read() == 0x0F and slave.read() == 0xF1
    spi, cs = controller(polarity=0, phase=0)
    with SPISlave(firstbit=SPISlave.LSB) as slave:
        assert exchange(spi, cs, b"\x01") == b"\xff" and slave.read() == 0x80
    with SPISlave(polarity=0, phase=1) as slave:
        exchange(spi, cs, b"\x0f")
        assert slave.read() == 0x07  # sampled on the wrong edge


def test_a_handler_answers_each_byte():
    spi, cs = controller()
    with SPISlave() as slave:

        def echo(slave):
            value = slave.read()
            if value is not None:
                slave.reply(value ^ 0xFF)

        slave.irq(echo, hard=True)
        assert exchange(spi, cs, b"\1\2\3\4") == b"\xff\xfe\xfd\xfc"
        slave.irq(None)
        exchange(spi, cs, b"x")
        assert slave.read() == ord("x")


def test_what_finds_no_room_is_counted():
    spi, cs = controller()
    with SPISlave(size=4, fill=0) as slave:
        assert exchange(spi, cs, b"123456") == bytes(6)
        assert slave.dropped == 2 and slave.receive() == 4
        buf = bytearray(8)
        assert slave.readinto(buf) == 4 and buf[:4] == b"1234"
        raises(ValueError, slave.write, b"12345")
        raises(ValueError, slave.write, b"")
        raises(ValueError, slave.reply, 256)


def test_threads():
    spi, cs = controller()
    log = []

    async def serves(slave):
        buf = bytearray(8)
        while len(log) < 2:
            await slave.readable()
            n = slave.readinto(buf)
            if n:
                log.append(bytes(buf[:n]))

    async def main():
        with SPISlave() as slave:
            await times_out(slave.readable(timeout_ms=5))
            thread = rtos.Thread(serves, slave).start()
            for message in (b"abc", b"de"):
                exchange(spi, cs, message)
                await rtos.sleep_ms(1)
            await thread.join()

    run_main(main)
    assert log == [b"abc", b"de"]


def test_bad_arguments_and_use_after_deinit():
    for options in ({"polarity": 2}, {"phase": -1}, {"size": 0}, {"fill": 256}, {"firstbit": 2}):
        raises(ValueError, lambda options=options: SPISlave(**options))
    raises(ValueError, SPISlave, 9)
    first = SPISlave()
    slave = SPISlave()  # typed once more
    assert raises(OSError, first.receive).args[0] == ENODEV
    raises(TypeError, slave.irq, 5)
    assert repr(slave) == "<SPISlave of SPI(4), 0 bytes>"
    slave.deinit()
    slave.deinit()
    for call in (slave.receive, slave.read, slave.readable):
        assert raises(OSError, call).args[0] == ENODEV
    assert raises(OSError, slave.reply, 1).args[0] == ENODEV
    assert raises(OSError, slave.write, b"x").args[0] == ENODEV
    assert repr(slave) == "<SPISlave deinitialised>"


sent = b"ping"
got = bytearray(4)
buf = bytearray(4)


def test_steady_state_allocates_nothing():
    spi, cs = controller()
    with SPISlave() as slave:

        def rounds():
            for _ in range(1000):
                slave.write(sent)
                cs(0)
                spi.write_readinto(sent, got)
                cs(1)
                slave.readinto(buf)

        no_allocation(rounds)
        assert buf == got == sent and not slave.dropped
