"""machine.RTC: one wall clock for RTC and time, set by the host and kept over a reset."""

import calendar
import time

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

_SETUP = "import machine, time\nrtc = machine.RTC()"
_EPOCH_2000 = calendar.timegm((2000, 1, 1, 0, 0, 0))


@pytest.fixture(scope="module")
def board(firmware):
    with Emulator(firmware, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec(_SETUP)
        yield board


def datetime(board) -> tuple:
    return tuple(map(int, board.exec("print(*rtc.datetime())").split()))


def test_starts_with_the_hosts_time(board):
    year, month, day, weekday, hour, minute, second, us = datetime(board)
    now = time.time()
    assert abs(calendar.timegm((year, month, day, hour, minute, second)) - now) < 60
    assert weekday == calendar.weekday(year, month, day)
    assert 0 <= us < 1_000_000


def test_starts_with_a_given_time(firmware):
    leap_day = calendar.timegm((2028, 2, 29, 23, 59, 58))
    with Emulator(firmware, flags=hostpage.NO_APP, epoch_s=leap_day) as board:
        board.wait_for_prompt()
        board.exec(_SETUP + "\ntime.sleep(2)")
        assert datetime(board)[:5] == (2028, 3, 1, 2, 0)


def test_unknown_time_is_2026(firmware):
    with Emulator(firmware, flags=hostpage.NO_APP, epoch_s=0) as board:
        board.wait_for_prompt()
        board.exec(_SETUP)
        assert datetime(board)[:4] == (2026, 1, 1, 3)


def test_set_and_read_back(board):
    # The weekday is worked out, whatever is given.
    code = "rtc.datetime((2027, 12, 31, 0, 23, 59, 58, 250000))\nprint(rtc.datetime()[:6])"
    assert board.exec(code) == "(2027, 12, 31, 4, 23, 59)\n"


def test_time_module_agrees(board):
    code = "rtc.datetime((2031, 6, 15, 6, 12, 30, 45, 0))\n"
    code += "print(time.time(), time.time_ns(), *time.localtime())"
    seconds, ns, *local = map(int, board.exec(code).split())
    expected = calendar.timegm((2031, 6, 15, 12, 30, 45))
    assert 0 <= seconds + _EPOCH_2000 - expected <= 1
    assert 0 <= ns - expected * 10**9 < 10**9
    assert local[:5] == [2031, 6, 15, 12, 30]
    assert local[6] == 6


def test_runs_on(board):
    code = "rtc.datetime((2030, 1, 1, 0, 0, 0, 0, 0))\ntime.sleep_ms(1500)\nprint(*rtc.datetime()[6:])"
    second, us = map(int, board.exec(code).split())
    assert 1.5 <= second + us / 1e6 < 3


def test_init_has_the_documented_order(board):
    code = "rtc.init((2029, 2, 3, 4, 5, 6, 7, None))\nprint(rtc.datetime()[:7])\nrtc.init()"
    assert board.exec(code) == "(2029, 2, 3, 5, 4, 5, 6)\n"


def test_does_not_disturb_ticks(board):
    code = "t = time.ticks_ms()\nrtc.datetime((2040, 1, 1, 0, 0, 0, 0, 0))\n"
    code += "print(0 <= time.ticks_diff(time.ticks_ms(), t) < 1000)"
    assert board.exec(code) == "True\n"


def test_kept_over_resets(board):
    board.exec("rtc.datetime((2033, 3, 3, 0, 3, 3, 3, 0))")
    board.console.write(b"machine.reset()\r")
    board.wait_for_prompt()
    board.exec(_SETUP)
    after = datetime(board)
    assert after[:6] == (2033, 3, 3, 3, 3, 3)
    board.soft_reset()
    board.exec(_SETUP)
    assert after <= datetime(board) < (2033, 3, 3, 3, 3, 5)


@pytest.mark.parametrize(
    "fields, message",
    [
        ("(2027, 2, 29, 0, 0, 0, 0, 0)", "day must be 1 to 28, not 29"),
        ("(1999, 1, 1, 0, 0, 0, 0, 0)", "year must be 2000 to 2099, not 1999"),
        ("(2100, 1, 1, 0, 0, 0, 0, 0)", "year must be 2000 to 2099, not 2100"),
        ("(2027, 13, 1, 0, 0, 0, 0, 0)", "month must be 1 to 12, not 13"),
        ("(2027, 0, 1, 0, 0, 0, 0, 0)", "month must be 1 to 12, not 0"),
        ("(2027, 1, 1, 0, 24, 0, 0, 0)", "hour must be 0 to 23, not 24"),
        ("(2027, 1, 1, 0, 0, -1, 0, 0)", "minute must be 0 to 59, not -1"),
        ("(2027, 1, 1, 0, 0, 0, 60, 0)", "second must be 0 to 59, not 60"),
        ("(2027, 1, 1, 0, 0, 0, 0, 1000000)", "microsecond must be 0 to 999999, not 1000000"),
        ("(2027, 1, 1)", "8"),
    ],
)
def test_wrong_dates_change_nothing(board, fields, message):
    board.exec("rtc.datetime((2035, 5, 5, 0, 0, 0, 0, 0))")
    code = f"try:\n    rtc.datetime({fields})\nexcept ValueError as e:\n    print(e)"
    assert message in board.exec(code)
    assert datetime(board)[:3] == (2035, 5, 5)


def test_wrong_type(board):
    code = "try:\n    rtc.datetime(5)\nexcept TypeError:\n    print('TypeError')"
    assert board.exec(code) == "TypeError\n"


def test_no_other_clock(board):
    code = "try:\n    machine.RTC(1)\nexcept ValueError as e:\n    print(e)"
    assert board.exec(code) == "RTC(1) doesn't exist, use RTC(0)\n"
