"""machine.ADC and machine.I2CTarget of board host, as MicroPython documents them."""

from machine import ADC, I2C, I2CTarget, Pin
from sim import board, clock, parts
from support import fresh, raises

ADDR = 67
REPLY = b"\x37"

fresh()


def test_adc():
    board.wire("A1").source_uv = 1_100_000
    for id in (1, "A1", Pin("A1")):
        adc = ADC(id)
        assert abs(adc.read_u16() - 21845) <= 16 and abs(adc.read_uv() - 1_100_000) < 810
    assert repr(adc) == "<ADC A1>"
    parts.adc("A1").bits = 8
    assert abs(adc.read_uv() - 1_100_000) < 13_000
    board.wire("A1").source_uv = 3_300_000
    assert adc.read_u16() == 65535
    for wrong in (6, "D3", "A6", Pin("LED1")):
        raises(ValueError, ADC, wrong)


def test_target_with_memory():
    i2c = I2C(3)
    mem = bytearray(8)
    target = I2CTarget(3, ADDR, mem=mem)
    log = []
    target.irq(lambda target: log.append((target.irq().flags(), target.memaddr)))
    i2c.writeto_mem(ADDR, 2, b"abc")
    assert mem == b"\0\0abc\0\0\0" and i2c.readfrom_mem(ADDR, 3, 2) == b"bc"
    # A read has a write of the address in front of it.
    assert log == [
        (I2CTarget.IRQ_END_WRITE, 2),
        (I2CTarget.IRQ_END_WRITE | I2CTarget.IRQ_END_READ, 3),
    ], log
    target.deinit()
    assert i2c.scan() == []


def test_target_with_a_handler():
    i2c = I2C(3)
    target = I2CTarget(3, ADDR)
    events = bytearray(16)  # a hard handler cannot allocate
    count = [0]
    came = bytearray(1)
    got = bytearray(1)

    def handler(target):
        flags = target.irq().flags()
        events[count[0]] = flags
        count[0] += 1
        if flags & I2CTarget.IRQ_WRITE_REQ and target.readinto(came):
            got[0] ^= came[0]
        if flags & I2CTarget.IRQ_READ_REQ:
            target.write(REPLY)

    everything = 63
    raises(ValueError, target.irq, handler, everything)  # these need hard=True
    target.irq(handler, everything, True)
    assert i2c.writeto(ADDR, b"xy") == 2 and i2c.readfrom(ADDR, 2) == b"\x37\x37"
    assert got[0] == ord("x") ^ ord("y"), got
    assert list(events[: count[0]]) == [
        I2CTarget.IRQ_ADDR_MATCH_WRITE,
        I2CTarget.IRQ_WRITE_REQ,
        I2CTarget.IRQ_WRITE_REQ,
        I2CTarget.IRQ_END_WRITE,
        I2CTarget.IRQ_ADDR_MATCH_READ,
        I2CTarget.IRQ_READ_REQ,
        I2CTarget.IRQ_READ_REQ,
        I2CTarget.IRQ_END_READ,
    ], events
    assert target.irq().trigger() == everything
    target.deinit()


def test_a_lost_interrupt_holds_the_bus():
    i2c = I2C(3)
    target = I2CTarget(3, ADDR)
    target.irq(lambda target: target.write(b"\1"), I2CTarget.IRQ_READ_REQ, True)
    assert i2c.readfrom(ADDR, 1) == b"\1"
    target.interrupt.lose = 1
    before = clock.now()
    assert raises(OSError, i2c.readfrom, ADDR, 1).args[0] == 110
    assert 50_000 <= clock.now() - before < 60_000 and target.interrupt.lost == 1
    assert i2c.readfrom(ADDR, 1) == b"\1"
    target.deinit()
    raises(ValueError, I2CTarget, 3, 0x80)
    raises(ValueError, lambda: I2CTarget(3, ADDR, mem=bytearray(4), mem_addrsize=12))
    raises(ValueError, lambda: I2CTarget(3, ADDR, scl=Pin("D1")))
