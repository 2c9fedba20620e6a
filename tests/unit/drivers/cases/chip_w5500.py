# uses: models/spi.py
from errno import EIO, ENODEV, ENOTCONN, ETIMEDOUT

from drivers.chips import W5500
from support import QuietSpi, SpiTranscript, fails, raises, stays_off_the_heap

MAC = b"\x02\x00\x00\x00\x00\x09"
# Control bytes (2.2.2): common 00, socket 0 08, its buffers 10 and 18; 04 writes.
VERSION = "> 00 39 00 < 04"


def order(code):
    """Sn_CR, which reads 0 when the command has been taken (4.2)."""
    return [f"> 00 01 0c {code:02x}", f"> 00 01 08 < {code:02x}", "> 00 01 08 < 00"]


def opening(mode):
    return [f"> 00 00 0c {mode:02x}"] + order(0x01) + ["> 00 03 08 < 42", "> 00 02 0c ff"]


def start():
    lines = ["> 00 00 04 80", "> 00 00 00 < 80", "> 00 00 00 < 00", VERSION]
    lines += [f"> 00 {9 + i:02x} 04 {MAC[i]:02x}" for i in range(6)]
    for n in range(8):  # all 16 KB are for socket 0
        size = "00" if n else "10"
        lines += [f"> 00 1e {n * 0x20 + 0x0C:02x} {size}", f"> 00 1f {n * 0x20 + 0x0C:02x} {size}"]
    lines += ["> 00 2c 0c 1c"] + opening(0xA4)  # MACRAW, own address, no groups
    return lines + ["> 00 18 04 01", "> 00 2e 00 < bf"]


def running():
    bus = SpiTranscript(VERSION)
    device = W5500(bus, bus.cs, MAC)
    bus.add(*start())
    device.start(None)
    bus.done()
    return bus, device


def waiting(n):
    return [f"> 00 26 08 < {n >> 8:02x} {n & 0xFF:02x}"] * 2


def test_identity():
    for version in ("ff", "00", "51"):
        bus = SpiTranscript("> 00 39 00 < " + version)
        fails(ENODEV, "version " + version, W5500, bus, bus.cs, MAC)
    bus, device = running()
    assert "up" in repr(device)
    bus.add("> 00 03 08 < 42", "> 00 2e 00 < b8", "> 00 2e 00 < bd")
    assert device.link() is False and "no link" in repr(device)
    assert device.speed() == (10, True)
    for status in "00", "ff":
        bus.add("> 00 03 08 < " + status)
        fails(ENODEV, "lost its settings", device.link)


def test_a_frame_comes():
    bus, device = running()
    frame = "02 00 00 00 00 09 " + "11 " * 54
    buf = bytearray(70)
    # Sn_RX_RSR until it repeats, Sn_RX_RD, length, data, Sn_RX_RD, RECV
    bus.add(
        "> 00 26 08 < 00 3c",
        "> 00 26 08 < 00 3e",
        "> 00 26 08 < 00 3e",
        "> 00 28 08 < ff fe",
        "> ff fe 18 < 00 3e",
        "> 00 00 18 < " + frame,
        "> 00 28 0c 00 3c",
        *order(0x40),
    )
    assert device.recv_into(buf) == 60 and buf[:60] == bytes.fromhex(frame.replace(" ", ""))
    # Longer than the buffer: dropped. Then nothing: the flag is cleared, and looked behind.
    bus.add(
        *waiting(102),
        "> 00 28 08 < 00 3c",
        "> 00 3c 18 < 00 66",
        "> 00 28 0c 00 a2",
        *(order(0x40) + waiting(0) + ["> 00 02 0c 04"] + waiting(0)),
    )
    assert device.recv_into(buf) == 0 and device.stats() == (1, 1, 0, 0, 0)
    bus.done()


def test_a_frame_goes():
    bus, device = running()
    frame = b"\x05" * 60
    put = ["> 00 20 08 < 40 00"] * 2 + ["> 00 24 08 < ff f0", "> ff f0 14" + " 05" * 60]
    put += ["> 00 24 0c 00 2c"] + order(0x20)
    bus.add(*put)
    assert device.send(frame, 60)
    bus.add("> 00 02 08 < 04")
    assert not device.send(frame, 60)
    bus.add(*(["> 00 02 08 < 14", "> 00 02 0c 10"] + put))
    assert device.send(frame, 60)
    bus.add(*(["> 00 02 08 < 08", "> 00 02 0c 08"] + put))  # TIMEOUT
    assert device.send(frame, 60) and device.stats() == (0, 0, 0, 3, 1)
    bus.add("> 00 02 08 < 10", "> 00 02 0c 10", *["> 00 20 08 < 00 3b"] * 2)
    assert not device.send(frame, 60)
    # A short one is padded.
    put[3] = "> ff f0 14" + " 05" * 14 + " 00" * 46
    bus.add(*put)
    assert device.send(frame, 14)
    bus.done()


def test_filters():
    bus, device = running()
    bus.add(*(order(0x10) + opening(0x04)))
    device.promiscuous(True)
    bus.add(*(order(0x10) + opening(0xA4)))
    device.promiscuous(False)
    bus.add(*(order(0x10) + opening(0x04)))  # its filter would keep groups out
    device.multicast(b"\x01\0\x5e\0\0\xfb", True)
    bus.add(*(order(0x10) + opening(0xA4)))
    device.multicast(b"\x01\0\x5e\0\0\xfb", False)
    bus.done()


def test_failures():
    bus, device = running()
    bus.add("> 00 26 ! EIO")
    fails(EIO, "W5500: the bus failed", device.recv_into, bytearray(60))
    bus.add("> 00 18 04 00", "> 00 01 0c 10", *["> 00 01 08 < 10"] * 12)
    fails(ETIMEDOUT, "does not take command 10", device.stop)
    bus.add("> 00 00 04 80", *["> 00 00 00 < 80"] * 52)
    fails(ETIMEDOUT, "reset does not end", device.start, None)
    lines = start()
    lines[lines.index("> 00 03 08 < 42")] = "> 00 03 08 < 00"
    bus.add(*lines[: lines.index("> 00 03 08 < 00") + 1])
    fails(ENODEV, "does not open (status 00)", device.start, None)
    bus.done()


def test_misuse():
    bus = SpiTranscript(VERSION)
    device = W5500(bus, bus.cs, MAC)
    fails(ENOTCONN, "start() first", device.send, bytearray(60), 60)
    for n in (-1, 0, 13, 1515):
        raises(ValueError, device.send, bytearray(2000), n)
    raises(TypeError, device.recv_into, bytes(100))
    device.deinit()
    device.deinit()
    fails(ENODEV, "deinitialised", device.start, None)
    fails(ENODEV, "deinitialised", device.link)
    bus.done()


class QuietChip(QuietSpi):
    """A chip in which a frame of 1001 bytes always waits, and what is sent is sent."""

    def __init__(self):
        super().__init__()
        self.block = 0
        self.addr = 0

    def sent(self, buf):
        if 3 <= len(buf) <= 5 and buf[2] < 0x20:
            self.block = buf[2] & ~4
            self.addr = buf[1]

    def reply(self, i, n):
        block, addr = self.block, self.addr
        if block == 0:
            return 0x04 if addr == 0x39 else 0x01 if addr == 0x2E else 0
        if block == 0x08:
            if addr == 0x03:
                return 0x42
            if addr == 0x02:
                return 0x10
            if addr in (0x20, 0x26):
                return 0x20 if i == 0 else 0
            return 0
        if n == 2:
            return 1003 >> 8 if i == 0 else 1003 & 0xFF
        return 0x02


def test_steady_state_allocates_nothing():
    bus = QuietChip()
    device = W5500(bus, bus.cs, MAC)
    device.start(None)
    buf = bytearray(1514)

    def work():
        assert device.recv_into(buf) == 1001
        assert device.send(buf, 20)
        assert device.send(buf, 1514)
        assert device.link()

    stays_off_the_heap(work)
