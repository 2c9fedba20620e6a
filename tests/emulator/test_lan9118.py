"""Ethernet on the emulated board: QEMU's LAN9118, with a program of ours at the other end of the cable.

QEMU's model knows no errors of the wire, no full TX FIFO and no counter of lost frames; these
are proved against a model of ours, in tests/unit/drivers/cases/lan9118.py.
"""

import contextlib
import fcntl
import random
import runpy
import socket
import struct
import termios
import threading
import time

import pytest
from coiltools import hostpage
from coiltools.devices import Network
from coiltools.emulator import Emulator
from coiltools.paths import OS, ROOT

_SUITE = ROOT / "tests" / "conformance" / "netdev.py"
_PLAIN = OS / "drivers" / "chips" / "_lan9118plain.py"
_OURS = b"\x02\x00\x00\x00\x00\xfe"
_HEAD = struct.Struct(">I")
#: What may be under way: the RX FIFO has 10,560 bytes, each frame takes 4 to 7 more.
_WINDOW = 9000

_ECHO = """
import rtos
from drivers import Ethernet

dev = Ethernet()
flags = rtos.EventFlags()
notified = 0
def notify(device):
    global notified
    notified = notified + 1 & 0x3FFFFFFF
    flags.set(1)
buf = bytearray(1514)
view = memoryview(buf)
mine = dev.hwaddr

def swap():
    for i in range(6):
        buf[i] = buf[6 + i]
        buf[6 + i] = mine[i]

async def echo(frames):
    # Thread context: waits for the interrupt, never polls.
    while frames:
        n = dev.recv_into(buf)
        if not n:
            await flags.wait_any(1)
            continue
        swap()
        while not dev.send(buf, n):
            await flags.wait_any(1)
        frames -= 1

def serve(frames):
    rtos.run(echo, frames)
"""


class Wire:
    """Our end of the cable: frames over a stream, as `coil run --net socket:...` has them."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self._pending = bytearray()
        connection.settimeout(20)

    def send(self, *frames: bytes):
        self.connection.sendall(b"".join(_HEAD.pack(len(f)) + f for f in frames))

    def receive(self) -> bytes:
        """The next frame. Raises TimeoutError, after which nothing is lost, or EOFError at the end."""
        self._fill(_HEAD.size)
        end = _HEAD.size + _HEAD.unpack_from(self._pending)[0]
        self._fill(end)
        frame = bytes(self._pending[_HEAD.size : end])
        del self._pending[:end]
        return frame

    def _fill(self, count: int):
        while len(self._pending) < count:
            part = self.connection.recv(1 << 16)
            if not part:
                raise EOFError
            self._pending += part

    @contextlib.contextmanager
    def within(self, seconds: float):
        self.connection.settimeout(seconds)
        try:
            yield
        finally:
            self.connection.settimeout(20)

    def wait_until_taken(self):
        """Return when the emulator has read all that was sent: it is in the FIFO, or dropped."""
        until = time.monotonic() + 30
        while struct.unpack("i", fcntl.ioctl(self.connection, termios.TIOCOUTQ, bytes(4)))[0]:
            assert time.monotonic() < until, "the emulator does not read"
            time.sleep(0.001)

    def forget(self):
        """Throw away what waits."""
        with self.within(0.3), contextlib.suppress(TimeoutError):
            while True:
                self.receive()


@pytest.fixture(scope="module")
def wired(firmware, tmp_path_factory):
    """A board with a cable, and our end of it."""
    path = tmp_path_factory.mktemp("cable") / "cable"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        network = Network([], None, f"socket:unix:{path},connect")
        with Emulator(firmware, flags=hostpage.NO_APP, network=network) as board:
            board.wait_for_prompt()
            connection, _ = server.accept()
            with connection:
                yield board, Wire(connection)


@pytest.fixture
def board(wired):
    """The board, its Ethernet as after a reset."""
    board, wire = wired
    board.soft_reset()
    wire.forget()
    yield board


@pytest.fixture
def wire(wired):
    return wired[1]


@pytest.fixture
def echo(board, wire):
    """The board is set up to echo; returns its address."""
    board.exec(_ECHO)
    mine = bytes.fromhex(board.exec("print(mine.hex())"))
    board.exec("dev.start(notify)")
    return mine


def frame(dst: bytes, n: int, rng=None) -> bytes:
    data = rng.randbytes(n - 14) if rng else bytes(i & 0xFF for i in range(n - 14))
    return dst + _OURS + b"\x88\xb5" + data


def run_beside(board, code: str, timeout: float = 60):
    """Run code on the board while we do something else. Returns f: f() waits for its output, f.done() asks."""
    result = []

    def run():
        try:
            result.append(board.exec(code, timeout))
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def end() -> str:
        thread.join()
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    end.done = lambda: bool(result)
    return end


def test_conformance(board, wire):
    peer = runpy.run_path(str(_SUITE))["Peer"]()
    stop = threading.Event()
    failed = []

    def answer():
        while not stop.is_set():
            try:
                for reply in peer.answer(wire.receive()):
                    wire.send(reply)
            except TimeoutError:
                continue
            except Exception as error:  # told by the main thread
                failed.append(error)
                return

    thread = threading.Thread(target=answer)
    with wire.within(0.2):
        thread.start()
        try:
            board.exec(_SUITE.read_text())
            said = board.exec(
                "import time\nfrom drivers import Ethernet\n"
                "check_netdev(Ethernet(), lambda: time.sleep_ms(1))\n"
                "dev = Ethernet()\ncheck_deinit(dev)\nprint(dev.errors())",
                timeout=120,
            )
        finally:
            stop.set()
            thread.join()
    assert failed == []
    assert said.startswith("conformance seed") and said.endswith("\n{}\n")


def test_ten_thousand_frames_each_way(board, wire, echo):
    frames = 10_000
    seed = random.getrandbits(32)
    print("seed", seed)
    rng = random.Random(seed)
    ended = run_beside(board, f"serve({frames})\nprint(dev.stats(), dev.errors())", 200)
    under_way = []
    bytes_ = sent = 0

    def take_back():
        nonlocal bytes_
        wanted = under_way.pop(0)
        bytes_ -= len(wanted) + 8
        got = wire.receive()
        assert got[:6] == _OURS and got[6:12] == echo and got[12:] == wanted[12:]

    while sent < frames or under_way:
        if sent == frames or bytes_ > _WINDOW - 1522:
            take_back()
            continue
        n = rng.choice((60, 61, 62, 63, 64, 1511, 1512, 1513, 1514, rng.randint(60, 1514)))
        data = frame(echo, n, rng)
        wire.send(data)
        under_way.append(data)
        bytes_ += len(data) + 8
        sent += 1
    assert ended() == f"({frames}, 0, 0, {frames}, 0) {{}}\n"


def test_flood_beyond_the_fifo(board, wire, echo):
    """What finds no room is lost, the rest is whole, and reception goes on."""
    sent = [frame(echo, 600, random.Random(number)) for number in range(400)]
    wire.send(*sent)
    wire.wait_until_taken()
    got = board.exec(
        "while n := dev.recv_into(buf):\n    print(bytes(view[12:n]).hex())",
        timeout=60,
    ).split()
    assert 10 < len(got) < 400
    # The model drops what comes when the FIFO is full, so the first ones are there.
    assert [bytes.fromhex(text) for text in got] == [data[12:] for data in sent[: len(got)]]
    interrupts = int(board.exec("print(notified)"))
    assert interrupts == 1
    for _ in range(3):  # again and again
        wire.send(*sent[:100])
        wire.wait_until_taken()
        board.exec("while dev.recv_into(buf):\n    pass")
    ended = run_beside(board, "serve(50)\nprint(dev.stats()[2], dev.errors())")
    for number in range(50):
        wire.send(sent[number])
        assert wire.receive()[12:] == sent[number][12:]
    assert ended() == "0 {}\n"


def test_flood_while_the_board_echoes(board, wire, echo):
    """Frames without any control: whatever comes back is whole and in order; then all is as before."""
    ended = run_beside(
        board,
        "async def forever():\n    await echo(-1)\nasync def main():\n"
        "    rtos.Thread(forever).start()\n    await rtos.sleep_ms(4000)\nrtos.run(main)\n"
        "print(dev.stats()[1:3], dev.errors())",
    )
    sent = [frame(echo, 60 + number % 1400, random.Random(number)) for number in range(3000)]
    flood = threading.Thread(target=lambda: wire.send(*sent))
    flood.start()
    wanted = iter(sent)
    came = 0
    with wire.within(2), contextlib.suppress(TimeoutError):
        while True:
            got = wire.receive()
            assert any(got[12:] == data[12:] for data in wanted), "not one of those that are left"
            came += 1
    flood.join()
    assert came > 30
    assert ended() == "(0, 0) {}\n"


def test_strange_sizes(board, wire, echo):
    """Runts, scraps, oversized frames and none at all; what is a frame comes through."""
    good = frame(echo, 60)
    for n in [*range(1, 15), *range(15, 60, 7), 1515, 1516, 1518, 1600, 2047, 2048, 4000]:
        data = (frame(echo, max(n, 15)) + b"x")[:n]
        wire.send(data, good)
    wire.wait_until_taken()
    said = board.exec(
        "sizes = []\nbig = bytearray(4096)\ngood = 0\n"
        "while n := dev.recv_into(big):\n    sizes.append(n)\n"
        "print(sizes)\nprint(dev.stats(), dev.errors())"
    )
    sizes = eval(said.splitlines()[0])
    assert all(14 <= n <= 1514 for n in sizes)
    assert sizes.count(60) >= 28
    received, dropped, errors, _, _ = eval(said.splitlines()[1].partition(" {")[0])
    # QEMU hands over 1515 to 2047 bytes, and no more.
    assert (received, dropped, errors) == (len(sizes), 0, 5)
    wire.send(good)
    ended = run_beside(board, "serve(1)")
    assert wire.receive()[12:] == good[12:]
    ended()


def test_a_small_buffer_drops_what_is_longer(board, wire, echo):
    """So often that room which is not given back would be noticed."""
    board.exec("small = bytearray(100)\ngot = 0")
    for _ in range(20):
        wire.send(*[frame(echo, 1514)] * 5, frame(echo, 100))
        board.exec(
            "import time\nwhile not dev.recv_into(small):\n    time.sleep_ms(1)\n"
            "assert not dev.recv_into(small)\ngot += 1"
        )
    assert board.exec("print(got, dev.stats())") == "20 (20, 100, 0, 0, 0)\n"


def test_cable_pulled_out(board, wire, echo):
    look = "import time\ntime.sleep_ms(50)\nprint(dev.link(), notified)"
    assert board.exec(look) == "True 0\n"
    with board.qmp() as control:
        control.execute("set_link", name="net0", up=False)
    assert board.exec(look) == "False 1\n"
    assert "no link" in board.exec("print(dev)")
    with board.qmp() as control:
        control.execute("set_link", name="net0", up=True)
    assert board.exec(look) == "True 2\n"
    ended = run_beside(board, "serve(1)")
    wire.send(frame(echo, 77))
    assert len(wire.receive()) == 77
    ended()


_ALIGNMENTS = """
from drivers.chips.lan9118 import LAN9118
import mps2
def test(bus, sizes):
    dev = LAN9118(bus, lambda handler: mps2.irq(13, handler, hard=False), fast_forward=False)
    dev.start(lambda dev: None)
    dev._mac._phy_write(0, 0x4000)  # the PHY hands back what it is given
    frame = dev.hwaddr + dev.hwaddr + bytes(range(256)) * 6
    count = 0
    for odd in range(4):
        source = memoryview(bytearray(odd) + frame)[odd:]
        for shift in range(4):
            for n in sizes:
                around = bytearray(b"\\xaa" * (n + 72))
                assert dev.send(source, n)
                wanted = max(n, 60)
                target = memoryview(around)[shift : shift + wanted]
                assert dev.recv_into(target) == wanted
                assert bytes(target) == bytes(source[:n]) + bytes(wanted - n), (odd, shift, n)
                assert around[:shift] == b"\\xaa" * shift
                assert around[shift + wanted :] == b"\\xaa" * (n + 72 - wanted - shift)
                count += 1
    dev.deinit()
    print(count)
"""


def test_machine_code_at_all_alignments(board):
    board.exec(_ALIGNMENTS)
    sizes = "list(range(14, 140)) + list(range(1500, 1515))"
    assert board.exec(f"test(0x40200000, {sizes})", timeout=60) == f"{16 * 141}\n"


def test_plain_twin_at_all_alignments(board):
    board.exec(_ALIGNMENTS)
    board.exec(_PLAIN.read_text())
    assert board.exec("test(Bus(0x40200000), range(14, 80, 3))", timeout=60) == f"{16 * 22}\n"
    assert board.exec("test(Bus(0x40200000), range(1511, 1515))", timeout=60) == f"{16 * 4}\n"


@pytest.mark.parametrize(
    "address, said",
    [
        (0x40028000, "no LAN9118 at 0x40028000: BYTE_TEST 0x"),  # LEDs and counters
        (0x60000000, "no LAN9118 at 0x60000000: "),  # no memory at all
    ],
)
def test_absent_chip(board, address, said):
    code = "from drivers.chips import LAN9118\nimport errno\ntry:\n"
    code += f"    LAN9118({address}, None)\nexcept OSError as error:\n"
    code += "    print(error.errno == errno.ENODEV, error)"
    shown = board.exec(code)
    assert shown.startswith("True ") and said in shown


def test_steady_traffic_allocates_nothing_in_the_interrupt_either(board, wire, echo):
    """1,000 frames, each told by the hard handler, with the heap locked."""
    code = """
import micropython
spare = bytearray(1514)
def rounds(frames, before):
    for _ in range(frames):
        while notified == before:
            pass
        n = dev.recv_into(buf)
        swap()
        assert dev.recv_into(spare) == 0 and dev.link()
        before = notified
        dev.send(buf, n)  # the next frame comes after this one
    return before
def locked(frames, before):
    micropython.heap_lock()
    try:
        rounds(frames, before)
    finally:
        micropython.heap_unlock()
locked(1000, rounds(1, 0))
print(notified, dev.stats())
"""
    ended = run_beside(board, code)
    for number in range(1001):
        wire.send(frame(echo, 60 + number))
        assert len(wire.receive()) == 60 + number
    assert ended() == "1001 (1001, 0, 0, 1001, 0)\n"


def test_two_threads(board, wire, echo):
    """One sends, one of higher priority takes what comes back, each waiting for its own."""
    frames = 3000
    code = f"""
frames = {frames}
out = bytearray(1514)
out[:6] = {_OURS!r}
out[6:12] = mine
out[12:14] = b"\\x88\\xb5"
window = rtos.Semaphore(5)
wrong = 0

async def receive():
    global wrong
    for number in range(frames):
        while (n := dev.recv_into(buf)) == 0:
            await flags.wait_any(1)
        if buf[14] | buf[15] << 8 != number or n != 60 + number % 1455:
            wrong += 1
        window.release()

async def send():
    for number in range(frames):
        await window.acquire()
        out[14] = number & 0xFF
        out[15] = number >> 8
        while not dev.send(out, 60 + number % 1455):
            await rtos.sleep_ms(1)

async def main():
    receiver = rtos.Thread(receive, priority=rtos.HIGH).start()
    sender = rtos.Thread(send).start()
    await sender.join()
    await receiver.join()

rtos.run(main)
print(wrong, dev.stats(), dev.errors())
"""
    ended = run_beside(board, code)
    for _ in range(frames):
        data = wire.receive()
        wire.send(data[6:12] + data[:6] + data[12:])
    assert ended() == f"0 ({frames}, 0, 0, {frames}, 0) {{}}\n"


def test_the_same_line_again_takes_over(board):
    code = """
from drivers import Ethernet
first = Ethernet()
first.start(lambda dev: None)
second = Ethernet()
print(first)
second.start(lambda dev: None)
first.deinit()
print(second.link())
second.deinit()
"""
    lines = board.exec(code).splitlines()
    assert lines[0].endswith("closed>") and lines[1] == "True"


def test_the_guide(board, wire):
    """The example of docs/chips.md, which runs for ever, prints a frame."""
    text = (ROOT / "docs" / "chips.md").read_text().partition("\n## LAN9118\n")[2]
    code = text.partition("```python\n")[2].partition("```")[0]
    assert "while True:\n" in code
    ended = run_beside(
        board,
        code.replace("while True:\n", "while 'x' not in globals():\n").replace(
            "n)\n        else", "n)\n            globals()['x'] = 1\n        else"
        ),
    )
    data = b"\xff" * 6 + _OURS + b"\x88\xb5" + bytes(46)
    while not ended.done():
        wire.send(data)
        time.sleep(0.05)
    first, second = ended().splitlines()
    assert first.startswith("<LAN9118 at 0x40200000 52:54:00:")
    assert first.endswith(", 100 Mbit/s full duplex>")
    assert second == f"{data[:14]} 60"


_FOREIGN = """
import struct, time
from drivers import Ethernet

dev = Ethernet()
dev.start(lambda dev: None)
buf = bytearray(1514)

def checksum(data):
    total = 0
    for i in range(0, len(data), 2):
        total += data[i] << 8 | (data[i + 1] if i + 1 < len(data) else 0)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF

def answer(frame, wanted):
    for _ in range(20):
        dev.send(frame, len(frame))
        for _ in range(500):
            n = dev.recv_into(buf)
            if n and wanted(buf):
                return bytes(buf[:n])
            time.sleep_ms(1)
    raise OSError(110, "no answer")

# DHCPDISCOVER, RFC 2131, 2 and 4.4.1, with the broadcast flag.
bootp = struct.pack(">BBBBIHH", 1, 1, 6, 0, 0x12345678, 0, 0x8000) + bytes(16) + dev.hwaddr
bootp += bytes(10 + 192) + b"\\x63\\x82\\x53\\x63" + b"\\x35\\x01\\x01\\xff"
udp = struct.pack(">HHHH", 68, 67, 8 + len(bootp), 0) + bootp
ip = bytearray(struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + bytes(4) + b"\\xff" * 4)
ip[10:12] = struct.pack(">H", checksum(ip))
offer = answer(
    b"\\xff" * 6 + dev.hwaddr + b"\\x08\\x00" + ip + udp,
    lambda b: b[12:14] == b"\\x08\\x00" and b[36:38] == b"\\x00\\x44",
)
mine = offer[58:62]
print("xid", offer[46:50].hex(), "yiaddr", ".".join(str(b) for b in mine), checksum(offer[14:34]))

# ARP, RFC 826: who has 10.0.2.2?
arp = b"\\0\\1\\x08\\0\\x06\\x04\\0\\1" + dev.hwaddr + mine + bytes(6) + bytes((10, 0, 2, 2))
reply = answer(
    b"\\xff" * 6 + dev.hwaddr + b"\\x08\\x06" + arp,
    lambda b: b[12:14] == b"\\x08\\x06" and b[21] == 2,
)
print("arp", reply[22:28] == reply[6:12], ".".join(str(b) for b in reply[28:32]))
print(reply[32:38] == dev.hwaddr, reply[:6] == dev.hwaddr)
print(dev.stats()[1:3], dev.errors())
"""


def test_dhcp_and_arp_with_qemus_own_network(board_factory):
    board = board_factory(network=Network([]))
    assert board.exec(_FOREIGN, timeout=60).splitlines() == [
        "xid 12345678 yiaddr 10.0.2.15 0",
        "arp True 10.0.2.2",
        "True True",
        "(0, 0) {}",
    ]


def test_two_boards_on_one_cable(board_factory, tmp_path):
    """`coil run --net socket:...` at both ends."""
    cable = f"socket:unix:{tmp_path / 'cable'}"
    first = board_factory(network=Network([], None, cable))
    second = board_factory(network=Network([], None, f"{cable},connect"))
    first.exec(_ECHO + "dev.start(notify)")
    peer = bytes.fromhex(first.exec("print(mine.hex())"))
    second.exec(_ECHO + "dev.start(notify)")
    ended = run_beside(first, "serve(100)\nprint(dev.stats())")
    code = f"""
buf[:6] = {peer!r}
buf[6:12] = mine
buf[12:14] = b"\\x88\\xb5"
async def ask(rounds):
    for n in range(rounds):
        buf[14] = n
        dev.send(buf, 60 + n)
        while (got := dev.recv_into(buf)) == 0:
            await flags.wait_any(1)
        assert got == 60 + n and buf[14] == n
        buf[:6] = {peer!r}
        buf[6:12] = mine
rtos.run(ask, 100)
print(dev.stats())
"""
    assert second.exec(code, timeout=60) == "(100, 0, 0, 100, 0)\n"
    assert ended() == "(100, 0, 0, 100, 0)\n"
