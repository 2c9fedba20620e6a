# uses: conformance/netdev.py models/spi.py ../boards/host/modules/sim/ethernet.py
from errno import ENODEV, ETIMEDOUT

from drivers.chips import W5500
from sim.devices.w5500 import W5500 as Model
from sim.faults import BrownOut
from support import PEER, Peer, SimulatedSpi, check_deinit, check_netdev, fails, pipe

MAC = b"\x02\x00\x00\x00\x00\x09"


class Rig:
    """The driver on the model, and what is at the other end of its cable."""

    def __init__(self, irq=True, start=0):
        self.bus = bus = SimulatedSpi()
        self.far, near = pipe(room=64)
        self.model = bus.attach(Model(near, bus.interrupt.driver("INTn"), start))
        self.device = W5500(bus.spi, bus.cs, MAC, bus.irq if irq else None)
        self.peer = Peer()
        self.buf = bytearray(1514)
        self.notified = 0
        self.far.promiscuous(True)
        self.far.start(lambda device: None)

    def settle(self):
        """Time goes by, and the peer answers."""
        self.bus.clock.advance(200)
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
    for start in (0, 0xFFF0):  # the second wraps both pointers at 64 KB
        rig = Rig(start=start)
        check_netdev(rig.device, rig.settle, alone=False)
        assert rig.model.violations == [], rig.model.violations
        check_deinit(rig.device)


def test_the_buffers_wrap_at_every_place():
    rig = Rig(irq=False, start=0xC000)
    device = rig.start()
    buf = bytearray(1514)
    far = bytearray(1514)
    for i in range(60):
        n = 60 + i * 137 % 1455
        frame = rig.arrive(n)
        assert device.recv_into(buf) == n and buf[:n] == frame
        assert device.recv_into(buf) == 0
        while not device.send(buf, n):
            rig.bus.clock.advance(100)
        rig.bus.clock.advance(200)
        assert rig.far.recv_into(far) == 0 or far[:n] == frame
    assert device.stats() == (60, 0, 0, 60, 0) and rig.model.violations == []


def test_groups_and_nothing_for_others():
    """Its filter keeps all groups out: without it the driver keeps frames for others out."""
    rig = Rig(irq=False)
    device = rig.start()
    buf = bytearray(1514)
    six, four = b"\x33\x33\0\0\0\1", b"\x01\0\x5e\0\0\xfb"
    other, everybody = b"\x02\0\0\0\0\x0a", b"\xff" * 6

    def heard():
        found = []
        for dst in (MAC, six, four, other, everybody):
            rig.arrive(dst=dst)
            if device.recv_into(buf):
                found.append(bytes(buf[:6]))
        return found

    assert heard() == [MAC, everybody]
    device.multicast(six, True)
    assert heard() == [MAC, six, everybody]
    device.multicast(four, True)
    assert heard() == [MAC, six, four, everybody]
    device.promiscuous(True)
    assert heard() == [MAC, six, four, other, everybody]
    device.promiscuous(False)
    device.multicast(six, False)
    device.multicast(four, False)
    assert heard() == [MAC, everybody] and device.stats()[1:3] == (0, 0)


def test_more_than_the_buffer_holds():
    rig = Rig(irq=False)
    device = rig.start()
    for _ in range(20):
        rig.arrive(1000)
    buf = bytearray(1514)
    taken = 0
    while device.recv_into(buf):
        taken += 1
    assert taken == 16 and rig.model.dropped == 4
    rig.arrive(60)
    assert device.recv_into(buf) == 60


def test_lengths_that_lie():
    rig = Rig(irq=False)
    device = rig.start()
    buf = bytearray(1514)
    for length in (0, 1, 2, 15, 63, 1517, 1600, 16384, 16386, 65535):
        errors = device.stats()[2]
        rig.model.lengths = [length]
        rig.arrive()
        n = device.recv_into(buf)
        assert n in (0, length - 2)
        device.recv_into(buf)
        for _ in range(3):
            rig.arrive()
            if device.recv_into(buf) == 60:
                break
        else:
            raise AssertionError(length)
        assert device.stats()[2] > errors or length == 63
    # A count of waiting bytes that is none.
    for waiting in (1, 3, 20000, 65535):
        rig.arrive()
        rig.model.waiting = waiting
        errors = device.stats()[2]
        assert device.recv_into(buf) == 0 and device.stats()[2] > errors
        rig.model.waiting = None
    rig.arrive()
    assert device.recv_into(buf) == 60 and rig.model.violations == []


def test_a_transmission_that_fails():
    rig = Rig(irq=False)
    device = rig.start()
    frame = PEER + MAC + bytes(50)
    buf = bytearray(1514)
    rig.model.tx_faults = 1
    assert device.send(frame, 62)
    rig.settle()
    assert device.recv_into(buf) == 0 and device.stats() == (0, 0, 0, 1, 1)
    assert device.send(frame, 62)


def test_no_room_is_told_of():
    rig = Rig()
    device = rig.start()
    frame = PEER + MAC + bytes(1486)
    assert device.send(frame, 1498)
    assert not device.send(frame, 1498)
    before = rig.notified
    rig.bus.clock.advance(500)
    assert rig.notified > before and device.send(frame, 1498)


def test_link_and_speed():
    rig = Rig()
    device = rig.start()
    assert device.link() and device.speed() == (100, True) and "up" in repr(device)
    rig.far.cable.plug(False)
    assert not device.link() and "no link" in repr(device)


def test_identity_and_a_chip_that_goes():
    rig = Rig()
    rig.model.version = 0x51
    fails(ENODEV, "no W5500: version 51", W5500, rig.bus.spi, rig.bus.cs, MAC)
    rig.model.version = 4
    device = rig.start()
    rig.model.gone = True
    fails(ENODEV, "no W5500: version ff", device.check)
    fails(ETIMEDOUT, "does not take command", device.recv_into, bytearray(100))
    fails(ETIMEDOUT, "does not take command", device.start, print)  # stops first
    fails(ETIMEDOUT, "reset does not end", device.start, print)
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
    fails(ENODEV, "W5500 has gone or lost its settings", device.link)
    fault.off()
    rig.bus.clock.advance(1000)
    fails(ENODEV, "start() it again", device.link)
    buf = bytearray(1514)
    assert device.recv_into(buf) == 0
    rig.start()
    frame = rig.arrive()
    rig.bus.clock.advance(1000)
    assert device.link() and device.recv_into(buf) == 60 and buf[:60] == frame
