# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from errno import EIO

from support import Stm32, fails, raises

EROFS = 30


def opened(family, start, size, flash_kb=2048):
    chip = Stm32(family, flash_kb)
    flash = chip.add_flash(start, size)
    port = chip.open((start, size))
    return chip, flash, port.FlashMemory()


def test_f4_sectors():
    _, _, memory = opened("f4", 0x08000000, 0x200000)
    sizes = []
    at = 0x08000000
    while at < 0x08200000:
        size = memory.sector_size(at)
        assert memory.sector_size(at + size - 1) == size
        sizes.append(size >> 10)
        at += size
    assert sizes == ([16] * 4 + [64] + [128] * 7) * 2


def test_f4_erases_each_sector_of_both_banks():
    _, flash, memory = opened("f4", 0x08000000, 0x200000)
    at = 0x08000000
    expected = []
    while at < 0x08200000:
        memory.erase(at)
        expected.append((at, memory.sector_size(at)))
        at += memory.sector_size(at)
    assert flash.erased == expected


class Nothing:
    def append(self, item):
        pass


def test_f7_sectors():
    chip, flash, memory = opened("f7", 0x08000000, 0x200000)
    chip.memory.log = Nothing()
    at = 0x08000000
    expected = []
    while at < 0x08200000:
        size = memory.sector_size(at)
        assert memory.sector_size(at + size - 1) == size
        memory.erase(at)
        expected.append((at, size))
        at += size
    assert flash.erased == expected
    assert [size >> 10 for _, size in expected] == [32] * 4 + [128] + [256] * 7


def test_f7_drops_lines_of_the_core_s_cache():
    chip, flash, memory = opened("f7", 0x08008000, 0x8000)
    chip.memory.log.clear()
    memory.program(0x08008010, bytes(range(40)), 0, 40)
    assert chip.memory.written(0xE000EF5C) == [0x08008000, 0x08008020]
    back = bytearray(44)
    memory.read(0x0800800C, back)
    assert back == b"\xff" * 4 + bytes(range(40))
    chip.memory.log.clear()
    memory.erase(0x08008000)
    lines = chip.memory.written(0xE000EF5C)
    assert len(lines) == 1024 and lines[0] == 0x08008000 and lines[-1] == 0x0800FFE0
    # Bits of ACR mean other things there.
    assert chip.memory.written(chip.numbers.FLASH_ACR) == []


def test_a_flash_that_stays_busy():
    chip, flash, memory = opened("f4", 0x080E0000, 0x20000)
    import driverport.flash as module

    assert module._BUSY_US == 30_000_000
    module._BUSY_US = 100
    chip.memory.on_read[chip.numbers.FLASH_SR] = lambda: (chip.core.pass_time(1), 1 << 16)[1]
    fails(EIO, "the flash stays busy", memory.erase, 0x080E0000)


def test_programmed_and_read_back():
    for family, start in (("f4", 0x080E0000), ("l4", 0x080F0000)):
        chip, flash, memory = opened(family, start, 0x20000 if family == "f4" else 0x10000, 1024)
        assert memory.start == start and memory.erase_value == 0xFF
        assert memory.page_size == (4 if family == "f4" else 8)
        data = bytes(range(256))
        memory.program(start + 64, memoryview(data), 16, 128)
        back = bytearray(136)
        memory.read(start + 60, back)
        assert back == b"\xff" * 4 + data[16:144] + b"\xff" * 4, family
        memory.erase(start)
        memory.read(start + 60, back)
        assert back == b"\xff" * 136
        # The controller is locked again, and its caches know nothing of what was there.
        assert chip.memory.word(chip.numbers.FLASH_CR) >> 31 == 1
        assert flash.cached == 0 and flash.caches_reset == 4
        assert chip.memory.word(chip.numbers.FLASH_ACR) == 0x705
        assert not chip.core.masked


def test_l4_has_two_banks():
    _, flash, memory = opened("l4", 0x08000000, 0x100000, 1024)
    for at in (0x08000000, 0x0807F800, 0x08080000, 0x080FF800):
        memory.erase(at)
    assert flash.erased == [(at, 2048) for at in (0x08000000, 0x0807F800, 0x08080000, 0x080FF800)]
    # L452: one bank.
    _, flash, memory = opened("l4", 0x08000000, 0x80000, 512)
    memory.erase(0x0807F800)
    assert flash.erased == [(0x0807F800, 2048)]


def test_l4_with_512_kb_may_have_two_banks():
    idcode, optr = 0xE0042000, 0x40022020
    for device, option, bank in (
        (0x10076415, 1 << 21, 1),  # L476, as it comes
        (0x10076415, 0, 0),
        (0x20006462, 1 << 21, 0),  # L452: the bit means nothing
    ):
        chip, flash, memory = opened("l4", 0x08000000, 0x80000, 512)
        chip.memory.cells[idcode] = device
        chip.memory.cells[optr] = option
        memory.erase(0x08060800)
        assert flash.erased == [(0x08060800, 2048)]
        command = max(chip.memory.written(chip.numbers.FLASH_CR)[1:3])
        assert command >> 11 & 1 == bank, (hex(device), hex(option), hex(command))
        assert command >> 3 & 0xFF == (65 if bank else 193)


def test_what_is_not_erased():
    for family, start in (("f4", 0x080E0000), ("l4", 0x080F0000)):
        chip, flash, memory = opened(family, start, 0x8000, 1024)
        memory.program(start, b"\x0f" * 8, 0, 8)
        fails(EIO, f"0x{start:08x} is not erased", memory.program, start, b"\xf0" * 8, 0, 8)
        assert chip.memory.word(chip.numbers.FLASH_CR) >> 31 == 1
        back = bytearray(8)
        memory.read(start, back)
        assert back == b"\x0f" * 8
    # L4 takes nothing on top, not even bits that could be cleared.
    fails(EIO, "failed: FLASH_SR 0x8", memory.program, start, b"\x00" * 8, 0, 8)


def test_errors_of_the_controller():
    for family, start in (("f4", 0x080E0000), ("l4", 0x080F0000)):
        chip, flash, memory = opened(family, start, 0x8000, 1024)
        for bit in range(16):
            flag = 1 << bit
            if not chip.numbers.FLASH_ERRORS & flag or flag == 1 << 4:
                continue
            flash.breaks = flag
            fails(EIO, f"FLASH_SR 0x{flag:x}", memory.erase, start)
            flash.breaks = flag
            fails(EIO, f"FLASH_SR 0x{flag:x}", memory.program, start, b"\x55" * 8, 0, 8)
            memory.erase(start)  # the flag is gone
        flash.protected.add(start)
        fails(EROFS, "write-protected", memory.erase, start)
        fails(EROFS, "write-protected", memory.program, start, b"\x55" * 8, 0, 8)
        assert chip.memory.word(chip.numbers.FLASH_CR) >> 31 == 1


class Use:
    """Erases, programs and reads: words below 2**30, since others take heap without machine code."""

    def __init__(self, memory, start):
        self._memory = memory
        self._start = start
        self._data = b"0123" * 4
        self.back = bytearray(16)

    def all(self, _):
        memory = self._memory
        memory.erase(self._start)
        memory.program(self._start, self._data, 0, 16)
        memory.read(self._start, self.back)


def test_it_takes_no_heap():
    for family, start in (("f4", 0x080E0000), ("l4", 0x080F0000)):
        chip, flash, memory = opened(family, start, 0x8000, 1024)
        use = Use(memory, start)
        use.all(None)
        assert chip.core.hard(use.all, None), chip.core.uncaught
        assert use.back == b"0123" * 4


def test_flashiap_runs_on_it():
    start = 0x080E0000
    chip, flash, _ = opened("f4", start, 0x20000)
    from drivers import FlashIAP

    iap = FlashIAP()
    assert (iap.start, iap.size, iap.page_size) == (start, 0x20000, 4)
    iap.erase(start, 0x20000)
    iap.program(start + 8, b"settings of 21 bytes.")
    back = bytearray(24)
    iap.read(start + 8, back)
    assert back == b"settings of 21 bytes.\xff\xff\xff"
    raises(ValueError, iap.erase, start, 0x4000)
    raises(ValueError, iap.program, start + 2, b"x")
    iap.deinit()
