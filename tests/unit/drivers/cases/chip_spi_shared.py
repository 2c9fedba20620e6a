# uses: models/spi.py
from drivers import SPI, DigitalOut
from drivers.chips import W25Q, SDCard
from sim import board
from sim.devices.sdcard import SDCard as Card
from sim.devices.w25q import W25Q as Flash
from support import SimulatedSpi, raises


def test_two_chips_with_clocks_of_their_own():
    SimulatedSpi()  # a virtual clock, and nothing attached
    selects = []
    for n, model in enumerate((Flash(1 << 20), Card(2048))):
        name = f"V{n + 4}"
        selects.append(DigitalOut(name, value=1))
        board.spi(1).attach(board.wire(name), model)
    bus = SPI(1, baudrate=1_000_000)
    try:
        flash = W25Q(bus, selects[0], freq=400_000)
        card = SDCard(bus, selects[1], freq=200_000)
        data = bytes(range(256)) * 2
        back = bytearray(512)
        for n in range(3):
            flash.program(n * 512, data)
            card.program(n * 512, data)
            flash.read(n * 512, back)
            assert back == data
            assert "baudrate=400000" in repr(bus._bus.hardware)
            card.read(n * 512, back)
            assert back == data
            assert "baudrate=200000" in repr(bus._bus.hardware)
        flash.deinit()
        card.deinit()
        assert "1000000 Hz" in repr(bus)
    finally:
        bus.deinit()
        for select in selects:
            select.deinit()


def test_settings_where_there_are_none():
    class Bare:
        def write(self, buf):
            pass

        def readinto(self, buf, write=0):
            pass

    raises(TypeError, W25Q, Bare(), lambda level: None, 1_000_000)
