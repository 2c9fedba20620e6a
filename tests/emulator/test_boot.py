"""Boot: what is mounted and run, what survives which reset, what a damaged disk leads to."""

import os
import signal
import subprocess
import time

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator
from littlefs import LittleFS

_BLOCK = 4096
_FLASH_BYTES = 8 * 1024 * 1024


@pytest.fixture
def disk(tmp_path):
    return tmp_path / "disk.img"


def boot(firmware, disk, **options):
    return Emulator(firmware, disk=disk, **options)


def put(firmware, disk, name, text):
    """Write a file to /flash of `disk` on the board itself."""
    with boot(firmware, disk, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec(f"with open('/flash/{name}', 'w') as f:\n    f.write({text!r})")


def test_banner_names_board_version_and_reset(firmware, disk):
    with boot(firmware, disk) as board:
        said = board.wait_for_prompt()
    assert "Coil OS " in said
    assert "mps2-an385" in said
    assert "started by power-on" in said
    assert "warning" not in said


def test_main_py_runs_and_the_prompt_follows(firmware, disk):
    put(firmware, disk, "main.py", "print('I am', __name__)\nx = 42\n")
    with boot(firmware, disk) as board:
        assert "I am __main__" in board.wait_for_prompt()
        assert board.exec("print(x)") == "42\n"


def test_main_py_that_raises_gives_traceback_and_prompt(firmware, disk):
    put(firmware, disk, "main.py", "def f():\n    return 1 // 0\nf()\n")
    with boot(firmware, disk) as board:
        said = board.wait_for_prompt()
        assert "ZeroDivisionError" in said
        assert 'File "/flash/main.py", line 2, in f' in said
        assert board.exec("print('alive')") == "alive\n"


def test_main_py_with_a_syntax_error(firmware, disk):
    put(firmware, disk, "main.py", "def (:\n")
    with boot(firmware, disk) as board:
        assert "SyntaxError" in board.wait_for_prompt()


def test_ctrl_c_stops_main_py(firmware, disk):
    put(firmware, disk, "main.py", "print('looping')\nwhile True:\n    pass\n")
    with boot(firmware, disk) as board:
        board.console.until(b"looping", timeout=10)
        board.console.write(b"\x03")
        assert "KeyboardInterrupt" in board.wait_for_prompt()


def test_ctrl_c_reaches_a_program_behind_a_flood_of_input(firmware, disk):
    put(firmware, disk, "main.py", "print('looping')\nwhile True:\n    pass\n")
    with boot(firmware, disk) as board:
        board.console.until(b"looping", timeout=10)
        board.console.write(b"x" * 5000 + b"\x03")
        assert "KeyboardInterrupt" in board.wait_for_prompt()


def test_files_are_littlefs_for_everybody(firmware, disk):
    """What the board wrote is read by littlefs-python, and the other way round."""
    put(firmware, disk, "from_board.txt", "hello host")
    data = bytearray(disk.read_bytes())
    fs = LittleFS(block_size=_BLOCK, block_count=_FLASH_BYTES // _BLOCK, mount=False)
    fs.context.buffer[:] = data[:_FLASH_BYTES]
    fs.mount()
    assert fs.open("from_board.txt").read() == "hello host"
    with fs.open("from_host.txt", "w") as file:
        file.write("hello board")
    fs.unmount()
    with open(disk, "r+b") as file:
        file.write(fs.context.buffer)
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert board.exec("print(open('/flash/from_host.txt').read())") == "hello board\n"


@pytest.mark.parametrize("damage", [b"\x00" * 2 * _BLOCK, b"\xff" * 2 * _BLOCK, b"junk" * 2048])
def test_a_damaged_volume_is_reported_and_not_touched(firmware, disk, damage):
    put(firmware, disk, "precious.txt", "data" * 5000)
    with open(disk, "r+b") as file:
        file.write(damage)
    before = disk.read_bytes()[:_FLASH_BYTES]
    with boot(firmware, disk) as board:
        said = board.wait_for_prompt()
        assert "/flash is damaged" in said
        assert "coil run --format" in said
        assert board.exec("print('alive')") == "alive\n"
    assert disk.read_bytes()[:_FLASH_BYTES] == before


def test_format_on_request_only_once(firmware, disk):
    put(firmware, disk, "old.txt", "old")
    with boot(firmware, disk, flags=hostpage.FORMAT) as board:
        board.wait_for_prompt()
        assert board.exec("import os\nprint(os.listdir('/flash'))") == "[]\n"
        board.exec("open('/flash/new.txt', 'w').close()")
        board.soft_reset()
        assert board.exec("import os\nprint(os.listdir('/flash'))") == "['new.txt']\n"


def test_a_mark_left_by_a_finished_format_does_not_permit_another(firmware, disk):
    """The power went between the end of the format and taking its mark away."""
    put(firmware, disk, "precious.txt", "data")
    with open(disk, "r+b") as file:
        file.seek(_FLASH_BYTES - _BLOCK)
        file.write(b"Coil OS: formatting")
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert board.exec("print(open('/flash/precious.txt').read())") == "data\n"
    with open(disk, "r+b") as file:
        file.write(b"junk" * 2048)
    with boot(firmware, disk) as board:
        assert "/flash is damaged" in board.wait_for_prompt()


def test_shadowing_file_is_named_in_the_banner(firmware, disk):
    put(firmware, disk, "asyncio.py", "")
    with boot(firmware, disk) as board:
        assert "/flash/asyncio.py takes the place of the frozen module asyncio" in (
            board.wait_for_prompt()
        )


def test_file_hidden_by_a_frozen_module_is_named_in_the_banner(firmware, disk):
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        board.exec("import os\nos.mkdir('/flash/lib')\nopen('/flash/lib/asyncio.py','w').close()")
        board.reset()
        said = board.wait_for_prompt()
        assert "/flash/lib/asyncio.py is never imported, but the frozen module asyncio" in said
        assert board.exec("import asyncio\nprint(hasattr(asyncio, 'run'))") == "True\n"


def test_os_folder_never_shadows_os(firmware, disk):
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        board.exec("import os\nos.mkdir('/flash/os')\nopen('/flash/os/coil.py','w').close()")
        board.soft_reset()
        assert board.exec("import os\nprint(bool(os.listdir('/')))") == "True\n"


def test_what_survives_which_reset(firmware, disk):
    with boot(firmware, disk, epoch_s=1_800_000_000) as board:
        board.wait_for_prompt()
        assert board.exec("import machine\nprint(machine.reset_cause())") == "1\n"
        board.exec("import mps2\nmps2.noinit()[:4] = b'keep'")
        board.soft_reset()
        assert board.exec("import machine\nprint(machine.reset_cause())") == "5\n"
        board.reset()
        board.wait_for_prompt()
        code = "import machine, mps2, time\nprint(bytes(mps2.noinit()[:4]), machine.reset_cause())"
        assert board.exec(code) == "b'keep' 2\n"


def test_machine_reset_reboots_in_place(firmware, disk):
    with boot(firmware, disk, epoch_s=1_800_000_000) as board:
        board.wait_for_prompt()
        pid = board.pid
        board.console.write(b"import machine; machine.reset()\r")
        assert "started by reset" in board.wait_for_prompt()
        assert board.pid == pid
        # 2027-01-15: the wall clock went on.
        assert board.exec("import time\nprint(time.gmtime()[:3])") == "(2027, 1, 15)\n"


def test_clock_goes_on_after_a_reset_from_outside(firmware, disk):
    code = "import time\nprint(time.time_ns() // 1000)"
    with boot(firmware, disk, epoch_s=1_800_000_000) as board:
        board.wait_for_prompt()
        board.exec("import time\ntime.sleep(2)")
        before = int(board.exec(code))
        board.reset()
        board.wait_for_prompt()
        assert int(board.exec(code)) >= before


def test_time_goes_on_when_the_hardware_counter_wraps(firmware, disk):
    code = """
import machine, time
machine.mem32[0x40028018] = 0xffffffff - 100_000
before = time.time_ns()
calls = 0
def callback(timer):
    global calls
    calls += 1
timer = machine.Timer(-1, period=20, callback=callback)
time.sleep_ms(200)
timer.deinit()
print(machine.mem32[0x40028018] & 0xffffffff < 10_000_000, calls > 2)
print(time.time_ns() - before >= 200_000_000)
"""
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert board.exec(code) == "True True\nTrue\n"


def test_interrupted_format_is_done_again(firmware, disk):
    """What a power cut in the middle leaves: the mark, and one of two superblocks half done."""
    put(firmware, disk, "x", "")
    with open(disk, "r+b") as file:
        file.write(b"junk" * 100 + bytes(_FLASH_BYTES - 400))
        file.seek(_FLASH_BYTES - _BLOCK)
        file.write(b"Coil OS: formatting")
    with boot(firmware, disk) as board:
        assert "warning" not in board.wait_for_prompt()
        assert board.exec("import os\nprint(os.listdir('/flash'))") == "[]\n"
    with open(disk, "rb") as file:
        file.seek(_FLASH_BYTES - _BLOCK)
        assert file.read(19) == bytes(19)


def test_power_cuts_while_writing(firmware, disk):
    """Files that were replaced by rename are whole, whenever the emulator is killed."""
    write = """
import os
n = 0
while True:
    name = '/flash/f%d' % (n % 9)
    with open(name + '.tmp', 'w') as file:
        file.write(('%06d' % n) * (50 + n % 700))
    os.rename(name + '.tmp', name)
    n += 1
"""
    check = """
import os
for name in os.listdir('/flash'):
    if not name.endswith('.tmp'):
        with open('/flash/' + name) as file:
            text = file.read()
        if text != text[:6] * (50 + int(text[:6]) % 700):
            print(name, len(text), 'is not whole')
"""
    for cut in range(8):
        with boot(firmware, disk, flags=hostpage.NO_APP) as board:
            assert "warning" not in board.wait_for_prompt()
            assert board.exec(check) == ""
            board.console.write(b"\x05" + write.encode() + b"\x04")
            time.sleep(0.05 + 0.07 * cut)
            os.kill(board.pid, signal.SIGKILL)


def test_full_disk_is_an_error_and_not_the_end(firmware, disk):
    code = """
import os
data = bytes(65536)
try:
    with open('/flash/big', 'wb') as file:
        while True:
            file.write(data)
except OSError as error:
    print(error.errno)
os.remove('/flash/big')
print(os.statvfs('/flash')[3] > 2000)
"""
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert board.exec(code, timeout=60) == "28\nTrue\n"


def test_boots_without_any_host_tool(firmware):
    """Plain QEMU, no disk, no host page."""
    command = ["timeout", "20", "qemu-system-arm", "-M", "mps2-an385", "-kernel", str(firmware)]
    command += ["-display", "none", "-monitor", "none", "-serial", "stdio"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as qemu:
        qemu.stdin.write(b"open('/flash/x', 'w').close()\rimport os\rprint(os.listdir(), 6 * 7)\r")
        qemu.stdin.flush()
        said = b""
        while b"['x'] 42" not in said and (byte := qemu.stdout.read(1)):
            said += byte
        qemu.terminate()
    assert b"started by power-on" in said
    assert b"['x'] 42" in said


@pytest.mark.parametrize("heap_kb", [16, 54, 90, 1024])
def test_heap_size_on_request(firmware, disk, heap_kb):
    with boot(firmware, disk, heap=heap_kb * 1024) as board:
        board.wait_for_prompt()
        total = int(board.exec("import gc\nprint(gc.mem_free() + gc.mem_alloc())"))
    assert heap_kb * 1024 * 0.9 < total <= heap_kb * 1024


def test_default_heap_is_at_least_3_mb(firmware, disk):
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert int(board.exec("import gc\nprint(gc.mem_free())")) >= 3 * 1024 * 1024


def test_fat_with_long_names(firmware, disk):
    code = """
import os, vfs
class RAM:
    def __init__(self):
        self.data = bytearray(512 * 200)
    def readblocks(self, n, buf):
        buf[:] = memoryview(self.data)[n * 512:n * 512 + len(buf)]
    def writeblocks(self, n, buf):
        memoryview(self.data)[n * 512:n * 512 + len(buf)] = buf
    def ioctl(self, op, arg):
        return {4: 200, 5: 512}.get(op, 0)
device = RAM()
vfs.VfsFat.mkfs(device)
vfs.mount(vfs.VfsFat(device), "/fat")
with open("/fat/a long file name.text", "w") as file:
    file.write("fat")
print(os.listdir("/fat"), open("/fat/a long file name.text").read())
vfs.umount("/fat")
"""
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert board.exec(code) == "['a long file name.text'] fat\n"


def test_romfs_image_is_mounted(firmware, disk, tmp_path):
    from mpremote.romfs import make_romfs

    folder = tmp_path / "rom"
    folder.mkdir()
    (folder / "greeting.txt").write_text("from rom")
    (folder / "app.py").write_text("print('app from rom as', __name__)\n")
    image = make_romfs(str(folder), mpy_cross=False)
    put(firmware, disk, "x", "")
    with open(disk, "r+b") as file:
        file.seek(_FLASH_BYTES)
        file.write(image)
    with boot(firmware, disk) as board:
        assert "app from rom as __main__" in board.wait_for_prompt()
        assert board.exec("print(open('/rom/greeting.txt').read())") == "from rom\n"


def test_damaged_romfs_does_not_stop_the_boot(firmware, disk):
    put(firmware, disk, "x", "")
    with open(disk, "r+b") as file:
        file.seek(_FLASH_BYTES)
        file.write(b"\xd2\xcd\x31" + b"\xff" * 100)
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert board.exec("import os\nprint(os.listdir('/flash'))") == "['x']\n"


def test_idle_prompt_leaves_the_host_alone(firmware, disk):
    """WFI at the prompt: well below a tenth of a core, from the kernel's own account."""

    def cpu_s(pid):
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        before, start = cpu_s(board.pid), time.monotonic()
        time.sleep(3)
        used = (cpu_s(board.pid) - before) / (time.monotonic() - start)
    assert used < 0.10


def test_program_that_ends_with_the_heap_locked(firmware, disk):
    put(firmware, disk, "main.py", "import micropython\nmicropython.heap_lock()\n")
    with boot(firmware, disk) as board:
        board.wait_for_prompt()
        assert board.exec("print([1, 2])") == "[1, 2]\n"
