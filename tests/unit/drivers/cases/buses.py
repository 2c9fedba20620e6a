# I2C and SPI on the simulated buses of board host.
from errno import EIO, EOPNOTSUPP, ETIMEDOUT

import rtos
from drivers import I2C, SPI, BufferedSerial, DigitalOut, UnbufferedSerial
from drivers.sharedbus import SharedBus
from i2cclear import clear
from support import fresh, no_allocation, raises, run_main

fresh()
from sim import board  # noqa: E402
from sim.devices.tmp105 import TMP105  # noqa: E402

EBUSY = 16


def thermometers(number=3):
    """A bus with two of them: 21.5 and -10.5 degrees."""
    fresh()
    bus = board.i2c(number)
    for address, celsius in ((0x48, 21.5), (0x49, -10.5)):
        bus.attach(address, TMP105()).temperature = celsius
    return bus


def test_reads_and_scans():
    thermometers()
    i2c = I2C()
    assert i2c.scan() == [0x48, 0x49]
    assert i2c.readfrom_mem(0x48, 0, 2) == b"\x15\x80"
    assert i2c.device(0x49, freq=400_000).readfrom_mem(0x49, 0, 2) == b"\xf5\x80"
    assert raises(OSError, i2c.readfrom, 0x22, 1).args[0] == 19
    raises(ValueError, i2c.readfrom, 0x48, 0)
    raises(ValueError, i2c.readfrom_into, 0x48, b"")
    raises(OSError, i2c.start)  # this controller has no primitives
    i2c.deinit()


def test_a_with_block_gives_them_back():
    fresh()
    for kind, use in (
        (I2C, lambda bus: bus.scan()),
        (SPI, lambda bus: bus.write(b"x")),
        (BufferedSerial, lambda port: port.any()),
        (UnbufferedSerial, lambda port: port.any()),
    ):
        for _ in range(2):  # the second finds the pins free
            with kind() as port:
                use(port)
            assert raises(OSError, use, port).args[0] == 19, kind
    with SPI() as spi, spi.device("D3") as device:
        device.write(b"x")
    DigitalOut("D3").deinit()


class Picky:
    """Acknowledges so many bytes of a message."""

    def __init__(self, takes):
        self.takes = takes
        self.got = bytearray()

    def start(self, read):
        self.got = bytearray()
        return True

    def write(self, byte):
        self.got.append(byte)
        return len(self.got) <= self.takes

    def read(self):
        return 0x5A

    def stop(self):
        pass


def test_what_a_device_refuses_is_an_error():
    """machine.I2C says nothing of a register or of data that is not acknowledged."""
    bus = thermometers()
    bus.attach(0x20, Picky(2))
    i2c = I2C()
    buf = bytearray(1)
    assert i2c.readfrom_mem(0x20, 0x1234, 1, addrsize=16) == b"Z"
    i2c.readfrom_mem_into(0x20, 0x12, buf)
    assert buf == b"Z"
    for call in (
        lambda: i2c.readfrom_mem(0x20, 0x123456, 1, addrsize=24),
        lambda: i2c.readfrom_mem_into(0x20, 0x123456, buf, addrsize=32),
        lambda: i2c.writeto_mem(0x20, 1, b"ab"),
        lambda: i2c.writeto_mem(0x20, 0x1234, b"a", addrsize=16),
    ):
        assert raises(OSError, call).args[0] == EIO
        assert i2c.readfrom_mem(0x48, 0, 2) == b"\x15\x80"  # the bus is free
    i2c.writeto_mem(0x20, 1, b"a")
    assert i2c.writeto(0x20, b"abcd") == 2
    for size in (-8, 7, 40, None):
        raises(ValueError, lambda size=size: i2c.readfrom_mem(0x20, 0, 1, addrsize=size))
        raises(ValueError, lambda size=size: i2c.writeto_mem(0x20, 0, b"a", addrsize=size))
    i2c.deinit()


def test_a_device_that_holds_sda_is_freed():
    """After the time-out by itself, so that the next transfer works; also asked to."""
    bus = thermometers()
    i2c = I2C(timeout_us=1000)
    for clocks in (1, 5, 9):
        bus.hang(clocks)
        assert not bus.sda()
        error = raises(OSError, i2c.readfrom_mem, 0x48, 0, 2)
        assert error.args[0] == ETIMEDOUT, error
        assert bus.sda()
        assert i2c.readfrom_mem(0x48, 0, 2) == b"\x15\x80"
        bus.hang(clocks)
        assert i2c.recover() is True
        assert i2c.device(0x49).readfrom_mem(0x49, 0, 2) == b"\xf5\x80"
    bus.hang(100)
    assert i2c.recover() is False
    assert raises(OSError, i2c.readfrom, 0x48, 1).args[0] == ETIMEDOUT
    i2c.deinit()


class Line:
    """An open-drain line that records what it is told; held(clocks) says what others do."""

    def __init__(self, name, log, held=None):
        self.name, self.log, self.held = name, log, held
        self.level = 1

    def __call__(self, level=None):
        if level is None:
            return 0 if self.held is not None and self.held() else self.level
        self.level = level
        self.log.append((self.name, level))


def cleared(stuck):
    """(what clear() returns, what it did) with SDA held for so many clocks; None: for ever."""
    log = []

    def held():
        return stuck is None or log.count(("scl", 0)) < stuck

    return clear(Line("scl", log), Line("sda", log, held), 1), log


def test_clear_makes_no_more_clocks_than_it_takes():
    for stuck in (0, 1, 4, 9):
        free, log = cleared(stuck)
        # The last is that of the stop condition: SDA rises while SCL is high.
        assert free and log.count(("scl", 0)) == stuck + 1, (stuck, log)
        assert log[-4:] == [("scl", 0), ("sda", 0), ("scl", 1), ("sda", 1)]
    free, log = cleared(None)
    assert not free and log.count(("scl", 0)) == 10


def test_a_kept_bus_is_closed_to_others():
    thermometers()
    i2c = I2C()
    seen = []

    async def intruder():
        seen.append(raises(OSError, i2c.readfrom_mem, 0x48, 0, 2).args)
        await i2c.acquire()
        seen.append(i2c.readfrom_mem(0x48, 0, 2))
        i2c.release()

    async def main():
        async with i2c:
            other = rtos.Thread(intruder).start()
            await rtos.sleep_ms(5)
            i2c.readfrom_mem(0x48, 0, 2)
        await other.join()
        await i2c.transfer(0x48, b"\0", bytearray(2))
        try:
            await i2c.transfer(0x33, b"\0")
        except OSError as error:
            seen.append(error.args[0])

    run_main(main)
    assert seen[0][0] == EBUSY and "I2C(3) is kept by <Thread 'main'" in seen[0][1], seen
    assert seen[1:] == [b"\x15\x80", 19], seen
    i2c.deinit()


def test_callbacks_in_the_middle_of_a_transfer_are_refused():
    bus = thermometers()
    i2c = I2C()
    refused = []

    class Nosy(TMP105):
        def read(self):
            refused.append(raises(OSError, i2c.readfrom, 0x48, 1).args)
            return super().read()

    bus.attach(0x4A, Nosy())
    i2c.readfrom(0x4A, 1)
    assert refused == [(EBUSY, "I2C(3) is in the middle of a transfer")]
    assert i2c.readfrom_mem(0x48, 0, 2) == b"\x15\x80"
    i2c.deinit()


class Echo:
    """An SPI device that answers each byte with the one before, and counts selections."""

    modes = (0, 1, 2, 3)

    def __init__(self):
        self.selected = self.deselected = 0
        self.got = bytearray()
        self._last = 0

    def select(self):
        self.selected += 1

    def deselect(self):
        self.deselected += 1

    def exchange(self, byte):
        last, self._last = self._last, byte
        self.got.append(byte)
        return last


def echo(cs):
    fresh()
    return board.spi(4).attach(board.wire(cs), Echo())


def test_spi_lengths_differ_at_will():
    device = echo("SPI4_CS")
    spi = SPI(ssel="SPI_CS")
    buf = bytearray(5)
    spi.write_readinto(b"\x01\x02", buf)
    assert device.got == b"\x01\x02\xff\xff\xff" and buf == b"\x00\x01\x02\xff\xff"
    device.got = bytearray()
    two = bytearray(2)
    spi.write_readinto(b"abcd", two)
    assert device.got == b"abcd" and two == b"\xffa"
    spi.write_value(0x55)
    assert spi.read(3) == b"dUU" and spi.write_value() == 0x55
    assert spi.read(2, 7) == b"U\x07"
    spi.readinto(two)
    assert two == b"\x07\x55"
    assert device.selected == device.deselected == 5
    spi.deinit()


def test_spi_selection_over_several_transfers():
    device = echo("SPI4_CS")
    spi = SPI()
    chip = spi.device("SPI_CS", polarity=1, phase=1)
    other = spi.device("D2", baudrate=5_000_000)
    chip.select()
    chip.select()
    chip.write(b"a")
    chip.readinto(bytearray(2))
    error = raises(OSError, other.write, b"x")
    assert error.args[0] == EBUSY and "is selected" in error.args[1], error
    assert raises(OSError, spi.read, 1).args[0] == EBUSY
    assert device.selected == 1 and device.deselected == 0
    chip.deselect()
    chip.deselect()
    assert device.deselected == 1
    other.write(b"x")
    chip.write(b"b")
    assert device.selected == 2 and device.got == b"a\xff\xffb"

    async def main():
        tx, rx = bytes(range(150)), bytearray(200)
        await chip.transfer(tx, rx)
        assert rx[1:151] == tx and rx[151:] == b"\xff" * 49
        assert device.selected == device.deselected == 3

    run_main(main)
    spi.deinit()


def test_spi_misuse():
    fresh()
    assert raises(OSError, lambda: SPI(bits=16)).args[0] == EOPNOTSUPP
    for wrong in (
        {"bits": 33},
        {"phase": 3},
        {"baudrate": 0},
        {"firstbit": 7},
        {"bus": 5},
        {"sck": "LED1"},
    ):
        raises(ValueError, lambda wrong=wrong: SPI(**wrong))
    spi = SPI()
    assert raises(OSError, DigitalOut, "SPI4_MISO").args[0] == EBUSY
    assert SPI.default() is SPI.default()
    assert raises(OSError, spi.write, b"x").args[0] == 19
    SPI.default().deinit()
    assert repr(spi) == "<SPI(4) deinitialised>"


def test_a_chip_select_that_fails_leaves_the_bus_free():
    device = echo("SPI4_CS")
    cs = DigitalOut("SPI_CS", value=1)
    spi = SPI(ssel=cs)
    spi.write(b"x")
    cs.deinit()
    plain = spi.device(None)
    two = bytearray(2)
    for call in (
        lambda: spi.write(b"abc"),
        lambda: spi.readinto(two),
        lambda: spi.write_readinto(two, two),
        lambda: spi.write_readinto(b"abc", two),
        spi.select,
    ):
        assert raises(OSError, call).args[0] == 19
        plain.write(b"free")
    assert device.got == b"x"

    async def main():
        spi.deselect()
        await rtos.sleep_ms(1)

    run_main(main)  # the kernel is not locked
    spi.deinit()
    SPI().deinit()


def test_nothing_is_set_after_deinit():
    fresh()
    i2c, spi = I2C(), SPI()
    device, chip = i2c.device(0x48), spi.device(None)
    for bus in (i2c, spi):
        bus.deinit()
    for call in (
        lambda: i2c.freq(1000),
        lambda: i2c.init(freq=1000),
        lambda: i2c.device(0x48),
        lambda: device.freq(1000),
        device.recover,
        lambda: spi.init(1000),
        lambda: spi.device(None),
        chip.select,
        lambda: chip.read(1),
    ):
        assert raises(OSError, call).args[0] == 19


def test_what_has_no_byte_to_fill_with_is_refused():
    fresh()
    spi = SPI()
    for wrong in (256, -1, b"x", 1.5):
        raises(ValueError, spi.write_value, wrong)
        raises(ValueError, lambda wrong=wrong: spi.device(None, write_value=wrong))
        raises(ValueError, lambda wrong=wrong: SPI(write_value=wrong))
    raises(ValueError, lambda: SPI(bits="8"))
    raises(ValueError, lambda: I2C(timeout_us=None))
    spi.deinit()


def test_a_terminated_transfer_leaves_the_bus_free():
    thermometers()
    i2c = I2C()
    rx = bytearray(2)

    async def endless():
        while True:
            await i2c.transfer(0x48, b"\0", rx)

    async def main():
        for turns in range(1, 6):
            thread = rtos.Thread(endless).start()
            for _ in range(turns):
                await rtos.yield_()
            thread.terminate()
            await i2c.acquire(timeout_ms=10)
            assert i2c.readfrom_mem(0x49, 0, 2) == b"\xf5\x80", turns
            i2c.release()

    run_main(main)
    i2c.deinit()


def test_a_thread_that_only_reads_lets_equals_run():
    thermometers()
    i2c = I2C()
    reads = []

    async def reader():
        while len(reads) < 100:
            await i2c.transfer(0x48, None, bytearray(2))
            reads.append(1)

    async def main():
        thread = rtos.Thread(reader).start()
        await rtos.yield_()
        await rtos.yield_()
        assert 1 <= len(reads) < 4, len(reads)
        await thread.join()

    run_main(main)
    i2c.deinit()


def test_the_checks_allocate_nothing():
    bus = SharedBus("bus", None)

    def rounds():
        for _ in range(1000):
            bus.check()

    no_allocation(rounds)


def test_chips_name_what_is_wrong():
    from drivers.chips import AT24C
    from drivers.chips import TMP105 as Thermometer
    from sim.devices.at24c import AT24C as Memory

    bus = thermometers()
    bus.attach(0x50, Memory())
    i2c = I2C(timeout_us=1000)
    chip = Thermometer(i2c)
    memory = AT24C(i2c)
    error = raises(OSError, Thermometer, i2c, 0x4B)
    assert error.args == (19, "no TMP105 at 0x4b"), error
    assert chip.temperature_c() == 21.5
    i2c.deinit()
    gone = "I2C(3) has been deinitialised: make a new one"
    error = raises(OSError, chip.temperature_c)
    assert error.args == (19, "TMP105 at 0x48: " + gone), error
    error = raises(OSError, memory.read, 0, bytearray(4))
    assert error.args[0] == 19 and gone in error.args[1], error
    error = raises(OSError, memory.program, 0, b"abcd")  # without waiting for an answer
    assert error.args[0] == 19 and gone in error.args[1], error
    memory.deinit()  # nothing waits to be written
    memory.deinit()
    error = raises(OSError, Thermometer, i2c)
    assert gone in error.args[1], error
    # A bus that is stuck, also while a chip is being made.
    bus = thermometers()
    i2c = I2C(timeout_us=1000)
    chip = Thermometer(i2c)
    bus.hang(100)
    error = raises(OSError, Thermometer, i2c)
    assert error.args[0] == ETIMEDOUT and error.args[1].startswith("TMP105 at 0x48: "), error
    error = raises(OSError, chip.temperature_c)
    assert error.args[0] == ETIMEDOUT and error.args[1].startswith("TMP105 at 0x48: "), error
    i2c.deinit()
