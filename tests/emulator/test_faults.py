"""CPU faults: exceptions where the program can go on, a crash record and a reset where not."""

import re
import time

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator
from coiltools.rawrepl import BoardError

_MACHINE_CODE = """
import gc, machine, micropython, mps2, time

@micropython.viper
def poke(address: int, value: int):
    p = ptr32(address)
    p[0] = value

@micropython.viper
def peek(address: int) -> int:
    p = ptr32(address)
    return p[0]

@micropython.asm_thumb
def divide(r0, r1):
    sdiv(r0, r0, r1)

@micropython.asm_thumb
def undefined():
    data(2, 0xde00)

@micropython.asm_thumb
def overflow():
    label(AGAIN)
    push({r0, r1, r2, r3, r4, r5, r6, r7})
    b(AGAIN)

def attempt(function, *arguments):
    try:
        print(function(*arguments))
    except Exception as error:
        print(type(error).__name__, *error.args)
"""


@pytest.fixture(scope="module")
def board(firmware):
    with Emulator(firmware, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec(_MACHINE_CODE)
        yield board


@pytest.fixture
def crashing(firmware):
    with Emulator(firmware, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec(_MACHINE_CODE)
        yield board


@pytest.mark.parametrize(
    "call, kind, address",
    [
        ("peek, 0", "MemManage fault", 0),
        ("poke, 0, 1", "MemManage fault", 0),
        ("poke, 0x1000, 1", "MemManage fault", 0x1000),
        ("poke, 0x401000, 1", "MemManage fault", 0x401000),
        ("peek, 0x60000000", "BusFault", 0x60000000),
        ("poke, 0x30000000, 1", "BusFault", 0x30000000),
    ],
)
def test_wild_pointer_is_an_oserror_with_the_address(board, call, kind, address):
    said = board.exec(f"attempt({call})")
    assert re.fullmatch(rf"OSError 14 {kind} at 0x{address:08x}, pc 0x[0-9a-f]{{8}}\n", said)


def test_undefined_instruction(board):
    said = board.exec("attempt(undefined)")
    assert re.fullmatch(r"OSError 14 undefined instruction, pc 0x[0-9a-f]{8}\n", said)


def test_division_by_zero_in_machine_code(board):
    assert board.exec("attempt(divide, 7, 0)") == "ZeroDivisionError divide by zero\n"
    assert board.exec("attempt(divide, 7, 2)") == "3\n"


def test_stack_overflow_in_machine_code(board):
    assert board.exec("attempt(overflow)") == "RuntimeError stack overflow\n"


def test_stack_overflow_while_the_collector_is_due(board):
    """The emergency stack must not be scanned from: the guard lies in between."""
    code = "gc.threshold(1)\nfor _ in range(20):\n    attempt(overflow)\ngc.threshold(-1)"
    assert board.exec(code) == "RuntimeError stack overflow\n" * 20


def test_fault_in_the_middle_of_an_instruction_or_an_it_block(board):
    code = """
@micropython.asm_thumb
def load_several():
    movwt(r0, 0x60000000)
    data(2, 0xe890, 0x001e)
@micropython.asm_thumb
def if_then():
    movwt(r0, 0x60000000)
    cmp(r0, r0)
    data(2, 0xbf04, 0x6801, 0x6802)
@micropython.asm_thumb
def odd_stack():
    push({r0})
    movwt(r0, 0x60000000)
    ldr(r1, [r0, 0])
for function in (load_several, if_then, odd_stack) * 3:
    attempt(function)
"""
    said = board.exec(code).splitlines()
    assert len(said) == 9
    assert all(line.startswith("OSError 14 BusFault at 0x60000000") for line in said)


@pytest.mark.parametrize("address, kind", [(0, "MemManage fault"), (0x20100000, "UsageFault")])
def test_jump_to_nowhere(board, address, kind):
    code = f"""
@micropython.asm_thumb
def jump():
    movwt(r0, {address + (address == 0)})
    data(2, 0x4700)
attempt(jump)
"""
    assert board.exec(code) == f"OSError 14 {kind}, pc 0x{address:08x}\n"


def test_fault_in_a_task(board):
    code = """
import asyncio
async def main():
    print(*await asyncio.gather(fails(), return_exceptions=True))
async def fails():
    await asyncio.sleep_ms(1)
    peek(0x60000000)
asyncio.run(main())
"""
    assert "BusFault at 0x60000000" in board.exec(code)


def test_stack_overflow_in_python(board):
    said = board.exec("def deeper(): deeper()\nattempt(deeper)")
    assert said == "RuntimeError maximum recursion depth exceeded\n"


def test_a_thousand_faults_leave_the_board_well(board):
    code = """
import sys
caught = 0
for n in range(1000):
    try:
        poke(4 * n, n) if n % 2 else overflow()
    except (OSError, RuntimeError):
        caught += 1
gc.collect()
print(caught, sum(range(1000)))
"""
    assert board.exec(code, timeout=30) == "1000 499500\n"


def test_fault_in_a_soft_callback_is_caught_there(board):
    code = """
import machine, time
seen = []
def callback(timer):
    try:
        peek(0x60000000)
    except OSError as error:
        seen.append(error.errno)
machine.Timer(-1, mode=machine.Timer.ONE_SHOT, period=2, callback=callback)
while not seen:
    time.sleep_ms(1)
print(seen)
"""
    assert board.exec(code) == "[14]\n"


def crash_of(board, code):
    """Run `code`, which resets the board; return what the banner and mps2.crash() say."""
    with pytest.raises(BoardError):  # the raw REPL vanishes under it
        board.exec(code, timeout=1)
    board.console.drain(0.3)
    record = board.exec("import machine, mps2\nprint(mps2.crash()[0], machine.reset_cause())")
    return record.strip()


def test_fault_in_a_hard_callback_resets(crashing):
    code = """
def callback(timer):
    peek(0x60000000)
machine.Timer(-1, period=1, callback=callback, hard=True)
time.sleep_ms(500)
"""
    assert crash_of(crashing, code) == "BusFault 3"


def test_fault_in_an_atomic_section_resets(crashing):
    code = "machine.disable_irq()\npeek(0x60000000)"
    assert crash_of(crashing, code) == "HardFault 3"


def test_fault_with_the_heap_locked_resets(crashing):
    code = "micropython.heap_lock()\npeek(0x60000000)"
    assert crash_of(crashing, code) == "BusFault 3"


def test_fault_below_a_vfs_call_resets(crashing):
    # The block device is Python, so machine code runs while littlefs is half-way.
    code = """
import vfs
class Device:
    def readblocks(self, block, buf, offset=0):
        peek(0x60000000)
    def writeblocks(self, block, buf, offset=0):
        pass
    def ioctl(self, op, arg):
        return {4: 64, 5: 512}.get(op, 0)
vfs.VfsLfs2(Device())
"""
    assert crash_of(crashing, code) == "BusFault 3"


def test_crash_record_survives_and_is_cleared_on_request(crashing):
    crash_of(crashing, "machine.disable_irq()\npeek(0x60000000)")
    code = (
        "import mps2\nbefore = mps2.crash()\nmps2.crash_clear()\nprint(len(before), mps2.crash())"
    )
    assert crashing.exec(code) == "7 None\n"


_CRASHES_AT_ONCE = """
import machine
print("the application runs")
machine.disable_irq()
machine.mem32[0x60000000]
"""


@pytest.fixture
def crashing_app(firmware, tmp_path):
    disk = tmp_path / "disk.img"
    with Emulator(firmware, flags=hostpage.NO_APP, disk=disk) as board:
        board.wait_for_prompt()
        board.exec(
            f"with open('/flash/main.py', 'w') as file:\n    file.write({_CRASHES_AT_ONCE!r})"
        )
    with Emulator(firmware, disk=disk) as board:
        yield board


def test_application_that_crashes_at_once_leaves_a_prompt(crashing_app):
    said = crashing_app.wait_for_prompt(30)
    assert said.count("the application runs") == 3
    assert "3 in a row: nothing was run; Ctrl-D tries again, application: none" in said
    assert crashing_app.exec("print('alive')") == "alive\n"


def test_crashing_application_is_tried_again_on_request(crashing_app):
    crashing_app.wait_for_prompt(30)
    crashing_app.console.write(b"\x04")
    assert crashing_app.wait_for_prompt(30).count("the application runs") == 3
    crashing_app.reset()
    assert crashing_app.wait_for_prompt(30).count("the application runs") == 3


def test_crash_does_not_wait_for_a_host_that_does_not_read(crashing):
    code = """
import machine
def callback(timer):
    peek(0x60000000)
machine.Timer(-1, mode=machine.Timer.ONE_SHOT, period=1000, callback=callback, hard=True)
while True:
    print("nobody reads this" * 100)
"""
    crashing.console.write(b"\x05" + code.encode() + b"\x04")
    time.sleep(3)
    assert "started by crash (BusFault" in crashing.wait_for_prompt()


def test_damaged_noinit_memory_is_no_crash(crashing):
    crashing.exec("for n in range(1, 40):\n    machine.mem32[0x203ff000 + 4 * n] = 0x12345678")
    crashing.reset()
    assert "started by reset" in crashing.wait_for_prompt()
