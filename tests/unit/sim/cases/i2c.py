"""I2C and SoftI2C: MicroPython's methods and errors, by bytes and by bits alike."""

import random
from errno import EIO, ENODEV, ETIMEDOUT

from machine import I2C, Pin, SoftI2C
from sim import board, clock
from sim.i2c import I2CBus
from support import Memory, errno_of, fresh, no_allocation, raises


def by_bytes():
    fresh()
    return I2C(3)


def by_bits():
    fresh()
    board.i2c(3).sda.record()
    return I2C(3)


def by_pins():
    fresh()
    return SoftI2C(Pin("I2C_SCL"), Pin("I2C_SDA"))


WAYS = by_bytes, by_bits, by_pins


def attach(device, address=0x50):
    return board.i2c(3).attach(address, device)


def test_scan_finds_what_acknowledges():
    for way in WAYS:
        i2c = way()
        attach(Memory(), 0x08)
        attach(Memory(), 0x50)
        attach(Memory(), 0x77)
        attach(Memory(), 0x78)  # reserved: not looked at
        assert i2c.scan() == [0x08, 0x50, 0x77], way


def test_read_and_write():
    for way in WAYS:
        i2c = way()
        memory = attach(Memory())
        assert i2c.writeto(0x50, b"\x10abc") == 4
        assert memory.bytes[0x10:0x13] == b"abc"
        assert i2c.writeto(0x50, b"\x11") == 1
        assert i2c.readfrom(0x50, 2) == b"bc"
        buf = bytearray(3)
        i2c.writeto(0x50, b"\x10")
        assert i2c.readfrom_into(0x50, buf) is None and buf == b"abc"
        assert i2c.writevto(0x50, (b"\x20", b"", b"xy", bytearray(b"z"))) == 4
        assert memory.bytes[0x20:0x23] == b"xyz"
        assert memory.calls == ["write", "stop"] * 2 + ["read", "stop", "write", "stop"] + [
            "read",
            "stop",
            "write",
            "stop",
        ]


def test_memory_methods_use_a_repeated_start():
    for way in WAYS:
        i2c = way()
        memory = attach(Memory())
        assert i2c.writeto_mem(0x50, 5, b"hello") is None
        memory.calls.clear()
        assert i2c.readfrom_mem(0x50, 6, 3) == b"ell"
        assert memory.calls == ["write", "read", "stop"], way
        buf = bytearray(2)
        i2c.readfrom_mem_into(0x50, 5, buf)
        assert buf == b"he"


def test_address_sizes():
    for way in WAYS:
        i2c = way()
        memory = attach(Memory())
        i2c.writeto_mem(0x50, 0x0203, b"\xaa", addrsize=16)
        assert memory.bytes[2:4] == b"\x03\xaa"
        i2c.writeto_mem(0x50, 0x10203040, b"", addrsize=32)
        assert memory.bytes[0x10:0x13] == b"\x20\x30\x40"
        i2c.writeto_mem(0x50, 0, b"\x07", addrsize=0)
        assert i2c.readfrom(0x50, 1) == bytes(memory.bytes[7:8])
        raises(ValueError, lambda i=i2c: i.readfrom_mem(0x50, 0, 1, addrsize=12))


def test_without_stop_the_transfer_goes_on():
    for way in WAYS:
        i2c = way()
        memory = attach(Memory())
        i2c.writeto(0x50, b"\x00", False)
        assert memory.calls == ["write"], way
        i2c.readfrom(0x50, 1)
        assert memory.calls == ["write", "read", "stop"], way


def test_nobody_there_is_enodev():
    for way in WAYS:
        i2c = way()
        attach(Memory())
        assert errno_of(i2c.readfrom, 0x51, 1) == ENODEV
        assert errno_of(i2c.writeto, 0x51, b"x") == ENODEV
        assert errno_of(i2c.writeto_mem, 0x51, 0, b"x") == ENODEV
        assert errno_of(i2c.readfrom_mem, 0x51, 0, 1) == ENODEV
        assert i2c.readfrom(0x50, 1) == b"\x00"  # the bus is free again


def test_a_byte_not_acknowledged_ends_a_write():
    for way in WAYS:
        i2c = way()
        memory = attach(Memory(size=0x12))
        assert i2c.writeto(0x50, b"\x10abcd") == 3, way
        assert memory.bytes[0x10:0x14] == b"ab\0\0"
        assert memory.calls == ["write", "stop"]


def test_random_transfers_are_the_same_each_way():
    seed = random.getrandbits(24)
    logs = []
    for way in WAYS:
        i2c = way()
        memory = attach(Memory(size=200))
        random.seed(seed)
        log = []
        for _ in range(60):
            kind = random.getrandbits(2)
            at = random.getrandbits(8)
            n = 1 + random.getrandbits(3)
            data = bytes([random.getrandbits(8) for _ in range(n)])
            if kind == 0:
                log.append(i2c.writeto(0x50, bytes([at]) + data))
            elif kind == 1:
                log.append(i2c.readfrom_mem(0x50, at, n))
            elif kind == 2:
                log.append(i2c.writeto(0x50, data[:1], bool(at & 1)))
            else:
                log.append(i2c.readfrom(0x50, n, bool(at & 1)))
        logs.append((log, memory.calls, bytes(memory.bytes)))
    assert logs[0] == logs[1] == logs[2], f"seed {seed}"


def test_transfers_take_the_time_of_the_bus():
    now = fresh().now
    attach(Memory())
    i2c = I2C(3, freq=100_000)
    start = now()
    i2c.readfrom(0x50, 9)
    assert now() - start == 20 + 10 * 90
    board.i2c(3).sda.record()
    start = now()
    i2c.readfrom(0x50, 9)
    assert 900 <= now() - start <= 930


def test_a_held_clock_is_a_timeout():
    for way in WAYS:
        i2c = way()
        attach(Memory())
        board.i2c(3).scl.force(0)
        assert errno_of(i2c.readfrom, 0x50, 1) == ETIMEDOUT
        board.i2c(3).scl.force(None)
        if way is not by_pins:  # SoftI2C has left the lines as they were
            assert i2c.readfrom(0x50, 1) == b"\x00"


def test_the_clock_may_be_held_for_a_while():
    for way in WAYS:
        i2c = way()
        device = attach(Memory())
        device.bytes[0] = 0x5A
        device.stretch_us = 1000
        start = clock.now()
        assert i2c.readfrom_mem(0x50, 0, 2) == b"\x5a\x00", way
        assert clock.now() - start >= 3000
        device.stretch_us = 400_000  # longer than either timeout
        if way is not by_pins:
            assert errno_of(i2c.writeto, 0x50, b"\x00\x00") == ETIMEDOUT, way


def test_a_stuck_data_line():
    i2c = by_bytes()
    memory = attach(Memory())
    memory.bytes[0] = 0x42
    board.i2c(3).hang(9)
    assert errno_of(i2c.readfrom, 0x50, 1) == ETIMEDOUT  # the bus is not free
    scl, sda = Pin("I2C_SCL"), Pin("I2C_SDA")
    scl.init(Pin.OPEN_DRAIN, value=1)
    pulses = 0
    while not sda():
        scl(0)
        scl(1)
        pulses += 1
    assert pulses == 9
    assert i2c.readfrom_mem(0x50, 0, 1) == b"\x42"


def test_a_lost_arbitration_is_eio():
    i2c = by_bits()
    attach(Memory(), 0x55)
    bus = board.i2c(3)
    edges = []

    def other(scl):
        edges.append(scl())
        if len(edges) == 6:
            bus.sda.force(0)

    bus.scl.watch(other)
    assert errno_of(i2c.writeto, 0x55, b"\xff\xff") == EIO
    bus.sda.force(None)
    bus.scl.unwatch(other)
    assert i2c.writeto(0x55, b"\x00") == 1


def test_soft_i2c_has_the_primitives():
    i2c = by_pins()
    memory = attach(Memory())
    i2c.start()
    assert i2c.write(b"\xa0\x07\x99") == 3
    i2c.stop()
    assert memory.bytes[7] == 0x99
    i2c.start()
    assert i2c.write(b"\xa0\x07") == 2
    i2c.start()
    assert i2c.write(b"\xa1") == 1
    buf = bytearray(2)
    i2c.readinto(buf)
    i2c.stop()
    assert buf == b"\x99\x00"
    i2c.start()
    assert i2c.write(b"\xa4\x00") == 0
    i2c.stop()


def test_hardware_i2c_refuses_the_primitives():
    i2c = by_bytes()
    for call in i2c.start, i2c.stop, lambda: i2c.write(b""), lambda: i2c.readinto(bytearray(1)):
        error = raises(OSError, call)
        assert "I2C operation not supported" in str(error)


def test_wrong_arguments():
    fresh()
    for call, message in (
        (lambda: I2C(4), "I2C(4) doesn't exist, use I2C(0) to I2C(3)"),
        (lambda: I2C(3, freq=0), "freq must be at least 1 Hz"),
        (lambda: I2C(3, timeout=-1), "timeout must not be negative"),
        (lambda: I2C(3, scl=Pin("I2C0_SCL")), "leave it out"),
        (lambda: board.i2c(3).attach(0x80, Memory()), "7 bits"),
    ):
        assert message in str(raises(ValueError, call))
    I2C(0, scl=Pin("I2C0_SCL"), sda=Pin("I2C0_SDA"), freq=100_000)
    attach(Memory())
    assert "at 0x50 already" in str(raises(ValueError, attach, Memory()))


def test_a_device_can_be_taken_off():
    i2c = by_bytes()
    memory = attach(Memory())
    board.i2c(3).detach(memory)
    assert i2c.scan() == []


def test_buses_are_apart():
    fresh()
    attach(Memory())
    assert I2C(3).scan() == [0x50] and I2C(0).scan() == []
    own = I2CBus("own")
    own.attach(0x20, Memory())
    assert own.begin(0x20, True) and own.read() == 0
    own.end()


def test_steady_transfers_allocate_nothing():
    for way in WAYS:
        i2c = way()
        device = attach(Memory())
        device.calls = Count()
        board.i2c(3).sda.stop_recording()
        if way is by_bits:
            board.i2c(3).sda.watch(lambda wire: None)  # observed, but nothing is recorded
        buf = bytearray(4)
        data = b"\x00abcd"

        def rounds(i2c=i2c, buf=buf, data=data):
            for _ in range(50):
                i2c.writeto(0x50, data)
                i2c.readfrom_mem_into(0x50, 0, buf)

        no_allocation(rounds)
        assert buf == b"abcd"


class Count:
    """Takes the place of a list that would grow."""

    def append(self, _):
        pass
