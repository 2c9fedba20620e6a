"""drivers.chips.W25Q against QEMU's own models of two flash chips, which nobody here wrote.

QEMU wires no chip select on this board. The guest asks for it in the host page, a thread here moves
the line over qtest, and answers: so each transfer of the driver is one of the model.
"""

import random
import socket
import threading
import time
from pathlib import Path

import pytest
from coiltools import hostpage, paths
from coiltools.emulator import Emulator

_MB = 1 << 20
#: QEMU's name, bytes. The first has no SFDP in QEMU; the second has, and four address bytes.
_CHIPS = (("w25q64", 8 * _MB), ("w25q256", 32 * _MB))
_CONFORMANCE = (paths.ROOT / "tests" / "conformance" / "blockdevice.py").read_text()
# The words pins_out and pins_in of the host page: bit 0 is the level, bits 1 and 2 the chip, bit 3
# changes with each request.
_SETUP = """
from machine import SPI, mem32
from drivers.chips import NorFlash, W25Q

class ChipSelect:
    turn = 0

    def __init__(self, chip):
        self.chip = chip << 1

    def __call__(self, level):
        ChipSelect.turn ^= 8
        mem32[0x21ff0044] = level | self.chip | ChipSelect.turn
        while mem32[0x21ff0040] & 8 != ChipSelect.turn:
            pass

spi = SPI(4, 12_500_000)
selects = [ChipSelect(n) for n in range(2)]
for select in selects:
    select(1)
chips = []
"""


class Selector(threading.Thread):
    """Moves the chip selects as the guest asks for it."""

    def __init__(self, board):
        super().__init__(daemon=True)
        self._page = board.page
        self._link = socket.socket(socket.AF_UNIX)
        self._link.settimeout(20)
        self._link.connect(str(board.qtest))
        self._end = threading.Event()
        self.moves = 0

    def run(self):
        turn = 0
        while not self._end.is_set():
            asked = self._page.pins_out
            if asked & 8 == turn:
                time.sleep(0.0001)
                continue
            turn = asked & 8
            device = f"/machine/peripheral/flash{asked >> 1 & 3}"
            self._link.sendall(f"set_irq_in {device} ssi-gpio-cs 0 {asked & 1}\n".encode())
            answer = self._link.recv(100)
            assert answer.startswith(b"OK"), answer
            self._page.pins_in = turn
            self.moves += 1

    def stop(self):
        self._end.set()
        self.join(20)
        self._link.close()


class EmulatorWithFlash(Emulator):
    """A board with the chips on SPI(4), kept in files."""

    def __init__(self, firmware, files):
        self._files = files
        super().__init__(firmware, flags=hostpage.NO_APP)

    def _machine(self):
        more = []
        for n, (name, _) in enumerate(_CHIPS):
            more += ["-drive", f"if=none,id=drive{n},format=raw,file={self._files[n]}"]
            more += ["-device", f"{name},id=flash{n},bus=ssi,drive=drive{n}"]
        return [*super()._machine(), *more]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("flash")
    made = []
    for name, size in _CHIPS:
        made.append(folder / f"{name}.bin")
        made[-1].write_bytes(b"\xff" * size)
    return made


@pytest.fixture(scope="module")
def board(firmware, files):
    with EmulatorWithFlash(firmware, files) as board:
        board.wait_for_prompt()
        selector = Selector(board)
        selector.start()
        try:
            board.exec(_SETUP)
            board.exec("for select in selects:\n    chips.append(W25Q(spi, select))")
            yield board
        finally:
            selector.stop()
        assert selector.moves > 1000


def settled(file: Path, addr: int, data: bytes, timeout: float = 20) -> bool:
    """Whether the file has these data there, now or soon: QEMU writes it in the background."""
    deadline = time.monotonic() + timeout
    while file.read_bytes()[addr : addr + len(data)] != data:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_identity_and_geometry(board):
    said = board.exec("for c in chips: print(c, c.size, c.erase_sizes, c.geometry.four_bytes)")
    assert said.splitlines() == [
        "<W25Q ef4017, 8192 KB> 8388608 (4096, 65536) ",
        "<W25Q ef4019, 32768 KB> 33554432 (4096, 32768, 65536) enter",
    ]
    board.exec("for c in chips: c.check()")


@pytest.mark.parametrize("n", range(len(_CHIPS)))
def test_what_is_programmed_is_in_the_file(board, files, n):
    size = _CHIPS[n][1]
    seed = random.randrange(1 << 30)
    print("seed", seed)
    data = random.Random(seed).randbytes(700)
    around = b"\xff" + data + b"\xff"
    for addr in (0x1F0, size - 5000):
        board.exec(f"chips[{n}].program({addr}, {data!r})")
        assert settled(files[n], addr - 100, b"\xff" * 100 + data + b"\xff" * 100)
        code = f"b = bytearray(702)\nchips[{n}].read({addr - 1}, b)\nprint(b == {around!r})"
        assert board.exec(code) == "True\n"
    first = (size - 5000) // 4096 * 4096
    board.exec(f"chips[{n}].erase({first}, {size - first})")
    assert settled(files[n], first, b"\xff" * (size - first))
    assert settled(files[n], 0x1F0, data)
    board.exec(f"chips[{n}].erase(0, 131072)")
    assert settled(files[n], 0, b"\xff" * size)


@pytest.mark.parametrize("n", range(len(_CHIPS)))
def test_conformance(board, n):
    board.exec(_CONFORMANCE, timeout=60)
    board.exec(f"check_blockdevice(chips[{n}], rounds=8)", timeout=300)


def test_littlefs(board):
    board.exec(_CONFORMANCE, timeout=60)
    board.exec("check_filesystems(chips[0], ('VfsLfs2',))", timeout=300)


def test_power_down(board):
    said = board.exec(
        "c = chips[0]\nc.power_down()\nprint(c)\nc.read(0, bytearray(1))\nc.check()\nprint(c)"
    )
    assert said.splitlines() == [
        "<W25Q ef4017, 8192 KB, powered down>",
        "<W25Q ef4017, 8192 KB>",
    ]


def test_deinit_leaves_the_mode_of_power_on(board):
    said = board.exec(
        "chips[1].erase(0, 4096)\nchips[1].program(0, b'begin')\nchips[1].deinit()\nchips[1] = W25Q(spi, selects[1])\n"
        "b = bytearray(5)\nchips[1].read(0, b)\nprint(b, chips[1])"
    )
    assert said == "bytearray(b'begin') <W25Q ef4019, 32768 KB>\n"


def test_no_chip(board):
    said = board.exec(
        "try:\n    W25Q(SPI(3), lambda level: None)\nexcept OSError as e:\n    print(e.errno, e)"
    )
    assert "no SPI flash: identity 000000" in said and said.startswith("19 ")
