# platforms: cpython host-stock mps2-stock
# port: stm32
# uses: unit/families/stm32.py

from errno import EOPNOTSUPP, ETIMEDOUT

import rtos
from rtos.core import set_clock
from support import MICROPYTHON, Stm32, fails, raises

rtos.run, rtos.VirtualPort, rtos.Thread, rtos.sleep_ms  # noqa: B018 - with the real time


def settle():
    """Let scheduled calls run."""
    if MICROPYTHON:
        for _ in range(20):
            pass
    else:
        import micropython

        micropython.run_scheduled()


def opened(family="f4", **options):
    chip = Stm32(family)
    chip.open()
    from drivers import BufferedSerial

    serial = BufferedSerial(**options)
    return chip, serial, chip.uarts[3]


def test_settings():
    chip, serial, uart = opened(baudrate=9600, bits=8, parity=0, stop=2, flow=True, rxbuf=40)
    assert uart.settings == (3, 9600, 8, 0, 2, 768, 40)
    serial.deinit()
    assert not uart.on
    from drivers import BufferedSerial

    other = BufferedSerial(tx="PA2", rx="PA3")
    assert chip.uarts[2].settings[0] == 2
    other.deinit()
    text = "nucleo: unsupported combination of bits and parity"
    fails(EOPNOTSUPP, text, lambda: BufferedSerial(bits=9, parity=1))
    raises(ValueError, BufferedSerial, 7)


def test_write_never_waits():
    chip, serial, uart = opened(baudrate=115_200, txbuf=20)
    before = chip.core.now
    assert serial.write(b"0123456789") == 10
    assert serial.write(b"abcdefghijklmnop") == 10
    assert serial.write(b"x") is None
    assert serial.write(b"") == 0
    assert chip.core.now == before
    chip.core.pass_time(95 * 3)
    assert uart.sent in (b"012", b"0123")
    assert serial.write(b"KLM") == 3
    chip.core.pass_time(95 * 40)
    assert uart.sent == b"0123456789abcdefghijKLM"
    assert chip.core.uncaught == []
    serial.deinit()


def test_a_byte_waits_while_the_line_is_held_up():
    chip, serial, uart = opened(baudrate=115_200, flow=True)
    uart._free_at = 5000  # CTS
    serial.write(b"abc")
    chip.core.pass_time(4500)
    assert uart.sent == b""
    chip.core.pass_time(1000)
    assert uart.sent == b"abc"
    serial.deinit()


def test_a_line_is_nearly_as_busy_as_it_can_be():
    chip, serial, uart = opened(baudrate=9600, txbuf=100)
    serial.write(b"u" * 90)
    before = chip.core.now
    while len(uart.sent) < 90:
        chip.core.pass_time(100)
    ideal_us = 90 * 10_000_000 // 9600
    assert chip.core.now - before <= ideal_us * 1.12, chip.core.now - before
    serial.deinit()


def run(chip, main):
    """rtos.run() in the chip's time."""

    class Port(rtos.VirtualPort):
        def idle(self):
            settle()
            chip.core.pass_time(100)
            self.ms = chip.core.now // 1000
            if 0 <= self._due <= self.ms:
                self._ring()
            else:
                set_clock(self.ms)
            settle()

    return rtos.run(main, port=Port())


def test_a_thread_sends_and_drains():
    chip, serial, uart = opened(baudrate=115_200, txbuf=8)

    async def send():
        await serial.sendall(b"more than fits at once", 1000)
        await serial.drain(1000)
        assert uart.sent == b"more than fits at once"

    run(chip, send)
    serial.deinit()


def test_a_thread_receives():
    chip, serial, uart = opened()

    async def receive():
        buf = bytearray(10)
        for sent in (b"a", b"bcd", b"", b"efghijklm"):
            uart.receive(sent)
            got = b""
            while len(got) < len(sent):
                n = await serial.recv_into(buf, 1000)
                got += bytes(buf[:n])
            assert got == sent
        error = None
        try:
            await serial.recv_into(buf, 20)
        except OSError as raised:
            error = raised
        assert error is not None and error.args[0] == ETIMEDOUT

    run(chip, receive)
    assert chip.core.uncaught == []
    serial.deinit()


def test_a_thread_waits_for_bytes():
    chip, serial, uart = opened()
    got = []

    async def receive():
        buf = bytearray(4)
        got.append(await serial.recv_into(buf, 1000))

    async def both():
        thread = rtos.Thread(receive).start()
        await rtos.sleep_ms(5)
        assert got == []
        uart.receive(b"xy")
        await thread.join()

    run(chip, both)
    assert got == [1] or got == [2]
    serial.deinit()


def test_what_was_there_before_wakes_too():
    chip, serial, uart = opened()
    uart.receive(b"early")
    count = [0]

    def note(serial):
        count[0] += 1

    assert serial.any() == 5
    serial.notify(note)
    chip.core.pass_time(200)
    settle()
    assert count == [1]
    buf = bytearray(8)
    assert serial.readinto(buf) == 5 and serial.readinto(buf) is None
    uart.receive(b"x")
    assert count == [2]
    serial.deinit()


def test_unbuffered():
    chip = Stm32("f4")
    chip.open()
    from drivers import UnbufferedSerial

    serial = UnbufferedSerial(baudrate=115_200)
    uart = chip.uarts[3]
    got = bytearray(4)
    count = [0]

    def read(serial):
        count[0] += serial.readinto(got) or 0

    serial.attach(read, hard=True)
    uart.receive(b"ab")
    assert count == [2] and got[0:1] == b"b"  # each by itself
    assert serial.write(b"out") == 3 and uart.sent == b"out"
    serial.deinit()


def test_all_has_been_sent():
    chip = Stm32("f4")
    chip.open()
    from drivers import UnbufferedSerial

    serial = UnbufferedSerial(baudrate=115_200)
    count = [0]

    def sent(serial):
        count[0] += 1

    serial.attach(sent, UnbufferedSerial.TX, hard=True)
    chip.core.pass_time(1000)
    assert count == [1]  # there is nothing to send
    serial.write(b"ab")
    chip.core.pass_time(1000)
    assert count == [2]  # once after each write, and no alarm goes on
    chip.core.pass_time(5000)
    assert count == [2] and serial._uart._alarm._queue._first is None
    serial.deinit()


def test_errors_of_f4_go_with_each_byte():
    chip, serial, uart = opened()
    uart.receive(b"a")
    uart.receive(b"b", 2)
    uart.receive(b"c", 1 | 8)
    uart.receive(b"d", 4)  # noise is no error that is counted
    uart.receive(b"e", 2)
    assert serial.errors() == (1, 2, 1)
    assert serial.read() == b"abcde" and chip.core.uncaught == []
    serial.deinit()
    # Since the board started, and for each port.
    from drivers import BufferedSerial

    serial = BufferedSerial()
    assert serial.errors() == (1, 2, 1)
    other = BufferedSerial(2)
    assert other.errors() == (0, 0, 0)
    for port in (serial, other):
        port.deinit()


def test_errors_of_others_stay_in_isr():
    chip, serial, uart = opened("l4")
    uart.receive(b"a", 2)
    uart.receive(b"b", 2)  # the same bit
    assert serial.errors() == (0, 1, 0) and uart.errors == 0
    uart.errors = 8  # the port's ring is full: nobody has cleared it
    assert serial.read() == b"ab"
    assert serial.errors() == (1, 1, 0)
    # With somebody who waits the interrupt sees what the port clears.
    serial.notify(lambda serial: None)
    uart.receive(b"c", 8 | 1)
    assert serial.errors() == (2, 1, 1) and uart.errors == 0
    assert chip.core.uncaught == []
    serial.deinit()


def test_a_break():
    chip, serial, uart = opened(baudrate=115_200, txbuf=20)
    cells = chip.memory.cells
    base = chip.numbers.GPIO + chip.numbers.GPIO_STEP  # port B; TX is PB10
    cells[base] = 0xAAAAAAAA  # all of them belong to peripherals
    serial.write(b"last words")
    seen = []
    store = chip.memory.store

    def watch(at, value):
        if at in (base, base + 0x18):
            seen.append((at - base, value, chip.core.now, bytes(uart.sent)))
        store(at, value)

    chip.memory.store = watch
    serial.send_break(12)
    low, begun, ended = seen
    assert low[:2] == (0x18, 1 << 26) and low[3] == b"last words"
    assert begun[:2] == (0, 0xAA9AAAAA) and ended[:2] == (0, 0xAAAAAAAA)
    assert ended[2] - begun[2] == 12_000
    serial.write(b"on")
    chip.core.pass_time(500)
    assert uart.sent == b"last wordson"
    for ms in (0, 10_001):
        raises(ValueError, serial.send_break, ms)
    import driverport.uart as module

    module._HELD_US = 500
    uart._free_at = chip.core.now + 1_000_000  # CTS
    serial.write(b"held up")
    fails(ETIMEDOUT, "what was written does not leave", serial.send_break, 1)
    serial.deinit()


def test_another_format():
    chip, serial, uart = opened(txbuf=20)
    serial.write(b"old" * 6)
    serial.baud(9600)
    new = chip.uarts[3]
    assert new is not uart and new.settings[1] == 9600
    sent = len(uart.sent)
    serial.write(b"new")
    chip.core.pass_time(5000)
    assert new.sent == b"new" and len(uart.sent) == sent
    serial.deinit()
