# uses: conformance/netdev.py models/spi.py ../boards/host/modules/sim/ethernet.py
from errno import ENODEV, ETIMEDOUT

from drivers.chips import ENC28J60
from drivers.chips.enc28j60filter import place
from sim.devices.enc28j60 import ENC28J60 as Model
from sim.devices.enc28j60 import hash_bit
from sim.faults import BrownOut
from support import PEER, Peer, SimulatedSpi, check_deinit, check_netdev, fails, pipe

MAC = b"\x02\x00\x00\x00\x00\x09"


class Rig:
    """The driver on the model, and what is at the other end of its cable."""

    def __init__(self, irq=True, **options):
        self.bus = bus = SimulatedSpi()
        self.far, near = pipe(room=64)
        self.model = bus.attach(Model(near, bus.interrupt.driver("INT")))
        self.device = ENC28J60(bus.spi, bus.cs, MAC, bus.irq if irq else None, **options)
        self.peer = Peer()
        self.buf = bytearray(1514)
        self.notified = 0
        self.far.promiscuous(True)
        self.far.start(lambda device: None)

    def settle(self):
        """Time goes by, and the peer answers."""
        self.bus.clock.advance(500)
        while True:
            n = self.far.recv_into(self.buf)
            if not n:
                break
            for frame in self.peer.answer(self.buf[:n]):
                assert self.far.send(frame, len(frame))

    def start(self):
        self.device.start(self.notify)
        return self.device

    def notify(self, device):
        self.notified += 1

    def arrive(self, n=60, dst=MAC):
        frame = dst + PEER + b"\x88\xb5" + bytes([i & 0xFF for i in range(n - 14)])
        assert self.far.send(frame, n)
        return frame


def test_conformance():
    for options in ({}, {"full_duplex": True}):
        rig = Rig(**options)
        check_netdev(rig.device, rig.settle, alone=False)
        assert rig.model.violations == [], rig.model.violations
        check_deinit(rig.device)


def test_the_buffer_wraps_at_every_place():
    rig = Rig(irq=False)
    device = rig.start()
    buf = bytearray(1514)
    for i in range(60):
        n = 60 + i * 137 % 1455
        frame = rig.arrive(n)
        assert device.recv_into(buf) == n and buf[:n] == frame
        assert device.recv_into(buf) == 0
    assert device.stats() == (60, 0, 0, 0, 0) and rig.model.violations == []


def test_more_than_the_buffer_holds():
    rig = Rig(irq=False)
    device = rig.start()
    for _ in range(12):
        rig.arrive(1000)
    buf = bytearray(1514)
    taken = 0
    while device.recv_into(buf):
        taken += 1
    assert taken == 6 and rig.model.dropped == 6  # 6656 bytes of buffer
    assert device.stats() == (6, 1, 0, 0, 0)  # the flag says once that something was lost
    rig.arrive(60)
    assert device.recv_into(buf) == 60


def test_each_bit_of_the_receive_status():
    rig = Rig(irq=False)
    device = rig.start()
    buf = bytearray(1514)
    names = (
        ("long or dropped event", 0, 0x01),
        ("carrier event before", 0, 0x04),
        ("CRC error", 0, 0x10),
        ("length check error", 0, 0x20),
        ("length out of range", 0, 0x40),
        ("received ok", 0, 0x80),
        ("multicast", 1, 0x01),
        ("broadcast", 1, 0x02),
        ("dribble nibble", 1, 0x04),
        ("control frame", 1, 0x08),
        ("pause frame", 1, 0x10),
        ("unknown control opcode", 1, 0x20),
        ("VLAN", 1, 0x40),
    )
    for name, byte, bit in names:
        status = [0, 0]
        status[byte] = bit
        before, errors = device.events()["rx " + name], device.stats()[2]
        rig.model.rx_status = [status]
        rig.arrive()
        got = device.recv_into(buf)
        assert device.events()["rx " + name] == before + 1, name
        assert (got == 60) == (name == "received ok")
        assert device.stats()[2] == errors + (name != "received ok")
    rig.arrive()
    assert device.recv_into(buf) == 60


def test_headers_that_lie():
    rig = Rig(irq=False)
    device = rig.start()
    buf = bytearray(1514)
    headers = []
    for following in (0, 1, 2, 70, 72, 0x19FF, 0x1A00, 0x1FFF, 0xFFFF):
        for count in (0, 3, 4, 17, 64, 65, 1518, 1519, 8000, 0xFFFF):
            headers.append(
                bytes((following & 0xFF, following >> 8, count & 0xFF, count >> 8, 0x80, 0))
            )
    for n in range(len(headers)):
        errors = device.stats()[2]
        rig.model.headers = [headers[n]]
        rig.arrive()
        assert device.recv_into(buf) in (0, 60)
        rig.arrive()
        assert device.recv_into(buf) == 60, headers[n].hex()
        assert device.stats()[2] <= errors + 1
    assert device.stats()[2] > 60


def test_each_failure_of_a_transmission():
    rig = Rig(irq=False)
    device = rig.start()
    frame = PEER + MAC + bytes(50)
    buf = bytearray(1514)
    for fault, name in (
        ("collisions", "too many collisions"),
        ("underrun", "underrun"),
        ("deferred", "deferred too long"),
    ):
        errors = device.stats()[4]
        rig.model.tx_faults = [fault]
        assert device.send(frame, len(frame))
        for _ in range(10):
            rig.settle()
            device.recv_into(buf)
        assert device.stats()[4] == errors + 1 and device.events()["tx " + name] == 1
        assert device.send(frame, len(frame)), "locked up (erratum 12)"
        rig.settle()
    # A late collision is tried again, 16 times.
    rig.model.tx_faults = ["late"] * 3
    errors = device.stats()[4]
    device.recv_into(buf)
    assert device.send(frame, len(frame))
    for _ in range(10):
        rig.settle()
        device.recv_into(buf)
    assert device.stats()[4] == errors and device.events()["tx late collision"] == 3
    rig.model.tx_faults = ["late"] * 17
    assert device.send(frame, len(frame))
    for _ in range(30):
        rig.settle()
        device.recv_into(buf)
    assert device.stats()[4] == errors + 1 and device.events()["tx late collision"] == 20
    assert device.send(frame, len(frame))
    assert rig.model.violations == []


def test_no_room_is_told_of():
    rig = Rig()
    device = rig.start()
    frame = PEER + MAC + bytes(1486)
    assert device.send(frame, 1498)
    assert not device.send(frame, 1498)
    before = rig.notified
    rig.bus.clock.advance(2000)
    assert rig.notified > before and device.send(frame, 1498)


def test_the_link_is_told_of():
    rig = Rig()
    device = rig.start()
    buf = bytearray(1514)
    assert device.link() and device.recv_into(buf) == 0
    for on in (False, True):
        before = rig.notified
        rig.far.cable.plug(on)
        assert rig.notified > before
        assert device.recv_into(buf) == 0 and device.link() is on
        assert ("up" if on else "no link") in repr(device)


def test_one_thread_receives_while_another_sends():
    rig = Rig()
    device = rig.start()
    frame = PEER + MAC + bytes(50)
    buf = bytearray(1514)
    results = []

    device._taken = True  # as it is when the other thread is in the middle of a transfer
    results.append(device.send(frame, 62))
    results.append(device.recv_into(buf))
    assert results == [False, 0]
    before = rig.notified
    device._leave()
    assert rig.notified == before + 1  # "look again"
    assert device.send(frame, 62)


def test_a_chip_that_was_left_in_power_save():
    rig = Rig(irq=False)
    rig.device._bits(0x80, 0x1E, 0x20)  # ECON2.PWRSV
    device = ENC28J60(rig.bus.spi, rig.bus.cs, MAC)
    device.start(None)
    rig.arrive()
    assert device.recv_into(bytearray(100)) == 60 and rig.model.violations == []


def test_what_is_sent_does_not_come_back():
    for full in (False, True):
        rig = Rig(irq=False, full_duplex=full)
        device = rig.start()
        device.promiscuous(True)
        assert device.send(PEER + MAC + bytes(50), 62)
        rig.bus.clock.advance(500)
        assert device.recv_into(bytearray(100)) == 0
        assert device._phy(0x11) == (0x0600 if full else 0x0400)
        assert rig.model.violations == []
        device._phy(0x10, 0)  # without PHCON2.HDLDIS
        assert device.send(PEER + MAC + bytes(50), 62)
        rig.bus.clock.advance(500)
        assert device.recv_into(bytearray(100)) == (0 if full else 62)


def test_first_values_of_registers():
    rig = Rig(irq=False)
    rig.device._reset()
    for register, value in (
        (0x00, 0x05FA),  # ERDPT
        (0x02, 0),
        (0x04, 0),
        (0x06, 0),
        (0x08, 0x05FA),  # ERXST
        (0x0A, 0x1FFF),  # ERXND
        (0x0C, 0x05FA),  # ERXRDPT
        (0x0E, 0),  # ERXWRPT: follows when a packet is complete
        (0xC8, 0x370F),  # MACLCON1, MACLCON2
        (0xCA, 0x0600),  # MAMXFL
    ):
        got = rig.device._get(register) | rig.device._get(register + 1) << 8
        assert got == value, (hex(register), hex(got))
    for register, value in ((0x38, 0xA1), (0x1D, 0x01), (0x1E, 0x80), (0x1F, 0x01), (0x1B, 0)):
        assert rig.device._get(register) == value, hex(register)  # ECON1: bank 1 for ERXFCON


def test_hash_of_groups():
    for n in range(64):
        group = bytes((0x01, 0x00, 0x5E, n * 7 & 0x7F, n * 31 & 0xFF, n))
        assert place(group) == hash_bit(group)


def test_identity_and_a_chip_that_goes():
    rig = Rig()
    assert rig.device.revision == 6
    rig.model.phy[2] = 0x1234
    fails(ENODEV, "no ENC28J60: PHY identity 1234 1400", rig.device.check)
    rig.model.phy[2] = 0x83
    device = rig.start()
    rig.model.gone = True
    fails(ETIMEDOUT, "PHY does not answer", device.check)
    fails(ETIMEDOUT, "PHY does not answer", ENC28J60, rig.bus.spi, rig.bus.cs, MAC)
    rig.model.gone = False
    rig.model.power_on()
    device = rig.start()
    rig.arrive()
    assert device.recv_into(bytearray(100)) == 60


def test_a_brown_out_is_noticed():
    """Nothing comes in from a chip that was reset behind the driver's back; link() says why."""
    rig = Rig(irq=False)
    device = rig.start()
    assert device.link()
    fault = BrownOut(rig.bus.bus, rig.model).on()
    fails(ENODEV, "ENC28J60 has gone or lost its settings", device.link)
    fault.off()
    rig.bus.clock.advance(1000)
    fails(ENODEV, "start() it again", device.link)
    buf = bytearray(1514)
    assert device.recv_into(buf) == 0
    rig.start()
    frame = rig.arrive()
    rig.bus.clock.advance(1000)
    assert device.link() and device.recv_into(buf) == 60 and buf[:60] == frame
