"""The simulation on board host's real clock: interrupts, transfers that nothing divides, time-outs."""

import pytest
from coiltools import hostpage
from coiltools.hostboard import HostBoard


@pytest.fixture(scope="module")
def host(host_program):
    with HostBoard(host_program, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        yield board


@pytest.fixture(autouse=True)
def fresh(host):
    host.soft_reset()


def test_callbacks_do_not_divide_a_transfer(host):
    host.exec(
        """
from machine import I2C, Timer
from sim import board
log = []
class Device:
    def __init__(self, name):
        self.name = name
    def start(self, read):
        log.append(self.name)
        return True
    def read(self):
        return ord(self.name)
    def write(self, byte):
        return True
    def stop(self):
        log.append("stop")
board.i2c(3).attach(0x50, Device("a"))
board.i2c(3).attach(0x51, Device("b"))
i2c = I2C()
count = 0
def callback(timer):
    global count
    if i2c.readfrom(0x51, 3) == b"bbb":
        count += 1
timer = Timer(period=1, callback=callback)
while count < 50:
    assert i2c.readfrom(0x50, 500) == b"a" * 500
timer.deinit()
assert log[1::2] == ["stop"] * (len(log) // 2), log[:20]
assert set(log[::2]) == {"a", "b"}
""",
        timeout=60,
    )


def test_serial_bytes_come_in_by_interrupt(host):
    host.exec(
        """
import time
from machine import UART
from sim import board
board.uart(2).loopback()
uart = UART(2, 115200)
events = []
irq = uart.irq(lambda u: events.append(irq.flags()), UART.IRQ_RX | UART.IRQ_RXIDLE)
uart.write(b"hello")
end = time.ticks_ms() + 5000
while UART.IRQ_RXIDLE not in events and time.ticks_ms() < end:
    pass
assert events[-1] == UART.IRQ_RXIDLE and UART.IRQ_RX in events, events
assert uart.read() == b"hello"
"""
    )


def test_serial_bytes_come_in_without_interrupts(host):
    # In a soft callback no other runs: who reads polls the line.
    host.exec(
        """
import time
from machine import Timer, UART
from sim import board
board.uart(1).loopback()
uart = UART(1, 9600, timeout=5000)
got = []
def callback(timer):
    uart.write(b"in here")
    got.append(uart.read(7))
Timer(mode=Timer.ONE_SHOT, period=1, callback=callback)
end = time.ticks_ms() + 5000
while not got and time.ticks_ms() < end:
    pass
assert got == [b"in here"], got
"""
    )


def test_asyncio_and_select_take_a_serial_port(host):
    host.exec(
        """
import asyncio
from machine import UART
from sim import board
from sim.uart import UartEnd
peer = UartEnd("peer")
peer.set_up(115200)
board.uart(1).connect(peer)
uart = UART(1, 115200)
def answer(end):
    end.send(end.rx_ring.get() ^ 0x20)
peer.received = answer
async def main():
    writer, reader = asyncio.StreamWriter(uart, {}), asyncio.StreamReader(uart)
    writer.write(b"HELLO")
    await writer.drain()
    return await asyncio.wait_for(reader.readexactly(5), 5)
assert asyncio.run(main()) == b"hello"
"""
    )


def test_hard_handlers_obey_disable_irq(host):
    host.exec(
        """
import machine, micropython
from machine import Pin
for name in "A2", "V6":
    pin = Pin(name, Pin.OUT, value=0)
    count = 0
    def handler(pin):
        global count
        count += 1
    pin.irq(handler, Pin.IRQ_RISING, hard=True)
    pin(1)
    assert count == 1, name
    pin(0)
    state = machine.disable_irq()
    pin(1)
    masked = count
    machine.enable_irq(state)
    assert (masked, count) == (1, 2), name
    pin(0)
    micropython.heap_lock()
    for _ in range(1000):
        pin(1)
        pin(0)
    micropython.heap_unlock()
    assert count == 1002, name
"""
    )


def test_a_hard_handler_that_allocates_is_switched_off(host):
    said = host.exec(
        """
from machine import Pin
pin = Pin("A2", Pin.OUT, value=0)
pin.irq(lambda pin: bytearray(100), hard=True)
pin(1)
"""
    )
    assert "which is off now" in said and "MemoryError" in said


def test_a_device_that_holds_the_clock(host):
    host.exec(
        """
import time
from machine import I2C
from sim import board
from sim.faults import Stuck
i2c = I2C(timeout=20000)
fault = Stuck(board.wire("I2C_SCL")).on()
start = time.ticks_us()
try:
    i2c.readfrom(0x50, 1)
    raise AssertionError
except OSError as error:
    assert error.errno == 110, error
assert time.ticks_diff(time.ticks_us(), start) >= 20000
fault.on(for_us=5000)
try:
    i2c.readfrom(0x50, 1)
    raise AssertionError
except OSError as error:
    assert error.errno == 19, error  # the bus was free in time, and nobody is there
"""
    )


def restart(host, code):
    """Run code that resets the board, and wait for it."""
    host.console.write(b"\x05" + code.encode() + b"\n\x04")
    host.wait_for_prompt()


def test_a_brown_out_of_the_board(host):
    host.exec(
        """
import board
with open("/flash/kept", "w") as file:
    file.write("by the disk")
"""
    )
    look = """
import board
from machine import Pin
from drivers import ResetReason
from sim.board import wire
print(ResetReason.get(), bytes(board.noinit()[:4]), wire("LED1")(), open("/flash/kept").read())
"""
    prepare = """
import machine
import board
from sim import faults
board.noinit()[:4] = b"kept"
machine.Pin("LED1", machine.Pin.OUT, value=1)
"""
    restart(host, prepare + "machine.reset()")
    assert host.exec(look) == "SOFTWARE b'kept' 0 by the disk\n"
    restart(host, prepare + "faults.brown_out_board()")
    lost = bytes(4)
    assert host.exec(look) == f"BROWN_OUT {lost} 0 by the disk\n"
    host.soft_reset()
    assert host.exec("from drivers import ResetReason\nprint(ResetReason.get())") == "SOFTWARE\n"


def test_no_record_of_before_power_on(host_program, tmp_path):
    """No-init RAM is in the disk file, and yet does not survive the loss of power."""
    disk = tmp_path / "disk"
    for _ in range(2):
        with HostBoard(host_program, disk=disk, flags=hostpage.NO_APP) as board:
            board.wait_for_prompt()
            assert board.exec("import board\nprint(bytes(board.noinit()[:4]))") == f"{bytes(4)}\n"
            board.exec("board.noinit()[:4] = b'kept'")


def test_every_module_is_there_at_the_prompt(host):
    from coiltools import paths

    folder = paths.BOARDS / "host" / "modules" / "sim"
    names = [f"sim.{file.stem}" for file in sorted(folder.glob("[!_]*.py"))]
    assert "sim.faults" in names
    host.exec("".join(f"import {name}\n" for name in names if name != "sim.standin"))
