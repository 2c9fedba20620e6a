"""I2CSlave on a simulated bus of board host: machine.I2C on the same bus is the controller."""

from errno import ENODEV, ETIMEDOUT

import rtos
from drivers import DigitalOut, I2CSlave
from drivers.pins import owner
from sim import clock
from sim.machine_i2c import I2C, SoftI2C
from sim.machine_pin import Pin
from support import fresh, no_allocation, raises, run_main, settle, times_out

fresh()

ADDR = 0x42


def test_messages_from_the_controller():
    i2c = I2C(3)
    with I2CSlave(ADDR) as slave:
        assert slave.receive() == I2CSlave.NO_DATA and slave.read() is None
        assert i2c.scan() == [ADDR] and slave.receive() == I2CSlave.NO_DATA
        i2c.writeto(ADDR, b"first")
        i2c.writeto(ADDR, b"\0second")
        assert slave.receive() == I2CSlave.WRITE_ADDRESSED
        assert slave.read() == b"first"
        buf = bytearray(8)
        assert slave.readinto(buf) == 7 and buf[:7] == b"\0second"
        assert slave.readinto(buf) is None and slave.receive() == I2CSlave.NO_DATA
        i2c.writeto(ADDR, b"longer")
        said = str(raises(ValueError, slave.readinto, bytearray(3)))
        assert "6 bytes, buf 3" in said, said
        assert slave.read() == b"longer"  # it is still there
    assert i2c.scan() == []


def test_a_prepared_reply():
    i2c = I2C(3)
    with I2CSlave(ADDR) as slave:
        assert slave.write(b"abc") == 3
        assert i2c.readfrom(ADDR, 3) == b"abc"
        slave.write(b"x")
        assert i2c.readfrom(ADDR, 3) == b"x\xff\xff" and slave.underruns == 2
        slave.write(b"old")
        slave.write(b"new")
        assert i2c.readfrom(ADDR, 2) == b"ne"
        slave.write(b"next")  # what the controller did not want is gone
        assert i2c.readfrom(ADDR, 4) == b"next"


def test_the_clock_is_held_until_there_is_a_reply():
    i2c = I2C(3)
    with I2CSlave(ADDR) as slave:
        replies = iter((b"\x11\x22", b"\x33"))

        def answer(_):
            assert slave.receive() == I2CSlave.READ_ADDRESSED and "is read" in repr(slave)
            slave.write(next(replies))

        clock.after(3000, answer)
        before = clock.now()
        assert i2c.readfrom(ADDR, 2) == b"\x11\x22"
        assert clock.now() - before >= 3000
        clock.after(3000, answer)
        assert i2c.readfrom(ADDR, 1) == b"\x33"
        assert raises(OSError, i2c.readfrom, ADDR, 1).args[0] == ETIMEDOUT
        assert slave.receive() == I2CSlave.NO_DATA  # the controller has given up
        slave.write(b"ok")
        assert i2c.readfrom(ADDR, 2) == b"ok"


def test_a_handler_answers():
    i2c = I2C(3)
    registers = {0: b"\x01\x02", 1: b"\xaa\xbb"}
    chosen = [b""]
    buf = bytearray(4)
    with I2CSlave(ADDR) as slave:

        def serve(slave):
            if slave.receive() == I2CSlave.WRITE_ADDRESSED:
                slave.readinto(buf)
                chosen[0] = registers[buf[0]]
            elif slave.receive() == I2CSlave.READ_ADDRESSED:
                slave.write(chosen[0])

        slave.irq(serve, hard=True)
        assert i2c.readfrom_mem(ADDR, 1, 2) == b"\xaa\xbb"
        assert i2c.readfrom_mem(ADDR, 0, 2) == b"\x01\x02"
        slave.irq(None)
        i2c.writeto(ADDR, b"\1")
        assert slave.read() == b"\1"


def test_general_call():
    i2c = I2C(3)
    with I2CSlave(ADDR, general_call=True) as slave:
        i2c.writeto(0, b"all")
        i2c.writeto(ADDR, b"one")
        assert slave.receive() == I2CSlave.WRITE_GENERAL and slave.read() == b"all"
        assert slave.receive() == I2CSlave.WRITE_ADDRESSED and slave.read() == b"one"
        assert raises(OSError, i2c.readfrom, 0, 1).args[0] == ENODEV
    with I2CSlave(ADDR):
        assert raises(OSError, i2c.writeto, 0, b"x").args[0] == ENODEV


def test_what_finds_no_room_is_counted():
    i2c = I2C(3)
    with I2CSlave(ADDR, size=4, messages=2) as slave:
        for message in (b"1", b"12345", b"2", b"3"):
            i2c.writeto(ADDR, message)
        assert slave.dropped == 2
        assert slave.read() == b"1" and slave.read() == b"2" and slave.read() is None
        raises(ValueError, slave.write, b"12345")
        raises(ValueError, slave.write, b"")
        i2c.writeto(ADDR, b"4567")
        assert slave.read() == b"4567"
        i2c.writeto(ADDR, b"8")
        slave.stop()
        assert slave.receive() == I2CSlave.NO_DATA


def test_memory():
    i2c = I2C(3)
    mem = bytearray(b"0123456789abcdef")
    with I2CSlave(ADDR, mem=mem) as slave:
        seen = []
        slave.irq(lambda slave: seen.append(slave.memaddr), hard=False)
        assert i2c.readfrom_mem(ADDR, 4, 3) == b"456"
        settle()
        assert seen[-1] == 4 and len(seen) + slave.missed == 2
        i2c.writeto_mem(ADDR, 14, b"XYZ")  # it wraps
        assert mem == b"Z123456789abcdXY" and slave.memaddr == 14
        assert i2c.readfrom_mem(ADDR, 15, 2) == b"YZ"
        i2c.writeto(ADDR, b"\2")
        assert i2c.readfrom(ADDR, 1) == b"2" and i2c.readfrom(ADDR, 2) == b"34"
        for call in (slave.receive, slave.read, slave.stop, slave.addressed):
            raises(ValueError, call)
        assert repr(slave) == "<I2CSlave 0x42 memory of 16 bytes>"
    with I2CSlave(ADDR, mem=mem, mem_addrsize=16):
        assert i2c.readfrom_mem(ADDR, 3, 2, addrsize=16) == b"34"
    with I2CSlave(ADDR) as slave:
        raises(AttributeError, lambda: slave.memaddr)
        dir(slave)


def test_threads():
    i2c = I2C(3)
    log = []

    async def serves(slave):
        while len(log) < 3:
            await slave.addressed()
            if slave.receive() == I2CSlave.WRITE_ADDRESSED:
                log.append(slave.read())
                slave.write(bytes(reversed(log[-1])))

    async def main():
        with I2CSlave(ADDR) as slave:
            await times_out(slave.addressed(timeout_ms=5))
            thread = rtos.Thread(serves, slave).start()
            for message in (b"abc", b"de", b"f"):
                i2c.writeto(ADDR, message)
                await rtos.sleep_ms(1)
                assert i2c.readfrom(ADDR, len(message)) == bytes(reversed(message))
            await thread.join()
            await times_out(slave.addressed(timeout_ms=5))

    run_main(main)
    assert log == [b"abc", b"de", b"f"]


def test_bit_by_bit():
    """SoftI2C moves the wires: the target sees the same."""
    i2c = SoftI2C(Pin("I2C_SCL"), Pin("I2C_SDA"))
    with I2CSlave(ADDR) as slave:
        i2c.writeto(ADDR, b"bits")
        assert slave.read() == b"bits"
        slave.write(b"\x00\xff\x5a")
        assert i2c.readfrom(ADDR, 3) == b"\x00\xff\x5a"


def test_pins_that_are_given_are_claimed():
    i2c = I2C(3)
    with I2CSlave(ADDR, scl="I2C_SCL", sda="I2C_SDA") as slave:
        assert owner("I2C3_SCL") is slave and owner("I2C_SDA") is slave
        i2c.writeto(ADDR, b"x")
        assert slave.read() == b"x"
        assert raises(OSError, DigitalOut, "I2C_SDA").args[0] == 16
    assert owner("I2C_SCL") is None
    raises(ValueError, lambda: I2CSlave(ADDR, scl="D3"))
    raises(ValueError, lambda: I2CSlave(ADDR, sda="nonsense"))
    assert owner("D3") is None
    with I2CSlave(ADDR) as slave:  # not left behind by the failures
        i2c.writeto(ADDR, b"y")
        assert slave.read() == b"y"


def test_bad_arguments_and_use_after_deinit():
    for addr in (0, 7, 0x78, 0x84, -1, "x"):
        raises(ValueError, I2CSlave, addr)
    raises(ValueError, lambda: I2CSlave(ADDR, size=0))
    raises(ValueError, lambda: I2CSlave(ADDR, messages=0))
    raises(ValueError, lambda: I2CSlave(ADDR, mem=bytearray(4), mem_addrsize=7))
    raises(ValueError, I2CSlave, ADDR, 9)
    first = I2CSlave(ADDR)
    slave = I2CSlave(ADDR)  # typed once more
    assert raises(OSError, first.receive).args[0] == ENODEV
    raises(TypeError, slave.irq, 5)
    slave.deinit()
    slave.deinit()
    for call in (slave.receive, slave.read, slave.stop, slave.addressed):
        assert raises(OSError, call).args[0] == ENODEV
    assert raises(OSError, slave.write, b"x").args[0] == ENODEV
    assert repr(slave) == "<I2CSlave 0x42 deinitialised>"


def test_steady_state_allocates_nothing():
    i2c = I2C(3)
    message = b"ping"
    buf = bytearray(4)
    with I2CSlave(ADDR) as slave:

        def rounds():
            for _ in range(1000):
                i2c.writeto(ADDR, message)
                slave.receive()
                slave.readinto(buf)
                slave.write(buf)
                i2c.readfrom_into(ADDR, buf)

        no_allocation(rounds)
        assert buf == message and not slave.dropped and not slave.underruns
