"""drivers.chips on I2C against QEMU's own models of these chips, which nobody here wrote."""

import random
import re
from datetime import UTC, datetime

import pytest
from coiltools import hostpage, paths, runningboard
from coiltools.emulator import Emulator
from coiltools.qmp import set_irq_in

_EEPROM_BYTES = 8192
_START = datetime(2020, 2, 28, 23, 59, 30, tzinfo=UTC)
# QEMU's ids: i2c<n> in this order.
_THERMOMETER, _EEPROM, _CLOCK, _LEDS, _PORT = range(5)
#: At which second the tests of the clock under icount end.
_seconds = set()
_SETUP = """
import time
from machine import I2C
from drivers.chips import AT24C, DS1338, LM75, MAX7310, PCA9552, TMP105
i2c = I2C()
"""


def _path(number):
    return f"/machine/peripheral/i2c{number}"


@pytest.fixture(scope="module")
def eeprom(tmp_path_factory):
    path = tmp_path_factory.mktemp("chips") / "eeprom.bin"
    path.write_bytes(bytes(range(256)) * (_EEPROM_BYTES // 256))
    return path


@pytest.fixture(scope="module")
def board(firmware, eeprom):
    devices = [
        "tmp105@0x48",
        f"at24c@0x50,file={eeprom},size={_EEPROM_BYTES}",
        "ds1338@0x68",
        "pca9552@0x60",
        "max7310@0x18",
    ]
    epoch_s = int(_START.timestamp())
    with Emulator(firmware, i2c=devices, flags=hostpage.NO_APP, epoch_s=epoch_s) as board:
        board.wait_for_prompt()
        board.exec(_SETUP)
        yield board


def _expose(board, milli_degrees):
    with board.qmp() as control:
        control.execute(
            "qom-set", path=_path(_THERMOMETER), property="temperature", value=milli_degrees
        )


def _led(board, number):
    with board.qmp() as control:
        return control.execute("qom-get", path=_path(_LEDS), property=f"led{number}")


# ---- Thermometers


@pytest.mark.parametrize(
    "kind, bits", [("TMP105", 9), ("TMP105", 10), ("TMP105", 12), ("LM75", 9)]
)
def test_temperature_changes_while_running(board, kind, bits):
    board.exec(f"chip = {kind}(i2c, bits={bits})\nchip.check()")
    for degrees in (25, 0, -0.5, 42.5, -40.125, 101.375, 127.875, -55):
        _expose(board, round(degrees * 1000))
        read = float(board.exec("print(chip.temperature_c())"))
        step = 0.5 ** (bits - 8)
        assert -step < read - degrees <= 0 and read % step == 0


@pytest.mark.parametrize("kind", ["TMP105", "LM75"])
def test_thermometers_keep_the_contract(board, kind):
    suite = (paths.ROOT / "tests" / "conformance" / "sensor.py").read_text()
    board.exec(f"exec({suite!r})\nchip = {kind}(i2c)")
    _expose(board, 21500)
    board.exec("check_sensor(chip, time.sleep_ms)", timeout=30)
    for degrees in (36.5, -12):
        _expose(board, round(degrees * 1000))
        board.exec(f"check_reading(chip, time.sleep_ms, 'temperature_c', {degrees}, 0.5)")
    board.exec("i2c_empty = I2C(0)\nchip._i2c = i2c_empty\ncheck_absent(chip, 0x48)")
    # The clock at the thermometer's place: its registers are no thermometer's.
    board.exec("chip._i2c = i2c\nchip.addr = 0x60\ncheck_stranger(chip, 0x60)")


def test_limits_and_settings_reach_the_chip(board):
    code = "chip = TMP105(i2c)\nprint(chip.limits())\n"
    code += "print(chip.limits(-10.3, 30.52))\n"
    code += "chip.alert(True, 6, True)\nchip.resolution(10)\nchip.check()\n"
    code += "print(i2c.readfrom_mem(0x48, 1, 1).hex(), i2c.readfrom_mem(0x48, 2, 2).hex())\n"
    code += "print(chip.limits(75, 80))\nchip = TMP105(i2c)"
    assert board.exec(code) == "(75.0, 80.0)\n(-10.3125, 30.5)\n3e f5b0\n(75.0, 80.0)\n"


def test_shutdown(board):
    code = "chip = TMP105(i2c)\nprint(chip.shutdown(True), i2c.readfrom_mem(0x48, 1, 1).hex())\n"
    # A conversion takes no time in the model: the bit that starts it reads 0 at once.
    code += "chip.start()\nprint(i2c.readfrom_mem(0x48, 1, 1).hex())\nchip.check()\n"
    code += "print(chip.shutdown(False))"
    assert board.exec(code) == "True 61\n61\nFalse\n"


# ---- EEPROM


def test_eeprom_is_the_file_of_the_host(board, eeprom):
    content = bytearray(eeprom.read_bytes())
    found = board.exec(
        f"chip = AT24C(i2c, size={_EEPROM_BYTES})\nchip.check()\nbuf = bytearray({_EEPROM_BYTES})\n"
        "chip.read(0, buf)\nprint(buf.hex())"
    )
    assert bytes.fromhex(found) == content
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    # On, before and behind the ends of pages, over several, the first and the last byte.
    places = [(0, 1), (31, 1), (31, 2), (32, 32), (63, 66), (_EEPROM_BYTES - 1, 1), (8160, 32)]
    places += [(chance.randrange(_EEPROM_BYTES - 150), chance.randrange(150)) for _ in range(20)]
    for addr, count in places:
        data = chance.randbytes(count)
        board.exec(f"chip.program({addr}, {data!r})")
        content[addr : addr + count] = data
    # The model writes its file at the next start.
    found = board.exec("chip.read(0, buf)\nprint(buf.hex())")
    assert bytes.fromhex(found) == content
    assert eeprom.read_bytes() == content, f"seed {seed}"


def _block_device_suite():
    return f"exec({(paths.ROOT / 'tests' / 'conformance' / 'blockdevice.py').read_text()!r})\n"


def test_eeprom_keeps_the_contract(board):
    board.exec(_block_device_suite() + f"chip = AT24C(i2c, size={_EEPROM_BYTES})")
    board.exec("check_blockdevice(chip)", timeout=120)
    board.exec("check_deinit(chip)")


def test_eeprom_holds_a_file_system_and_keeps_all_over_the_end(firmware, tmp_path):
    file = tmp_path / "kept.bin"
    read = "buf = bytearray(32768)\nchip.read(0, buf)\nprint(buf.hex())"
    shown = []
    for number in range(2):
        devices = [f"at24c@0x50,file={file},size=32768"]
        with Emulator(firmware, i2c=devices, flags=hostpage.NO_APP) as board:
            board.wait_for_prompt()
            board.exec(f"{_SETUP}\nchip = AT24C(I2C(freq=1_000_000), size=32768)")
            if number == 0:
                board.exec(
                    _block_device_suite() + "check_filesystems(chip, ('VfsLfs2',))", timeout=120
                )
            shown.append(bytes.fromhex(board.exec(read, timeout=60)))
    assert shown[0] == shown[1] == file.read_bytes()
    assert shown[0] != b"\xff" * 32768


# ---- Clock


def test_clock_starts_at_the_given_time_and_counts_the_boards(board):
    read = eval(board.exec("chip = DS1338(i2c)\nchip.check()\nprint(chip.datetime())"))
    assert read[:6] in ((2020, 2, 28, 4, 23, 59), (2020, 2, 29, 5, 0, 0), (2020, 2, 29, 5, 0, 1))
    assert board.exec("print(chip.stopped())") == "False\n"


@pytest.mark.parametrize("hours", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        (2024, 2, 29, 3, 12, 0, 0, 0),
        (2023, 12, 31, 6, 23, 59, 30, 0),
        (2000, 1, 1, 5, 0, 0, 0, 0),
        (2024, 1, 31, 2, 1, 2, 3, 0),
        (2023, 3, 31, 4, 13, 59, 0, 0),
        # QEMU 7.2 keeps the distance to its own start, and that in 31 bits of seconds.
        (2087, 12, 31, 2, 11, 30, 15, 0),
    ],
)
def test_clock_is_set_and_read(board, value, hours):
    code = f"chip = DS1338(i2c, twelve_hours={hours})\nchip.datetime({value})\n"
    code += "print(chip.datetime())"
    read = eval(board.exec(code))
    assert read[:6] == value[:6] and 0 <= read[6] - value[6] <= 1


@pytest.mark.parametrize(
    "start, end",
    [
        ((2024, 2, 28), (2024, 2, 29, 3, 0, 0)),
        ((2024, 2, 28), (2024, 2, 29, 3, 0, 0)),
        ((2023, 2, 28), (2023, 3, 1, 2, 0, 0)),
        ((2023, 12, 31), (2024, 1, 1, 0, 0, 0)),
    ],
)
def test_clock_passes_into_leap_days_and_years(firmware, start, end):
    # Counted in instructions, the board's time is the same on every run: to the second.
    start_s = int(datetime(*start, 23, 59, 55, tzinfo=UTC).timestamp())
    code = "import time\nfrom machine import I2C\nfrom drivers.chips import DS1338\n"
    code += "chip = DS1338(I2C())\ntime.sleep_ms(6500)\nprint(chip.datetime())"
    board = Emulator(firmware, i2c=["ds1338@0x68"], icount=5, epoch_s=start_s)
    read = eval(runningboard.run_script(board, code))
    assert read[:6] == end
    _seconds.add(read[6])
    assert len(_seconds) == 1, _seconds


def test_clock_keeps_bytes_and_its_output(board):
    code = "chip = DS1338(i2c)\nchip.write_nvram(0, bytes(range(56)))\nbuf = bytearray(56)\n"
    code += "chip.read_nvram(0, buf)\nprint(buf == bytes(range(56)))\nchip.write_nvram(55, b'z')\n"
    code += "chip.square_wave(4096)\nprint(i2c.readfrom_mem(0x68, 7, 1).hex())\n"
    code += "chip.square_wave(0, 0)\nprint(i2c.readfrom_mem(0x68, 7, 1).hex(), i2c.readfrom_mem(0x68, 63, 1))"
    assert board.exec(code) == "True\n91\n00 b'z'\n"


# ---- LEDs and pins


def test_leds_are_seen_by_the_host(board):
    board.exec("chip = PCA9552(i2c)\nchip.check()")
    assert {_led(board, n) for n in range(16)} == {"off"}
    board.exec("chip.led(0).on()\nchip.led(15)(1)\nchip.blink(1, 0)\nchip.blink(2, 1)")
    states = [_led(board, n) for n in range(16)]
    assert states == ["on", "pwm0", "pwm1"] + ["off"] * 12 + ["on"]
    board.exec("chip.check()\nchip.write(0xffff, 0xaaaa)")
    assert [_led(board, n) for n in range(16)] == ["on", "off"] * 8
    board.exec("chip.led(1).toggle()\nchip.write(0xff, 0xff)")
    assert [_led(board, n) for n in range(16)] == ["off"] * 8 + ["on", "off"] * 4


def test_blink_rates_reach_the_chip(board):
    code = "chip = PCA9552(i2c)\nprint(chip.rate(0, 1000, 0x8000), chip.rate(1, 250, 0x4000))\n"
    code += "print(i2c.readfrom_mem(0x60, 0x12, 4).hex())\nchip.check()"
    assert board.exec(code) == "(1000, 32768) (250, 16384)\n2b800ac0\n"


def _port_input(board, number, level):
    set_irq_in(board.qtest, _path(_PORT), "unnamed-gpio-in", number, level)


def test_port_sees_its_inputs(board):
    board.exec("chip = MAX7310(i2c)\nchip.check()")
    assert board.exec("print(chip.read())") == "0\n"
    for number in range(8):
        _port_input(board, number, 1)
        assert board.exec(f"print(chip.read(), chip.pin({number})())") == f"{1 << number} 1\n"
        _port_input(board, number, 0)
    assert board.exec("print(chip.read())") == "0\n"


def test_port_drives_its_outputs(board):
    code = "chip = MAX7310(i2c)\npin = chip.pin(3, 1, value=1)\nother = chip.pin(4, 1)\n"
    code += "print(chip.read(), pin(), other())\nother.on()\npin.toggle()\nprint(chip.read())\n"
    code += "pin.init(pin.IN)\nprint(chip.read(), chip.direction())\nprint(chip.check())"
    assert board.exec(code) == "8 1 0\n16\n16 16\nNone\n"
    _port_input(board, 3, 1)
    assert board.exec("print(chip.read(), pin())") == "24 1\n"
    _port_input(board, 3, 0)


def test_absent_chips_are_named(board):
    code = "bus = I2C(0)\n"
    for call in ("TMP105(bus)", "LM75(bus)", "MAX7310(bus)", "PCA9552(bus)", "AT24C(bus).check()"):
        code += f"try:\n    {call}\nexcept OSError as e:\n    print(e)\n"
    code += "try:\n    DS1338(bus).datetime()\nexcept OSError as e:\n    print(e)\n"
    shown = board.exec(code)
    names = re.findall(r"\[Errno 19\] ENODEV: no (\w+) at (0x..)", shown)
    assert names == [
        ("TMP105", "0x48"),
        ("LM75", "0x48"),
        ("MAX7310", "0x18"),
        ("PCA9552", "0x60"),
        ("AT24C", "0x50"),
        ("DS1338", "0x68"),
    ], shown


# ---- All of them


def test_the_guide_reads_the_temperature(board):
    _expose(board, 23500)
    page = (paths.ROOT / "docs" / "chips.md").read_text()
    program = page.partition("## Chips on I2C")[2].partition("```python\n")[2].partition("```")[0]
    assert board.exec(program) == "23.5\n"
    board.exec(_SETUP)  # machine.I2C again


def test_steady_use_of_a_shared_bus_allocates_nothing(board):
    code = f"""
import drivers, micropython
bus = drivers.I2C()
sensor, leds, port = TMP105(bus), PCA9552(bus), MAX7310(bus)
rtc, eeprom = DS1338(bus), AT24C(bus, size={_EEPROM_BYTES})
led, pin = leds.led(4), port.pin(3, 1)
data, found = bytes(range(40)), bytearray(40)
def use():
    sensor.raw(); sensor.check()
    led.toggle(); leds.blink(5, 1); leds.check()
    pin.toggle(); pin(); port.check()
    rtc.stopped(); rtc.write_nvram(3, b"four"); rtc.check()
    eeprom.program(20, data); eeprom.read(20, found)
use()
micropython.heap_lock()
try:
    for _ in range(50):
        use()
finally:
    micropython.heap_unlock()
bus.deinit()
print(found == data)
"""
    assert board.exec(code, timeout=60) == "True\n"
    board.exec(_SETUP)
