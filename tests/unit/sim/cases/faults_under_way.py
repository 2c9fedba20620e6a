"""Faults that come in the middle, several at once, faults that end early; on every kind of bus."""

from errno import EIO, ENODEV, ETIMEDOUT

from machine import I2C, SPI, UART, Pin
from sim import board, clock, parts
from sim.cannode import Controller
from sim.devices.at24c import AT24C
from sim.devices.max7310 import MAX7310
from sim.devices.tmp105 import TMP105
from sim.devices.w25q import W25Q
from sim.faults import BitNoise, BrownOut, Fault, Lost, LostInterrupt, Nack, Stuck
from sim.uart import UartEnd
from support import Memory, Shift, errno_of, fresh, raises


def bus_with(device, address=0x50):
    fresh()
    board.i2c(3).attach(address, device)
    return I2C(3)


# ---- How faults begin and end


def test_a_fault_that_ended_early_does_not_end_again():
    device = TMP105()
    i2c = bus_with(device, 0x48)
    fault = BrownOut(board.i2c(3), device).on(for_us=1000)
    fault.off()
    i2c.writeto_mem(0x48, 1, b"\x60")
    clock.advance(2000)
    assert i2c.readfrom_mem(0x48, 1, 1) == b"\x60"  # it was not switched off a second time
    wire = board.wire("I2C_SDA")
    stuck = Stuck(wire).on(for_us=1000)
    stuck.off()
    stuck.on()
    clock.advance(2000)
    assert wire() == 0
    stuck.on(for_us=10)
    clock.advance(10)
    assert wire() == 1
    fault.off()
    assert i2c.readfrom_mem(0x48, 1, 1) == b"\x60"


def test_two_short_circuits_of_one_wire():
    fresh()
    wire = board.i2c(3).sda
    up, down = Stuck(wire, 1).on(), Stuck(wire, 0).on()
    assert wire() == 0 and wire.forced == 0
    down.off()
    assert wire() == 1 and wire.forced == 1
    down.on()
    up.off()
    assert wire() == 0
    down.off()
    assert wire() == 1 and wire.forced is None


def test_nothing_is_acknowledged_but_on_i2c():
    fresh()
    for bus in board.spi(4), board.uart(1), parts.qspi(0):
        error = raises(ValueError, Nack().on, bus)
        assert "I2C" in str(error)
        assert bus.faults == []


def test_a_device_that_does_not_acknowledge_was_not_there():
    memory = Memory()
    i2c = bus_with(memory)
    Nack(times=1).on(board.i2c(3))
    assert errno_of(i2c.readfrom, 0x50, 1) == ENODEV and memory.calls == []


# ---- I2C, in the middle of a transfer


class At(Fault):
    """Calls a function at the n-th byte that is written or read."""

    def __init__(self, n, function):
        self.left = n
        self.function = function

    def _count(self, address, byte):
        self.left -= 1
        if self.left == 0:
            self.function()
        return byte

    on_write = on_read = _count


def test_sda_gets_stuck_in_a_transfer():
    for level, write, read in ((0, EIO, b"\x11\x11\x00\x00"), (1, 2, b"\x11\x11\xff\xff")):
        memory = Memory()
        i2c = bus_with(memory)
        memory.bytes[:] = b"\x11" * 256
        fault = Stuck(board.i2c(3).sda, level)
        At(3, lambda fault=fault: fault.on(for_us=70)).on(board.i2c(3))
        if level:  # no acknowledge gets through: register and two bytes are heard
            assert i2c.writeto(0x50, b"\x05abcde") == write + 1
        else:
            assert errno_of(i2c.writeto, 0x50, b"\x05abcde") == write
        clock.advance(100)
        assert memory.bytes[5:8] == b"ab\x11"
        board.i2c(3).faults.clear()
        At(2, lambda fault=fault: fault.on(for_us=100)).on(board.i2c(3))
        assert i2c.readfrom(0x50, 4) == read
        clock.advance(100)
        assert i2c.readfrom_mem(0x50, 5, 2) == b"ab"


def test_scl_gets_stuck_in_a_transfer():
    memory = Memory()
    i2c = bus_with(memory)
    fault = Stuck(board.i2c(3).scl)
    at = At(2, lambda: fault.on(for_us=2000)).on(board.i2c(3))
    start = clock.now()
    assert i2c.writeto(0x50, b"\x05abc") == 4  # stretched, no more
    assert memory.bytes[5:8] == b"abc" and clock.now() - start > 2000
    at.left = 2
    at.function = fault.on
    assert errno_of(i2c.writeto, 0x50, b"\x05xyz") == ETIMEDOUT
    fault.off()
    assert i2c.writeto(0x50, b"\x05xyz") == 4 and memory.bytes[5:8] == b"xyz"


def test_lines_that_are_stuck_high():
    for name in "I2C_SDA", "I2C_SCL":
        i2c = bus_with(Memory())
        fault = Stuck(board.wire(name), 1).on()
        assert errno_of(i2c.readfrom, 0x50, 1) in (EIO, ENODEV), name
        fault.off()
        assert i2c.readfrom(0x50, 1) == b"\x00"


def test_power_fails_in_a_transfer():
    memory = Memory()
    memory.power_on = lambda: None
    i2c = bus_with(memory)
    fault = BrownOut(board.i2c(3), memory)
    at = At(3, fault.on).on(board.i2c(3))
    assert i2c.writeto(0x50, b"\x05abcd") == 2
    at.left = 3
    at.function = fault.off  # it hears nothing before the next start
    assert i2c.scan() == []
    fault.off()
    memory.bytes[0] = 7
    memory.calls.clear()
    i2c.writeto(0x50, b"\x00")
    at.left = 2
    at.function = lambda: (fault.on(), fault.off())
    assert i2c.readfrom(0x50, 3) == b"\x07\x00\xff"
    assert i2c.readfrom_mem(0x50, 0, 1) == b"\x07"


# ---- Power: all addresses, outputs, what was being written


def test_a_chip_with_several_addresses_is_dark_at_all():
    fresh()
    chip = AT24C(1024).attach(board.i2c(3), 0x50)
    i2c = I2C(3)
    assert i2c.scan() == [0x50, 0x51, 0x52, 0x53]
    fault = BrownOut(board.i2c(3), chip).on()
    assert i2c.scan() == []
    fault.off()
    assert i2c.scan() == [0x50, 0x51, 0x52, 0x53]
    board.i2c(3).detach(chip)
    assert i2c.scan() == []


def test_outputs_float_without_power():
    fresh()
    wire, pin = board.wire("A1"), board.wire("A2")
    wire.pull(1)
    pin.pull(0)
    sensor = TMP105(alert=wire.driver("ALERT", open_drain=True))
    expander = MAX7310((None, pin))
    bus = board.i2c(3)
    bus.attach(0x48, sensor)
    bus.attach(0x18, expander)
    i2c = I2C(3)
    sensor.temperature = 100
    i2c.writeto(0x18, b"\x01\x02")
    i2c.writeto(0x18, b"\x03\x00")
    assert wire() == 0 and pin() == 1
    faults = [BrownOut(bus, device).on() for device in (sensor, expander)]
    assert wire() == 1 and pin() == 0
    sensor.temperature = 20
    sensor.temperature = 110  # nobody is awake to tell
    assert wire() == 1
    for fault in faults:
        fault.off()
    assert wire() == 0 and pin() == 0  # converting again; an expander starts with inputs


def flash():
    fresh()
    chip = board.spi(4).attach(board.wire("SPI4_CS"), W25Q(1 << 20))
    return chip, SPI(4), Pin("SPI_CS", Pin.OUT, value=1)


def command(spi, cs, tx, n=0):
    cs(0)
    spi.write(tx)
    got = spi.read(n, 0xFF) if n else b""
    cs(1)
    return got


def test_power_fails_while_a_flash_writes():
    chip, spi, cs = flash()
    fault = BrownOut(board.spi(4), chip)
    for tx, expected in (
        (b"\x02\x00\x00\x00" + bytes(8), b"\x00" * 4 + b"\xff" * 4),
        (b"\x20\x00\x00\x00", b"\xff" * 8),
    ):
        command(spi, cs, b"\x06")
        command(spi, cs, tx)
        assert chip.busy
        fault.on()
        assert command(spi, cs, b"\x05", 1) == b"\xff"
        clock.advance(1_000_000)  # what it was about to do does not happen behind its back
        fault.off()
        assert not chip.busy and chip.peek(0, 8) == expected
    chip.sectors[0] = bytearray(4096)
    command(spi, cs, b"\x06")
    command(spi, cs, b"\x20\x00\x00\x00")
    fault.on()
    fault.off()
    assert chip.peek(0, 4096) == b"\xff" * 2048 + bytes(2048)


def test_power_comes_back_while_selected():
    chip, spi, cs = flash()
    fault = BrownOut(board.spi(4), chip)
    cs(0)
    spi.write(b"\x9f")
    fault.on()
    fault.off()
    assert spi.read(3) == b"\xff\xff\xff"  # it has missed the edge of its chip select
    cs(1)
    assert command(spi, cs, b"\x9f", 3) == chip.identity


# ---- SPI, QSPI, serial lines, CAN, pins


def test_stuck_lines_of_spi():
    for name, level, heard, read in (
        ("MOSI", 0, b"\x00\x00", b"\xff\x00"),
        ("MOSI", 1, b"\xff\xff", b"\xff\xff"),
        ("MISO", 0, b"\x12\x34", b"\x00\x00"),
        ("MISO", 1, b"\x12\x34", b"\xff\xff"),
        ("SCK", 0, b"", b"\xff\xff"),
        ("SCK", 1, b"", b"\xff\xff"),
    ):
        fresh()
        device = board.spi(4).attach(None, Shift())
        device.last = 0xFF
        fault = Stuck(board.wire("SPI4_" + name), level).on()
        back = bytearray(2)
        SPI(4).write_readinto(b"\x12\x34", back)
        assert (device.came, back) == (heard, read), (name, level, device.came, back)
        fault.off()
        SPI(4).write_readinto(b"\x56\x78", back)
        assert device.came[-2:] == b"\x56\x78" and back[1] == 0x56


def test_a_stuck_chip_select():
    chip, spi, cs = flash()
    fault = Stuck(board.wire("SPI_CS"), 1).on()
    assert command(spi, cs, b"\x9f", 3) == b"\xff\xff\xff"
    fault.off()
    assert command(spi, cs, b"\x9f", 3) == chip.identity


class Quad:
    """A device on a quad bus that remembers what came, and sends 55."""

    def __init__(self):
        self.came = bytearray()
        self.starts = 0

    def select(self):
        pass

    def put(self, byte, lines):
        self.came.append(byte)

    def get(self, lines):
        return 0x55

    def dummy(self, cycles):
        pass

    def deselect(self):
        pass

    def power_on(self):
        self.starts += 1


class Format:
    instruction_lines = data_lines = 1
    dummy_cycles = 0


def test_faults_of_qspi():
    fresh()
    bus = parts.qspi(0)
    device = bus.attach(Quad())

    def transfer(n=4):
        rx = bytearray(n)
        bus.transfer(1_000_000, Format, 0x9F, -1, -1, None, rx)
        return bytes(rx)

    assert transfer() == b"\x55" * 4 and device.came == b"\x9f"
    lost = Lost(every=3).on(bus)
    assert transfer() == b"\x55\x55\xff\x55"
    noise = BitNoise(200_000, seed=5).on(bus)
    first = transfer(100)
    assert noise.flips > 100
    lost.off()
    noise.off()
    fault = BrownOut(bus, device).on()
    device.came = bytearray()
    assert transfer() == b"\xff" * 4 and device.came == b""
    fault.off()
    assert transfer() == b"\x55" * 4 and device.starts == 1
    lost = Lost(every=3).on(bus)
    lost._count = 4
    noise = BitNoise(200_000, seed=5).on(bus)
    assert transfer(100) == first  # the same seed, the same noise
    lost.off()


def test_noise_and_parity():
    for parity in None, 0, 1:
        fresh()
        board.uart(1).loopback()
        uart = UART(1, 9600, parity=parity, rxbuf=300)
        end = board.uart(1)
        noise = BitNoise(50_000, seed=1).on(end)
        uart.write(bytes(200))
        uart.flush()
        got = uart.read()
        if parity is None:
            assert len(got) == 200 and end.parity_errors == 0
        else:
            # One bit in a byte is noticed, two are not.
            assert end.parity_errors > 20 and len(got) == 200 - end.parity_errors
            assert all(bin(byte).count("1") % 2 == 0 for byte in got)
        assert noise.flips > 50 and end.framing_errors == 0


def test_stuck_serial_lines():
    for name, level, framing in (
        ("UART1_RX", 0, 3),
        ("UART1_RX", 1, 0),
        ("peer", 0, 3),
        ("peer", 1, 0),
    ):
        fresh()
        wire = board.wire("A3")
        peer = UartEnd("peer", wire)
        peer.set_up(9600)
        board.uart(1).connect(peer)
        uart = UART(1, 9600)
        fault = Stuck(wire if name == "peer" else board.wire(name), level).on()
        for byte in b"abc":
            peer.send(byte)
        clock.advance(10_000)
        assert uart.read() is None and board.uart(1).framing_errors == framing, (name, level)
        fault.off()
        peer.send(0x64)
        clock.advance(10_000)
        assert uart.read() == b"d"


def test_the_interrupt_object_of_a_pin_is_asked_for():
    fresh()
    pin = Pin("A1", Pin.IN)
    drive = board.wire("A1").driver("outside")
    log = []
    irq = pin.irq(lambda pin: log.append(pin()), Pin.IRQ_RISING)
    fault = LostInterrupt(pin.irq(), times=2)
    assert pin.irq() is irq and irq.trigger() == Pin.IRQ_RISING
    for _ in range(3):
        drive(1)
        drive(0)
    assert fault.lost == 2 and len(log) == 1
    pin.irq(None)
    drive(1)
    assert len(log) == 1


def test_lost_interrupts_of_a_can_node():
    fresh()
    bus = parts.can(0)
    a, b = Controller(bus, "a"), Controller(bus, "b")
    from machine import CAN
    from sim.canframe import Frame

    can = CAN(0, 500_000)
    can.set_filters(None)
    a.start(500_000)
    frame = Frame()
    frame.id = 5
    seen = []
    can.irq(lambda can: seen.append(can.irq().flags()), CAN.IRQ_RX)
    events = []
    b.start(500_000, 0, events.append)
    for source in can.irq(), b:
        fault = LostInterrupt(source)
        seen.clear()
        events.clear()
        for _ in range(2):
            a.send(frame)
            clock.advance(1000)
        assert fault.lost == 1 and (len(seen), len(events)) in ((1, 2), (2, 1)), (seen, events)
        while can.recv():
            pass


# ---- The clock


def test_past_all_limits_of_small_numbers():
    """Microseconds go on where milliseconds and ticks wrap: 2^30, 2^31, 2^32, 2^40."""
    for limit in 30, 31, 32, 40:
        i2c = bus_with(TMP105(), 0x48)
        board.uart(1).loopback()
        uart = UART(1, 9600, timeout=5)
        clock.current().reach((1 << limit) - 600)
        rang = []
        alarm = clock.after(1000, lambda rang: rang.append(clock.now()), rang)
        clock.after(900, rang.append, "first")
        uart.write(b"x")
        assert i2c.readfrom(0x48, 2) == b"\x00\x00"
        assert uart.read(1) == b"x" and clock.now() > 1 << limit
        assert rang == ["first", (1 << limit) + 400] and alarm.when_us == (1 << limit) + 400
        start = clock.now()
        assert uart.read(1) is None and clock.now() - start == 5000
