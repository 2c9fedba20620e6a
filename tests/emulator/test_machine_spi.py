"""machine.SPI against QEMU's W25Q64 flash chip, and empty buses.

QEMU wires no chip select on this board, so the tests drive that line from the host (W25Q64JV
datasheet, chapter 8: commands).
"""

import contextlib

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator
from coiltools.qmp import set_irq_in

_CHIP_BYTES = 8 * 1024 * 1024
_SETUP = "import machine\nfrom machine import SPI\nspi = SPI(4, 500_000)"
_JEDEC_ID = "ef4017"


class EmulatorWithFlashChip(Emulator):
    """A board with a W25Q64 on SPI(4), kept in the file `chip`."""

    def __init__(self, firmware, chip):
        self._chip = chip
        super().__init__(firmware, flags=hostpage.NO_APP)

    def _machine(self):
        drive = f"if=none,id=chip,format=raw,file={self._chip}"
        return [
            *super()._machine(),
            "-drive",
            drive,
            "-device",
            "w25q64,id=w25,bus=ssi,drive=chip",
        ]

    @contextlib.contextmanager
    def selected(self):
        """The chip select line, active while the body runs."""
        for level in (1, 0):
            set_irq_in(self.qtest, "/machine/peripheral/w25", "ssi-gpio-cs", 0, level)
        yield
        set_irq_in(self.qtest, "/machine/peripheral/w25", "ssi-gpio-cs", 0, 1)


@pytest.fixture(scope="module")
def chip(tmp_path_factory):
    path = tmp_path_factory.mktemp("spi") / "w25q64.bin"
    path.write_bytes(bytes(n * 7 & 0xFF for n in range(4096)).ljust(_CHIP_BYTES, b"\xff"))
    return path


@pytest.fixture(scope="module")
def board(firmware, chip):
    with EmulatorWithFlashChip(firmware, chip) as board:
        board.wait_for_prompt()
        board.exec(_SETUP)
        yield board


def test_write_readinto_full_duplex(board):
    with board.selected():
        said = board.exec(
            "b = bytearray(b'\\x9f\\0\\0\\0')\nspi.write_readinto(b, b)\nprint(b.hex())"
        )
    assert said[2:].strip() == _JEDEC_ID


def test_write_then_read(board):
    with board.selected():
        said = board.exec("spi.write(b'\\x9f')\nprint(spi.read(3).hex())")
    assert said.strip() == _JEDEC_ID


def test_readinto_sends_the_given_byte(board):
    with board.selected():
        code = "b = bytearray(1)\nspi.readinto(b, 0x9f)\nprint(spi.read(3).hex())"
        assert board.exec(code).strip() == _JEDEC_ID


@pytest.mark.parametrize("address, count", [(0, 1), (5, 8), (16, 9), (100, 1500)])
def test_read_any_length(board, chip, address, count):
    with board.selected():
        command = bytes([3]) + address.to_bytes(3, "big")
        said = board.exec(f"spi.write({command})\nprint(spi.read({count}).hex())")
    assert bytes.fromhex(said) == chip.read_bytes()[address : address + count]


def test_program_reaches_the_host_file(board, chip):
    page = bytes(range(256))
    with board.selected():
        board.exec("spi.write(b'\\x06')")  # write enable
    with board.selected():
        board.exec("spi.write(b'\\x02\\x01\\x00\\x00' + bytes(range(256)))")
    with board.selected():
        said = board.exec("spi.write(b'\\x03\\x01\\x00\\x00')\nprint(spi.read(256).hex())")
    assert bytes.fromhex(said) == page
    assert chip.read_bytes()[0x10000 : 0x10000 + 256] == page


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
