"""BufferedSerial and UnbufferedSerial on UART 1 to 4, each with a process of the host behind it."""

import os
import random
import selectors
import socket
import threading
import time
from hashlib import sha256

import pytest
from coiltools import hostpage, paths
from coiltools.emulator import Emulator

_UARTS = range(1, 5)
#: Each way on each UART; `make soak` sets COIL_SOAK, for which it is a megabyte.
_BULK_BYTES = 1 << 20 if os.environ.get("COIL_SOAK") else 256 << 10
_SUITE = (paths.ROOT / "tests" / "conformance" / "stream.py").read_text()
_SETUP = """
import micropython, rtos, select, time
from drivers import BufferedSerial, UnbufferedSerial
def fails(kind, function, *args, **options):
    try:
        function(*args, **options)
    except kind as error:
        print(type(error).__name__, *error.args)
    else:
        print("nothing was raised")
"""


class Lines:
    """The other ends of the UARTs, served by a thread.

    echo: UARTs whose bytes go back. Of the others `received[n]` collects them, send(n, data) sends.
    """

    def __init__(self, places):
        self._selector = selectors.DefaultSelector()
        self._ends = {}
        self._waiting = {}
        self._lock = threading.Lock()
        self.echo = set()
        self.received = {}
        for number, path in places.items():
            end = socket.socket(socket.AF_UNIX)
            end.connect(str(path))
            end.setblocking(False)
            self._ends[number] = end
            self._waiting[number] = bytearray()
            self.received[number] = bytearray()
            self._selector.register(end, selectors.EVENT_READ | selectors.EVENT_WRITE, number)
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def send(self, number, data):
        with self._lock:
            self._waiting[number] += data

    def clear(self):
        with self._lock:
            for number in self._ends:
                self._waiting[number].clear()
                self.received[number].clear()
            self.echo.clear()

    def wait(self, number, count, timeout=20):
        """What has been received, when it is so much."""
        deadline = time.monotonic() + timeout
        while len(self.received[number]) < count:
            assert time.monotonic() < deadline, f"{len(self.received[number])} of {count} bytes"
            time.sleep(0.005)
        return bytes(self.received[number])

    def _serve(self):
        while not self._stopped:
            moved = False
            for key, events in self._selector.select(0.01):
                end, number = key.fileobj, key.data
                with self._lock:
                    if events & selectors.EVENT_READ:
                        data = end.recv(65536)
                        moved = moved or bool(data)
                        into = self._waiting if number in self.echo else self.received
                        into[number] += data
                    if events & selectors.EVENT_WRITE and self._waiting[number]:
                        moved = True
                        sent = end.send(self._waiting[number][:65536])
                        del self._waiting[number][:sent]
            if not moved:
                time.sleep(0.001)

    def close(self):
        self._stopped = True
        self._thread.join()
        for end in self._ends.values():
            end.close()


@pytest.fixture(scope="module")
def wired(firmware, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    places = {n: folder / f"{n}.sock" for n in _UARTS}
    serial = [f"{n}=unix:{path}" for n, path in places.items()]
    with Emulator(firmware, serial=serial, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        lines = Lines(places)
        yield board, lines
        lines.close()


@pytest.fixture
def board(wired):
    board, lines = wired
    board.soft_reset()
    lines.clear()
    board.exec(_SETUP)
    return board


@pytest.fixture
def lines(wired):
    return wired[1]


def test_the_contract(board, lines):
    lines.echo.add(2)
    board.exec(_SUITE)
    code = "stream = BufferedSerial(2)\nrtos.run(lambda: check_stream(stream, heap=True))\n"
    code += "rtos.run(check_deinit(stream))\nprint('kept')"
    assert board.exec(code, timeout=120).splitlines()[-1] == "kept"


@pytest.mark.soak
def test_five_at_once(board, lines, record_property):
    """All UARTs at once, both ways, nothing is lost: four through drivers, the console as machine's UART(0)."""
    record_property("seed", 1)
    record_property("bytes each way on five ports", _BULK_BYTES)
    rng = random.Random(1)
    data = {n: rng.randbytes(_BULK_BYTES) for n in _UARTS}
    # Of the console the bytes that mean something to it, or to the end of what it prints, are left out.
    typed = bytes(rng.choices(range(32, 127), k=_BULK_BYTES))
    for n in _UARTS:
        lines.send(n, data[n])
    code = f"""
from hashlib import sha256
from machine import UART
BYTES = {_BULK_BYTES}
chunk = bytes(range(256)) * 4
text = bytes(range(32, 96)) * 16
digests = {{}}
async def receive(port, n):
    buf = bytearray(1024)
    view = memoryview(buf)
    digest = sha256()
    left = BYTES
    while left:
        count = await port.recv_into(view[:left] if left < 1024 else buf, 20_000)
        digest.update(view[:count])
        left -= count
    digests[n] = digest.digest().hex()
async def send(port):
    for _ in range(BYTES // 1024):
        await port.sendall(chunk, 20_000)
    await port.drain(20_000)
async def hear(console):
    digest = sha256()
    left = BYTES
    while left:
        part = console.read(left)
        if part:
            digest.update(part)
            left -= len(part)
            await rtos.yield_()
        else:
            await rtos.sleep_ms(1)
    digests[0] = digest.digest().hex()
async def say(console):
    for _ in range(BYTES // 1024):
        console.write(text)
        await rtos.yield_()
async def main():
    console = UART(0, timeout=0, timeout_char=0)
    async with rtos.TaskGroup() as group:
        group.start(hear, console)
        group.start(say, console)
        for n in range(1, 5):
            port = BufferedSerial(n, rxbuf=4096)
            group.start(receive, port, n)
            group.start(send, port)
    print()
    for n in range(5):
        print(digests[n])
rtos.run(main)
"""
    ended = []
    thread = threading.Thread(target=lambda: ended.append(board.exec(code, timeout=3600)))
    thread.start()
    lines.wait(1, 1, timeout=60)  # the program runs, so that what is typed now is for it
    board.console.write(typed, 3600)
    thread.join()
    *said, spoken = reversed(ended[0].split("\n")[:-1])
    assert [sha256(d).hexdigest() for d in (*reversed(data.values()), typed)] == said
    assert spoken == bytes(range(32, 96)).decode() * (_BULK_BYTES // 64)
    sent = bytes(range(256)) * (_BULK_BYTES // 256)
    for n in _UARTS:
        assert lines.wait(n, _BULK_BYTES) == sent
    assert board.exec("print(sum(BufferedSerial(n).errors()[0] for n in range(1, 5)))") == "0\n"


def test_a_held_up_receiver(board, wired):
    """Nobody takes what is sent: write() returns at once, sendall() waits as long as it was told."""
    _, lines = wired
    code = """
port = BufferedSerial(3)
blob = bytes(1_000_000)
total = 0
start = time.ticks_ms()
while (n := port.write(blob)) is not None:
    total += n
print(total < 1_000_000_000, time.ticks_diff(time.ticks_ms(), start) < 5_000)
print(port.ioctl(3, 5))
async def main():
    for wait in (lambda: port.sendall(b"x", 30), lambda: port.drain(30)):
        try:
            await wait()
        except OSError as error:
            print(error.args[0])
rtos.run(main)
print(total)
"""
    # The peer must not read: its thread is stopped meanwhile.
    with lines._lock:
        out = board.exec(code, timeout=60).splitlines()
    assert out[:4] == ["True True", "0", "110", "110"]
    total = int(out[4])
    lines.wait(3, total)
    assert board.exec("print(port.ioctl(3, 5))\nport.deinit()") == "4\n"


def test_unbuffered_in_interrupts(board, lines):
    lines.echo.add(4)
    code = """
port = UnbufferedSerial(4)
one = bytearray(1)
got = bytearray(2000)
count = 0
def received(port):
    global count
    while port.readinto(one):
        got[count] = one[0]
        count += 1
port.attach(received, hard=True)
data = bytes(range(250)) * 8
idle = 0
def sent(port):
    global idle
    idle += 1
port.attach(sent, UnbufferedSerial.TX, hard=True)
view = memoryview(data)
for at in range(0, 2000, 50):
    port.write(view[at : at + 50])
start = time.ticks_ms()
while count < 2000 and time.ticks_diff(time.ticks_ms(), start) < 20_000:
    pass
print(count, got == data, idle > 0, port.readable(), port.writable(), port)
port.attach(None)
port.attach(None, port.TX)
port.write(b"quiet")
start = time.ticks_ms()
got = b""
while len(got) < 5 and time.ticks_diff(time.ticks_ms(), start) < 20_000:
    got += port.read(16) or b""
print(count, got)
"""
    assert board.exec(code, timeout=60) == (
        "2000 True True False True <UnbufferedSerial UART4 115200 Bd 8N1>\n2000 b'quiet'\n"
    )


def test_misuse(board):
    code = """
fails(ValueError, BufferedSerial, 0)
fails(ValueError, BufferedSerial, 5)
fails(ValueError, BufferedSerial, baudrate=0)
fails(ValueError, BufferedSerial, rxbuf=0)
fails(OSError, BufferedSerial, bits=7)
fails(OSError, BufferedSerial, flow=True)
fails(ValueError, BufferedSerial, tx="LED1")
port = BufferedSerial(1)
fails(OSError, port.send_break)
fails(OSError, port.format, 8, 0, 1)
print(port, port.baud(9600), port.errors())
fails(ValueError, port.recv_into, b"")
fails(OSError, UnbufferedSerial, 1)
async def main():
    port.recv_into(bytearray(1), -1)
fails(ValueError, rtos.run, main)
port.deinit()
fails(OSError, port.baud, 9600)
print(UnbufferedSerial(1), BufferedSerial(tx="UART2_TX", rx="UART2_RX"))
"""
    assert board.exec(code).splitlines() == [
        "ValueError UART(0) doesn't exist, use UART(1) to UART(4)",
        "ValueError UART(5) doesn't exist, use UART(1) to UART(4)",
        "ValueError baudrate: Bd, at least 1, for instance 115_200",
        "ValueError rxbuf and txbuf: 1 to 65534 bytes",
        "OSError 95 mps2 has no serial format but 8 bits, parity None, 1 stop",
        "OSError 95 mps2 has no RTS and CTS",
        "ValueError no UART of this board has tx=LED1: leave the pins out and give the number",
        "OSError 95 mps2 has no break on serial lines",
        "OSError 95 mps2 has no serial format but 8 bits, parity None, 1 stop",
        "<BufferedSerial UART1 9600 Bd 8N1> 9600 (0, 0, 0)",
        "ValueError recv_into() needs a buffer of at least one byte",
        "OSError 16 UART(1) is in use by <BufferedSerial UART1 9600 Bd 8N1>",
        "ValueError a time is None for ever, or 0 to 2**30 - 1 ms",
        "OSError 19 BufferedSerial UART1 has been deinitialised: make a new one",
        "<UnbufferedSerial UART1 115200 Bd 8N1> <BufferedSerial UART2 115200 Bd 8N1>",
    ]
