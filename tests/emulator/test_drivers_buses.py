"""drivers.I2C and SPI against QEMU's devices: shared, recovered, without allocations, misused."""

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

_SETUP = """
import gc, machine, micropython, rtos, time
from drivers import I2C, SPI, DigitalOut
def fails(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        print(type(error).__name__, *error.args)
    else:
        print("nothing was raised")
for bus in (I2C.default(), SPI.default()):
    bus.deinit()
i2c = I2C()
"""


@pytest.fixture(scope="module")
def booted(firmware, tmp_path_factory):
    eeprom = tmp_path_factory.mktemp("buses") / "eeprom.bin"
    eeprom.write_bytes(bytes(8192))
    devices = ["tmp105@0x48", "tmp105@0x49", f"at24c@0x50,file={eeprom},size=8192"]
    devices.append("max7310@0x20")  # which refuses a third byte of a message
    with Emulator(firmware, i2c=devices, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        with board.qmp() as control:
            for name, value in (("i2c0", 21500), ("i2c1", -10500)):
                control.execute(
                    "qom-set",
                    path=f"/machine/peripheral/{name}",
                    property="temperature",
                    value=value,
                )
        yield board


@pytest.fixture
def board(booted):
    booted.soft_reset()
    booted.exec(_SETUP)
    return booted


def test_all_methods_of_machine_i2c(board):
    code = """
print(i2c, i2c.scan() == machine.I2C(3).scan() == [0x20, 0x48, 0x49, 0x50])
buf = bytearray(2)
i2c.readfrom_mem_into(0x48, 0, buf)
print(buf.hex(), i2c.readfrom_mem(0x49, 0, 2).hex())
print(i2c.writeto(0x50, b"\\x10\\x00abcdef"), end=" ")
time.sleep_ms(10)
print(i2c.writeto(0x50, b"\\x10\\x00", False), i2c.readfrom(0x50, 3), end=" ")
i2c.readfrom_into(0x50, buf)
print(buf, i2c.writevto(0x50, (b"\\x10", b"\\x01")), i2c.readfrom_mem(0x50, 0x1001, 2, addrsize=16))
i2c.writeto_mem(0x50, 0x1004, b"XY", addrsize=16)
time.sleep_ms(10)
i2c.start()
print(i2c.write(b"\\xa0\\x10\\x03"), end=" ")
i2c.start()
print(i2c.write(b"\\xa1"), end=" ")
part = bytearray(3)
i2c.readinto(part)
i2c.stop()
print(part)
"""
    once = (
        "<I2C(3) 100000 Hz> True\n1580 f580\n8 2 b'abc' bytearray(b'de') 2 b'bc'\n"
        "3 1 bytearray(b'dXY')\n"
    )
    # The second time the methods are those of the hardware.
    assert board.exec(code) == once
    assert board.exec(code) == once
    assert board.exec("print(i2c.scan.__class__)\n") != board.exec("print(I2C.scan.__class__)\n")


def test_devices_have_their_own_settings(board):
    code = """
fast = i2c.device(0x48, freq=400_000)
slow = i2c.device(0x49, freq=50_000)
def us(view, addr):
    start = time.ticks_us()
    for _ in range(10):
        view.readfrom_mem_into(addr, 0, buf)
    return time.ticks_diff(time.ticks_us(), start)
buf = bytearray(2)
for _ in range(3):
    print(fast.readfrom_mem(0x48, 0, 2).hex(), slow.readfrom_mem(0x49, 0, 2).hex(), end=" ")
    print(machine.I2C, i2c.readfrom_mem(0x48, 0, 2).hex())
print(us(slow, 0x49) > us(fast, 0x48) * 2, us(i2c, 0x48) > us(fast, 0x48))
print(fast, slow.freq(), slow.freq(80_000), slow)
"""
    lines = board.exec(code).splitlines()
    assert lines[:3] == ["1580 f580 <class 'I2C'> 1580"] * 3
    assert lines[3] == "True True"
    assert lines[4] == (
        "<I2CDevice 0x48 of I2C(3), 400000 Hz> 50000 80000 <I2CDevice 0x49 of I2C(3), 80000 Hz>"
    )


def test_settings_are_set_again_only_when_need_be(board):
    """What each transfer finds: the frequency that machine.I2C prints."""
    code = """
hardware = i2c._bus.hardware
views = [i2c, i2c.device(0x48, freq=100_000), i2c.device(0x49, freq=200_000)]
buf = bytearray(2)
seen = []
for turn in (0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 0, 2, 1):
    views[turn].readfrom_mem_into(0x48, 0, buf)
    seen.append(str(hardware)[12:15])
print(*seen)
"""
    expected = "100 100 100 100 100 100 100 100 100 198 198 198 198 198 198 100 198 100"
    assert board.exec(code) == expected + "\n"


def test_steady_transfers_allocate_nothing(board):
    code = """
spi = SPI()
select = DigitalOut("V3", value=1)
chip = spi.device(select, baudrate=4_000_000)
mine = i2c.device(0x48)
other = i2c.device(0x49, freq=400_000)
two, four = bytearray(2), bytearray(4)
views = i2c, mine, other
buses = spi, chip
def transfers(rounds):
    for _ in range(rounds):
        for view in views:
            view.readfrom_mem_into(0x48, 0, two)
            view.readfrom_into(0x48, two)
            view.writeto(0x48, b"\\0")
        for bus in buses:
            bus.write(two)
            bus.readinto(two)
            bus.write_readinto(two, two)
            bus.write_readinto(two, four)
            bus.write_readinto(four, two)
        chip.select()
        chip.write(two)
        chip.deselect()
transfers(10)
micropython.heap_lock()
transfers(1000)
micropython.heap_unlock()
print("ok", select())
"""
    assert board.exec(code, timeout=60) == "ok 1\n"


def test_a_kept_bus_is_closed_to_others(board):
    code = """
log = []
looked, kept, refused = (rtos.Semaphore(0) for _ in range(3))
async def keeper():
    async with i2c:
        i2c.writeto(0x50, b"\\0\\0", False)
        kept.release()
        await refused.acquire()
        log.append(i2c.readfrom(0x50, 1))
    await rtos.sleep_ms(20)
async def intruder():
    buf = bytearray(2)
    for _ in range(10):
        i2c.readfrom_mem_into(0x48, 0, buf)  # by now without looking
    looked.release()
    await kept.acquire()
    for view in (i2c, i2c.device(0x48), i2c.device(0x49, freq=5000)):
        try:
            view.readfrom_mem_into(0x48, 0, buf)
        except OSError as error:
            log.append(error.args)
    refused.release()
    async with i2c.device(0x48):
        log.append(i2c.readfrom_mem(0x48, 0, 2))
    try:
        async with i2c:
            await rtos.sleep_ms(1)
            1 / 0
    except ZeroDivisionError:
        log.append(i2c._bus.mutex.owner)
async def main():
    b = rtos.Thread(intruder, name="b").start()
    await looked.acquire()
    a = rtos.Thread(keeper, name="a").start()
    await a.join()
    await b.join()
    await i2c.acquire()
    try:
        await rtos.Thread(late).start().join()
    finally:
        i2c.release()
async def late():
    try:
        await i2c.acquire(5)
    except OSError as error:
        log.append(error.args[0])
rtos.run(main)
for entry in log:
    print(entry)
"""
    lines = board.exec(code).splitlines()
    assert lines[:3] == [lines[0]] * 3
    assert lines[0].startswith("(16, \"I2C(3) is kept by <Thread 'a'")
    assert lines[3:] == ["b'\\x00'", "b'\\x15\\x80'", "None", "110"]


def test_asyncio_tasks_share_a_bus(board):
    code = """
import asyncio
log = []
async def user(n):
    for _ in range(3):
        async with i2c:
            log.append(n)
            i2c.readfrom_mem(0x48, 0, 2)
            await asyncio.sleep_ms(2)
            i2c.readfrom_mem(0x49, 0, 2)
            log.append(n)
async def tasks():
    await asyncio.gather(user(1), user(2), user(3))
async def main():
    await rtos.aio(tasks())
rtos.run(main)
print(len(log), all(log[i] == log[i + 1] for i in range(0, 18, 2)))
"""
    assert board.exec(code) == "18 True\n"


def test_awaited_transfers(board):
    code = """
turns = []
async def other():
    while True:
        turns.append(1)
        await rtos.yield_()
async def main():
    beside = rtos.Thread(other).start()
    data = bytes(range(32))
    await i2c.transfer(0x50, b"\\x01\\x00" + data)
    await rtos.sleep_ms(10)
    before = len(turns)
    rx = bytearray(100)
    await i2c.transfer(0x50, b"\\x01\\x00", rx)
    print(rx[:32] == data, len(turns) - before > 2)
    view = i2c.device(0x48, freq=400_000)
    two = bytearray(2)
    await view.transfer(0x48, b"\\0", two)
    print(two.hex())
    for tx, rx in ((b"x", None), (bytes(100), None), (None, bytearray(1)), (None, bytearray(99))):
        try:
            await i2c.transfer(0x22, tx, rx)
        except OSError as error:
            print(error.args[0], end=" ")
    spi = SPI()
    before = len(turns)
    await spi.transfer(bytes(300), bytearray(200))
    await spi.transfer(None, bytearray(70))
    print(len(turns) - before)
    async def stop():
        await rtos.yield_()
        spi.abort()
    rtos.Thread(stop).start()
    try:
        await spi.transfer(bytes(1000))
    except OSError as error:
        print(error.args)
    beside.terminate()
rtos.run(main)
"""
    lines = board.exec(code).splitlines()
    assert lines[:3] == ["True True", "1580", "19 19 19 19 7"]
    assert lines[3].startswith("(125, 'the transfer was aborted after ")


def test_misuse(board):
    code = """
fails(OSError, i2c.readfrom, 0x22, 1)
fails(OSError, i2c.readfrom_mem, 0x22, 0, 1)
fails(ValueError, i2c.readfrom, 0x48, 0)
fails(ValueError, i2c.readfrom_into, 0x48, b"")
fails(ValueError, i2c.write, b"x")
for _ in range(5):
    i2c.writeto(0x48, b"\\0")
fails(ValueError, i2c.readfrom, 0x48, 0)
fails(ValueError, i2c.write, b"x")
fails(ValueError, I2C, 7)
fails(ValueError, lambda: I2C(scl="LED1"))
fails(ValueError, lambda: I2C(2, sda="I2C3_SDA"))
fails(ValueError, lambda: I2C(freq=0))
fails(ValueError, lambda: i2c.device(0x48, freq=-5))
fails(ValueError, lambda: i2c.device("x"))
print(I2C(scl="I2C1_SCL", sda="I2C1_SDA").scan())
fails(OSError, DigitalOut, "I2C_SDA")
second = I2C()
fails(OSError, i2c.scan)
fails(OSError, i2c.readfrom, 0x48, 1)
print(i2c, second.scan())
second.deinit()
second.deinit()
fails(OSError, second.device, 0x48)
print(DigitalOut("I2C_SDA", value=1)())
"""
    assert board.exec(code).splitlines() == [
        "OSError 19",
        "OSError 19",
        "ValueError a read takes at least one byte; writeto(addr, b'') asks who is there",
        "ValueError a read takes at least one byte; writeto(addr, b'') asks who is there",
        "ValueError start() first",
        "ValueError a read takes at least one byte",
        "ValueError start() first",
        "ValueError I2C(7) doesn't exist, use I2C(0) to I2C(3)",
        "ValueError no I2C of this board has scl=LED1: leave the pins out and give the number",
        "ValueError no I2C(2) of this board has sda=I2C3_SDA: leave the pins out and give the number",
        "ValueError freq: Hz, at least 1, for instance 400_000",
        "ValueError freq: Hz, at least 1, for instance 400_000",
        "ValueError addr: the address without the read bit, such as 0x48",
        "[]",
        "OSError 16 pin I2C3_SDA is in use by <I2C(3) 100000 Hz>",
        "OSError 19 I2C(3) has been deinitialised: make a new one",
        "OSError 19 I2C(3) has been deinitialised: make a new one",
        "<I2C(3) deinitialised> [32, 72, 73, 80]",
        "OSError 19 I2C(3) has been deinitialised: make a new one",
        "1",
    ]


def test_what_a_device_refuses_is_an_error(board):
    code = """
for _ in range(6):  # also when the methods are those of the hardware
    print(i2c.readfrom_mem(0x20, 0, 1, addrsize=16) != b"", end=" ")
    fails(OSError, lambda: i2c.readfrom_mem(0x20, 0, 1, addrsize=24))
    fails(OSError, lambda: i2c.readfrom_mem_into(0x20, 0, bytearray(1), addrsize=32))
    fails(OSError, i2c.writeto_mem, 0x20, 1, b"abc")
    i2c.writeto_mem(0x20, 1, b"a")
    print(i2c.writeto(0x20, b"\\1bcd"), end=" ")
    fails(OSError, lambda: i2c.writeto_mem(0x22, 0, b"a"))
fails(ValueError, lambda: i2c.writeto_mem(0x20, 1, b"abc", addrsize=9))
"""
    # 5 is EIO.
    once = (
        "True OSError 5\nOSError 5\nOSError 5 the device does not take all bytes\n2 OSError 19\n"
    )
    wrong = "ValueError addrsize: 0, 8, 16, 24 or 32 bits\n"
    assert board.exec(code) == once * 6 + wrong


def test_a_method_that_was_kept_ends_with_its_bus(board):
    """Those of the hardware, too, which a bus that is used alone hands out."""
    code = """
spi = SPI()
two = bytearray(2)
for _ in range(8):
    i2c.writeto(0x48, b"\\0")
    i2c.readfrom_mem_into(0x48, 0, two)
    spi.write(two)
kept = [i2c.writeto, i2c.readfrom_mem_into, i2c.start, i2c.scan, spi.write]
print(kept[0].__class__ is not I2C.writeto.__class__, kept[-1].__class__ is not SPI.write.__class__)
arguments = [(0x48, b"\\0"), (0x48, 0, two), (), (), (two,)]
i2c.deinit()
spi.deinit()
def attempt():
    for i in range(len(kept)):
        fails(OSError, kept[i], *arguments[i])
attempt()
i2c, spi = I2C(), SPI()  # nor do they come to life again
spi.write(two)
attempt()
print(i2c.readfrom_mem(0x48, 0, 2).hex())
"""
    gone = "OSError 19 I2C(3) has been deinitialised: make a new one\n" * 4
    gone += "OSError 19 SPI(4) has been deinitialised: make a new one\n"
    assert board.exec(code) == "True True\n" + gone * 2 + "1580\n"


def test_a_handler_in_the_middle_of_an_spi_transfer_is_refused(board):
    """Of those in native code, and of the hardware's own, which do not look by themselves."""
    code = """
spi = SPI(baudrate=1_000_000)
chip = spi.device("V6", baudrate=2_000_000)
views = [spi, chip]
big, small = bytearray(64), bytearray(4)
refused = served = wrong = 0
def handler(timer):
    global refused, served, wrong
    for view in views:
        try:
            view.write(small)
            view.readinto(small)
            view.write_readinto(small, big)
            served += 1
        except OSError as error:
            if error.args == (16, "SPI(4) is in the middle of a transfer"):
                refused += 1
            else:
                wrong += 1
timer = machine.Timer(-1, period=3, callback=handler, hard=True)
for _ in range(300):
    spi.write(big)
    spi.write(big)
    spi.readinto(big)
    spi.write_readinto(small, big)
    chip.write_readinto(big, small)
time.sleep_ms(50)
timer.deinit()
print(refused > 0, served > 0, wrong, chip._cs(), spi._bus.state[1])
"""
    assert board.exec(code, timeout=60) == "True True 0 1 False\n"


def test_spi_settings_and_selection(board):
    code = """
spi = SPI(baudrate=2_000_000, bits=16, ssel="V5")
first = spi.device("V6", baudrate=8_000_000, bits=8)
second = spi.device("V7", polarity=1, phase=1, bits=8)
shown = lambda: str(spi._bus.hardware)[7:58]
buf = bytearray(4)
for view in (spi, first, second, first):
    view.write_readinto(buf, buf)
    print(shown())
first.select()
cs = first._cs
print(cs(), first.write(b"x"), cs())
fails(OSError, second.write, b"x")
first.deselect()
print(cs(), second.write(b"x"), spi.read(2) != b"")
fails(OSError, lambda: SPI(firstbit=SPI.LSB))
fails(OSError, lambda: SPI(bits=24))
fails(ValueError, lambda: SPI(bits=3))
fails(ValueError, lambda: SPI(polarity=2))
fails(ValueError, lambda: SPI(9))
fails(ValueError, lambda: SPI(baudrate=0))
spi = SPI(4)
fails(OSError, first.write, b"x")
spi.deinit()
fails(OSError, spi.read, 1)
"""
    assert board.exec(code).splitlines() == [
        "baudrate=1785714, polarity=0, phase=0, bits=16, fir",
        "baudrate=6250000, polarity=0, phase=0, bits=8, firs",
        "baudrate=1785714, polarity=1, phase=1, bits=8, firs",
        "baudrate=6250000, polarity=0, phase=0, bits=8, firs",
        "0 None 0",
        "OSError 16 <SPIDevice of SPI(4), cs <DigitalOut 'V6' 0>, 8000000 Hz> is selected: "
        "deselect() it first",
        "1 None True",
        "OSError 95 mps2 has no SPI with firstbit=LSB",
        "OSError 95 mps2 has no SPI with more than 16 bits",
        "ValueError bits: 4 to 32 in a frame",
        "ValueError polarity and phase: 0 or 1",
        "ValueError SPI(9) doesn't exist, use SPI(0) to SPI(4)",
        "ValueError baudrate: Hz, at least 1, for instance 1_000_000",
        "OSError 19 SPI(4) has been deinitialised: make a new one",
        "OSError 19 SPI(4) has been deinitialised: make a new one",
    ]


def test_interrupt_handlers(board):
    """One that comes in the middle of a transfer is refused, others are served."""
    code = """
buf = bytearray(2)
other = bytearray(2)
refused = served = wrong = 0
def handler(timer):
    global refused, served, wrong
    try:
        i2c.readfrom_mem_into(0x49, 0, other)
        served += 1
    except OSError as error:
        if error.args[0] == 16:
            refused += 1
        else:
            wrong += 1
timer = machine.Timer(-1, period=3, callback=handler, hard=True)
good = 0
for _ in range(400):
    i2c.readfrom_mem_into(0x48, 0, buf)
    good += buf[0] == 0x15
time.sleep_ms(50)
timer.deinit()
print(good, refused > 0, served > 0, wrong, other.hex())
"""
    assert board.exec(code, timeout=60) == "400 True True 0 f580\n"


def test_many_transfers_in_an_interrupt_handler(board):
    """A view that gets machine's own methods there finds room for them."""
    code = """
spi = SPI()
views = [spi, spi.device(None), spi.device(lambda level: None)]
readers = [i2c, i2c.device(0x48), i2c.device(0x48, freq=400_000)]
four = bytearray(4)
two = bytearray(2)
count = 0
def handler(timer):
    global count
    for view in views:
        for _ in range(8):
            view.write(four)
            view.readinto(four)
    for view in readers:
        for _ in range(8):
            view.readfrom_mem_into(0x49, 0, two)
    count += 1
timer = machine.Timer(-1, period=200, callback=handler, hard=True)
time.sleep_ms(900)
timer.deinit()
print(count > 1, two.hex())
"""
    assert board.exec(code) == "True f580\n"


def test_recover(board):
    code = """
i2c.start()
i2c.write(b"\\xa1")  # the EEPROM sends, and is left alone in the middle
i2c.readinto(bytearray(1), False)
print(i2c.recover(), i2c.readfrom_mem(0x48, 0, 2).hex(), i2c.scan())
"""
    assert board.exec(code) == "True 1580 [32, 72, 73, 80]\n"


def test_terminated_transfers_leave_the_bus_free(board):
    """Also between two of the pieces, and while the device sends."""
    code = """
async def main():
    for tx, rx in (
        (b"\\1\\0" + bytes(500), None),
        (b"\\1\\0", bytearray(500)),
        (None, bytearray(500)),
        (bytes(100), bytearray(100)),
    ):
        async def endless():
            while True:
                await i2c.transfer(0x50, tx, rx)
        wrong = 0
        for turns in range(1, 12):
            thread = rtos.Thread(endless).start()
            for _ in range(turns):
                await rtos.yield_()
            thread.terminate()
            await i2c.acquire(timeout_ms=10_000)
            idle = machine.Pin("I2C_SCL")() and machine.Pin("I2C_SDA")()
            wrong += not idle or i2c.readfrom_mem(0x49, 0, 2) != b"\\xf5\\x80"
            i2c.release()
        print(wrong)
rtos.run(main)
"""
    assert board.exec(code, timeout=60) == "0\n" * 4


def test_deinit_leaves_the_bus_free(board):
    code = """
i2c.writeto(0x48, b"\\0", False)  # the caller would go on
i2c.deinit()
print(machine.Pin("I2C_SCL")(), machine.Pin("I2C_SDA")(), I2C().scan())
"""
    assert board.exec(code) == "1 1 [32, 72, 73, 80]\n"


def test_a_refused_read_leaves_the_bus_free(board):
    """readfrom_mem() sends the address before it finds that there is nothing to read."""
    code = """
for _ in range(6):  # from then on they are machine's own methods
    i2c.readfrom_mem(0x48, 0, 2)
fails(ValueError, i2c.readfrom_mem, 0x48, 0, 0)
print(machine.Pin("I2C_SDA")(), i2c.scan())
"""
    assert board.exec(code).splitlines()[1:] == ["1 [32, 72, 73, 80]"]
