# platforms: host-stock host-native
"""Flash and a card on board host's own machine.SPI, in the computer's time, mounted."""

import os

import vfs
from drivers.chips import W25Q, SDCard
from machine import SPI, Pin
from sim import board
from sim.devices.sdcard import SDCard as Card
from sim.devices.w25q import W25Q as Flash


def attach(bus, name, model):
    board.spi(bus).attach(board.wire(name), model)
    return SPI(bus, 20_000_000), Pin(name, Pin.OUT, value=1)


def files_survive(device, kind):
    kind.mkfs(device)
    for n in range(2):
        vfs.mount(kind(device), "/chip")
        try:
            if n == 0:
                os.mkdir("/chip/log")
                with open("/chip/log/a.txt", "w") as file:
                    file.write("line\n" * 300)
            else:
                assert os.listdir("/chip/log") == ["a.txt"]
                with open("/chip/log/a.txt") as file:
                    assert file.read() == "line\n" * 300
        finally:
            vfs.umount("/chip")


def test_littlefs_on_flash():
    bus, select = attach(3, "V6", Flash(1 << 17))
    flash = W25Q(bus, select)
    files_survive(flash, vfs.VfsLfs2)
    flash.deinit()


def test_fat_on_a_card():
    bus, select = attach(2, "V7", Card(1024))
    card = SDCard(bus, select)
    files_survive(card, vfs.VfsFat)
    card.deinit()
