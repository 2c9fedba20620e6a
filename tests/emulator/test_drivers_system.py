"""Watchdog, ResetReason, FlashIAP, wall time, sleep: what only shows over resets, on both boards."""

import calendar
import time

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator
from coiltools.hostboard import HostBoard

_REASON = "from drivers import ResetReason\nprint(ResetReason.get(), ResetReason.raw())"
_CRASH = """
import machine, mps2
@micropython.viper
def poke(line):
    p = ptr32(0xfffffff0)
    p[0] = 1
mps2.irq(20, poke, hard=True)
mps2.pend(20)
"""


@pytest.fixture(scope="module", params=["mps2", "host"])
def boot(request, tmp_path_factory, firmware, host_program):
    """boot(): the board, which is started again with the same disk when it has been closed."""
    disk = tmp_path_factory.mktemp("disk") / "disk.img"
    running = []

    def start():
        if not running:
            if request.param == "mps2":
                board = Emulator(firmware, disk=disk, flags=hostpage.NO_APP)
            else:
                board = HostBoard(host_program, disk=disk, flags=hostpage.NO_APP)
            board.kind = request.param
            running.append(board)
            board.start()
            board.wait_for_prompt()
        return running[0]

    def stop():
        while running:
            running.pop().close()

    start.stop = stop
    yield start
    stop()


@pytest.fixture
def board(boot):
    return boot()


def reason(board) -> str:
    return board.exec(_REASON).split()[0]


def resets(board, code: str):
    """Run what resets the board, and wait for it."""
    board.console.write(b"\x05" + code.encode() + b"\n\x04")
    board.wait_for_prompt()


def test_power_on(boot):
    boot.stop()
    assert boot().exec(_REASON) == "POWER_ON 1\n"


def test_a_program_that_hangs_is_reset(board):
    hang = "from drivers import Watchdog\ndog = Watchdog(200)\ndog.feed()\nwhile True: pass"
    resets(board, hang)
    assert board.exec(_REASON) == "WATCHDOG 3\n"


def test_one_that_feeds_is_not(board):
    """With room for a host that is busy for two seconds."""
    code = "import time\nfrom drivers import Watchdog\ndog = Watchdog(2000)\n"
    code += "for _ in range(25):\n    time.sleep_ms(100)\n    dog.feed()\n"
    code += "dog.stop()\nprint(dog)"
    assert board.exec(code) == "<Watchdog 2000 ms stopped>\n"


def test_a_stopped_watchdog_is_silent_and_takes_another_timeout(board):
    code = "dog = Watchdog(150)\ndog.stop()\ntime.sleep_ms(500)\n"
    code += "dog = Watchdog(10000)\ndog.stop()\nprint(dog.is_running(), dog.timeout_ms())"
    setup = "import time\nfrom drivers import Watchdog\n"
    assert board.exec(setup + code) == "False 10000\n"


def test_resets_by_the_program(board):
    resets(board, "import machine; machine.reset()")
    assert reason(board) == "SOFTWARE"
    board.soft_reset()
    assert reason(board) == "SOFTWARE"
    resets(board, "import machine; machine.deepsleep(10)")
    assert reason(board) == "WAKE_LOW_POWER"


def test_resets_from_outside(board):
    board.reset()
    board.wait_for_prompt()
    # Board host is a program, which is started again.
    assert reason(board) == {"mps2": "PIN_RESET", "host": "POWER_ON"}[board.kind]


def test_a_fault_in_a_handler_is_a_lockup(boot):
    board = boot()
    if board.kind == "mps2":
        resets(board, _CRASH)
        assert reason(board) == "LOCKUP"
    else:  # a handler that hangs is all that can happen, and the watchdog sees it
        code = "import machine\nfrom drivers import Watchdog\ndog = Watchdog(300)\n"
        code += "def hang(t):\n    while True: pass\n"
        code += "machine.Timer(-1, period=10, callback=hang, hard=True)\nwhile True: pass"
        resets(board, code)
        assert reason(board) == "WATCHDOG"


def test_flash_lasts_over_resets_and_the_end_of_the_emulator(boot):
    board = boot()
    setup = "import machine\nfrom drivers import FlashIAP\nflash = FlashIAP()\n"
    setup += "addr = flash.start + 5 * flash.sector_size(flash.start)\nbuf = bytearray(11)\n"
    show = setup + "flash.read(addr, buf)\nprint(bytes(buf))"
    code = setup + "flash.erase(addr, 2 * flash.sector_size(addr))\n"
    code += "flash.program(addr, b'persistent')"
    board.exec(code)
    expected = "b'persistent\\xff'\n"
    assert board.exec(show) == expected
    resets(board, "machine.reset()")
    assert board.exec(show) == expected
    boot.stop()
    board = boot()
    assert reason(board) == "POWER_ON"
    assert board.exec(show) == expected
    # It lies where the update slots are, and touches neither file system nor host page.
    assert board.exec("import os\nprint(os.listdir('/flash'))") == "[]\n"
    address = int(board.exec("print(addr)"))
    assert address == 0x21C05000
    with open(board.disk.path, "rb") as disk:
        disk.seek(address - 0x21000000)
        assert disk.read(11) == b"persistent\xff"


def test_flash_is_left_as_it_is_when_power_goes_while_it_erases(boot):
    """Whole pages and sectors are as before or as after; the rest is untouched."""
    board = boot()
    setup = (
        "from drivers import FlashIAP\nflash = FlashIAP()\nn = flash.sector_size(flash.start)\n"
    )
    board.exec(
        setup + "flash.erase(flash.start, 8 * n)\nflash.program(flash.start, b'\\x5a' * 8 * n)"
    )
    board.console.write(b"while True: flash.erase(flash.start + n, 2 * n)\r")
    time.sleep(0.2)
    boot.stop()
    board = boot()
    check = setup + "b = bytearray(8 * n)\nflash.read(flash.start, b)\n"
    check += (
        "print(b[:n] == b'\\x5a' * n, b[3*n:] == b'\\x5a' * 5 * n, set(b[n:3*n]) <= {0x5a, 0xff})"
    )
    assert board.exec(check) == "True True True\n"


def test_wall_time(board):
    code = "import drivers.walltime as walltime\nfrom drivers import set_time\nprint(walltime.time(), *walltime.localtime())"
    seconds, *local = map(int, board.exec(code).split())
    assert abs(seconds - time.time()) < 60
    utc = time.gmtime(seconds)
    assert local == [*utc[:7], utc.tm_yday]
    leap_day = calendar.timegm((2028, 2, 29, 23, 59, 59))
    board.exec(f"set_time({leap_day})")
    resets(board, "import machine; machine.reset()")
    seconds, *local = map(int, board.exec(code).split())
    assert leap_day <= seconds < leap_day + 30
    assert local[:3] in ([2028, 2, 29], [2028, 3, 1])
    board.exec(f"set_time({int(time.time())})")


def test_random_numbers_or_a_clear_no(board):
    code = "from drivers import getrandom\ntry:\n    print(len(getrandom(20)))\n"
    code += "except OSError as e:\n    print(e.errno, e)"
    said = board.exec(code)
    if board.kind == "host":
        assert said == "20\n"
    else:
        assert said == "95 [Errno 95] EOPNOTSUPP: mps2 has no random number generator\n"


def test_unique_id_is_the_host_pages(board):
    code = (
        "import machine\nfrom drivers import unique_id\nprint(unique_id() == machine.unique_id())"
    )
    assert board.exec(code) == "True\n"


def test_sleep_times(board):
    code = """
import time
import drivers.sleep as sleep
from drivers import DeepSleepLock
up, deep, light = sleep.uptime_us(), sleep.deep_sleep_us(), sleep.sleep_us()
def nap(ms):
    end = time.ticks_add(time.ticks_ms(), ms)
    while (left := time.ticks_diff(end, time.ticks_ms())) > 0:
        sleep.sleep_auto(left)
nap(200)
with DeepSleepLock("test"):
    nap(300)
    print(sleep.holders()[0][:2])
deep, light = sleep.deep_sleep_us() - deep, sleep.sleep_us() - light
up = sleep.uptime_us() - up
print(deep > 20_000, light > 30_000, up >= deep + light)
"""
    assert board.exec(code) == "('test', 1)\nTrue True True\n"


def test_wall_time_of_an_external_clock(firmware):
    code = """
import drivers.walltime as walltime
from drivers import I2C, attach_rtc, set_time
from drivers.chips import DS1338

own = walltime.time()
chip = DS1338(I2C())
attach_rtc(chip)
set_time(1_900_000_000)
print(walltime.time() - 1_900_000_000 in (0, 1), chip.datetime()[:3])
attach_rtc(None)
print(walltime.time() - own in range(5))
try:
    attach_rtc(DS1338(I2C(), addr=0x6f))
    walltime.time()
except OSError as error:
    print(error.errno)
"""
    with Emulator(firmware, i2c=["ds1338@0x68"], flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        assert board.exec(code) == "True (2030, 3, 17)\nTrue\n19\n"
