"""PwmOut on the simulated timers of board host: the edges are measured on the wire."""

from errno import ENODEV

from drivers import PwmOut
from drivers.pins import owner
from drivers.sleep import holders
from sim import board, clock, pwm
from support import MICROPYTHON, fresh, no_allocation, raises

EBUSY = 16

fresh()


def measured(name, us=1_000_000):
    """(period, high time) in us, as recorded on the wire for so long."""
    wire = board.wire(name)
    wire.record()
    clock.advance(us)
    return pwm.measure(wire.stop_recording())


def test_frequency_and_duty():
    with PwmOut("D4", freq=1000, duty_u16=16384) as out:
        assert measured("D4") == (1000, 250)
        out.duty_u16(32768)
        clock.advance(1000)
        assert measured("D4") == (1000, 500)
        assert out.freq() == 1000 and out.duty_u16() == 32768
        assert abs(out.duty_ns() - 500_000) <= 16
        assert repr(out) == "<PwmOut 'V4' 1000 Hz, duty 32768 of 65535>"


def test_mbed_starts_with_20_ms():
    with PwmOut("D4") as out:
        assert out.freq() == 50 and out.period_us() == 20_000 and out.duty_u16() == 0
        assert measured("D4") is None and board.wire("D4")() == 0
        assert out.duty_ns(1_500_000) == 1_500_000  # a servo in the middle
        clock.advance(20_000)
        assert measured("D4") == (20_000, 1500)


def test_a_new_period_keeps_the_duty_cycle():
    with PwmOut("D4", freq=100, duty_ns=2_500_000) as out:
        assert measured("D4") == (10_000, 2500)
        out.freq(1000)
        assert measured("D4") == (1000, 250)  # not 2500 ns more, nor all of it
        assert abs(out.duty_u16() - 16384) <= 1 and abs(out.duty_ns() - 250_000) < 20
        out.period_us(4000)
        assert out.freq() == 250
        assert measured("D4") == (4000, 1000)


def test_no_error_adds_up():
    with PwmOut("D4", freq=30_000, duty_u16=32768):
        period, high = measured("D4", 100_000)
        assert abs(period - 1_000_000 / 30_000) < 0.001, period
        assert abs(high - period / 2) < 0.6, high


def test_always_low_and_always_high():
    with PwmOut("D4", freq=1000, duty_u16=0) as out:
        assert measured("D4", 10_000) is None and board.wire("D4")() == 0
        out.duty_u16(65535)
        clock.advance(1000)
        assert measured("D4", 10_000) is None and board.wire("D4")() == 1
        out.duty_ns(1_000_000)
        clock.advance(1000)
        assert measured("D4", 10_000) is None and board.wire("D4")() == 1
        out.duty_u16(6554)
        clock.advance(1000)
        assert measured("D4") == (1000, 100)
    assert board.wire("D4")() == 0


def test_suspend_and_resume():
    with PwmOut("D4", freq=1000, duty_u16=32768) as out:
        assert "PwmOut V4" in str(holders())
        out.suspend()
        out.suspend()
        assert "PwmOut" not in str(holders())
        clock.advance(1000)
        assert measured("D4", 10_000) is None and board.wire("D4")() == 0
        assert "suspended" in repr(out)
        out.duty_u16(16384)
        assert measured("D4", 10_000) is None and out.duty_u16() == 16384
        out.resume()
        out.resume()
        clock.advance(1000)
        assert measured("D4") == (1000, 250)
        assert "PwmOut" in str(holders())
    assert "PwmOut" not in str(holders())


def test_channels_of_one_timer_have_one_frequency():
    with PwmOut("D4", freq=1000, duty_u16=16384), PwmOut("D5", freq=1000) as second:
        second.duty_u16(32768)
        error = raises(OSError, second.freq, 2000)
        assert error.args[0] == EBUSY and "shares its timer" in error.args[1], error
        assert "1000 Hz, not 2000" in error.args[1]
        clock.advance(1000)
        assert measured("D4") == (1000, 250) and measured("D5") == (1000, 500)
        error = raises(OSError, PwmOut, "D6", 50)
        assert error.args[0] == EBUSY and owner("D6") is None
        with PwmOut("D8", 50, 32768):  # another timer
            assert measured("D8") == (20_000, 10_000)
            assert measured("D4") == (1000, 250)
        with PwmOut("D6", 1000, 6554):
            assert measured("D6") == (1000, 100)
    with PwmOut("D4", 500) as alone:
        assert alone.freq(600) == 600


def test_numbers_out_of_range():
    with PwmOut("D4", 1000) as out:
        for call, wrong in (
            (out.freq, (0, -1, 0.5, 1_000_000)),
            (out.duty_u16, (-1, 65536)),
            (out.duty_ns, (-1, 1_000_001, 0.5)),
            (out.period_us, (0, -1, 1_000_001, 2)),
        ):
            for value in wrong:
                raises(ValueError, call, value)
        said = str(raises(ValueError, out.period_us, 700_000))
        assert "500000 us or 1000000 us instead of 700000 us" in said, said
        assert out.freq() == 1000
        assert abs(out.period_us(19_900) - 20_000) < 200
    raises(ValueError, lambda: PwmOut("D4", duty_u16=1, duty_ns=1))
    raises(ValueError, PwmOut, "D4", 0)
    raises(ValueError, PwmOut, "D4", 1000, 70_000)
    raises(ValueError, PwmOut, "D4", 1000, None, 2_000_000)
    assert owner("D4") is None and "PwmOut" not in str(holders())


def test_a_wrong_pin_is_answered_with_those_that_can():
    said = str(raises(ValueError, PwmOut, "A0"))
    assert "has no PWM: use LED1..LED10" in said, said
    assert owner("A0") is None


def test_use_after_deinit():
    out = PwmOut("D4")
    out.deinit()
    out.deinit()
    assert "deinitialised" in repr(out)
    for call in (out.freq, out.period_us, out.duty_u16, out.duty_ns, out.suspend, out.resume):
        assert raises(OSError, call).args[0] == ENODEV, call
    first = PwmOut("D4")
    second = PwmOut("D4")  # typed once more
    assert raises(OSError, first.freq).args[0] == ENODEV and second.freq() == 50
    second.deinit()


def test_machine_pwm_keeps_the_time():
    from sim.machine_pin import Pin
    from sim.pwm import PWM

    made = PWM(Pin("D5"), freq=100, duty_ns=1_000_000)
    assert measured("D5") == (10_000, 1000)
    made.freq(200)
    assert measured("D5") == (5000, 1000) and made.duty_ns() == 1_000_000
    made.init(freq=1000, duty_u16=32768)
    clock.advance(1000)
    assert measured("D5") == (1000, 500)
    inverted = PWM(Pin("D6"), freq=1000, duty_u16=16384, invert=True)
    assert measured("D6") == (1000, 750)
    inverted.deinit()
    made.deinit()
    raises(ValueError, lambda: PWM(Pin("D5"), duty_u16=1, duty_ns=1))


def test_steady_state_allocates_nothing():
    if not MICROPYTHON:
        return
    with PwmOut("D4", freq=1000, duty_u16=100) as out:

        def rounds():
            for i in range(1000):
                out.duty_u16(1 + i)
                out.duty_u16()

        no_allocation(rounds)
