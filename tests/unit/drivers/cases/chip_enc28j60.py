# uses: models/spi.py
from errno import EIO, ENODEV, ENOTCONN, ETIMEDOUT

from drivers.chips import ENC28J60
from support import QuietSpi, SpiTranscript, fails, raises, stays_off_the_heap

MAC = b"\x02\x00\x00\x00\x00\x09"

# Instructions of table 4-1 with the registers of tables 3-1 and 3-2, by name.


def bank(n):
    """BFC ECON1, BSEL; then BFS ECON1."""
    return ["> bf 03"] + ([f"> 9f {n:02x}"] if n else [])


def phy_read(register, value, previous=2):
    """Section 3.3.1: MIREGADR, MICMD.MIIRD, MISTAT.BUSY, MICMD = 0, MIRDL, MIRDH."""
    lines = [] if previous == 2 else bank(2)
    lines += (
        [f"> 54 {register:02x}", "> 52 01"] + bank(3) + ["> 0a 00 < 01", "> 0a 00 < 00"] + bank(2)
    )
    return lines + ["> 52 00", f"> 18 00 < {value & 0xFF:02x}", f"> 19 00 < {value >> 8:02x}"]


def phy_write(register, value, previous=2):
    """Section 3.3.2: MIREGADR, MIWRL, MIWRH, MISTAT.BUSY."""
    lines = [] if previous == 2 else bank(2)
    lines += [f"> 54 {register:02x}", f"> 56 {value & 0xFF:02x}", f"> 57 {value >> 8:02x}"]
    return lines + bank(3) + ["> 0a 00 < 00"]


# ECON2.PWRSV off (erratum 19), reset.
RESET = ["> be 20", "> ff"]
IDENTITY = RESET + phy_read(2, 0x0083, 0) + phy_read(3, 0x1400) + bank(3) + ["> 12 < 06"]


def made():
    bus = SpiTranscript(*IDENTITY)
    device = ENC28J60(bus, bus.cs, MAC)
    bus.done()
    assert device.revision == 6
    return bus, device


def start(full=False):
    """Section 6, with errata 2, 5, 14 and 19."""
    lines = RESET[:]
    # ERXST 0000, ERXND 19FF, ERXRDPT 19FF, ERDPT 0000, ETXST 1A00
    lines += [
        "> 48 00",
        "> 49 00",
        "> 4a ff",
        "> 4b 19",
        "> 4c ff",
        "> 4d 19",
        "> 40 00",
        "> 41 00",
    ]
    lines += ["> 44 00", "> 45 1a"]
    # MACON1, MACON3, MACON4, MABBIPG, MAIPG, MAMXFL = 1518
    gap = "15" if full else "12"
    lines += bank(2) + ["> 40 0d", f"> 42 {'33' if full else '32'}", "> 43 40", f"> 44 {gap}"]
    lines += ["> 46 12", "> 47 0c", "> 4a ee", "> 4b 05"]
    # MAADR1 to MAADR6
    lines += bank(3) + ["> 44 02", "> 45 00", "> 42 00", "> 43 00", "> 40 00", "> 41 09"]
    lines += phy_write(0x00, 0x0100 if full else 0, 3) + phy_write(0x10, 0 if full else 0x0100, 3)
    lines += phy_write(0x12, 0x0012, 3) + ["> 5e 80"]
    # The hash table, ERXFCON: own address, broadcasts, good check sequences
    lines += bank(1) + [f"> {0x40 + i:02x} 00" for i in range(8)] + ["> 58 a1"]
    lines += phy_read(0x13, 0, 1) + ["> bc ff", "> 9b db", "> 9f 04"]
    return lines + phy_read(0x11, 0x0400)


def running(full=False):
    bus = SpiTranscript(*IDENTITY)
    device = ENC28J60(bus, bus.cs, MAC, full_duplex=full)
    bus.add(*start(full))
    device.start(None)
    bus.done()
    assert "up" in repr(device)
    return bus, device


def test_identity():
    for first, second in ((0xFFFF, 0xFFFF), (0, 0), (0x0083, 0x1500), (0x0007, 0x1400)):
        bus = SpiTranscript(*RESET, *(phy_read(2, first, 0) + phy_read(3, second)))
        fails(ENODEV, f"PHY identity {first:04x} {second:04x}", ENC28J60, bus, bus.cs, MAC)
        bus.done()
    made()


def test_start_in_both_modes():
    running()
    running(True)


def test_a_frame_comes():
    bus, device = running()
    buf = bytearray(100)
    frame = "02 00 00 00 00 09 " + "11 " * 54
    # EPKTCNT, ERDPT, header, data, ERXRDPT = next - 1 (erratum 14), ECON2.PKTDEC
    bus.add(
        *(bank(1) + ["> 19 < 01"] + bank(0) + ["> 40 00", "> 41 00", "> 3a < 46 00 40 00 80 00"]),
        "> 3a < " + frame,
        "> 4c 45",
        "> 4d 00",
        "> 9e 40",
    )
    assert device.recv_into(buf) == 60 and buf[:60] == bytes.fromhex(frame.replace(" ", ""))
    # The next one ends at the end of the buffer: the pointer is its last byte.
    device._next = 0x19BA
    bus.add(
        *(bank(1) + ["> 19 < 01"] + bank(0) + ["> 40 ba", "> 41 19", "> 3a < 00 00 40 00 80 00"]),
        "> 3a < " + frame,
        "> 4c ff",
        "> 4d 19",
        "> 9e 40",
    )
    assert device.recv_into(buf) == 60 and device.stats() == (2, 0, 0, 0, 0)
    # Nothing more: EIR is looked at.
    bus.add(*(bank(1) + ["> 19 < 00", "> 1c < 00"]))
    assert device.recv_into(buf) == 0
    bus.add("> 19 < 00", "> 1c < 01", "> bc 01")  # RXERIF: one was lost
    assert device.recv_into(buf) == 0 and device.stats() == (2, 1, 0, 0, 0)
    bus.add("> 19 < 00", "> 1c < 10", *phy_read(0x13, 0x14, 1))  # LINKIF, until PHIR is read
    assert device.recv_into(buf) == 0
    bus.done()


def test_a_frame_goes():
    bus, device = running()
    frame = bytes(60)
    transmit = ["> 9f 80", "> bf 80", "> bc 0a", "> bd 12", "> 9f 08"]  # erratum 12; TXRTS
    put = ["> 42 00", "> 43 1a", "> 7a 00" + " 00" * 60, "> 46 3c", "> 47 1a"] + transmit
    bus.add(*(bank(0) + put))
    assert device.send(frame, 60)
    bus.add("> 1c < 00")
    assert not device.send(frame, 60)
    status = ["> 40 3d", "> 41 1a", "> 3a < 40 00 80 00 40 00 00"]
    bus.add(*(["> 1c < 08", "> bf 08"] + status + ["> bc 0a"] + put))
    assert device.send(frame, 60)
    # Late collision: the same frame again (erratum 13), so there is no room yet.
    late = ["> 1c < 02", "> bf 08"] + status[:2] + ["> 3a < 40 00 00 20 40 00 00"] + transmit
    bus.add(*late)
    assert not device.send(frame, 60)
    # The hardware says it in ESTAT only.
    late = (
        ["> 1c < 02", "> bf 08"]
        + status[:2]
        + ["> 3a < 40 00 00 00 40 00 00", "> 1d < 10"]
        + transmit
    )
    bus.add(*late)
    assert not device.send(frame, 60)
    lost = (
        ["> 1c < 02", "> bf 08"]
        + status[:2]
        + ["> 3a < 40 00 00 10 40 00 00", "> 1d < 02", "> bc 0a"]
    )
    bus.add(*(lost + put))
    assert device.send(frame, 60)
    assert device.stats() == (0, 0, 0, 3, 1)
    assert device.events()["tx late collision"] == 1 and device.events()["tx done"] == 1
    bus.done()


def test_each_bit_of_the_transmit_status():
    bus, device = running()
    names = [
        ("CRC error", 2, 4),
        ("length check error", 2, 5),
        ("length out of range", 2, 6),
        ("done", 2, 7),
        ("multicast", 3, 0),
        ("broadcast", 3, 1),
        ("deferred", 3, 2),
        ("deferred too long", 3, 3),
        ("too many collisions", 3, 4),
        ("giant", 3, 6),
        ("underrun", 3, 7),
        ("control frame", 6, 0),
        ("pause frame", 6, 1),
        ("backpressure", 6, 2),
        ("VLAN", 6, 3),
    ]
    for name, byte, bit in names:
        device._sending, device._end = True, 0x1A3C
        vector = [0] * 7
        vector[byte] = 1 << bit
        text = " ".join([f"{value:02x}" for value in vector])
        errors = device.stats()[4]
        bus.add("> 1c < 02", "> bf 08", *(bank(0) if device._bank else []), "> 40 3d", "> 41 1a")
        bus._lines += ["> 3a < " + text, "> 1d < 00", "> bc 0a"]
        device._finish()
        assert device.events()["tx " + name] == 1, name
        assert device.stats()[4] == errors + 1
        bus.done()


def test_filters():
    bus, device = running()
    table = [f"> {0x40 + i:02x} 00" for i in range(8)]
    bus.add(*(bank(1) + table + ["> 58 20"]))
    device.promiscuous(True)
    bus.add(*(table + ["> 58 a1"]))
    device.promiscuous(False)
    # CRC of 01 00 5e 00 00 fb, bits 28:23
    crc = 0xFFFFFFFF
    for byte in b"\x01\x00\x5e\x00\x00\xfb":
        for i in range(8):
            top = crc >> 31 ^ byte >> i & 1
            crc = crc << 1 & 0xFFFFFFFF ^ (0x04C11DB7 if top else 0)
    at = crc >> 23 & 63
    table[at >> 3] = f"> {0x40 + (at >> 3):02x} {1 << (at & 7):02x}"
    bus.add(*(table + ["> 58 a5"]))
    device.multicast(b"\x01\x00\x5e\x00\x00\xfb", True)
    bus.done()


def test_failures():
    bus, device = made()
    bus.add(*(bank(2) + ["> 54 02", "> 52 01"] + bank(3)), *["> 0a 00 < 01"] * 7)
    fails(ETIMEDOUT, "PHY does not answer", device.check)
    bus.add(*(bank(2) + ["> 54 ! EIO"]))
    fails(EIO, "ENC28J60: the bus failed", device.check)
    bus.done()


def test_an_exception_in_the_middle_of_a_frame():
    bus, device = running()
    bus.add(*(bank(0) + ["> 42 00", "> 43 1a", "> 7a 00"]))

    class Torn:
        """A buffer that fails when it is read."""

        def __len__(self):
            return 100

        def __getitem__(self, at):
            raise KeyboardInterrupt

    from rtos.core import locked

    raises((KeyboardInterrupt, TypeError), device.send, Torn(), 60)
    assert not locked() and not device._taken
    bus.done()  # deselected, too


def test_misuse():
    bus, device = made()
    frame = bytearray(2000)
    fails(ENOTCONN, "start() first", device.send, frame, 60)
    for n in (-1, 0, 13, 1515):
        raises(ValueError, device.send, frame, n)
    raises(ValueError, device.send, bytearray(20), 21)
    raises(TypeError, device.recv_into, bytes(100))
    raises(ValueError, setattr, device, "hwaddr", b"\x01\0\0\0\0\0")
    raises(ValueError, setattr, device, "hwaddr", b"\x02")
    raises(ValueError, device.multicast, MAC, True)
    raises(TypeError, ENC28J60, bus, bus.cs, MAC, 5)
    raises(ValueError, ENC28J60, bus, bus.cs, b"")
    device.deinit()
    device.deinit()
    assert "deinitialised" in repr(device)
    fails(ENODEV, "deinitialised", device.start, None)
    fails(ENODEV, "deinitialised", device.recv_into, frame)
    bus.done()


class QuietChip(QuietSpi):
    """A chip in which a frame of 1001 bytes always waits, and what is sent is sent."""

    def __init__(self):
        super().__init__()
        self.first = 0
        self.bank = 0
        self.phy = 0
        self.end = 0
        self.header = bytearray((0, 0, 1005 & 255, 1005 >> 8, 0x80, 0))

    def sent(self, buf):
        self.first = first = buf[0]
        if first == 0x9F and buf[1] < 4:
            self.bank |= buf[1]
        elif first == 0xBF and buf[1] == 3:
            self.bank = 0
        elif first == 0x54 and self.bank == 2:
            self.phy = buf[1]

    def reply(self, i, n):
        first, bank = self.first, self.bank
        if first == 0x3A:
            if n == 6:
                if i == 0:
                    self.end = (self.end + 1012) % 0x1A00
                    self.header[0] = self.end & 255
                    self.header[1] = self.end >> 8
                return self.header[i]
            return 0x02
        if first == 0x19 and bank == 1:
            return 1
        if first == 0x1C:
            return 0x08
        if first == 0x1F:  # ECON1: RXEN
            return 0x04
        if bank == 2 and first == 0x18:
            return 0x83 if self.phy == 2 else 0
        if bank == 2 and first == 0x19:
            return 0x14 if self.phy == 3 else 0x04 if self.phy == 0x11 else 0
        return 0


def test_steady_state_allocates_nothing():
    bus = QuietChip()
    device = ENC28J60(bus, bus.cs, MAC)
    device.start(None)
    buf = bytearray(1514)

    def work():
        assert device.recv_into(buf) == 1001
        assert device.send(buf, 77)
        assert device.send(buf, 1514)
        assert device.link()

    stays_off_the_heap(work)
