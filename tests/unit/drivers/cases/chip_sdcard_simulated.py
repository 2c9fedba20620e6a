# uses: conformance/blockdevice.py models/spi.py
from errno import EIO, ENODEV, ETIMEDOUT

from drivers.chips import SDCard
from sim.devices.sdcard import SDCard as Model
from sim.faults import BitNoise, BrownOut, Stuck
from support import (
    MICROPYTHON,
    SimulatedSpi,
    check_blockdevice,
    check_deinit,
    check_filesystems,
    fails,
    raises,
)

EROFS = 30
EACCES = 13
DATA = bytes([i * 7 & 0xFF for i in range(2048)])


def made(*arguments, freq=200_000, **options):
    """Slow, so that a busy card is not asked too often: the time is virtual."""
    bus = SimulatedSpi()
    model = bus.attach(Model(*arguments, **options))
    return bus, model, SDCard(bus.spi, bus.cs, freq)


def test_conformance():
    for kind in ("sdhc", "v1"):
        _, model, card = made(kind=kind)
        check_blockdevice(card, rounds=5, steady=False)
        assert card.crc_errors == 0
        check_deinit(card)


def test_fat():
    if MICROPYTHON:
        _, _, card = made(2048)
        check_filesystems(card, ("VfsFat",))


def test_kinds_and_capacities():
    for kind, blocks in (
        ("sdhc", 65536),
        ("sdhc", 1024 * 4096),
        ("v2", 1024),
        ("v2", 65536),
        ("v1", 1024 * 1024),
        ("v1", 2 * 1024 * 1024),
    ):
        bus, model, card = made(blocks, kind, freq=20_000_000)
        assert card.blocks == blocks and card.size == blocks * 512, (kind, blocks, card.blocks)
        assert card.kind == {"sdhc": "SDHC", "v2": "SDSC v2", "v1": "SDSC v1"}[kind]
        card.write_blocks(blocks - 2, DATA[:1024])
        assert model.data[blocks - 1] == DATA[512:1024]
        back = bytearray(1024)
        card.read_blocks(blocks - 2, back)
        assert back == DATA[:1024] and card.cid == model.cid()
        assert "baudrate=20000000" in str(bus.spi)


def test_slow_until_it_is_ready():
    bus, model = SimulatedSpi(), Model()
    bus.attach(model)
    rates = []
    plain = bus.spi.init

    def init(**options):
        rates.append(options["baudrate"])
        plain(**options)

    class Spi:
        write = bus.spi.write
        readinto = bus.spi.readinto

    spi = Spi()
    spi.init = init
    SDCard(spi, bus.cs, freq=8_000_000)
    assert rates == [400_000, 8_000_000]


def test_pieces_and_many_blocks():
    _, model, card = made()
    card.program(512 * 3, DATA)
    model.log.clear()
    back = bytearray(1000)
    card.read(512 * 3 + 300, back)
    assert back == DATA[300:1300] and model.log == [18, 12]
    card.read(512 * 4 - 5, back)
    assert back == DATA[507:1507]
    one = bytearray(1)
    model.log.clear()
    card.read(512 * 5, one)
    assert one[0] == DATA[1024] and model.log == [17]
    model.log.clear()
    card.program(0, DATA)
    assert model.log == [55, 123, 25, 13]
    card.erase(512 * 3, 1024)
    assert 3 not in model.data and 5 in model.data
    card.trim(512 * 5, 512)
    assert 5 not in model.data


def test_garbled_transfers_are_made_again():
    _, model, card = made()
    back = bytearray(2048)
    card.program(0, DATA)
    for n in (512, 2048):
        model.garble_reads = 2
        card.read(0, memoryview(back)[:n])
        assert back[:n] == DATA[:n]
        model.garble_writes = 2
        card.program(512 * 9, DATA[:n])
        card.read(512 * 9, memoryview(back)[:n])
        assert back[:n] == DATA[:n]
    model.garble_commands = 2
    card.read(0, back)
    # One garbled block was on its way when the rest was not wanted any more.
    assert back == DATA and card.crc_errors == 9, card.crc_errors
    for attribute, call in (
        ("garble_reads", lambda: card.read(0, back)),
        ("garble_writes", lambda: card.program(0, DATA)),
        ("garble_commands", lambda: card.read(0, back)),
    ):
        setattr(model, attribute, 9)
        fails(EIO, "", call)
        setattr(model, attribute, 0)
        card.read(0, back)
        assert back[512:] == DATA[512:]


def test_each_data_error_token_and_response():
    _, model, card = made()
    card.program(0, DATA)
    for token, code, text in (
        (0x01, EIO, "error"),
        (0x02, EIO, "controller"),
        (0x04, EIO, "ECC"),
        (0x08, EIO, "out of range"),
        (0x10, EACCES, "locked"),
        (0x0C, EIO, "out of range, card ECC"),
    ):
        for n in (512, 2048):
            model.read_errors = [token]
            fails(code, text, card.read, 0, bytearray(n))
            back = bytearray(n)
            card.read(0, back)
            assert back == DATA[:n]
    for n in (512, 2048):
        model.write_errors = [0xED]
        fails(EIO, "write error", card.program, 0, DATA[:n])
        model.write_errors = [0xE9]
        fails(EIO, "data response 09", card.program, 0, DATA[:n])
        card.program(0, DATA[:n])


def test_each_bit_of_the_status():
    _, model, card = made()
    for bit, code, text in (
        (0x01, EACCES, "locked"),
        (0x02, EROFS, "write-protected"),
        (0x04, EIO, "error"),
        (0x08, EIO, "controller"),
        (0x10, EIO, "ECC"),
        (0x20, EROFS, "write protect violation"),
        (0x40, EIO, "erase parameter"),
        (0x80, EIO, "out of range"),
    ):
        model.status = bit
        fails(code, text, card.program, 0, DATA[:512])
        model.status = bit
        model.write_errors = [0xED]
        fails(code, text, card.program, 0, DATA)
        card.program(0, DATA)


def test_write_protection():
    bus, model, card = made(write_protect=True)
    fails(EROFS, "write-protected", card.program, 0, DATA)
    fails(EROFS, "write-protected", card.erase, 0, 512)
    bus = SimulatedSpi()
    model = bus.attach(Model())
    tab = [1]
    card = SDCard(bus.spi, bus.cs, protected=lambda: tab[0])
    fails(EROFS, "write-protected", card.program, 0, DATA)
    assert model.data == {}
    tab[0] = 0
    card.program(0, DATA)
    model.write_protect = True  # what the card finds by itself
    fails(EROFS, "write protect violation", card.program, 0, DATA)


def test_a_card_that_is_pulled():
    back = bytearray(2048)
    for after in range(1, 2400, 191):  # so many bytes on the bus
        _, model, card = made()
        _pull(model, after)
        error = None
        try:
            card.read(0, back)
        except OSError as caught:
            error = caught
        if model.gone:
            assert error is not None and error.errno in (ENODEV, EIO, ETIMEDOUT), (after, error)
        raises(OSError, _all, card, model)


def _pull(model, after):
    count = [after]
    plain = model.exchange

    def exchange(byte):
        count[0] -= 1
        if count[0] == 0:
            model.gone = True
        return plain(byte)

    model.exchange = exchange


def _all(card, model):
    model.gone = True
    for call in (card.check, card.sync, lambda: card.program(0, DATA)):
        try:
            call()
        except OSError as error:
            assert error.errno in (ENODEV, ETIMEDOUT), error
    card.read(0, bytearray(1))


def test_a_card_that_is_replaced():
    bus, model, card = made()
    model.power_on()  # another one has no power-up behind it
    fails(ENODEV, "", card.read, 0, bytearray(512))
    model._state = "idle"
    fails(ENODEV, "reset or replaced", card.read, 0, bytearray(512))
    card = SDCard(bus.spi, bus.cs)
    model.serial += 1
    fails(ENODEV, "another SD card: serial number 12345679", card.check)


def test_stuck_busy():
    _, model, card = made()
    model.stuck = True
    fails(ETIMEDOUT, "busy after", card.program, 0, DATA[:512])
    fails(ETIMEDOUT, "busy after", card.sync)


def test_no_card():
    bus = SimulatedSpi()
    fails(ENODEV, "no SD card: reset answered ff", SDCard, bus.spi, bus.cs)


def test_misuse():
    bus, model, card = made()
    raises(ValueError, SDCard, bus.spi, bus.cs, 0)
    raises(TypeError, SDCard, bus.spi, bus.cs, 1_000_000, 5)
    raises(ValueError, card.read_blocks, card.blocks, bytearray(512))
    raises(ValueError, card.read_blocks, 0, bytearray(100))
    raises(ValueError, card.write_blocks, -1, bytearray(512))
    raises(ValueError, card.write_blocks, 0, bytearray(100))
    assert repr(card) == "<SDCard SDHC, 65536 blocks>"


def test_noise_is_noticed_and_passes():
    """What is read is what was written, or an error; when the noise has ended all is well at once."""
    for seed in 1, 2:
        bus, model, card = made(2048, freq=2_000_000)
        noise = BitNoise(100, seed)
        told = 0
        for n in range(12):
            block = n * 5 % 7
            data = bytes([(i * 3 + n) & 0xFF for i in range(1024)])
            noise.on(bus.bus)
            written = False
            try:
                card.write_blocks(block, data)
                written = True
                back = bytearray(1024)
                card.read_blocks(block, back)
                assert back == data, (seed, n)
            except OSError as error:
                assert error.errno != EACCES, error  # no card is locked here
                told += 1
            noise.off()
            if not written:
                card.write_blocks(block, data)
            back = bytearray(1024)
            card.read_blocks(block, back)
            assert back == data, (seed, n)
        assert noise.flips > 20 and card.crc_errors > 5, (noise, card.crc_errors, told)


def test_no_token_is_read_again():
    """A byte that is neither the start nor an error is noise: the block is asked for again."""
    _, model, card = made()
    card.write_blocks(3, DATA[:1024])
    for token in 0xDF, 0xFD, 0x7F, 0x40:
        model.read_errors = [token]
        back = bytearray(1024)
        card.read_blocks(3, back)
        assert back == DATA[:1024]
        model.read_errors = [token]
        card.read_blocks(4, back[:512])
    assert card.crc_errors == 8
    model.read_errors = [0x7F] * 3
    fails(EIO, "data come garbled", card.read_blocks, 3, bytearray(512))


def test_a_stuck_line():
    """Whatever line sticks, and at whatever level, it is an error, and over when it is."""
    bus, model, card = made()
    card.write_blocks(3, DATA[:1024])
    for wire in bus.bus.miso, bus.bus.mosi, bus.bus.sck:
        for level in 0, 1:
            fault = Stuck(wire, level).on()
            error = raises(OSError, card.read_blocks, 3, bytearray(1024))
            assert error.errno in (EIO, ENODEV, ETIMEDOUT), error
            fault.off()
            back = bytearray(1024)
            card.read_blocks(3, back)
            assert back == DATA[:1024], (wire, level)


def test_a_brown_out():
    """The card that comes back is not ready: OSError(ENODEV) until there is another SDCard."""
    bus, model, card = made()
    card.write_blocks(3, DATA[:512])
    fault = BrownOut(bus.bus, model).on()
    fails(ENODEV, "does not answer", card.read_blocks, 3, bytearray(512))
    fault.off()
    raises(OSError, card.read_blocks, 3, bytearray(512))
    back = bytearray(512)
    SDCard(bus.spi, bus.cs, 200_000).read_blocks(3, back)
    assert back == DATA[:512]
