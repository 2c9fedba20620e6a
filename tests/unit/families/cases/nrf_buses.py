# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py

from errno import EOPNOTSUPP

from support import P0, Nrf, fails, raises

EBUSY = 16


def test_any_pins_will_do():
    port = Nrf().open()
    assert port.find_i2c(None, None, None) == (0, ["P27", "P26"])
    assert port.find_i2c(None, "P30", None) == (1, ["P30", "P31"])
    assert port.find_i2c(None, "P1.00", "LED1") == (0, ["P32", "P13"])
    assert port.find_i2c(1, "P2", None) == (1, ["P2", "P31"])
    assert port.find_spi(None, None, None, None) == (2, ["P6", "P7", "P8"])
    raises(ValueError, port.find_i2c, 7, None, None)


def test_i2c_is_never_too_fast():
    chip = Nrf()
    port = chip.open()
    port.find_i2c(None, None, None)
    i2c = port.I2C(0, 400_000, 50_000)
    for asked, reached in ((100_000, 100_000), (249_999, 100_000), (399_999, 250_000)):
        i2c.init(freq=asked, timeout=1000)
        assert chip.i2c[-1] == (0, 27, 26, reached)
        assert i2c.scan == ("scan", reached)
    i2c.init(freq=1_000_000, timeout=0)
    assert chip.i2c[-1][3] == 400_000
    error = raises(ValueError, i2c.init, 99_999, 0)
    assert "100000 Hz at least, not 99999" in str(error)
    raises(OSError, i2c.start)


def test_what_easydma_cannot_goes_in_pieces():
    chip = Nrf()
    port = chip.open()
    port.find_i2c(1, None, None)
    # I2C is TWI, which has none: bytes go as they are.
    i2c = port.I2C(1, 100_000, 0)
    assert i2c.writeto(0x48, b"\x01\x60") == 2
    assert i2c.writevto(0x48, [bytearray(b"\x05"), b"\x06"]) == 2
    assert chip.sent == [b"\x01\x60", b"\x05", b"\x06"]
    port.find_spi(None, None, None, None)
    spi = port.SPI(2, 1_000_000, 0, 0, 8, 0)
    chip.sent.clear()
    spi.write(b"\x9f\x00")  # a constant, in flash
    into = bytearray(1)
    spi.write_readinto(b"\xab", into)
    assert chip.sent == [b"\x9f\x00", b"\xab"] and into == b"\xab"
    chip.sent.clear()
    picture = bytes([n & 0xFF for n in range(600)])
    spi.write(picture)
    into = bytearray(600)
    spi.write_readinto(picture, into)
    assert [len(piece) for piece in chip.sent] == [256, 256, 88] * 2
    assert b"".join(chip.sent[:3]) == picture and into == picture
    # The port would send the length modulo 2**16.
    chip.numbers.EASYDMA_MAX, most = 100, chip.numbers.EASYDMA_MAX
    try:
        chip.sent.clear()
        long = bytearray(picture[:250])
        spi.write(long)
        into = bytearray(250)
        spi.write_readinto(long, into)
        assert [len(piece) for piece in chip.sent] == [100, 100, 50] * 2
        assert b"".join(chip.sent[:3]) == long == into
        chip.spi.clear()
        assert len(spi.read(230)) == 230
        assert chip.spi == [("readinto", 100), ("readinto", 100), ("readinto", 30)]
        spi.write(b"")
    finally:
        chip.numbers.EASYDMA_MAX = most
    raises(ValueError, spi.write_readinto, long, bytearray(3))
    # Without EasyDMA they go as they are.
    chip = Nrf("nrf52832")
    port = chip.open()
    port.find_spi(None, None, None, None)
    seen = []
    chip.take_out = seen.append
    port.SPI(2, 1_000_000, 0, 0, 8, 0).write(picture)
    assert seen[0] is picture


def test_spi_is_never_too_fast():
    chip = Nrf()
    port = chip.open()
    port.find_spi(None, None, None, None)
    spi = port.SPI(2, 32_000_000, 1, 0, 8, 1)
    number, settings = chip.spi[-1]
    assert number == 2 and settings["baudrate"] == 32_000_000
    assert settings["polarity"] == 1 and settings["firstbit"] == 1
    assert settings["miso"].pin() == 8
    for asked, reached in ((600_000, 500_000), (125_000, 125_000), (9_999_999, 8_000_000)):
        spi.init(asked, polarity=0, phase=1, bits=8, firstbit=0)
        assert chip.spi[-1][1]["baudrate"] == reached
        assert chip.spi[-1][1]["phase"] == 1
    error = raises(ValueError, port.SPI, 2, 1000, 0, 0, 8, 0)
    assert "125000 Hz at least" in str(error)
    fails(EOPNOTSUPP, "no SPI with other than 8 bits", port.SPI, 2, 1_000_000, 0, 0, 16, 0)
    chip = Nrf("nrf52832")
    port = chip.open()
    port.find_spi(None, None, None, None)
    port.SPI(2, 32_000_000, 0, 0, 8, 0)
    assert chip.spi[-1][1]["baudrate"] == 8_000_000


def test_one_unit_is_i2c_or_spi():
    port = Nrf().open()
    port.find_i2c(0, None, None)
    port.find_spi(0, None, None, None)
    i2c = port.I2C(0, 100_000, 0)
    text = "SPI(0) and I2C(0) are one unit"
    fails(EBUSY, text, port.SPI, 0, 1_000_000, 0, 0, 8, 0)
    i2c.deinit()
    spi = port.SPI(0, 1_000_000, 0, 0, 8, 0)
    fails(EBUSY, "I2C(0) and SPI(0) are one unit", port.I2C, 0, 100_000, 0)
    spi.deinit()
    port.I2C(0, 100_000, 0)


class Wire:
    """An SPI device on pins: sends what it has got, one byte later, in its mode."""

    def __init__(self, chip, polarity, phase, lsb):
        self.clock, self.mosi, self.miso = chip.pins[9], chip.pins[10], chip.pins[12]
        self.chip = chip
        self.polarity = polarity
        # The edge at which bits are taken: rising in modes 0 and 3.
        self.takes = 1 if polarity == phase else 0
        self.lsb = lsb
        self.got = []
        self.bits = []
        self.reply = 0xC5
        self.level = polarity
        set_out = chip.set_out

        def watch(base, mask, level):
            set_out(base, mask, level)
            self._look()

        chip.set_out = watch
        self._send(0)

    def _send(self, n):
        shift = n if self.lsb else 7 - n
        self.chip.outside[12] = self.reply >> shift & 1

    def _look(self):
        level = self.clock()
        if level == self.level:
            return
        self.level = level
        if level == self.takes:
            self.bits.append(self.mosi())
            if len(self.bits) == 8:
                order = reversed(self.bits) if self.lsb else self.bits
                value = 0
                for bit in order:
                    value = value << 1 | bit
                self.got.append(value)
                self.bits = []
                self.reply = value
        elif self.bits or self.got:
            self._send(len(self.bits))


def test_spi_on_pins_in_all_modes():
    for polarity in (0, 1):
        for phase in (0, 1):
            for lsb in (0, 1):
                chip = Nrf()
                port = chip.open()
                number, keys = port.find_spi(3, None, None, None)
                assert keys == ["P9", "P10", "P12"]
                spi = port.SPI(number, 1_000_000, polarity, phase, 8, lsb)
                wire = Wire(chip, polarity, phase, lsb)
                spi.write(b"\x01\x80\xa6")
                assert wire.got == [0x01, 0x80, 0xA6], (polarity, phase, lsb, wire.got)
                buf = bytearray(3)
                spi.write_readinto(b"\x11\x22\x33", buf)
                assert bytes(buf[1:]) == b"\x11\x22", (polarity, phase, lsb, buf)
                assert spi.read(2, 0x5A)[1:] == b"\x5a"
                assert wire.clock() == polarity


def test_spi_on_pins_can_be_slow():
    chip = Nrf()
    port = chip.open()
    port.find_spi(3, None, None, None)
    spi = port.SPI(3, 1000, 0, 0, 8, 0)
    before = chip.core.now
    spi.write(b"\x00")
    assert chip.core.now - before == 8000
    raises(ValueError, spi.write_readinto, b"12", bytearray(3))
    spi.deinit()
    assert chip.memory.cells[P0 + 0x700 + 4 * 9] & 1 == 0


def test_a_stuck_bus_is_cleared_and_given_back():
    chip = Nrf()
    port = chip.open()
    number, keys = port.find_i2c(0, None, None)
    i2c = port.I2C(0, 100_000, 50_000)
    chip.outside[27] = chip.outside[26] = 1
    # A device holds SDA until the fifth clock.
    chip.outside[26] = 0
    clocks = [0]
    set_out = chip.set_out

    def watch(base, mask, level):
        set_out(base, mask, level)
        if mask == 1 << 27 and level:
            clocks[0] += 1
            if clocks[0] == 6:
                chip.outside[26] = 1

    chip.set_out = watch
    assert port.recover_i2c(i2c, keys, 250_000, 2000) is True
    assert clocks[0] >= 6
    assert chip.i2c[-1] == (0, 27, 26, 250_000)
    chip.outside[26] = 0
    clocks[0] = 100
    assert port.recover_i2c(i2c, keys, 100_000, 2000) is False
