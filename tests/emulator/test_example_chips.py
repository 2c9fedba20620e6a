"""The examples with chips on I2C, as a user runs them, on both boards: QEMU's models, and ours."""

import re
import struct

import pytest
from coiltools import apps, firmware, launch

BOARDS = ["mps2", "host"]
_EEPROM_BYTES = 8192


@pytest.fixture
def example(coil_run):
    """example(name, board, *devices): `coil run` of an example with these on its I2C bus."""

    def start(name, board, *devices):
        built = firmware.build(apps.find(name), board)
        options = [word for device in devices for word in ("--i2c", device)]
        return coil_run("--board", board, *options, image=built.image)

    return start


def _coil(run, *arguments):
    done = run.coil(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _record(run):
    """The next record that it prints: (number, degrees)."""
    run.wait("record ")
    number, degrees = run.wait(" C\r\n").split()[:2]
    return int(number.rstrip(":")), float(degrees)


@pytest.mark.parametrize("board", BOARDS)
def test_sensor_log_records_what_the_host_sets_while_the_button_says_so(board, example, tmp_path):
    file = str(tmp_path / "log.bin") if board == "mps2" else "/flash/log.bin"
    devices = "tmp105@0x48", f"at24c@0x50,file={file},size={_EEPROM_BYTES}"
    run = example("sensor_log", board, *devices)
    run.wait("0 of 1024 records, nothing yet")
    run.wait("press BUTTON1")
    _coil(run, "set", "i2c0", "temperature=21.5")
    _coil(run, "press", "BUTTON1")
    run.wait("log on")
    assert [_record(run) for _ in range(3)] == [(n, 21.5) for n in range(3)]
    _coil(run, "set", "i2c0", "temperature=-7.25")
    number, degrees = _record(run)
    while degrees == 21.5:
        number, degrees = _record(run)
    assert degrees == -7.25
    _coil(run, "press", "BUTTON1")
    run.wait("log off")
    assert run.leave() == 0
    last = max(int(n) for n in re.findall(r"record (\d+):", run.shown))
    assert last >= number
    if board == "mps2":
        with open(file, "rb") as written:
            records = list(struct.iter_unpack("<Hhi", written.read()))
        assert [record[:2] for record in records[:3]] == [(n, 21.5 * 256) for n in range(3)]
        assert records[number][:2] == (number, -7.25 * 256)
        assert records[last + 1][:2] == (0xFFFF, -1)
    # The next start goes on where this one ended.
    run = example("sensor_log", board, *devices)
    run.wait(f"{last + 1} of 1024 records, last {last}: -7.25 C")
    _coil(run, "press", "BUTTON1")
    assert _record(run)[0] == last + 1


def test_sensor_log_goes_on_when_the_chips_come_back(example):
    """On the simulated board the host takes chips their supply, and gives it back."""
    run = example("sensor_log", "host", "tmp105@0x48", f"at24c@0x50,size={_EEPROM_BYTES}")
    run.wait("press BUTTON1")
    _coil(run, "set", "i2c0", "temperature=21.5")
    _coil(run, "press", "BUTTON1")
    assert _record(run) == (0, 21.5)
    assert _coil(run, "set", "i2c0", "power=off") == "power=off\n"
    run.wait("no reading: [Errno 19] ENODEV: no TMP105 at 0x48")
    _coil(run, "set", "i2c0", "power=on")
    _record(run)
    _coil(run, "set", "i2c1", "power=off")
    run.wait("not written: [Errno 19] ENODEV: no AT24C at 0x50")
    _coil(run, "set", "i2c1", "power=on")
    _record(run)
    assert run.leave() == 0


def _lit(run, board):
    """The lights that are lit, as the host sees them, a mask; blinking ones do not count."""
    shown = dict(line.split("=") for line in _coil(run, "set", "i2c0").split())
    if board == "host":
        return int(shown["lit"]) & 0xFF
    return sum(1 << n for n in range(8) if shown[f"led{n}"] == "on")


@pytest.mark.parametrize("board", BOARDS)
def test_io_expander_shows_its_number_to_the_host(board, example):
    run = example("io_expander", board, "pca9552@0x60", "max7310@0x18")
    run.wait("blink every 1000 ms")
    run.wait("relays 0")
    assert _lit(run, board) == 0
    for number in (1, 2, 3):
        _coil(run, "press", "BUTTON1")
        run.wait(f"count {number}\r\n")
        assert _lit(run, board) == number
    for said in ("blink every 250 ms", "blink every 2000 ms", "blink no more"):
        _coil(run, "press", "BUTTON2")
        run.wait(said)
    if board == "mps2":
        assert "led15=off" in _coil(run, "set", "i2c0")
    else:
        for levels, relays in ((0x10, 1), (0x90, 9), (0, 0)):
            _coil(run, "set", "i2c1", f"levels={levels}")
            run.wait(f"relays {relays}\r\n")
            assert f"driven={relays}\n" in _coil(run, "set", "i2c1")


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name, chip", [("sensor_log", "TMP105"), ("io_expander", "PCA9552")])
def test_examples_say_what_is_missing(name, chip, board):
    with launch.board(firmware.build(apps.find(name), board)) as running:
        shown = running.wait_for_prompt(20)
    assert f"no {chip} at 0x" in shown and "README" in shown
