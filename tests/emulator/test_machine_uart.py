"""machine.UART: UART 1 to 4 against a socket of the host, and UART 0, the console."""

import hashlib
import random
import socket
import threading
import time

import pytest
from coiltools import hostpage
from coiltools.emulator import Emulator

_SETUP = """
import machine, select, time
from machine import UART
from hashlib import sha256
def digest(data):
    return sha256(data).digest().hex()
def wait_any(uart, count):
    while uart.any() < count:
        pass
"""
_DATA = random.Random(1).randbytes(6_000)
_DIGEST = hashlib.sha256(_DATA).hexdigest()


class Peer:
    """The other end of a UART."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(20)

    def send(self, data: bytes):
        self.socket.sendall(data)

    def receive(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            assert part, "the board's end was closed"
            data += part
        return bytes(data)

    def receive_all(self, quiet: float = 0.2) -> bytes:
        """What has come until nothing comes for `quiet` seconds."""
        self.socket.settimeout(quiet)
        data = bytearray()
        try:
            while part := self.socket.recv(65536):
                data += part
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(20)
        return bytes(data)


@pytest.fixture(scope="module")
def wired(firmware, tmp_path_factory):
    """A board whose four UARTs are connected: (board, peers)."""
    folder = tmp_path_factory.mktemp("uart")
    paths = {n: folder / f"{n}.sock" for n in range(1, 5)}
    serial = [f"{n}=unix:{path}" for n, path in paths.items()]
    with Emulator(firmware, serial=serial, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        peers = {n: Peer(path) for n, path in paths.items()}
        yield board, peers
        for peer in peers.values():
            peer.socket.close()


@pytest.fixture
def board(wired):
    """The wired board after a soft reset, with everything received dropped."""
    board, _ = wired
    board.soft_reset()
    board.exec(_SETUP)
    return board


@pytest.fixture
def peer(wired):
    return wired[1][1]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_both_ways(board, wired, number):
    peer = wired[1][number]
    board.exec(f"uart = UART({number}, 115200, timeout=5000, timeout_char=1000)")
    peer.send(b"to the board\n")
    assert board.exec("print(uart.readline())") == "b'to the board\\n'\n"
    assert board.exec("print(uart.write(b'to the host'), uart.flush(), uart.txdone())") == (
        "11 None True\n"
    )
    assert peer.receive(11) == b"to the host"


def test_more_than_the_ring_holds(board, peer):
    board.exec("uart = UART(1, rxbuf=64, timeout=5000, timeout_char=2000)")
    peer.send(_DATA)
    code = f"wait_any(uart, 64)\ntime.sleep_ms(50)\nprint(uart.any(), digest(uart.read({len(_DATA)})))"
    assert board.exec(code, timeout=30) == f"64 {_DIGEST}\n"


def test_nothing_lost_under_a_busy_loop(board, peer):
    board.exec("uart = UART(1, rxbuf=256, timeout=0)")
    peer.send(_DATA)
    code = f"""
hash = sha256()
count = 0
while count < {len(_DATA)}:
    for n in range(20000):
        n * n
    part = uart.read()
    if part:
        hash.update(part)
        count += len(part)
print(hash.digest().hex())
"""
    assert board.exec(code, timeout=60) == f"{_DIGEST}\n"


def test_sent_before_the_uart_was_set_up(board, peer):
    peer.send(b"early")
    assert board.exec("print(UART(1, timeout=5000, timeout_char=1000).read(5))") == "b'early'\n"


def test_long_write_to_a_slow_host(board, peer):
    board.exec("uart = UART(1, timeout=10000)")
    received = []

    def receive():
        time.sleep(0.3)
        received.append(peer.receive(100_000))

    thread = threading.Thread(target=receive)
    thread.start()
    code = "data = bytes(range(250)) * 400\nprint(uart.write(data))"
    assert board.exec(code, timeout=30) == "100000\n"
    thread.join(20)
    assert received == [bytes(range(250)) * 400]


def test_both_ways_at_once(board, peer):
    """An echo: what the board receives it sends back at once."""
    board.exec("uart = UART(1, rxbuf=128, timeout=10000, timeout_char=1000)")
    received = []
    thread = threading.Thread(target=lambda: received.append(peer.receive(len(_DATA))))
    thread.start()
    peer.send(_DATA)
    code = f"""
count = 0
while count < {len(_DATA)}:
    part = uart.read(min(100, {len(_DATA)} - count))
    count += uart.write(part)
print(count)
"""
    assert board.exec(code, timeout=60) == f"{len(_DATA)}\n"
    thread.join(20)
    assert received == [_DATA]


def test_held_up_receiver(board, peer):
    """Nobody reads: write gives up after its timeout, and poll sees when it may go on."""
    code = """
uart = UART(1, timeout=250)
start = time.ticks_ms()
sent = uart.write(bytes(1_000_000))
waited = time.ticks_diff(time.ticks_ms(), start)
print(sent < 1_000_000, 250 <= waited < 5000, uart.write(b"x"), uart.txdone())
try:
    uart.flush()
except OSError as e:
    print(e)
poll = select.poll()
poll.register(uart, select.POLLOUT)
print(poll.poll(50))
"""
    assert board.exec(code, timeout=30).splitlines() == [
        "True True None False",
        "[Errno 110] ETIMEDOUT",
        "[]",
    ]
    thread = threading.Timer(0.3, peer.receive_all)
    thread.start()
    code = "start = time.ticks_ms()\nprint(poll.poll(8000)[0][1] == select.POLLOUT)\n"
    code += "print(time.ticks_diff(time.ticks_ms(), start) < 4000, uart.write(b'on'))"
    assert board.exec(code, timeout=15) == "True\nTrue 2\n"
    thread.join()
    peer.receive_all()


def test_timeouts(board, peer):
    code = """
uart = UART(1, timeout=200, timeout_char=0)
start = time.ticks_ms()
print(uart.read(1), 200 <= time.ticks_diff(time.ticks_ms(), start) < 2000)
uart.init(timeout=0)
start = time.ticks_ms()
print(uart.read(1), uart.read(), uart.readinto(bytearray(4)), uart.readline())
print(time.ticks_diff(time.ticks_ms(), start) < 200)
"""
    assert board.exec(code) == "None True\nNone None None None\nTrue\n"


def test_timeout_between_characters(board, peer):
    board.exec("uart = UART(1, timeout=0, timeout_char=300)")
    peer.send(b"abc")
    code = "while uart.any() < 3:\n    pass\nstart = time.ticks_ms()\nprint(uart.read(10))\n"
    code += "print(time.ticks_diff(time.ticks_ms(), start))"
    text, waited = board.exec(code).splitlines()
    assert text == "b'abc'"
    assert 300 <= int(waited) < 3000


def test_waiting_lets_callbacks_run(board):
    code = """
count = 0
def callback(timer):
    global count
    count += 1
timer = machine.Timer(-1, period=20, callback=callback)
UART(1, timeout=500).read(1)
timer.deinit()
print(count > 10)
"""
    assert board.exec(code) == "True\n"


def test_ctrl_c_ends_a_wait(board):
    board.console.write(b"UART(1, timeout=1000000).read(1)\r")
    time.sleep(0.2)
    board.console.write(b"\x03")
    assert "KeyboardInterrupt" in board.wait_for_prompt()


def test_poll_wakes_up(board, peer):
    board.exec("uart = UART(1)\npoll = select.poll()\npoll.register(uart, select.POLLIN)")
    thread = threading.Timer(0.3, peer.send, [b"!"])
    thread.start()
    code = "start = time.ticks_ms()\nprint(poll.poll(8000)[0][1] == select.POLLIN, uart.any())\n"
    code += "print(100 < time.ticks_diff(time.ticks_ms(), start) < 4000, poll.poll(0) != [])"
    assert board.exec(code, timeout=15) == "True 1\nTrue True\n"
    thread.join()


def test_asyncio_streams(board, peer):
    board.exec("uart = UART(1, rxbuf=64)")
    peer.send(_DATA)
    code = f"""
import asyncio
async def main():
    reader = asyncio.StreamReader(uart)
    data = await reader.readexactly({len(_DATA)})
    writer = asyncio.StreamWriter(uart, {{}})
    writer.write(b"got it\\n")
    await writer.drain()
    print(digest(data))
asyncio.run(main())
"""
    assert board.exec(code, timeout=60) == f"{_DIGEST}\n"
    assert peer.receive(7) == b"got it\n"


@pytest.mark.parametrize("hard", [False, True])
def test_irq(board, peer, hard):
    board.exec(f"""
uart = UART(1, rxbuf=64)
buffer = bytearray({len(_DATA)})
view = memoryview(buffer)
part = bytearray(64)
count = 0
def callback(u):
    global count
    n = u.readinto(part)
    while n:
        for i in range(n):
            buffer[count] = part[i]
            count += 1
        n = u.readinto(part)
irq = uart.irq(callback, UART.IRQ_RX, hard={hard})
""")
    peer.send(_DATA)
    code = f"start = time.ticks_ms()\nwhile count < {len(_DATA)} and "
    code += "time.ticks_diff(time.ticks_ms(), start) < 50_000:\n    pass\n"
    code += "print(digest(buffer), irq.flags() == UART.IRQ_RX, irq.trigger() == UART.IRQ_RX)"
    assert board.exec(code, timeout=60) == f"{_DIGEST} True True\n"


def test_irq_for_what_is_there_already(board, peer):
    """A full ring gets no more interrupts: setting the handler must make up for it."""
    board.exec("uart = UART(1, rxbuf=8)")
    peer.send(b"0123456789")
    code = (
        "wait_any(uart, 8)\ngot = b''\ndef take(u):\n    global got\n    got += u.read() or b''\n"
    )
    code += "uart.irq(take, UART.IRQ_RX)\nwhile len(got) < 10:\n    pass\nprint(got)"
    assert board.exec(code) == "b'0123456789'\n"


def test_hard_callback_never_waits(board, peer):
    board.exec("""
uart = UART(1, timeout=60_000, timeout_char=60_000)
part = bytearray(32)
total = 0
longest = 0
def callback(u):
    global longest, total
    start = time.ticks_ms()
    total += u.readinto(part) or 0
    longest = max(longest, time.ticks_diff(time.ticks_ms(), start))
uart.irq(callback, UART.IRQ_RX, hard=True)
""")
    peer.send(b"few")
    code = "start = time.ticks_ms()\n"
    code += "while total < 3 and time.ticks_diff(time.ticks_ms(), start) < 5000:\n    pass\n"
    assert board.exec(code + "print(total, longest < 1000)") == "3 True\n"


def test_irq_taken_away(board, peer):
    board.exec("uart = UART(1)\ncount = 0\ndef callback(u):\n    global count\n    count += 1\n")
    board.exec("uart.irq(callback, UART.IRQ_RX)\nuart.irq(None)")
    peer.send(b"quiet")
    assert board.exec("wait_any(uart, 5)\nprint(count, uart.any())") == "0 5\n"


def test_settings(board):
    code = """
uart = UART(1, 9600, timeout=10)
print(uart)
uart.init(baudrate=19200, rxbuf=100)
print(uart, UART(1) is uart)
print(UART(1, 9600))
uart.deinit()
print(uart)
for act in (uart.any, uart.read, lambda: uart.write(b"x"), uart.flush, uart.txdone, uart.irq):
    try:
        act()
    except ValueError as e:
        print(e)
uart.init()
print(uart)
"""
    first = "UART(1, baudrate=9600, bits=8, parity=None, stop=1, timeout=10, timeout_char=0"
    assert board.exec(code).splitlines() == [
        f"{first}, rxbuf=256)",
        f"{first.replace('9600', '19200')}, rxbuf=100) True",
        f"{first}, rxbuf=100)",
        "UART(1, off)",
        *["UART is off, call init() first"] * 6,
        f"{first}, rxbuf=256)",
    ]


def test_unread_bytes_survive_a_new_baudrate(board, peer):
    board.exec("uart = UART(1, 9600)")
    peer.send(b"kept")
    assert board.exec("wait_any(uart, 4)\nuart.init(115200)\nprint(uart.read())") == "b'kept'\n"


@pytest.mark.parametrize(
    "call, message",
    [
        ("UART(5)", "UART(5) doesn't exist, use UART(0) to UART(4)"),
        ("UART(-1)", "UART(-1) doesn't exist"),
        ("UART(1, 0)", "baudrate must be 24 to 1562500"),
        ("UART(1, 2_000_000)", "baudrate must be 24 to 1562500"),
        ("UART(1, bits=7)", "this UART has bits=8, parity=None, stop=1 only"),
        ("UART(1, parity=0)", "this UART has bits=8, parity=None, stop=1 only"),
        ("UART(1, stop=2)", "this UART has bits=8, parity=None, stop=1 only"),
        ("UART(1, rxbuf=0)", "rxbuf must be 1 to 65534"),
        ("UART(1, timeout=-5)", "timeout must be 0 to 2147483647"),
        ("UART(1).irq(5, UART.IRQ_RX)", "handler must be None or callable"),
        ("UART(1).irq(print, 64)", "trigger must be 0, UART.IRQ_RX, UART.IRQ_TXIDLE or both"),
        ("UART(0).irq(print, UART.IRQ_RX)", "use select.poll() instead of irq()"),
        ("UART(0, rxbuf=64)", "UART(0) is the console, whose buffers are fixed"),
    ],
)
def test_wrong_arguments(board, call, message):
    code = f"try:\n    {call}\nexcept ValueError as e:\n    print(e)"
    assert message in board.exec(code)


def test_idle_comes_after_a_write(board, peer):
    """As with other ports of MicroPython; irq.trigger() has it come on an idle port, too."""
    code = """
uart = UART(1)
uart.init(115200)
calls = []
irq = uart.irq(lambda u: calls.append(irq.flags()), UART.IRQ_TXIDLE)
def turn():
    for _ in range(1000):
        pass
    print(len(calls), end=" ")
turn()
uart.write(b"a")
turn()
irq = uart.irq(lambda u: calls.append(irq.flags()), UART.IRQ_TXIDLE)
turn()
irq.trigger(UART.IRQ_TXIDLE)
turn()
uart.irq(None)
uart.write(b"b")  # nobody was told
irq = uart.irq(lambda u: calls.append(irq.flags()), UART.IRQ_TXIDLE)
turn()
print(set(calls) == {UART.IRQ_TXIDLE})
uart.irq(None)
"""
    assert board.exec(code) == "0 1 1 2 3 True\n"


def test_soft_reset_stops_callbacks(board, peer):
    board.exec("uart = UART(1)\nuart.irq(lambda u: print('called'), UART.IRQ_RX)")
    board.soft_reset()
    peer.send(b"nobody there")
    time.sleep(0.2)
    assert board.console.drain() == b""
    board.exec("import gc\nfor _ in range(20):\n    bytearray(100_000)\ngc.collect()")
    code = "from machine import UART\nprint(UART(1, timeout=5000, timeout_char=500).read(12))"
    assert board.exec(code) == "b'nobody there'\n"


def test_ring_survives_collections(board, peer):
    """The ring is held by a root pointer alone."""
    board.exec("UART(1, rxbuf=1000)")
    peer.send(_DATA[:1000])
    code = "import gc\nfor _ in range(50):\n    x = bytearray(100_000)\n    gc.collect()\n"
    code += "wait_any(UART(1), 1000)\nprint(digest(UART(1).read()))"
    assert board.exec(code) == hashlib.sha256(_DATA[:1000]).hexdigest() + "\n"


def test_console_as_uart(board):
    board.console.write(b"UART(0, timeout=5000, timeout_char=500).read(5)\rhello")
    assert "b'hello'" in board.wait_for_prompt()
    code = "print(UART(0, 115200))\nprint(UART(0).write(b'written\\n'))\nUART(0).deinit()"
    assert board.exec(code) == (
        "UART(0, baudrate=115200, bits=8, parity=None, stop=1, timeout=5000, timeout_char=500, "
        "console)\nwritten\n8\n"
    )
    assert board.exec("print('still here')") == "still here\n"
