"""Wires, pins, the clock and its interrupts."""

import random
import sys

import machine
from machine import Pin
from sim import board, clock
from sim.wires import Wire
from support import MICROPYTHON, fresh, no_allocation, raises


def test_the_level_of_a_wire():
    fresh()
    wire = Wire("w")
    a, b = wire.driver("a"), wire.driver("b", open_drain=True)
    assert wire() == 0
    a(1)
    assert wire() == a() == b() == 1
    b(0)
    assert wire() == 0 and wire.conflicts == 1  # a short circuit
    a.release()
    assert wire() == 0
    b(1)
    assert b.level is None and wire() == 0  # nobody drives it: it stays
    wire.pull(1)
    assert wire() == 1
    b(0)
    wire.force(1)
    assert wire() == 1
    wire.force(None)
    assert wire() == 0
    wire.remove(b)
    assert wire() == 1


def test_random_drivers():
    fresh()
    seed = random.getrandbits(24)
    random.seed(seed)
    wire = Wire("w", pull=1)
    drivers = [wire.driver(str(n)) for n in range(5)]
    for _ in range(300):
        random.choice(drivers).set(random.choice((0, 1, None)))
        driven = [d.level for d in drivers if d.level is not None]
        assert wire() == (min(driven) if driven else 1), f"seed {seed}"


def test_watchers_see_changes_only():
    fresh()
    wire = Wire("w")
    seen = []

    def watcher(changed):
        seen.append(changed())

    wire.watch(watcher)
    driver = wire.driver("d")
    for level in 0, 1, 1, None, 0, 1:
        driver.set(level)
    assert seen == [1, 0, 1]
    wire.unwatch(watcher)
    driver(0)
    assert seen == [1, 0, 1]
    assert not wire.observed


def test_a_recorded_waveform():
    fresh()
    wire = Wire("w")
    driver = wire.driver("d")
    clock.advance(5)
    wire.record(limit=3)
    assert wire.observed
    for level in 1, 0, 1, 0:
        clock.advance(10)
        driver(level)
    assert wire.missed == 2
    assert wire.stop_recording() == [(5, 0), (15, 1), (25, 0)]
    assert not wire.observed


def test_the_voltage_of_a_wire():
    fresh()
    wire = board.wire("A0")
    assert wire.uv() == 0
    wire.driver("d")(1)
    assert wire.uv() == 3_300_000
    wire.source_uv = 1_234_567
    assert wire.uv() == 1_234_567
    wire.source_uv = lambda: 42
    assert wire.uv() == 42


def test_alarms_come_in_order():
    now = fresh().now
    log = []

    def note(name):
        log.append((now(), name))

    clock.after(30, note, "c")
    clock.after(10, note, "a")
    clock.after(10, note, "b")
    gone = clock.after(20, note, "gone")
    gone.cancel()
    gone.cancel()
    moved = clock.after(15, note, "moved")
    moved.plan(25)
    clock.advance(29)
    assert log == [(10, "a"), (10, "b"), (25, "moved")]
    clock.advance(1)
    assert log[-1] == (30, "c") and now() == 30
    moved.plan(40)
    clock.advance(100)
    assert log[-1] == (40, "moved") and now() == 130
    raises(ValueError, clock.advance, -1)


def test_an_alarm_may_plan_another():
    now = fresh().now
    log = []

    def again(left):
        log.append(now())
        if left:
            clock.after(7, again, left - 1)

    clock.after(7, again, 3)
    clock.advance(1000)
    assert log == [7, 14, 21, 28]


def test_waiting_for_what_happens():
    now = fresh().now
    done = []
    clock.after(50, done.append, 1)
    assert clock.wait(lambda: bool(done), 100) and now() == 50
    assert not clock.wait(lambda: len(done) > 1, 100) and now() == 150


def test_soft_handlers_wait_for_the_end_of_a_transfer():
    fresh()
    log = []
    soft = clock.Interrupt("soft")
    soft.set(log.append)
    hard = clock.Interrupt("hard")
    hard.set(log.append, True)
    clock.hold()
    soft.fire()
    soft.fire()
    hard.fire()
    clock.release()
    assert log == ["hard", "soft"]  # fired twice before it ran, it runs once
    soft.fire()
    assert log == ["hard", "soft", "soft"]


def test_a_handler_that_fails():
    fresh()
    calls = []

    def fail(_):
        calls.append(1)
        raise ValueError("as it should")

    for hard, expected in (False, 2), (True, 1):
        irq = clock.Interrupt()
        irq.set(fail if not hard else failing_hard, hard)
        irq.fire()
        irq.fire()
        assert (irq.handler is None) == hard
        if not hard:
            assert len(calls) == expected


def failing_hard(_):
    raise ValueError


def test_a_hard_handler_must_not_allocate():
    fresh()
    sizes = []
    irq = clock.Interrupt()
    irq.set(lambda _: sizes.append(bytearray(1000)), True)
    irq.fire()
    assert len(sizes) == (0 if MICROPYTHON else 1)


def test_pins_drive_wires():
    fresh()
    pin = Pin("V9", Pin.OUT, value=1)
    wire = board.wire("D9")
    assert wire() == pin() == pin.value() == 1 and pin.wire is wire
    pin.toggle()
    assert wire() == 0
    pin.on()
    assert Pin("D9")() == 1  # the same pin
    outside = wire.driver("outside")
    pin.init(Pin.IN)
    assert pin() == 0  # a pull-down
    outside(1)
    assert pin() == 1
    pin.value(1)
    outside.release()
    assert pin() == 0  # the latch of an input drives nothing
    pin.init(Pin.OUT)
    assert pin() == 1
    assert repr(pin) == "<Pin V9 out>" and pin.name() == "V9"


def test_open_drain_and_pulls():
    fresh()
    scl = Pin("I2C0_SCL", Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
    assert scl() == 1 and scl.mode() == Pin.OPEN_DRAIN
    other = scl.wire.driver("other", open_drain=True)
    other(0)
    assert scl() == 0
    other(1)
    scl(0)
    assert scl() == 0
    scl(1)
    scl.init(pull=Pin.PULL_DOWN)
    assert scl() == 0


def test_edges():
    fresh()
    pin = Pin("A3", Pin.IN)
    drive = pin.wire.driver("outside")
    log = []
    irq = pin.irq(lambda p: log.append((p is pin, p(), irq.flags())), Pin.IRQ_RISING)
    drive(1)
    drive(0)
    assert log == [(True, 1, 1)]
    assert irq.trigger() == 1
    irq.trigger(Pin.IRQ_FALLING)
    drive(1)
    drive(0)
    assert log[1:] == [(True, 0, 2)]
    pin.irq(None)
    drive(1)
    assert len(log) == 2


def test_masked_interrupts_come_later():
    fresh()
    if MICROPYTHON:
        return  # machine.disable_irq() is the board's, and masks on its clock
    log = []
    pin = Pin("A3", Pin.IN)
    drive = pin.wire.driver("outside")
    pin.irq(lambda p: log.append(p()), hard=True)
    state = machine.disable_irq()
    drive(1)
    assert log == []
    machine.enable_irq(state)
    assert log == [1]


def test_wrong_pins():
    fresh()
    for name in "V16", "D16", "A6", "LED0", "LED11", "BUTTON3", "X", "I2C4_SCL", 16, -1, None:
        assert "no such pin" in str(raises(ValueError, Pin, name)), name
    raises(ValueError, Pin, "LED1", Pin.IN)
    raises(ValueError, Pin, "V1", 7)
    raises(ValueError, Pin, "A1", Pin.IN, 9)


def test_moving_pins_allocates_nothing():
    fresh()
    pin = Pin("A1", Pin.OUT)
    counts = [0]

    def handler(_):
        counts[0] += 1

    pin.irq(handler, Pin.IRQ_RISING, hard=True)

    def rounds():
        for _ in range(500):
            pin(1)
            pin(0)

    no_allocation(rounds)
    assert counts[0] == 1000 if sys.implementation.name == "micropython" else 500
