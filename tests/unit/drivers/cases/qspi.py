"""QSPI on the simulated quad bus of board host, with the model of a W25Q."""

from errno import ENODEV

from drivers import QSPI
from sim import clock, parts
from sim.devices.w25q import W25Q
from sim.qspi import QuadFlash, Single
from support import fresh, no_allocation, raises

fresh()

_SINGLE = {}
_FAST = {"dummy_cycles": 8}
_QUAD_OUTPUT = {"data_lines": 4, "dummy_cycles": 8}
_QUAD_IO = {"address_lines": 4, "alt_lines": 4, "data_lines": 4, "dummy_cycles": 4}


def flash():
    chip = W25Q(1 << 20)
    parts.qspi(0).attach(QuadFlash(chip))
    return chip


def wait(qspi):
    status = bytearray(1)
    while True:
        qspi.command_transfer(0x05, -1, None, status)
        if not status[0] & 1:
            return
        clock.advance(1000)


def enable_quad(qspi):
    qspi.command_transfer(0x06)
    qspi.command_transfer(0x01, -1, b"\0\2")
    wait(qspi)


def test_phases_on_the_lines():
    bus = parts.qspi(0)
    bus.trace = []
    with QSPI(freq=1_000_000) as qspi:
        qspi.configure_format(1, 4, 24, 4, 8, 4, 4)
        before = clock.now()
        buf = bytearray(2)
        qspi.read(0xEB, 0x123456, buf, 0xF0)
        assert bus.trace == [
            (1, 0xEB),
            (4, 0x12),
            (4, 0x34),
            (4, 0x56),
            (4, 0xF0),
            (0, 4),
            (4, 0xFF),
            (4, 0xFF),
        ], bus.trace
        assert clock.now() - before == 8 + 6 + 2 + 4 + 4
        bus.trace.clear()
        qspi.configure_format(2, 2, 32, 1, 16, 2, 0)
        qspi.write(-1, 0xFFFFFFFF, b"\x5a")
        qspi.write(7, -1, b"", 0xABCD)
        qspi.command_transfer(0x9F, 1, b"\1", bytearray(1))
        assert bus.trace == [(2, 0xFF)] * 4 + [(2, 0x5A)] + [(2, 7), (1, 0xAB), (1, 0xCD)] + [
            (2, byte) for byte in (0x9F, 0, 0, 0, 1, 1, 0xFF)
        ], bus.trace
        qspi.freq(2_000_000)
        assert qspi.freq() == 2_000_000
        assert repr(qspi) == "<QSPI(0) 2000000 Hz 2-2-2, 0 dummy cycles>"
    bus.trace = None


def test_a_flash_memory_in_all_widths():
    chip = flash()
    data = bytes(range(100, 164))
    with QSPI(freq=10_000_000) as qspi:
        identity = bytearray(3)
        qspi.command_transfer(0x9F, -1, None, identity)
        assert identity == b"\xef\x40\x14"
        enable_quad(qspi)
        qspi.command_transfer(0x06)
        qspi.write(0x02, 0x1000, data)
        wait(qspi)
        assert chip.peek(0x1000, 64) == data
        qspi.command_transfer(0x06)
        qspi.configure_format(data_lines=4)
        qspi.write(0x32, 0x1040, data)
        qspi.configure_format()
        wait(qspi)
        assert chip.peek(0x1040, 64) == data
        for options, instruction, alt in (
            (_SINGLE, 0x03, -1),
            (_FAST, 0x0B, -1),
            ({"data_lines": 2, "dummy_cycles": 8}, 0x3B, -1),
            ({"address_lines": 2, "alt_lines": 2, "data_lines": 2}, 0xBB, 0xFF),
            (_QUAD_OUTPUT, 0x6B, -1),
            (_QUAD_IO, 0xEB, 0xFF),
        ):
            qspi.configure_format(**options)
            buf = bytearray(128)
            qspi.read(instruction, 0x1000, buf, alt)
            assert buf == data + data, (instruction, bytes(buf))
        assert parts.qspi(0).device.garbled == 0
        qspi.configure_format()
        qspi.command_transfer(0x06)
        qspi.command_transfer(0x20, 0x1000)
        wait(qspi)
        assert chip.peek(0x1000, 64) == b"\xff" * 64


def test_what_does_not_fit_is_not_heard():
    chip = flash()
    device = parts.qspi(0).device
    with QSPI() as qspi:

        def garbled(instruction, alt=-1, **options):
            before = device.garbled
            qspi.configure_format(**options)
            buf = bytearray(4)
            qspi.read(instruction, 0, buf, alt)
            return device.garbled > before and buf == b"\xff" * 4

        assert garbled(0x6B, **_QUAD_OUTPUT)  # quad mode is not enabled
        qspi.configure_format()
        enable_quad(qspi)
        qspi.command_transfer(0x06)
        qspi.write(0x02, 0, b"data")
        wait(qspi)
        assert not garbled(0x6B, **_QUAD_OUTPUT)
        assert garbled(0x6B, data_lines=4, dummy_cycles=6)
        assert garbled(0x6B, data_lines=2, dummy_cycles=8)
        assert garbled(0xEB, data_lines=4, alt_lines=4, dummy_cycles=4, alt=0)
        assert garbled(0xEB, **_QUAD_IO)  # without the mode byte
        assert garbled(0x03, instruction_lines=4)
        assert garbled(0x03, data_lines=4)
    assert chip.peek(0, 4) == b"data"


def test_a_device_of_one_line():
    chip = W25Q(1 << 20)
    device = parts.qspi(0).attach(Single(chip))
    with QSPI() as qspi:
        identity = bytearray(3)
        qspi.command_transfer(0x9F, -1, None, identity)
        assert identity == b"\xef\x40\x14" and device.garbled == 0
        qspi.configure_format(data_lines=4)
        qspi.command_transfer(0x9F, -1, None, identity)
        assert device.garbled == 3


def test_bad_arguments_and_use_after_deinit():
    raises(ValueError, QSPI, 1)
    raises(ValueError, QSPI, None, 0)
    raises(ValueError, QSPI, None, 1_000_000, 1)
    first = QSPI()
    qspi = QSPI()  # typed once more
    assert raises(OSError, first.freq).args[0] == ENODEV
    for options in (
        {"data_lines": 3},
        {"instruction_lines": 8},
        {"address_bits": 12},
        {"alt_bits": 0},
        {"dummy_cycles": 32},
        {"dummy_cycles": -1},
    ):
        raises(ValueError, lambda options=options: qspi.configure_format(**options))
    buf = bytearray(1)
    for arguments in (
        (256, 0, buf),
        (-2, 0, buf),
        (3, 1 << 24, buf),
        (3, -2, buf),
        (3, 0, buf, 256),
        (3, 0, buf, -2),
    ):
        raises(ValueError, qspi.read, *arguments)
        raises(ValueError, qspi.write, *arguments)
    raises(ValueError, qspi.command_transfer, -1)
    qspi.configure_format(address_bits=32)
    qspi.read(3, 0xFFFFFFFF, buf)
    qspi.deinit()
    qspi.deinit()
    for call in (qspi.freq, qspi.configure_format):
        assert raises(OSError, call).args[0] == ENODEV
    assert raises(OSError, qspi.read, 3, 0, buf).args[0] == ENODEV
    assert raises(OSError, qspi.command_transfer, 6).args[0] == ENODEV
    assert repr(qspi) == "<QSPI(0) deinitialised>"


def test_steady_state_allocates_nothing():
    parts.qspi(0).attach(None)
    buf = bytearray(4)
    data = b"abcd"
    with QSPI() as qspi:

        def rounds():
            for i in range(1000):
                qspi.read(0x03, i, buf)
                qspi.write(0x02, i, data)
                qspi.command_transfer(0x06)

        no_allocation(rounds)
