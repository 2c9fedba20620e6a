"""SPI and SoftSPI: MicroPython's methods, modes, chip selects, waveforms."""

from machine import SPI, Pin, SoftSPI
from sim import board
from sim.spi import reverse
from support import Shift, fresh, no_allocation, raises


def hardware(**settings):
    fresh()
    return SPI(4, **settings)


def by_pins(**settings):
    fresh()
    return SoftSPI(sck=Pin("SPI_SCK"), mosi=Pin("SPI_MOSI"), miso=Pin("SPI_MISO"), **settings)


WAYS = hardware, by_pins


def attach(device, cs="V10"):
    board.spi(4).attach(board.wire(cs), device)
    return Pin(cs, Pin.OUT, value=1)


def test_all_methods():
    for way in WAYS:
        spi = way()
        device = Shift()
        cs = attach(device)
        cs(0)
        assert spi.write(b"abc") is None
        assert spi.read(2, 0x55) == b"cU"
        buf = bytearray(3)
        assert spi.readinto(buf) is None and buf == b"U\0\0"
        assert spi.write_readinto(b"xyz", buf) is None and buf == b"\0xy"
        cs(1)
        assert device.came == b"abcUU\0\0\0xyz", way
        assert device.calls == ["select", "deselect"]


def test_a_buffer_may_be_both():
    for way in WAYS:
        spi = way()
        attach(Shift())(0)
        buf = bytearray(b"1234")
        spi.write_readinto(buf, buf)
        assert buf == b"\x00123"
        raises(ValueError, spi.write_readinto, b"12", buf)


def test_only_the_selected_device_hears():
    for way in WAYS:
        spi = way()
        one, two = Shift(), Shift()
        first, second = attach(one, "V10"), attach(two, "V11")
        spi.write(b"none")
        assert spi.read(1) == b"\xff"  # nobody drives MISO
        first(0)
        spi.write(b"1")
        first(1)
        second(0)
        spi.write(b"2")
        second(1)
        assert (one.came, two.came) == (b"1", b"2")


def test_modes():
    for way in WAYS:
        for mode in range(4):
            spi = way(polarity=mode >> 1, phase=mode & 1)
            device = Shift()
            device.modes = (mode,)
            attach(device)(0)
            spi.write(b"\x5a")
            assert spi.read(1) == b"\x5a" and board.spi(4).garbled == 0
            device.modes = (mode ^ 1,)
            spi.write(b"\x5a")
            assert device.last == 0x2D and board.spi(4).garbled == 1


def test_bit_order():
    for way in WAYS:
        spi = way(firstbit=SPI.LSB)
        device = Shift()
        attach(device)(0)
        spi.write(b"\x01")
        assert device.last == 0x80
        device.lsb_first = True
        spi.write(b"\x01")
        assert device.last == 0x01
    assert [reverse(reverse(n)) for n in range(256)] == list(range(256))


def decode(mode, firstbit_high=True):
    """Decode the recorded waveform as a logic analyser does: the bytes on MOSI and on MISO."""
    bus = board.spi(4)
    waves = [w.stop_recording() for w in (bus.sck, bus.mosi, bus.miso)]
    rising = mode in (0, 3)

    def at(wave, time_us):
        level = wave[0][1]
        for when, new in wave:
            if when > time_us:
                break
            level = new
        return level

    out, back = bytearray(), bytearray()
    bits = 0
    for when, level in waves[0][1:]:
        if level == rising:
            if bits % 8 == 0:
                out.append(0)
                back.append(0)
            out[-1] = (out[-1] << 1 | at(waves[1], when)) & 0xFF
            back[-1] = (back[-1] << 1 | at(waves[2], when)) & 0xFF
            bits += 1
    return bytes(out), bytes(back)


def test_the_waveform_says_the_same():
    for way in WAYS:
        for mode in range(4):
            spi = way(polarity=mode >> 1, phase=mode & 1)
            device = Shift()
            device.modes = (0, 1, 2, 3)
            attach(device)(0)
            bus = board.spi(4)
            for wire in bus.sck, bus.mosi, bus.miso:
                wire.record()
            spi.write(b"\xa5\x0f\x81")
            assert decode(mode) == (b"\xa5\x0f\x81", b"\x00\xa5\x0f"), mode


def test_settings():
    fresh()
    spi = SPI(4, 2_000_000, polarity=1)
    assert "baudrate=2000000, polarity=1, phase=0, bits=8" in repr(spi)
    assert "polarity=1" in repr(SPI(4))  # as it is
    spi.init(baudrate=1000)
    assert "baudrate=1000, polarity=1" in repr(spi)
    spi.deinit()
    assert repr(spi) == "SPI(4, off)"
    raises(ValueError, spi.write, b"x")
    spi.init()
    spi.write(b"x")
    for wrong in (
        lambda: SPI(5),
        lambda: SPI(4, bits=7),
        lambda: SPI(4, baudrate=0),
        lambda: SPI(4, polarity=2),
        lambda: SPI(4, firstbit=3),
        lambda: SPI(4, sck=Pin("SPI0_SCK")),
        lambda: SoftSPI(sck=Pin("V1"), mosi=Pin("V2"), miso=Pin("V3")),
        lambda: SoftSPI(),
    ):
        raises(ValueError, wrong)


def test_bytes_take_their_time():
    now = fresh().now
    spi = SPI(4, baudrate=1_000_000)
    start = now()
    spi.write(bytes(100))
    assert now() - start == 800


def test_a_device_can_be_taken_off():
    spi = hardware()
    device = Shift()
    attach(device)(0)
    board.spi(4).detach(device)
    assert device.calls == ["select", "deselect"] and spi.read(1) == b"\xff"


def test_steady_transfers_allocate_nothing():
    spi = hardware()
    device = Shift()
    device.exchange = len_of  # what is stored in a bytearray would grow
    attach(device)(0)
    buf = bytearray(8)

    def rounds():
        for _ in range(100):
            spi.write_readinto(buf, buf)
            spi.write(buf)
            spi.readinto(buf)

    no_allocation(rounds)


def len_of(byte):
    return byte
