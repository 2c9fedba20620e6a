"""Drivers from PyPI, as they are, on our buses and pins instead of machine's.

Each is fetched by the machinery for an application's packages and copied to the board's file system. Those
whose chip QEMU has run on mps2; for the others a few registers play the chip on board host.
"""

import pytest
from coiltools import firmware as builder
from coiltools import hostpage, launch, thirdparty
from coiltools.emulator import Emulator

_VERSIONS = {
    "micropython-lis2mdl": "0.1.0",
    "micropython-ssd1306-driver": "1.0.2",
    "micropython-mcp9808": "0.2.1",
    "micropython-tmp117": "0.2.2",
    "micropython-max7219": "0.2.0",
    "micropython-pct2075": "0.1.0",
    "micropython-ld2410": "0.1.0",
    "micropython-simple-keypad": "1.0.3",
}

_MODELS = """
from sim import board

class Words:
    # Registers of 16 bits, most significant byte first, behind a pointer.
    def __init__(self, **words):
        self.words = {int(key[1:], 16): value for key, value in words.items()}
        self._pointer = self._index = 0
    def start(self, read):
        self._index = 0
        self._fresh = not read
        return True
    def write(self, byte):
        if self._fresh:
            self._pointer, self._fresh = byte, False
            return True
        old = self.words.get(self._pointer, 0)
        self.words[self._pointer] = old & 0xFF | byte << 8 if self._index == 0 else old & 0xFF00 | byte
        self._index += 1
        return True
    def read(self):
        word = self.words.get(self._pointer, 0)
        self._index += 1
        return word >> 8 if self._index == 1 else word & 0xFF
    def stop(self):
        pass

class Bytes:
    # Registers of 8 bits behind a pointer that goes on.
    def __init__(self, **values):
        self.bytes = bytearray(256)
        for key, value in values.items():
            self.bytes[int(key[1:], 16)] = value
        self._at = 0
    def start(self, read):
        self._fresh = not read
        return True
    def write(self, byte):
        if self._fresh:
            self._at, self._fresh = byte & 0x7F, False
        else:
            self.bytes[self._at] = byte
            self._at += 1
        return True
    def read(self):
        self._at += 1
        return self.bytes[self._at - 1]
    def stop(self):
        pass

class Matrix:
    # A MAX7219: 16 bits are taken when the chip select rises.
    def __init__(self):
        self.registers = [None] * 16
        self._bits = 0
    def select(self):
        self._bits = 0
    def exchange(self, byte):
        self._bits = (self._bits << 8 | byte) & 0xFFFF
        return 0
    def deselect(self):
        self.registers[self._bits >> 8 & 15] = self._bits & 0xFF
"""


def install(board, name):
    """Copy the package's modules to the board's file system."""
    folder = thirdparty.fetch(name, _VERSIONS[name], origin="a test")
    board.exec(
        "import os, sys\nif '/flash/lib' not in sys.path:\n    sys.path.append('/flash/lib')"
    )
    for file in sorted(folder.rglob("*.py")):
        place = file.relative_to(folder)
        if place.name == "setup.py":
            continue
        folders = ["lib", *(f"lib/{p.as_posix()}" for p in reversed(place.parents[:-1]))]
        code = f"for name in {folders}:\n"
        code += "    if name not in os.listdir('/flash/' + name.rpartition('/')[0]):\n"
        code += "        try:\n            os.mkdir('/flash/' + name)\n"
        code += "        except OSError:\n            pass\n"
        code += f"with open('/flash/lib/{place.as_posix()}', 'w') as file:\n"
        code += f"    file.write({file.read_text()!r})\n"
        board.exec(code, timeout=30)


@pytest.fixture(scope="module")
def emulated(firmware):
    with Emulator(firmware, i2c=["ssd0303@0x3c", "tmp105@0x48"], flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        yield board


@pytest.fixture(scope="module")
def simulated():
    with launch.board(builder.build(None, "host"), flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec(_MODELS)
        yield board


def test_ssd1306(emulated):
    """QEMU's display acknowledges the commands and the picture."""
    install(emulated, "micropython-ssd1306-driver")
    code = """
from drivers import I2C
from ssd1306 import SSD1306_I2C
class Counting:
    # What the display has acknowledged.
    def __init__(self, bus):
        self._bus = bus
        self.bytes = 0
    def writeto(self, addr, buf):
        self.bytes += self._bus.writeto(addr, buf)
    def writeto_mem(self, addr, memaddr, buf):
        self._bus.writeto_mem(addr, memaddr, buf)
        self.bytes += len(buf)
bus = Counting(I2C.default().device(0x3C, freq=400_000))
display = SSD1306_I2C(128, 64, bus)
display.circle(64, 32, 20, 1)
before = bus.bytes
display.show()
print(before > 40, bus.bytes - before)
SSD1306_I2C(128, 64, I2C.default()).show()
"""
    taken, picture = emulated.exec(code, timeout=60).split()
    assert taken == "True" and int(picture) >= 1024


def test_pct2075(emulated):
    """Its chip's registers are those of QEMU's TMP105."""
    install(emulated, "micropython-pct2075")
    code = """
from drivers import I2C
from micropython_pct2075 import pct2075
for bus in I2C.default(), I2C.default().device(0x48, freq=100_000):
    sensor = pct2075.PCT2075(bus, 0x48)
    sensor.high_temperature_threshold = 30.5
    sensor.temperature_hysteresis = -10
    sensor.shutdown = 1
    print(sensor.high_temperature_threshold, sensor.temperature_hysteresis, sensor.shutdown)
    sensor.high_temperature_threshold = 80
    sensor.shutdown = 0
"""
    assert emulated.exec(code).splitlines() == ["30.5 -10.0 1"] * 2


def test_keypad_wants_a_machine_pin(emulated):
    """Code that asks for the type gets the pin that is in ours."""
    install(emulated, "micropython-simple-keypad")
    code = """
from drivers import DigitalInOut
from keypad import Keypad, KeypadException
rows, columns = [DigitalInOut("D4")], [DigitalInOut("D5")]
try:
    Keypad(rows, columns, [["a"]])
except KeypadException:
    print(Keypad([p.pin for p in rows], [p.pin for p in columns], [["a"]]).read_keypad())
for pin in rows + columns:
    pin.deinit()
"""
    assert emulated.exec(code) == "a\n"  # D4 has no pull here: a row that is low


def test_ld2410(simulated):
    install(simulated, "micropython-ld2410")
    code = """
from drivers import BufferedSerial
from ld2410.ld2410 import LD2410
from sim.uart import UartEnd

peer = UartEnd("radar")
peer.set_up(256_000)
board.uart(2).connect(peer)
command = bytearray()
reports = (b"noise", b"\\xf4\\xf3\\xf2\\xf1\\x0b\\x00\\x02\\xaa\\x02\\x51\\x00\\x00\\x64\\x32\\x28\\x55\\x00",
           b"\\xf8\\xf7\\xf6\\xf5")

def heard(end):
    command.append(end.rx_ring.get())
    if command[-4:] == b"\\x04\\x03\\x02\\x01":  # acknowledge it, then report
        for part in (b"\\xfd\\xfc\\xfb\\xfa\\x04\\x00" + command[6:7] + b"\\x01\\x00\\x00\\x04\\x03\\x02\\x01",) + reports:
            for byte in part:
                end.send(byte)
        command[:] = b""

peer.received = heard
for _ in range(2):  # its ring holds all that comes at once: on a busy host 16 bytes would overrun
    with BufferedSerial(2, baudrate=256_000) as port:
        radar = LD2410(port)
        radar.enable_engineering_mode()
        found = radar.read_presence()
        print(found.target_state, found.moving_distance_cm, found.still_energy)
"""
    assert simulated.exec(code).splitlines() == ["2 81 50"] * 2


def test_lis2mdl(simulated):
    install(simulated, "micropython-lis2mdl")
    code = """
from drivers import I2C
from micropython_lis2mdl.lis2mdl import LIS2MDL
chip = board.i2c(3).attach(0x1E, Bytes(r4F=0x40, r60=3, r68=100, r69=0, r6A=0x9C, r6B=0xFF, r6C=0, r6D=1))
sensor = LIS2MDL(I2C.default())
x, y, z = sensor.magnetic
print(round(y / x, 6), round(z / x, 6), hex(chip.bytes[0x60]), chip.bytes[0x63])
"""
    assert simulated.exec(code) == "-1.0 2.56 0x0 6\n"


def test_mcp9808(simulated):
    install(simulated, "micropython-mcp9808")
    code = """
from drivers import I2C
from micropython_mcp9808 import mcp9808
chip = board.i2c(3).attach(0x18, Words(r05=0xC190, r06=0x0054, r07=0x0400, r08=0x0300))
sensor = mcp9808.MCP9808(I2C.default())
print(sensor.temperature)
chip.words[5] = 0x1FF0
print(sensor.temperature)
sensor.power_mode = mcp9808.SHUTDOWN
print(hex(chip.words[1]), sensor.power_mode)
"""
    assert simulated.exec(code).splitlines() == ["25.0", "-1.0", "0x100 SHUTDOWN"]


def test_tmp117(simulated):
    install(simulated, "micropython-tmp117")
    code = """
from drivers import I2C
from micropython_tmp117 import tmp117
chip = board.i2c(3).attach(0x49, Words(r00=0x0C80, r01=0x2220, r0F=0x0117))
sensor = tmp117.TMP117(I2C.default().device(0x49, freq=400_000), 0x49)
print(sensor.temperature)
sensor.high_limit = 30
print(hex(chip.words[2]), sensor.high_limit)
"""
    assert simulated.exec(code).splitlines() == ["25.0", "0xf00 30.0"]


def test_max7219(simulated):
    install(simulated, "micropython-max7219")
    code = """
from drivers import SPI, DigitalOut
from max7219 import Matrix8x8
chip = board.spi(4).attach(board.wire("SPI4_CS"), Matrix())
display = Matrix8x8(SPI(baudrate=10_000_000), DigitalOut("SPI_CS", value=1), 1)
display.brightness(5)
display.fill(0)
display.pixel(0, 0, 1)
display.pixel(7, 7, 1)
display.show()
print(chip.registers)
"""
    registers = [None, 128, 0, 0, 0, 0, 0, 0, 1, 0, 5, 7, 1, None, None, 0]
    assert simulated.exec(code) == f"{registers}\n"
