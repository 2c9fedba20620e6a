# platforms: cpython
"""InterruptIn when interrupts get lost, with and without debouncing, and serial lines with noise."""

from errno import ETIMEDOUT

import machine
import rtos
from drivers import BufferedSerial, InterruptIn
from sim import board, clock
from sim.faults import BitNoise, Lost, LostInterrupt, Stuck
from support import SimulatedPort, advance, fresh, settle


def line(name):
    """A driver of the pin from outside."""
    return board.wire(name).driver("outside")


def test_a_lost_edge_is_seen_by_nobody():
    fresh()
    drive = line("A1")
    seen = []
    with InterruptIn("A1") as pin:
        pin.rise(lambda pin: seen.append("rise"))
        pin.fall(lambda pin: seen.append("fall"), hard=True)
        fault = LostInterrupt(machine.Pin("A1").irq(), times=3)
        for _ in range(3):
            drive(1)
            settle()
            drive(0)
            settle()
        assert fault.lost == 3 and seen == ["fall", "rise", "fall"], seen


def test_debouncing_bridges_lost_interrupts():
    fresh()
    drive = line("A1")
    seen = []
    with InterruptIn("A1", debounce_ms=20) as button:
        button.rise(lambda pin: seen.append("rise"))
        button.fall(lambda pin: seen.append("fall"))
        irq = machine.Pin("A1").irq()
        LostInterrupt(irq, times=3)  # of the first bounces; the last one counts
        for level in 1, 0, 1, 0, 1:
            drive(level)
            advance(1000)
        advance(30_000)
        assert seen == ["rise"]
        LostInterrupt(irq)  # the only one: the release is not noticed
        drive(0)
        advance(100_000)
        assert seen == ["rise"]
        drive(1)  # pressed before, pressed now
        advance(100_000)
        assert seen == ["rise"]
        drive(0)
        advance(30_000)
        assert seen == ["rise", "fall"]


def test_waiting_for_an_edge_that_gets_lost():
    fresh()
    drive = line("A1")
    said = []

    async def main():
        for debounce_ms in 0, 5:
            drive(0)
            with InterruptIn("A1", debounce_ms=debounce_ms) as pin:
                LostInterrupt(machine.Pin("A1").irq())
                clock.after(2000, drive, 1)
                try:
                    await pin.wait_for_edge(timeout_ms=50)
                except OSError as error:
                    assert error.errno == ETIMEDOUT
                    said.append("late")
                clock.after(2000, drive, 0)
                clock.after(20_000, drive, 1)
                clock.after(40_000, drive, 0)
                said.append(await pin.wait_for_falling(timeout_ms=100))

    rtos.run(main, port=SimulatedPort())
    assert said[0] == "late" and said[1] & 2, said
    assert said[2] == "late" and said[3] & 2, said


def noisy(parity, n, make):
    """A hundred bytes while make(line) is a fault: each is there, or counted as the n-th error."""
    fresh()
    end = board.uart(1)
    end.loopback()

    async def main():
        got = 0
        with BufferedSerial(1, baudrate=9600, parity=parity) as port:
            before = port.errors()
            fault = make(end)
            await port.sendall(bytes(range(100)))
            await port.drain()
            buf = bytearray(100)
            try:
                while True:
                    got += await port.recv_into(buf, timeout_ms=20)
            except OSError as error:
                assert error.errno == ETIMEDOUT
            fault.off()
            after = port.errors()
            assert after[n] - before[n] == 100 - got and 5 < got < 95, (after, got)
            await port.sendall(b"well again")
            assert await port.recv_into(buf, timeout_ms=100) and buf[:1] == b"w"

    rtos.run(main, port=SimulatedPort())


def test_noise_on_a_serial_line_is_counted():
    noisy(None, 1, lambda end: Lost(every=10).on(end))
    noisy(0, 2, lambda end: BitNoise(30_000, seed=3).on(end))
    noisy(None, 1, lambda end: Stuck(end.rx).on(for_us=30_000))
