# platforms: cpython host-stock mps2-stock
# port: nrf
# uses: unit/families/nrf.py unit/families/nrf_uarte.py

import sys
from errno import EOPNOTSUPP, ETIMEDOUT

import micropython
import rtos
from rtos.core import set_clock
from support import MICROPYTHON, P0, P1, Nrf, UarteModel, fails, raises

rtos.run, rtos.VirtualPort, rtos.Thread, rtos.sleep_ms  # noqa: B018 - with the real time

EBUSY = 16
BASE = 0x40002000
#: The interpreter's, which the kernel has; later tests find the chip's under its name.
own = sys.modules.setdefault("own_micropython", micropython)


class Nothing:
    def append(self, item):
        pass


def opened(n=0, name="nrf52840", **options):
    chip = Nrf(name)
    chip.memory.log = Nothing()
    chip.open()
    uart = UarteModel(chip, n)
    from drivers import BufferedSerial

    return chip, BufferedSerial(n, **options), uart


def test_settings():
    chip, serial, uart = opened(baudrate=115_200, parity=0, stop=2, flow=True)
    cells = chip.memory.cells
    assert cells[BASE + 0x524] == 0x01D60000
    assert cells[BASE + 0x56C] == 0x1F
    assert cells[BASE + 0x50C] == 14 and cells[BASE + 0x514] == 15
    assert cells[BASE + 0x508] == 16 and cells[BASE + 0x510] == 17
    assert cells[P0 + 0x700 + 4 * 14] & 1 and not cells[P0 + 0x700 + 4 * 15] & 1
    assert cells[P0 + 0x504] >> 14 & 1, "the line idles at 1"
    serial.deinit()
    serial.deinit()
    assert not uart.enabled() and cells[BASE + 0x50C] == 0xFFFFFFFF
    assert cells[P0 + 0x700 + 4 * 14] & 1 == 0
    assert cells[0x4001F508] == 1 << 14 and not uart.counts


def test_pins_of_the_second_port_and_any_others():
    chip, serial, uart = opened(1)
    assert chip.memory.cells[0x40028000 + 0x50C] == 33
    assert chip.memory.cells[P1 + 0x700 + 4] & 1
    serial.deinit()
    from drivers import BufferedSerial

    other = BufferedSerial(1, tx="P1.09", rx="P5")
    assert chip.memory.cells[0x40028000 + 0x50C] == 41
    assert chip.memory.cells[0x40028000 + 0x514] == 5
    other.deinit()


def test_what_the_chip_has_not():
    chip = Nrf()
    chip.open()
    UarteModel(chip)
    from drivers import BufferedSerial

    def new(**options):
        return lambda: BufferedSerial(0, **options)

    text = "dongle has no serial format but 8 bits, parity None or 0, 1 or 2 stop"
    fails(EOPNOTSUPP, text, new(parity=1))
    fails(EOPNOTSUPP, text, new(bits=7))
    fails(EOPNOTSUPP, "dongle has no serial rate of 12345: use 1200, 2400,", new(baudrate=12345))
    fails(EOPNOTSUPP, "no RTS and CTS on UART(1)", lambda: BufferedSerial(1, flow=True))
    raises(ValueError, BufferedSerial, 7)
    # machine.UART, which is the console: one byte of memory that is no heap.
    chip.memory.cells[BASE + 0x500] = 8
    fails(EBUSY, "UART(0) of dongle is machine.UART's: is it the console?", new())
    chip = Nrf("nrf52832")
    chip.open()
    UarteModel(chip)
    from drivers import BufferedSerial

    fails(EOPNOTSUPP, "parity None or 0, 1 stop", lambda: BufferedSerial(0, stop=2))
    fails(EOPNOTSUPP, "dongle has no UART(1)", lambda: BufferedSerial(1))


def test_a_board_without():
    chip = Nrf()
    chip.open()
    del sys.modules["board"].BUSES["UART"]
    from drivers import BufferedSerial

    fails(EOPNOTSUPP, "dongle has no serial ports for drivers", BufferedSerial)


def test_bytes_come_over_many_halves():
    chip, serial, uart = opened(rxbuf=100, baudrate=1_000_000)
    expected = bytes([n * 7 & 0xFF for n in range(1000)])
    got = b""
    for n in range(0, 1000, 40):
        uart.send(expected[n : n + 40])
        chip.pass_time(300)
        if n % 80:
            got += serial.read()
    got += serial.read()
    assert got == expected, (len(got), got[:100], serial.errors())
    assert serial.read() is None and serial.errors() == (0, 0, 0)
    serial.deinit()


def test_without_anybody_who_reads():
    chip, serial, uart = opened(rxbuf=100, baudrate=1_000_000)
    for n in range(10):
        uart.send(bytes([n] * 30))
        chip.pass_time(550)
    assert serial.any() == 100
    assert serial.read() == bytes([0] * 30 + [1] * 30 + [2] * 30 + [3] * 10)
    assert serial.errors()[0] > 0
    uart.send(b"again")
    assert serial.read() == b"again"
    serial.deinit()


def test_an_alarm_that_comes_too_late():
    chip, serial, uart = opened(rxbuf=100)
    uart.send(bytes(60))
    assert serial.any() == 60
    # Both halves are full, or nearly: nothing can be known of these bytes.
    uart.send(bytes(40 + 100 - 16))
    assert serial.any() == 60 and serial.errors() == (1, 0, 0)
    assert len(serial.read()) == 60
    uart.send(b"afterwards")
    assert serial.read() == b"afterwards"
    serial.deinit()


def test_the_counter_is_ahead_of_the_unit():
    chip, serial, uart = opened(rxbuf=64)
    uart.send(bytes(range(63)))
    assert serial.any() == 63
    serial.read()
    # The last byte of a half has been counted, and the next half has not begun.
    uart.send(b"x")
    uart.events[0x14C] = 0
    assert serial.any() == 0
    uart.events[0x14C] = 1
    assert serial.read() == b"x"
    assert chip.memory.cells[BASE + 0x534] == uart.pointer - 64
    serial.deinit()


def test_errors_are_counted_and_the_bytes_before_stay():
    chip, serial, uart = opened(rxbuf=64)
    uart.send(b"before")
    uart.send(b"?", error=4, stored=False)  # framing: is counted, perhaps, and not stored
    assert serial.read() == b"before"
    assert serial.errors() == (0, 1, 0) and uart.errors == 0
    uart.send(b"behind")
    assert serial.read() == b"behind"
    uart.send(b"p", error=2)
    uart.send(b"o", error=1)
    assert serial.read() == b"po"
    uart.send(b"\0", error=0xC, stored=False)  # a break is a framing error, too
    chip.pass_time(3_000)
    assert serial.errors() == (1, 2, 1)
    # Where a half has just ended.
    uart.send(bytes(60))
    serial.read()
    uart.send(b"123456")
    uart.send(b"?", error=4, stored=False)
    assert serial.read() == b"123456"
    serial.deinit()


def test_rts_holds_the_sender_up():
    chip, serial, uart = opened(rxbuf=70, flow=True)
    sent = 0
    while sent < 200 and uart.running:
        uart.send(bytes([sent]))
        sent += 1
    assert sent == 70  # a half
    uart.send(b"abcde")  # in the unit, which has RTS high now
    got = b""
    for _ in range(20):
        chip.pass_time(1000)
        got += serial.read() or b""
        if len(got) == 75:
            break
    assert got == bytes(range(70)) + b"abcde" and serial.errors() == (0, 0, 0)
    serial.deinit()


def test_write_never_waits():
    chip, serial, uart = opened(txbuf=20)
    before = chip.core.now
    assert serial.write(b"0123456789") == 10
    assert serial.write(b"abcdefghijklmnop") == 10
    assert serial.write(b"x") is None and serial.write(b"") == 0
    assert chip.core.now - before < 50
    chip.pass_time(95 * 12)
    assert serial.write(b"KLM") == 3
    chip.pass_time(95 * 30)
    assert uart.wire == b"0123456789abcdefghijKLM"
    serial.deinit()


def test_pieces_are_no_longer_than_maxcnt():
    chip, serial, uart = opened(name="nrf52832", txbuf=600, baudrate=1_000_000)
    data = bytes([n & 0xFF for n in range(600)])
    assert serial.write(data) == 600
    chip.pass_time(12 * 600)
    assert uart.wire == data
    serial.deinit()


def test_unbuffered_waits_for_the_wire():
    chip = Nrf()
    chip.memory.log = Nothing()
    chip.open()
    uart = UarteModel(chip)
    from drivers import UnbufferedSerial

    serial = UnbufferedSerial(flow=True, baudrate=1_000_000)
    data = bytes([n * 3 & 0xFF for n in range(150)])
    before = chip.core.now
    assert serial.write(data) == 150 and uart.wire == data
    assert chip.core.now - before >= 150 * 10
    import driverport.uart as module

    assert module._HELD_US == 100_000
    module._HELD_US = 1000
    uart.send(b"ok")
    assert serial.read(5) == b"ok" and serial.writable()
    uart.held = True
    assert serial.write(b"nobody") is None
    uart.dead = True  # not even the stop is heard: it ends all the same
    assert serial.write(b"nobody") is None
    serial.deinit()
    assert not uart.enabled()


def test_a_break():
    chip, serial, uart = opened(txbuf=20)
    uart.send(b"kept")
    serial.write(b"last words")
    low = []
    port = chip.memory.on_write[P0 + 0x50C]

    def watch(value):
        low.append((value, chip.core.now, uart.enabled(), bytes(uart.wire)))
        port(value)

    chip.memory.on_write[P0 + 0x50C] = watch
    chip.set_out = lambda base, mask, level, old=chip.set_out: (
        low.append((level, chip.core.now, uart.enabled(), bytes(uart.wire)))
        if mask == 1 << 14
        else None,
        old(base, mask, level),
    )
    serial.send_break(12)
    levels = [entry for entry in low if entry[0] in (0, 1)]
    assert levels[0][0] == 0 and levels[0][2:] == (False, b"last words")
    assert levels[1][0] == 1 and levels[1][1] - levels[0][1] == 12_000
    assert uart.enabled() and serial.read() == b"kept"
    uart.send(b"on")
    assert serial.read() == b"on"
    raises(ValueError, serial.send_break, 0)
    raises(ValueError, serial.send_break, 10_001)
    import driverport.uart as module

    module._HELD_US = 1000
    uart.held = True
    serial.write(b"held up")
    fails(ETIMEDOUT, "what was written does not leave", serial.send_break, 1)
    serial.deinit()


def test_another_format_keeps_what_came():
    chip, serial, uart = opened()
    uart.send(b"old")
    serial.baud(9600)
    assert chip.memory.cells[BASE + 0x524] == 0x00275000
    fails(EOPNOTSUPP, "parity None or 0", serial.format, 8, 1)
    assert uart.enabled()
    uart.send(b" and new")
    assert serial.read() == b"old and new"
    serial.deinit()


def test_after_ctrl_d_nothing_is_written_to_the_old_heap():
    chip, serial, uart = opened()
    console = UarteModel(chip, 1)
    chip.memory.cells[0x40028000 + 0x500] = 8
    chip.memory.cells[0x40028000 + 0x538] = 1
    chip.memory.cells[0x40003000 + 0x500] = 9  # a target of I2C
    chip.memory.cells[0x40004000 + 0x500] = 6  # machine.I2C
    chip.open()  # the modules are new
    assert not uart.enabled() and console.enabled()
    assert chip.memory.cells[0x40003000 + 0x500] == 0
    assert chip.memory.cells[0x40004000 + 0x500] == 6


def settle():
    """Let the kernel's scheduled calls run."""
    if MICROPYTHON:
        for _ in range(20):
            pass
    else:
        own.run_scheduled()


def run(chip, main):
    """rtos.run() in the chip's time."""

    class Port(rtos.VirtualPort):
        def idle(self):
            settle()
            chip.pass_time(100)
            self.ms = chip.core.now // 1000
            if 0 <= self._due <= self.ms:
                self._ring()
            else:
                set_clock(self.ms)
            settle()

    return rtos.run(main, port=Port())


def test_threads_send_and_receive():
    chip, serial, uart = opened(txbuf=8, rxbuf=64)

    async def main():
        await serial.sendall(b"more than fits at once", 1000)
        await serial.drain(1000)
        assert uart.wire == b"more than fits at once"
        buf = bytearray(10)
        for sent in (b"a", b"bcd", b"efghijklm"):
            uart.send(sent)
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

    run(chip, main)
    serial.deinit()


def test_callbacks_of_an_unbuffered_port():
    chip = Nrf()
    chip.memory.log = Nothing()
    chip.open()
    uart = UarteModel(chip)
    from drivers import UnbufferedSerial

    serial = UnbufferedSerial()
    got = bytearray()
    buf = bytearray(4)

    def echo(port):
        n = port.readinto(buf, 1 if len(got) % 2 else None)
        got.extend(buf[:n])

    serial.attach(echo, hard=True)
    uart.send(b"abc")
    chip.pass_time(2500)
    uart.send(b"defgh")
    chip.pass_time(4500)
    assert got == b"abcdefgh"
    serial.attach(None)
    serial.deinit()


def test_all_has_been_sent():
    chip = Nrf()
    chip.memory.log = Nothing()
    chip.open()
    uart = UarteModel(chip)
    from drivers import UnbufferedSerial

    serial = UnbufferedSerial()
    count = [0, 0]

    def sent(serial):
        count[0] += 1

    def came(serial):
        count[1] += 1

    serial.attach(sent, UnbufferedSerial.TX, hard=True)
    chip.pass_time(2000)
    assert count[0] == 1  # there is nothing to send
    serial.write(b"ab")
    chip.pass_time(3000)
    assert count[0] == 2  # once after each write
    serial.attach(None, UnbufferedSerial.TX)
    serial.attach(came, hard=True)
    uart.send(b"x")
    chip.pass_time(3000)
    assert count[1] == 1  # who does not read is not called again
    uart.send(b"y")
    chip.pass_time(1500)
    assert count[1] == 2 and serial.read(2) == b"xy"
    serial.deinit()


def test_a_look_takes_no_heap():
    chip, serial, uart = opened()
    from driverport.uart import _open

    hardware = _open[0]
    buf = bytearray(8)

    def look(_):
        hardware.any()
        hardware.readinto(buf, 8)
        hardware.write(buf, 0, 2)
        hardware.txdone()

    look(None)
    for _ in range(50):
        uart.send(b"1234")
        chip.core.in_isr = True
        assert chip.core.hard(look, None), chip.core.uncaught
        chip.core.in_isr = False
        chip.pass_time(300)
    serial.deinit()
