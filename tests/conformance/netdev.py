"""The suite of the contract "netdev" (docs/contracts.md), for any Ethernet device that claims to be one.

check_netdev(device, settle) wants a Peer at the other end of the cable; the device is not started.
check_deinit(device) is the end of it. Runs on MicroPython and CPython; knows nothing of pytest. A
case file has it with `# uses: conformance/netdev.py`.

Nothing waits for something that should not come: a question behind it is answered first.
"""

import random
import sys
from errno import ENODEV, ENOTCONN

PEER = b"\x02\x00\x00\x00\x00\xfe"
_STRANGER = b"\x02\x00\x00\x00\x00\x77"
_BROADCAST = b"\xff\xff\xff\xff\xff\xff"
# Their classes in a hash filter of 64 differ (see the test of the LAN9118's).
_GROUP = b"\x01\x00\x5e\x00\x00\xfb"
_GROUP_2 = b"\x33\x33\x00\x00\x00\x01"
#: EtherType "local experimental 1" of IEEE 802.
TYPE = b"\x88\xb5"
ECHO, SEND = 1, 2
_HEAD = 14
_ON_BOARD = sys.implementation.name == "micropython"


def pattern(n, start=0):
    return bytes((start + i) & 0xFF for i in range(n))


class Peer:
    """What answers at the other end: bytes in, bytes out."""

    def answer(self, frame):
        """The frames that are to be sent because this one came."""
        frame = bytes(frame)
        if frame[:6] not in (PEER, _BROADCAST) or frame[12:14] != TYPE:
            return []
        if frame[14] == ECHO:
            return [frame[6:12] + PEER + frame[12:]]
        if frame[14] == SEND:
            n = frame[21] << 8 | frame[22]
            head = frame[15:21] + PEER + TYPE
            return [head + pattern(n - _HEAD, number) for number in range(frame[23])]
        return []


class _Test:
    """A device under test, and how to talk through it."""

    def __init__(self, device, settle, patience):
        self.device = device
        self.settle = settle
        self.patience = patience
        self.buf = bytearray(1514)
        self.notified = 0

    def notify(self, device):
        self.notified += 1

    def start(self):
        self.device.start(self.notify)

    def send(self, frame):
        for _ in range(self.patience):
            if self.device.send(frame, len(frame)):
                return
            self.settle()
        raise AssertionError("send() takes nothing")

    def receive(self, buf=None):
        """Length of the next frame, which is in buf."""
        buf = self.buf if buf is None else buf
        for _ in range(self.patience):
            n = self.device.recv_into(buf)
            if n:
                return n
            self.settle()
        raise AssertionError("nothing comes")

    def question(self, n=60, mark=0):
        """A frame that the peer sends back."""
        return PEER + self.device.hwaddr + TYPE + bytes((ECHO, mark)) + pattern(n - 16, mark)

    def answered(self, question, n=None):
        """Whether the frame of n bytes in the buffer is the answer to it."""
        wanted = self.device.hwaddr + PEER + question[12:]
        return bytes(self.buf[: n or len(question)]) == wanted

    def ask(self, n=60, mark=0):
        question = self.question(n, mark)
        self.send(question)
        got = self.receive()
        assert got == n and self.answered(question), (n, got)

    def order(self, dst, n, count=1):
        """Have the peer send frames."""
        text = bytes((SEND,)) + dst + bytes((n >> 8, n & 0xFF, count))
        self.send(PEER + self.device.hwaddr + TYPE + text + bytes(60 - _HEAD - len(text)))

    def comes(self, dst):
        """Whether a frame for dst comes in."""
        self.order(dst, 99)
        return self.comes_before_an_answer(99, dst)

    def comes_before_an_answer(self, n, dst=None):
        """Whether frames of n bytes, for dst, come in before the answer to a question."""
        dst = self.device.hwaddr if dst is None else dst
        question = self.question(60, 7)
        self.send(question)
        seen = False
        while True:
            got = self.receive()
            if got == 60 and self.answered(question):
                return seen
            assert got == n and bytes(self.buf[:6]) == dst
            seen = True


def _fails(kind, number, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        assert number is None or error.args[0] == number, error
        return
    raise AssertionError("nothing was raised")


def check_netdev(device, settle, patience=3000, alone=True, seed=None):
    """Raises AssertionError at the first rule that the device breaks.

    settle: called while nothing happens. patience: how often, before it is given up.
    alone: the peer is outside of this interpreter, so that nothing but the device may allocate.
    """
    seed = random.getrandbits(24) if seed is None else seed
    print("conformance seed", seed, device)
    random.seed(seed)
    test = _Test(device, settle, patience)
    _before_start(test)
    test.start()
    assert device.link() is True
    _lengths(test)
    _padding(test)
    _longer_than_the_buffer(test)
    _callers_buffers(test)
    _wrong_arguments(test)
    _notifies(test)
    _filters(test)
    _counts(test)
    _bursts(test)
    if alone:
        _no_allocation(test)
    _stops(test)


def check_deinit(device):
    """The end of a device: it may be started, and cannot be used afterwards."""
    device.deinit()
    device.deinit()
    buf = bytearray(60)
    for call in (
        lambda: device.start(print),
        device.stop,
        lambda: device.recv_into(buf),
        lambda: device.send(buf, 60),
        device.link,
        lambda: device.promiscuous(True),
        lambda: device.multicast(_GROUP, True),
        lambda: setattr(device, "hwaddr", _STRANGER),
    ):
        _fails(OSError, ENODEV, call)
    assert repr(device)


def _before_start(test):
    device = test.device
    assert device.mtu == 1500 and device.header_size == 14
    assert repr(device)
    assert device.recv_into(test.buf) == 0 and device.link() is False
    _fails(OSError, ENOTCONN, device.send, test.buf, 60)
    before = device.hwaddr
    assert isinstance(before, bytes) and len(before) == 6
    _fails(ValueError, None, setattr, device, "hwaddr", b"\x02\x00")
    _fails(ValueError, None, setattr, device, "hwaddr", _GROUP)
    device.hwaddr = _STRANGER
    assert device.hwaddr == _STRANGER
    test.start()
    test.ask()
    _fails(ValueError, None, setattr, device, "hwaddr", before)
    device.stop()
    device.hwaddr = bytearray(before)


def _lengths(test):
    for n in [60, 61, 62, 63, 64, 65, 1511, 1512, 1513, 1514]:
        test.ask(n, n & 0xFF)
    for _ in range(30):
        test.ask(60 + random.getrandbits(11) % 1455, random.getrandbits(8))


def _padding(test):
    for n in (16, 17, 42, 58, 59):
        question = test.question(n)
        test.send(question)
        got = test.receive()
        assert got == 60 and test.answered(question, n), (n, got)
        assert bytes(test.buf[n:60]) == bytes(60 - n)


def _longer_than_the_buffer(test):
    before = test.device.stats()[1]
    small = bytearray(100)
    for n in (101, 500, 1514):
        test.send(test.question(n))
        test.send(test.question(100, 3))
        assert test.receive(small) == 100
    assert test.device.stats()[1] == before + 3
    test.ask(1514)


def _callers_buffers(test):
    for offset in range(4):
        frame = bytearray(offset) + test.question(131, offset)
        test.send(memoryview(frame)[offset:])
        around = bytearray(b"\xaa" * 1600)
        n = test.receive(memoryview(around)[offset : offset + 1514])
        assert n == 131
        test.buf[:n] = around[offset : offset + n]
        assert test.answered(frame[offset:])
        assert around[:offset] == b"\xaa" * offset
        assert around[offset + n :] == b"\xaa" * (1600 - offset - n)
    test.send(memoryview(test.question(1514))[:200])  # the first 200 bytes
    assert test.receive() == 200


def _wrong_arguments(test):
    device = test.device
    for n in (-1, 0, 13, 1515, 61):
        _fails(ValueError, None, device.send, bytearray(60 if n == 61 else 2000), n)
    _fails(ValueError, None, device.multicast, _STRANGER, True)
    _fails(ValueError, None, device.multicast, b"\x01", True)
    _fails(TypeError, None, device.recv_into, bytes(1514))
    assert device.recv_into(test.buf) == 0


def _notifies(test):
    for _ in range(20):
        assert test.device.recv_into(test.buf) == 0
        before = test.notified
        question = test.question(80)
        test.send(question)
        for _ in range(test.patience):
            if test.notified != before:
                break
            test.settle()
        assert test.notified != before, "notify does not come"
        assert test.receive() == 80 and test.answered(question)


def _filters(test):
    device = test.device
    assert test.comes(device.hwaddr) and test.comes(_BROADCAST)
    assert not test.comes(_STRANGER)
    assert not test.comes(_GROUP) and not test.comes(_GROUP_2)
    device.multicast(_GROUP, True)
    assert test.comes(_GROUP) and not test.comes(_GROUP_2) and not test.comes(_STRANGER)
    device.multicast(bytearray(_GROUP_2), True)
    device.multicast(_GROUP, True)
    assert test.comes(_GROUP) and test.comes(_GROUP_2)
    device.multicast(_GROUP, False)
    assert not test.comes(_GROUP) and test.comes(_GROUP_2)
    device.promiscuous(True)
    assert test.comes(_STRANGER) and test.comes(_GROUP) and test.comes(_GROUP_2)
    device.promiscuous(False)
    assert not test.comes(_STRANGER) and test.comes(_GROUP_2)
    device.multicast(_GROUP_2, False)
    device.multicast(_GROUP_2, False)
    assert not test.comes(_GROUP_2)
    assert test.comes(device.hwaddr) and test.comes(_BROADCAST)


def _counts(test):
    before = test.device.stats()
    for _ in range(5):
        test.ask()
    after = test.device.stats()
    assert [after[i] - before[i] for i in range(5)] == [5, 0, 0, 5, 0], (before, after)


def _bursts(test):
    """Several frames wait; one call takes one of them, in their order."""
    for count in (2, 5):
        test.order(test.device.hwaddr, 300, count)
        for number in range(count):
            assert test.receive() == 300
            assert bytes(test.buf[_HEAD:300]) == pattern(300 - _HEAD, number)
    assert test.device.recv_into(test.buf) == 0


def _no_allocation(test, rounds=1000):
    device, settle, buf = test.device, test.settle, test.buf
    question = test.question(200)

    def once():
        device.send(question, 200)
        while not device.recv_into(buf):
            settle()
        device.recv_into(buf)
        device.link()

    once()
    if not _ON_BOARD:
        return
    import micropython

    micropython.heap_lock()
    try:
        for _ in range(rounds):
            once()
    finally:
        micropython.heap_unlock()


def _stops(test, tries=13):
    """What waits at stop() is forgotten; what was still under way may come in after start()."""
    device = test.device
    for number in range(tries):
        test.order(device.hwaddr, 300, 3)
        assert test.receive() == 300
        for _ in range(1 << number >> 1):
            test.settle()
        device.stop()
        device.stop()
        assert device.recv_into(test.buf) == 0 and device.link() is False
        _fails(OSError, ENOTCONN, device.send, test.buf, 60)
        test.start()
        if not test.comes_before_an_answer(300):
            break
    else:
        raise AssertionError("stop() keeps the frames that wait")
    test.start()  # without stop()
    test.ask()
    device.stop()
