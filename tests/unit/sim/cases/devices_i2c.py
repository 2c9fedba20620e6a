"""Models of I2C chips against their data sheets: bytes on the bus, without our drivers."""

from machine import I2C
from sim import board, clock
from sim.devices.at24c import AT24C
from sim.devices.ds1338 import DS1338
from sim.devices.max7310 import MAX7310
from sim.devices.pca9552 import PCA9552
from sim.devices.ssd1306 import SSD1306
from support import errno_of, fresh, raises

ENODEV = 19


def attach(device, address):
    """The device on a fresh bus; returns the bus as machine.I2C."""
    board.i2c(3).attach(address, device)
    return I2C(3)


# ---- AT24C


def eeprom(size, **options):
    fresh()
    device = AT24C(size, **options).attach(board.i2c(3), 0x50)
    return device, I2C(3)


def test_eeprom_writes_after_the_stop_and_does_not_answer_meanwhile():
    device, i2c = eeprom(8192)
    i2c.writeto(0x50, b"\x01\x00ab")
    assert device.memory[0x100:0x102] == b"ab" and device.writes == 1
    assert errno_of(i2c.readfrom, 0x50, 1) == ENODEV
    clock.advance(4800)
    assert errno_of(i2c.writeto, 0x50, b"") == ENODEV
    clock.advance(200)
    # The counter stands behind what was written.
    assert i2c.readfrom(0x50, 1) == b"\xff"
    assert i2c.readfrom_mem(0x50, 0x100, 2, addrsize=16) == b"ab"


def test_eeprom_pages_roll_over():
    device, i2c = eeprom(8192)
    i2c.writeto(0x50, b"\x00\x1e" + bytes(range(5)))
    assert device.memory[:32] == b"\x02\x03\x04" + b"\xff" * 27 + b"\x00\x01"
    assert device.memory[32] == 0xFF
    for size, page in ((128, 8), (256, 8), (512, 16), (2048, 16), (4096, 32), (65536, 128)):
        assert eeprom(size)[0].page_size == page


def test_eeprom_reads_on_over_the_end():
    device, i2c = eeprom(4096)
    device.memory[-1] = 1
    device.memory[0] = 2
    assert i2c.readfrom_mem(0x50, 4095, 2, addrsize=16) == b"\x01\x02"
    # Sequential reads go through all the addresses of a chip that has several.
    device, i2c = eeprom(1024)
    device.memory[255:257] = b"xy"
    assert i2c.readfrom_mem(0x50, 255, 2) == b"xy"
    assert i2c.scan() == [0x50, 0x51, 0x52, 0x53]
    i2c.writeto(0x53, b"\xffz")
    assert device.memory[1023] == ord("z")


def test_eeprom_needs_a_stop_to_write():
    device, i2c = eeprom(256)
    i2c.writeto(0x50, b"\x00a", False)
    i2c.readfrom(0x50, 1)
    assert device.writes == 0 and device.memory[0] == 0xFF


def test_eeprom_is_protected():
    device, i2c = eeprom(256)
    device.write_protect = 1
    assert i2c.writeto(0x50, b"\x00abc") == 4
    assert i2c.readfrom_mem(0x50, 0, 1) == b"\xff"  # at once
    device.refuses = True
    assert i2c.writeto(0x50, b"\x00abc") == 1
    assert device.writes == 0


def test_eeprom_keeps_its_contents_in_a_file():
    import os

    name = "eeprom_of_a_test.bin"
    try:
        for number in range(2):
            device, i2c = eeprom(256, file=name)
            if number == 0:
                i2c.writeto(0x50, b"\x10kept")
            assert i2c.readfrom_mem(0x50, 0x10, 5) == b"kept\xff" if number else True
    finally:
        os.remove(name)


def test_eeprom_sizes():
    for size in (64, 300, 1 << 17):
        raises(ValueError, AT24C, size)


# ---- DS1338


def rtc():
    fresh()
    device = DS1338()
    return device, attach(device, 0x68)


def set_clock(i2c, registers):
    i2c.writeto(0x68, b"\x00" + bytes.fromhex(registers))


def get_clock(i2c):
    return i2c.readfrom_mem(0x68, 0, 7).hex()


def test_clock_counts():
    _, i2c = rtc()
    for before, after in (
        ("00000001010100", "01000001010100"),
        ("09000001010100", "10000001010100"),
        ("59592302280200", "00000003290200"),  # 2000 is a leap year
        ("59592302290200", "00000003010300"),
        ("59592307280223", "00000001010323"),
        ("59592301300423", "00000002010523"),
        ("59592301311223", "00000002010124"),
        ("59592305311299", "00000006010100"),
        ("59591901010100", "00002001010100"),
        # to 12: 11:59:59 AM, 12:59:59 PM, 11:59:59 PM
        ("59595101010100", "00007201010100"),
        ("59597201010100", "00006101010100"),
        ("59597101010100", "00005202020100"),
    ):
        set_clock(i2c, before)
        assert get_clock(i2c) == before
        clock.advance(1_000_000)
        assert get_clock(i2c) == after, before


def test_clock_counts_hours_at_once():
    _, i2c = rtc()
    set_clock(i2c, "00000001010100")
    clock.advance(90_061_000_000)  # a day, an hour, a minute, a second
    assert get_clock(i2c) == "01010102020100"


def test_clock_is_reset_by_the_seconds():
    _, i2c = rtc()
    set_clock(i2c, "10000001010100")
    clock.advance(900_000)
    i2c.writeto(0x68, b"\x00\x20")
    clock.advance(900_000)
    assert get_clock(i2c)[:2] == "20"
    clock.advance(100_000)
    assert get_clock(i2c)[:2] == "21"


def test_clock_tells_that_it_stopped():
    device, i2c = rtc()
    assert i2c.readfrom_mem(0x68, 7, 1) == b"\xb3"
    i2c.writeto(0x68, b"\x07\x13")
    assert i2c.readfrom_mem(0x68, 7, 1) == b"\x13"
    i2c.writeto(0x68, b"\x07\x33")  # the flag can only be cleared
    assert i2c.readfrom_mem(0x68, 7, 1) == b"\x13"
    i2c.writeto(0x68, b"\x00\x85")
    clock.advance(5_000_000)
    assert i2c.readfrom_mem(0x68, 0, 1) == b"\x85" and i2c.readfrom_mem(0x68, 7, 1) == b"\x33"
    i2c.writeto(0x68, b"\x07\x00")
    device.stop_oscillator()
    assert i2c.readfrom_mem(0x68, 7, 1) == b"\x20"


def test_clock_has_bits_that_are_none_and_memory():
    _, i2c = rtc()
    i2c.writeto(0x68, b"\x01\xff\xff\xff\xff\xff\xff\xff")
    assert i2c.readfrom_mem(0x68, 1, 7).hex() == "7f7f073f1fffb3"
    i2c.writeto(0x68, b"\x3e\x01\x02\x00")  # the pointer goes round
    assert i2c.readfrom_mem(0x68, 0x3E, 2) == b"\x01\x02"


# ---- MAX7310


def test_port_registers():
    fresh()
    device = MAX7310()
    i2c = attach(device, 0x18)
    assert [i2c.readfrom_mem(0x18, n, 1)[0] for n in range(5)] == [0xF0, 0, 0xF0, 0xFF, 1]
    device.levels = 0x81
    assert i2c.readfrom_mem(0x18, 0, 1) == b"\x71"
    i2c.writeto(0x18, b"\x02\x00")
    i2c.writeto(0x18, b"\x01\x0f")
    assert i2c.readfrom_mem(0x18, 0, 1) == b"\x81"  # all are inputs
    i2c.writeto(0x18, b"\x03\xf0")
    assert i2c.readfrom_mem(0x18, 0, 1) == b"\x8f"
    assert i2c.writeto(0x18, b"\x01\x01\x02\x03") == 4  # the same register again and again
    assert i2c.readfrom_mem(0x18, 1, 1) == b"\x03"
    assert i2c.writeto(0x18, b"\x05\x00") == 1


def test_port_drives_wires():
    fresh()
    wires = [board.wire("D2"), None, board.wire("D3")]
    i2c = attach(MAX7310(wires), 0x18)
    wires[0].pull(1)
    i2c.writeto(0x18, b"\x01\x05")
    i2c.writeto(0x18, b"\x03\xfa")
    assert wires[0]() == 1 and wires[2]() == 1
    assert wires[0]._drivers[-1].level is None  # open drain
    i2c.writeto(0x18, b"\x01\x00")
    assert wires[0]() == 0 and wires[2]() == 0
    i2c.writeto(0x18, b"\x03\xff")
    assert wires[0]() == 1


# ---- PCA9552


def test_led_registers_and_increment():
    fresh()
    device = PCA9552()
    i2c = attach(device, 0x60)
    assert i2c.readfrom_mem(0x60, 0x12, 8).hex() == "ff80ff8055555555"
    i2c.writeto(0x60, b"\x16\xe4\x55\x55\x15")
    assert [device.state(n) for n in range(4)] == ["on", "off", "blink0", "blink1"]
    assert device.state(15) == "on" and repr(device) == "<PCA9552 lit: 0 15>"
    i2c.writeto(0x60, b"\x02\x01\x02")  # without the flag: twice the same
    assert i2c.readfrom_mem(0x60, 2, 2).hex() == "0202"
    assert i2c.readfrom_mem(0x60, 1, 1) == b"\x7f"
    i2c.writeto(
        0x60, b"\x19\x55\x07"
    )  # behind the last comes the first, which is no place to write
    assert device.state(15) == "off"


def test_leds_blink_on_wires():
    fresh()
    wire = board.wire("D4")
    wire.pull(1)
    i2c = attach(PCA9552([wire]), 0x60)
    wire.record()
    # A second, of which a quarter is low: the data sheet's example for a duty cycle of 25 %.
    i2c.writeto(0x60, b"\x12\x2b\xc0")
    i2c.writeto(0x60, b"\x06\x56")
    start = clock.now()
    clock.advance(2_500_000)
    changes = [(round((us - start) / 1000), level) for us, level in wire.stop_recording()]
    assert [level for _, level in changes] == [1, 0, 1, 0, 1]
    assert [ms for ms, _ in changes[1:]] == [750, 1000, 1750, 2000]


# ---- SSD1306


def test_display_shows_pages():
    fresh()
    device = SSD1306(16, 16)
    i2c = attach(device, 0x3C)
    assert i2c.readfrom(0x3C, 1) == b"\x40"
    i2c.writeto(0x3C, bytes.fromhex("00a1c8a80fd30040d5808d14af2002"))
    assert i2c.readfrom(0x3C, 1) == b"\x00"
    for page in (0, 1):
        i2c.writeto(0x3C, bytes((0x80, 0xB0 + page, 0x80, 0x08, 0x80, 0x13, 0x40)) + bytes(16))
    assert device.picture() == ["." * 16] * 16
    i2c.writeto(0x3C, bytes.fromhex("80b080088013400103"))
    i2c.writeto(0x3C, bytes.fromhex("80b180078014c080"))
    picture = device.picture()
    assert picture[0] == "##" + "." * 14 and picture[1] == ".#" + "." * 14
    assert picture[15] == "." * 15 + "#"
    i2c.writeto(0x3C, b"\x00\xa7")
    assert device.pixel(3, 3) and not device.pixel(0, 0)
    i2c.writeto(0x3C, b"\x00\xae")
    assert not device.pixel(3, 3)


def test_display_addresses_by_columns_and_rows():
    fresh()
    device = SSD1306()
    i2c = attach(device, 0x3C)
    i2c.writeto(0x3C, bytes.fromhex("00200021051022 0102".replace(" ", "")))
    i2c.writeto(0x3C, b"\x40" + bytes(range(24)))
    assert device.memory[128 + 5 : 128 + 17] == bytes(range(12))
    assert device.memory[256 + 5 : 256 + 17] == bytes(range(12, 24))
    i2c.writeto(0x3C, bytes.fromhex("0020012105062200 01".replace(" ", "")))
    i2c.writeto(0x3C, b"\x40" + b"abcd")
    assert device.memory[5:7] == b"ac" and device.memory[133:135] == b"bd"
