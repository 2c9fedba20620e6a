"""machine.I2C and SoftI2C against QEMU's own devices: a thermometer, an EEPROM, a clock."""

import time

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

_EEPROM_BYTES = 8192
_SETUP = "from machine import I2C, Pin, SoftI2C\ni2c = I2C()"


@pytest.fixture(scope="module")
def eeprom(tmp_path_factory):
    path = tmp_path_factory.mktemp("i2c") / "eeprom.bin"
    path.write_bytes(bytes(range(256)) * (_EEPROM_BYTES // 256))
    return path


def start(firmware, eeprom):
    devices = ["tmp105@0x48", f"at24c@0x50,file={eeprom},size={_EEPROM_BYTES}", "ds1338@0x68"]
    return Emulator(firmware, i2c=devices, flags=hostpage.NO_APP)


@pytest.fixture(scope="module")
def board(firmware, eeprom):
    with start(firmware, eeprom) as board:
        board.wait_for_prompt()
        board.exec(_SETUP)
        yield board


def test_scan_finds_what_is_attached(board):
    assert board.exec("print(i2c.scan())") == f"{[0x48, 0x50, 0x68]}\n"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_other_buses_are_empty(board, number):
    assert board.exec(f"print(I2C({number}).scan())") == "[]\n"


@pytest.mark.parametrize("milli_degrees", [42500, 0, -10500, 127500])
def test_temperature_changes_while_running(board, milli_degrees):
    with board.qmp() as control:
        control.execute(
            "qom-set", path="/machine/peripheral/i2c0", property="temperature", value=milli_degrees
        )
    raw = board.exec("print(i2c.readfrom_mem(0x48, 0, 2).hex())")
    # 8.8 bits, signed; the device resolves half a degree by default.
    assert int.from_bytes(bytes.fromhex(raw), "big") == (milli_degrees * 256 // 1000) % 0x10000


def test_soft_i2c_reads_the_same(board):
    with board.qmp() as control:
        control.execute(
            "qom-set", path="/machine/peripheral/i2c0", property="temperature", value=21500
        )
    code = 'soft = SoftI2C(scl=Pin("I2C_SCL"), sda=Pin("I2C_SDA"))\n'
    code += "print(soft.scan(), soft.readfrom_mem(0x48, 0, 2).hex())"
    assert board.exec(code) == f"{[0x48, 0x50, 0x68]} 1580\n"


def test_eeprom_reads_the_file(board):
    read = board.exec("print(i2c.readfrom_mem(0x50, 0xfe, 8, addrsize=16).hex())")
    assert read == "feff000102030405\n"


def test_eeprom_long_read(board, eeprom):
    read = board.exec(f"print(i2c.readfrom_mem(0x50, 0, {_EEPROM_BYTES}, addrsize=16).hex())")
    assert bytes.fromhex(read) == eeprom.read_bytes()


def test_write_with_repeated_start(board):
    code = "i2c.writeto_mem(0x50, 0x1000, b'coil', addrsize=16)\n"
    code += "print(i2c.writeto(0x50, b'\\x10\\x00', False), i2c.readfrom(0x50, 4))\n"
    code += "print(i2c.writevto(0x50, (b'\\x10', b'\\x01')), i2c.readfrom(0x50, 3))"
    assert board.exec(code) == "2 b'coil'\n2 b'oil'\n"


def test_primitives(board):
    code = "buf = bytearray(4)\n"
    code += "i2c.start()\nprint(i2c.write(b'\\xa0\\x00\\x10'))\ni2c.start()\n"
    code += "print(i2c.write(b'\\xa1'))\ni2c.readinto(buf)\ni2c.stop()\nprint(buf.hex())"
    assert board.exec(code) == "3\n1\n10111213\n"


def test_eeprom_persists_in_the_file(firmware, tmp_path):
    eeprom = tmp_path / "eeprom.bin"
    text = b"kept by the host"
    with start(firmware, eeprom) as board:
        board.wait_for_prompt()
        board.exec(f"{_SETUP}\ni2c.writeto_mem(0x50, 0x123, {text}, addrsize=16)")
    assert eeprom.read_bytes()[0x123 : 0x123 + len(text)] == text
    with start(firmware, eeprom) as board:
        board.wait_for_prompt()
        read = f"i2c.readfrom_mem(0x50, 0x123, {len(text)}, addrsize=16)"
        assert board.exec(f"{_SETUP}\nprint({read})") == f"{text}\n"


def test_clock_chip_runs(board):
    code = "print(*(f'{b:02x}' for b in i2c.readfrom_mem(0x68, 0, 7)), sep='-')"
    second, minute, hour, _, day, month, year = map(int, board.exec(code).split("-"))
    read = (2000 + year, month, day, hour, minute, second, 0, 0, 0)
    assert abs(time.mktime(read) - time.mktime(time.gmtime())) < 60


def test_clock_chip_is_set(board):
    code = "i2c.writeto_mem(0x68, 0, bytes.fromhex('50592304281228'))\n"
    code += "print(i2c.readfrom_mem(0x68, 1, 2).hex(), i2c.readfrom_mem(0x68, 4, 3).hex())"
    assert board.exec(code) == "5923 281228\n"


def test_nobody_there(board):
    code = "import errno\nfor act in (lambda: i2c.readfrom(0x22, 1), lambda: i2c.writeto(0x22, b'x')):\n"
    code += (
        "    try:\n        act()\n    except OSError as e:\n        print(e.errno == errno.ENODEV)"
    )
    assert board.exec(code) == "True\nTrue\n"


@pytest.mark.parametrize("freq, actual", [(100_000, 100_000), (9_000_000, 1_041_666)])
def test_freq_is_a_limit(board, freq, actual):
    assert board.exec(f"print(I2C(3, freq={freq}))") == f"I2C(3, freq={actual}, timeout=50000)\n"


def test_freq_sets_the_pace(board):
    code = "import time\nfor freq in (20000, 200000):\n"
    code += "    i2c.init(freq=freq)\n    t = time.ticks_us()\n"
    code += (
        "    i2c.readfrom(0x48, 100)\n    print(time.ticks_diff(time.ticks_us(), t))\ni2c.init()"
    )
    slow, fast = map(int, board.exec(code).split())
    assert slow >= 909 * 50
    assert fast < slow / 2


@pytest.mark.parametrize(
    "call, message",
    [
        ("I2C(4)", "I2C(4) doesn't exist, use I2C(0) to I2C(3)"),
        ("I2C(-1)", "I2C(-1) doesn't exist"),
        ("I2C(3, freq=0)", "freq must be at least 1 Hz"),
        ("I2C(3, timeout=-1)", "timeout must not be negative"),
    ],
)
def test_wrong_arguments(board, call, message):
    code = f"try:\n    {call}\nexcept ValueError as e:\n    print(e)"
    assert message in board.exec(code)


def test_soft_reset_releases_the_bus(board):
    board.exec("i2c.writeto(0x50, b'\\x00\\x00', False)")  # no stop
    board.soft_reset()
    assert board.exec(f"{_SETUP}\nprint(i2c.readfrom(0x50, 2).hex())") == "0001\n"
