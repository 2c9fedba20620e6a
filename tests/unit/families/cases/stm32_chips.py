# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py unit/families/stm32_spi.py unit/families/stm32_qspi.py

"""The families whose numbers differ from F4's and L4's: what they have works, what not says so."""

from errno import EOPNOTSUPP

from support import PinClass, QuadspiModel, SpiUnit, Stm32, fails

NEW = ("f7", "h7", "wb")


def test_pins_ports_and_alarms():
    for family in NEW:
        chip = Stm32(family)
        port = chip.open()
        from drivers import DigitalOut, PortOut, Ticker

        led = DigitalOut("LED1", value=1)
        group = PortOut("A", mask=0x30, value=0x20)
        assert led() == 1 and group() == 0x20
        assert chip.memory.cells[chip.numbers.GPIO + 0x14] == 0x20
        count = [0]

        def rung(ticker, count=count):
            count[0] += 1

        ticker = Ticker()
        ticker.attach(rung, 100, hard=True)
        chip.core.pass_time(1050)
        assert count == [10], family
        ticker.detach()
        for driver in (led, group):
            driver.deinit()
        assert port.NAME == "nucleo"


def test_serial_ports():
    for family in NEW:
        chip = Stm32(family)
        chip.open()
        import sys

        sys.modules["board"].BUSES["UART"] = (1, {1: ("PA9", "PA10")})
        from drivers import BufferedSerial

        serial = BufferedSerial()
        uart = chip.uarts[1]
        uart.receive(b"x", 2 | 1)
        assert serial.errors() == (0, 1, 1) and uart.errors == 0, family
        before = len(chip.memory.log)
        serial.send_break(1)
        touched = [at for _, at, _ in chip.memory.log[before:]]
        # MODER and BSRR of port A.
        assert chip.numbers.GPIO in touched and chip.numbers.GPIO + 0x18 in touched
        serial.deinit()


def test_interrupts_analog_and_pwm():
    for family in NEW:
        chip = Stm32(family)
        port = chip.open()
        from drivers import AnalogIn, InterruptIn, PwmOut

        button = InterruptIn("SW")
        rises = [0]

        def rose(pin, rises=rises):
            rises[0] += 1

        button.rise(rose, hard=True)
        PinClass.cpu.C13.drive(1)
        assert rises == [1], family
        chip.analog["A3"] = 0x8000
        light = AnalogIn("A0")
        assert light.read_u16() == 0x8000 and abs(light.read_uv() - 1_650_000) < 100
        servo = PwmOut("PB6", freq=1000, duty_u16=16384)
        freq, part = chip.timers[4].wave(1)
        assert abs(freq - 1000) < 1 and abs(part - 0.25) < 0.001
        for driver in (button, light, servo):
            driver.deinit()
        assert len(port.unique_id()) == 12
        port.WallClock().datetime((2030, 1, 2, 2, 3, 4, 5, 0))
        assert chip.calendar[:7] == (2030, 1, 2, 3, 3, 4, 5)


def test_can_of_f7():
    chip = Stm32("f7")
    chip.open()
    from drivers import CAN, CANMessage

    can = CAN(freq=250_000)
    model = chip.can[1]
    can.filters((0x123, 0x7FF, CAN.STANDARD))
    cells = chip.memory.cells
    base = chip.numbers.CAN[1]
    assert cells[base + 0x240] == 0x123 << 21 and cells[base + 0x244] == 0x7FF << 21 | 4
    assert can.write(CANMessage(0x42, b"data"))
    assert model.mailboxes[0] == (0x42, False, False, b"data")
    model.acknowledge(0)
    assert len(model.wire) == 1
    can.deinit()


def test_deep_sleep_by_the_calendar():
    for family in NEW:
        chip = Stm32(family)
        port = chip.open()
        port.deep_sleep(1000)
        assert 996 <= port.slept_ms() <= 1004, family


def test_a_device_on_spi():
    for family in ("f7", "wb"):
        chip = Stm32(family)
        chip.open()
        PinClass.cpu.A4.drive(1)
        unit = SpiUnit(chip, PinClass.cpu.A4)
        from drivers import SPISlave

        slave = SPISlave()
        assert unit.frame(b"ab") == b"\xff\xff"
        assert slave.read() == ord("a") and slave.read() == ord("b")
        slave.deinit()


def test_quadspi():
    for family in NEW:
        chip = Stm32(family)
        chip.open()
        model = QuadspiModel(chip)
        from drivers import QSPI

        qspi = QSPI(freq=20_000_000)
        found = bytearray(1)
        model.reply = b"!"
        qspi.command_transfer(0x9F, -1, None, found)
        assert found == b"!"
        # Nothing reads ahead from where the memory could be mapped; only a Cortex-M7 would.
        cells = chip.memory.cells
        if family == "wb":
            assert cells.get(0xE000ED94, 0) == 0
            assert cells[0x58000050] >> 8 & 1 and not cells[0x58000030] >> 8 & 1
        else:
            assert cells[0xE000ED98] == 1 and cells[0xE000ED9C] == 0x90000000
            assert cells[0xE000EDA0] == 0x10000037 and cells[0xE000ED94] == 5
        qspi.deinit()


def test_what_is_not_supported():
    for family, features in (
        ("f7", ("Watchdog",)),
        ("h7", ("Watchdog", "FlashIAP", "CAN", "SPISlave on SPI(1)")),
        ("wb", ("Watchdog", "FlashIAP", "CAN")),
    ):
        chip = Stm32(family)
        chip.open()
        import drivers

        makers = {
            "Watchdog": lambda drivers=drivers: drivers.Watchdog(1000),
            "FlashIAP": lambda drivers=drivers: drivers.FlashIAP(),
            "CAN": lambda drivers=drivers: drivers.CAN(),
            "SPISlave on SPI(1)": lambda drivers=drivers: drivers.SPISlave(),
        }
        for feature in features:
            fails(EOPNOTSUPP, "nucleo has no " + feature, makers[feature])
