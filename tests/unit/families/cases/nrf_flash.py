# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py

from errno import EIO

from support import Nrf, NvmcModel, fails, raises

START = 0xE0000
SIZE = 0x10000


def opened():
    chip = Nrf()
    flash = NvmcModel(chip, START, SIZE)
    return chip, flash, chip.open((START, SIZE)).FlashMemory()


def test_programmed_and_read_back():
    _, flash, memory = opened()
    assert (memory.start, memory.size, memory.page_size, memory.erase_value) == (
        START,
        SIZE,
        4,
        0xFF,
    )
    assert memory.sector_size(START + 5000) == 4096
    data = bytes(range(256))
    memory.program(START + 64, memoryview(data), 17, 128)
    back = bytearray(136)
    memory.read(START + 60, back)
    assert back == b"\xff" * 4 + data[17:145] + b"\xff" * 4
    memory.erase(START)
    memory.read(START + 60, back)
    assert back == b"\xff" * 136
    assert flash.erased == [START]
    assert flash._mode == 0, "writing is still enabled"


def test_what_is_not_erased():
    _, flash, memory = opened()
    memory.program(START, b"\x0f\x00\xff\x0f", 0, 4)
    fails(EIO, "0x000e0001 is not erased", memory.program, START, b"\x0f\x01\xff\x0f", 0, 4)
    memory.program(START, b"\x0e\x00\x00\x0f", 0, 4)  # clears bits only
    back = bytearray(4)
    memory.read(START, back)
    assert back == b"\x0e\x00\x00\x0f"


def test_a_controller_that_does_not_get_ready():
    chip, flash, memory = opened()
    import driverport.flash as module
    import flashwords._plain as plain

    module._TRIES = plain._TRIES = 50
    chip.memory.on_read[0x4001E400] = lambda: 0
    text = "the flash controller does not get ready"
    fails(EIO, text, memory.erase, START)
    fails(EIO, text, memory.program, START, b"1234", 0, 4)
    # It stops in the middle of the words.
    chip, flash, memory = opened()
    import driverport.flash as module
    import flashwords._plain as plain

    module._TRIES = plain._TRIES = 50
    looks = [0]

    def ready():
        looks[0] += 1
        return int(looks[0] < 4)

    chip.memory.on_read[0x4001E400] = ready
    fails(EIO, text, memory.program, START, b"12345678", 0, 8)


def test_a_protected_page():
    _, flash, memory = opened()
    memory.program(START + 4096, b"\x55" * 4, 0, 4)
    flash.protected.add(START + 4096)
    fails(EIO, "0x000e1000 is not erased: is it protected?", memory.erase, START + 4096)
    fails(EIO, "0x000e1004 keeps 0xff", memory.program, START + 4100, b"\x55" * 4, 0, 4)
    memory.erase(START)
    assert flash._mode == 0


def test_it_takes_no_heap():
    # With these data, that is: words above 2**30 do, where there is no machine code.
    chip, _, memory = opened()
    back = bytearray(16)
    data = b"0123" * 4

    def use(_):
        memory.erase(START)
        memory.program(START, data, 0, 16)
        memory.read(START, back)

    use(None)
    assert chip.core.hard(use, None), chip.core.uncaught
    assert back == data


def test_flashiap_runs_on_it():
    opened()
    from drivers import FlashIAP, FlashIAPBlockDevice

    iap = FlashIAP()
    iap.erase(START, 8192)
    iap.program(START + 8, b"settings of 21 bytes.")
    back = bytearray(24)
    iap.read(START + 8, back)
    assert back == b"settings of 21 bytes.\xff\xff\xff"
    raises(ValueError, iap.erase, START, 2048)
    device = FlashIAPBlockDevice(START + 8192, 8192)
    device.erase(0, 8192)
    device.program(4096, b"block" * 4)
    back = bytearray(20)
    device.read(4096, back)
    assert back == b"block" * 4
