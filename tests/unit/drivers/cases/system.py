import driverport
import drivers
from drivers import ResetReason, Watchdog, fill_random, getrandom, unique_id
from support import raises

ENODEV, EOPNOTSUPP = 19, 95


class Endless:
    """A watchdog that remembers what is done to it, and cannot be stopped."""

    def __init__(self, timeout_ms):
        self.log = [timeout_ms]

    def feed(self):
        self.log.append("feed")


class Port(Endless):
    def stop(self):
        self.log.append("stop")


class on:
    """`with on(Port):` is a board with that watchdog."""

    def __init__(self, kind, max_ms=1000):
        self.new = kind, max_ms

    def __enter__(self):
        self.before = driverport.Watchdog, driverport.WATCHDOG_MAX_MS
        driverport.Watchdog, driverport.WATCHDOG_MAX_MS = self.new

    def __exit__(self, *_):
        driverport.Watchdog, driverport.WATCHDOG_MAX_MS = self.before


def test_watchdog_is_fed_and_stopped():
    with on(Port):
        dog = Watchdog(500)
        log = dog._port.log
        assert dog.is_running() and dog.timeout_ms() == 500 and dog.max_timeout_ms() == 1000
        assert Watchdog.max_timeout_ms() == 1000
        assert repr(dog) == "<Watchdog 500 ms running>"
        dog.feed()
        dog.feed()
        assert log == [500, "feed", "feed"]
        dog.stop()
        dog.stop()
        assert log == [500, "feed", "feed", "stop"] and not dog.is_running()
        assert repr(dog) == "<Watchdog 500 ms stopped>"
        assert raises(OSError, dog.feed).args[0] == ENODEV


def test_a_second_watchdog_takes_over():
    with on(Port):
        first = Watchdog(500)
        second = Watchdog(500)
        second.feed()
        assert second.is_running() and not first.is_running()
        error = raises(OSError, first.feed)
        assert error.args[0] == ENODEV and "another" in error.args[1]
        first.stop()  # that is not its business any more
        assert second.is_running()
        second.stop()


def test_range_of_the_timeout():
    with on(Port):
        for timeout_ms in (0, -1, 1001, 1.5, "5", None):
            assert "1 to 1000" in str(raises(ValueError, Watchdog, timeout_ms))
        Watchdog(1).stop()
        Watchdog(1000).stop()


def test_one_that_cannot_be_stopped():
    with on(Endless):
        dog = Watchdog(500)
        error = raises(OSError, dog.stop)
        assert error.args[0] == EOPNOTSUPP and "cannot be stopped" in error.args[1], error
        assert driverport.NAME in error.args[1]
        assert dog.is_running()
        dog.feed()
        drivers.watchdog._running = None


def test_a_board_without_one():
    from driverlacks import lacks

    with on(lacks("Watchdog"), 0):
        assert Watchdog.max_timeout_ms() == 0
        for timeout_ms in (500, 0):
            error = raises(OSError, Watchdog, timeout_ms)
            assert error.args == (EOPNOTSUPP, f"{driverport.NAME} has no Watchdog")


def test_reset_reason():
    assert ResetReason.get() == ResetReason.POWER_ON == "POWER_ON"
    assert isinstance(ResetReason.raw(), int)
    names = [
        "POWER_ON",
        "PIN_RESET",
        "BROWN_OUT",
        "SOFTWARE",
        "WATCHDOG",
        "LOCKUP",
        "WAKE_LOW_POWER",
        "ACCESS_ERROR",
        "BOOT_ERROR",
        "MULTIPLE",
        "PLATFORM",
        "UNKNOWN",
    ]
    for name in names:
        assert getattr(ResetReason, name) == name


def test_random_numbers():
    assert getrandom(0) == b""
    first = getrandom(200)
    assert isinstance(first, bytes) and len(first) == 200
    assert first != getrandom(200)
    assert len(set(first)) > 50
    frame = bytearray(260)
    fill_random(memoryview(frame)[30:230])
    assert frame[:30] == bytes(30) == frame[230:]
    assert frame[30:230].count(b"\0") < 40
    # Every bit is 1 now and then.
    total = 0
    for byte in first:
        total |= byte
    assert total == 0xFF
    for n in (-1, 1.5, None, "3"):
        raises(ValueError, getrandom, n)


def test_unique_id():
    assert isinstance(unique_id(), bytes) and len(unique_id()) >= 4
    assert unique_id() == unique_id()
