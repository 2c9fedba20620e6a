"""The disk: its parts as block devices and buffers, and as memory of the board."""

import board
import host
import machine
import vfs

part = host.Flash(0xE00000, 0x10000)
assert part.ioctl(4, 0) == 16 and part.ioctl(5, 0) == 4096 and part.ioctl(6, 3) == 0
assert part.is_blank()
part.writeblocks(2, b"hello", 100)
assert not part.is_blank()
data = bytearray(7)
part.readblocks(2, data, 99)
assert data == b"\0hello\0"
assert memoryview(part)[2 * 4096 + 100 : 2 * 4096 + 105] == b"hello"
address = 0x21E00000 + 2 * 4096 + 100
assert machine.mem8[address] == ord("h")
machine.mem32[address] = 0x64636261
part.readblocks(2, data, 99)
assert data == b"\0abcdo\0"
for wrong in (
    lambda: part.readblocks(16, data),
    lambda: part.readblocks(-1, data),
    lambda: part.writeblocks(15, data, 4090),
    lambda: part.writeblocks(1 << 62, data),
):
    try:
        wrong()
        raise AssertionError
    except (OSError, OverflowError):
        pass
for wrong in ((0xFFF000, 0x2000), (-4096, 4096), (0, 100), (1, 4096)):
    try:
        host.Flash(*wrong)
        raise AssertionError
    except ValueError:
        pass
try:
    memoryview(part)[0] = 1
    raise AssertionError
except TypeError:
    pass
try:
    machine.mem32[address + 1]
    raise AssertionError
except ValueError:
    pass

# The ROMFS partition as `mpremote romfs` uses it.
assert vfs.rom_ioctl(1) == 1
rom = vfs.rom_ioctl(2, 0)
assert len(memoryview(rom)) == 0x400000
assert vfs.rom_ioctl(2, 1) < 0 and vfs.rom_ioctl(3, 0, 0x400001) < 0
assert vfs.rom_ioctl(3, 0, 4096) > 0
image = b"\xd2\xcd\x31\x09" + b"\x04\x07\x01a\x02\x03xyz"
assert vfs.rom_ioctl(4, 0, 0, image) == 0 and vfs.rom_ioctl(4, 0, 0x3FFFFF, image) < 0
assert vfs.rom_ioctl(5, 0) == 0
assert bytes(memoryview(rom)[: len(image)]) == image

# Memory that a warm reset leaves alone.
memory = board.noinit()
memory[0:4] = b"kept"
assert len(memory) == 4096 and bytes(board.noinit()[:4]) == b"kept"
assert bytes(memoryview(host.Flash(0xFEF000, 4096))[:4]) == b"kept"
print("passed")
