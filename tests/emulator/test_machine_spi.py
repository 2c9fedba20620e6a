"""machine.SPI against QEMU's MAX1111, an ADC that needs no chip select, and empty buses."""

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

_INPUTS = (0x12, 0x55, 0xAA, 0xFE)
_SETUP = "import machine\nfrom machine import SPI\nspi = SPI(4, 500_000)"
#: Control byte of the MAX1111: start, channel, unipolar, single ended, powered.
_CONTROL = (0x8F, 0xCF, 0xAF, 0xEF)


class EmulatorWithAdc(Emulator):
    """A board with an ADC on SPI(4)."""

    def _machine(self):
        inputs = ",".join(f"input{n}={value}" for n, value in enumerate(_INPUTS))
        return [*super()._machine(), "-device", f"max1111,bus=ssi,{inputs}"]


@pytest.fixture(scope="module")
def board(firmware):
    with EmulatorWithAdc(firmware, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec(_SETUP)
        yield board


def sample(answer: str) -> int:
    """The 8 bits of a conversion in the 24 that were clocked: one empty clock comes first."""
    return int(answer, 16) >> 6 & 0xFF


@pytest.mark.parametrize("channel", range(4))
def test_adc(board, channel):
    code = f"buf = bytearray([{_CONTROL[channel]}, 0, 0])\nspi.write_readinto(buf, buf)\n"
    assert sample(board.exec(code + "print(buf.hex())")) == _INPUTS[channel]


def test_write_then_read(board):
    code = f"spi.write(bytes([{_CONTROL[1]}]))\nprint(bytes(1).hex() + spi.read(2).hex())"
    assert sample(board.exec(code)) == _INPUTS[1]


def test_readinto_sends_the_given_byte(board):
    # Each byte sent starts a conversion; the first answer belongs to what was sent before.
    code = f"buf = bytearray(1)\nspi.readinto(buf, {_CONTROL[2]})\nprint('00' + spi.read(2).hex())"
    assert sample(board.exec(code)) == _INPUTS[2]


def test_more_than_the_fifo_holds(board):
    frames = 500
    code = f"src = bytes([{_CONTROL[3]}, 0, 0]) * {frames}\ndest = bytearray(len(src))\n"
    code += "spi.write_readinto(src, dest)\nprint(dest.hex())"
    answer = board.exec(code).strip()
    assert [sample(answer[n : n + 6]) for n in range(0, 6 * frames, 6)] == [_INPUTS[3]] * frames


@pytest.mark.parametrize("bits, mask", [(16, 0xFF), (8, 0xFF), (5, 0x1F)])
def test_frames_come_back_in_order(board, bits, mask):
    # The controller's loop-back mode shows what went over the wire.
    code = f"spi0 = SPI(0, bits={bits})\nmachine.mem32[0x40020004] = 3\n"
    code += (
        "dest = bytearray(200)\nspi0.write_readinto(bytes(range(200)), dest)\nprint(dest.hex())"
    )
    assert bytes.fromhex(board.exec(code)) == bytes(n & mask for n in range(200))


def test_frame_of_twelve_bits(board):
    code = "spi0 = SPI(0, bits=12)\nmachine.mem32[0x40020004] = 3\ndest = bytearray(4)\n"
    code += "spi0.write_readinto(b'\\x34\\x12\\xff\\xff', dest)\nprint(dest.hex())"
    assert board.exec(code) == "3402ff0f\n"


def test_empty_bus_reads_zero(board):
    assert board.exec("print(SPI(3).read(20) == bytes(20))") == "True\n"


@pytest.mark.parametrize(
    "asked, actual", [(100_000_000, 12_500_000), (3_000_000, 2_500_000), (1000, 1000), (400, 400)]
)
def test_baudrate_is_a_limit(board, asked, actual):
    expected = f"SPI(1, baudrate={actual}, polarity=0, phase=0, bits=8, firstbit=SPI.MSB)\n"
    assert board.exec(f"print(SPI(1, {asked}))") == expected


def test_init_keeps_what_is_not_given(board):
    code = "s = SPI(1, 1_000_000, polarity=1, phase=1, bits=12)\ns.init(baudrate=250_000)\n"
    code += "print(s)\nprint(SPI(1) is s)\nprint(SPI(1, 250_000))"
    assert board.exec(code).splitlines() == [
        "SPI(1, baudrate=250000, polarity=1, phase=1, bits=12, firstbit=SPI.MSB)",
        "True",
        "SPI(1, baudrate=250000, polarity=0, phase=0, bits=8, firstbit=SPI.MSB)",
    ]


def test_default_id(board):
    assert board.exec("print(SPI() is SPI(4))") == "True\n"


def test_deinit(board):
    code = "s = SPI(1)\ns.deinit()\nprint(s)\ntry:\n    s.read(1)\nexcept ValueError as e:\n"
    code += "    print(e)\ns.init()\nprint(s.read(1))"
    assert board.exec(code) == "SPI(1, off)\nSPI is off, call init() first\nb'\\x00'\n"


@pytest.mark.parametrize(
    "call, message",
    [
        ("SPI(5)", "SPI(5) doesn't exist, use SPI(0) to SPI(4)"),
        ("SPI(1, 0)", "baudrate must be positive"),
        ("SPI(1, 100)", "baudrate must be at least 385"),
        ("SPI(1, polarity=2)", "polarity and phase must be 0 or 1"),
        ("SPI(1, bits=3)", "bits must be 4 to 16"),
        ("SPI(1, bits=17)", "bits must be 4 to 16"),
        ("SPI(1, firstbit=SPI.LSB)", "firstbit must be SPI.MSB, use SoftSPI for LSB"),
        ("SPI(1, bits=9).write(b'abc')", "need a buffer of even length"),
        ("SPI(1).write_readinto(b'ab', bytearray(1))", "same length"),
    ],
)
def test_wrong_arguments(board, call, message):
    code = f"try:\n    {call}\nexcept ValueError as e:\n    print(e)"
    assert message in board.exec(code)


def test_wrong_arguments_leave_it_off(board):
    code = "s = SPI(1)\ns.deinit()\ntry:\n    SPI(1, bits=99)\nexcept ValueError:\n    print(s)"
    assert board.exec(code) == "SPI(1, off)\n"


def test_soft_reset_switches_off(board):
    board.exec("s = SPI(2, bits=12)")
    board.soft_reset()
    code = "print(SPI(2))"
    expected = "SPI(2, baudrate=961538, polarity=0, phase=0, bits=8, firstbit=SPI.MSB)\n"
    assert board.exec(f"{_SETUP}\n{code}") == expected
