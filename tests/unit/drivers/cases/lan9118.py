# uses: models/lan9118.py
"""The LAN9118's driver against a model of the chip that follows the datasheet."""

import random
from errno import EIO, ENODEV, ENOTCONN, EOPNOTSUPP

from drivers.chips._lan9118mac import multicast_hash
from drivers.chips._lan9118plain import Bus
from drivers.chips.lan9118 import LAN9118
from support import (
    FDPX,
    FLOW,
    HPFILT,
    MAC_CR,
    PRMS,
    RCVOWN,
    RXDF,
    RXDFH,
    RXE,
    RXEN,
    TXE,
    TXEN,
    Chip,
    raises,
)

BASE = 0x40200000
ME = b"\x02\x00\x00\x00\x00\x11"
OTHER = b"\x02\x00\x00\x00\x00\x99"
GROUP = b"\x01\x00\x5e\x00\x00\xfb"
HEAD = ME + OTHER + b"\x88\xb5"


class Rig:
    """A driver on a model that runs, what it was notified, what was sent."""

    def __init__(self, start=True, **options):
        self.chip = Chip()
        self.sent = []
        self.notified = 0
        self.chip.wire = self.sent.append
        self.dev = LAN9118(Bus(BASE, self.chip), self.chip.connect, **options)
        self.buf = bytearray(1514)
        if start:
            self.dev.start(self.notify)

    def notify(self, dev):
        assert dev is self.dev
        self.notified += 1

    def received(self):
        """All frames that wait."""
        frames = []
        while True:
            n = self.dev.recv_into(self.buf)
            if not n:
                return frames
            frames.append(bytes(self.buf[:n]))


def frame(n, head=HEAD):
    return head + bytes((n + i) & 0xFF for i in range(n - len(head)))


def error(function, *arguments):
    """errno and text of the OSError."""
    failed = raises(OSError, function, *arguments)
    return failed.errno, str(failed)


def make(chip, **options):
    return LAN9118(Bus(BASE, chip), chip.connect, **options)


# ---- Identity, reset


def test_chips_of_the_family():
    for number, name in (
        (0x01180001, "LAN9118"),
        (0x92200000, "LAN9220"),
        (0x118A0002, "LAN9218"),
    ):
        dev = make(Chip(number))
        assert repr(dev) == f"<{name} at 0x40200000 02:00:00:00:00:11, stopped>"
        assert dev.check() == name


def test_something_else_answers():
    number, said = error(make, Chip(0x00910000))
    assert number == ENODEV and "no LAN9118 at 0x40200000: ID 0x0091" in said


def test_nobody_answers():
    for wrong in (0, 0xFFFFFFFF, 0x07654321, 0x43218765):
        chip = Chip()
        chip.byte_test = wrong
        number, said = error(make, chip)
        assert number == ENODEV and "no LAN9118 at 0x40200000: BYTE_TEST" in said


def test_no_memory_there():
    class Nothing:
        def __getitem__(self, address):
            raise OSError(14, "bus fault")

        __setitem__ = None

        def __init__(self):
            pass

    class Hole(Nothing):
        def __setitem__(self, address, value):
            raise OSError(14, "bus fault")

    number, said = error(LAN9118, Bus(BASE, Hole()), None)
    assert number == ENODEV and "bus fault" in said
    raises(ValueError, Bus, BASE + 4, Hole())


def test_registers_that_stay_busy():
    for stuck, text in (
        (0x84, "register 0x84"),  # PMT_CTRL, READY
        (0x74, "register 0x74"),  # HW_CFG, SRST
        (0xB0, "register 0xb0"),  # E2P_CMD
        (0xA4, "register 0xa4"),  # MAC_CSR_CMD
    ):
        chip = Chip()
        chip.stuck.add(stuck)
        number, said = error(make, chip)
        assert number == EIO and text in said, said
    chip = Chip()
    dev = make(chip)
    chip.stuck.add("mii")
    number, said = error(dev.start, print)
    assert number == EIO and "PHY" in said
    chip = Chip()
    chip.reset_failed = True
    number, said = error(make, chip)
    assert number == EIO and "timed out" in said


def test_what_start_writes():
    rig = Rig(start=False)
    rig.chip.written.clear()
    rig.dev.start(rig.notify)
    csr = {0xA4, 0xA8}
    assert [pair for pair in rig.chip.written if pair[0] not in csr] == [
        (0x74, 0x00150000),  # HW_CFG: store and forward, 5 KB for transmission
        (0x68, 0x18000000),  # FIFO_INT: at 1536 bytes of room, at the first frame
        (0x6C, 0),  # RX_CFG: frames begin in a word's first byte
        (0x70, 2),  # TX_CFG: TX_ON
        (0x58, 0xFFFFFFFF),  # INT_STS: whatever was before
        (0x54, 0x111),  # IRQ_CFG: enabled, active high, push-pull
        (0xAC, 0x006E374F),  # AFC_CFG
        (0x5C, 0x0085E558),  # INT_EN
    ]
    assert rig.chip.mac[MAC_CR] == FDPX | TXEN | RXEN
    assert rig.chip.address() == ME
    assert rig.chip.phy[30] == 0x50 and rig.chip.phy[4] == 0x0DE1 and rig.chip.phy[0] == 0x1200
    low = make(Chip(), active_high=False)
    low.start(print)
    assert low._bus._memory.irq_cfg == 0x100


# ---- Address


def test_address_of_the_eeprom_and_of_its_own():
    for address in (ME, b"\xfe\xdc\xba\xf8\x76\x54"):
        chip = Chip(eeprom=address)
        assert make(chip).hwaddr == address
        dev = make(Chip(eeprom=None))
        assert dev.hwaddr is None and "no address" in repr(dev)
        assert "set hwaddr" in str(raises(ValueError, dev.start, print))
        dev.hwaddr = bytearray(address)
        dev.start(print)
        assert dev.hwaddr == address and dev._bus._memory.address() == address
        raises(ValueError, setattr, dev, "hwaddr", ME)
        dev.stop()
        for wrong in (b"12345", GROUP):
            raises(ValueError, setattr, dev, "hwaddr", wrong)


# ---- Frames


def test_every_length_both_ways():
    rig = Rig()
    for n in range(14, 1515):
        if 80 < n < 1500 and n % 37:
            continue
        data = frame(n)
        assert rig.dev.send(data, n)
        assert rig.sent.pop() == data + bytes(max(0, 60 - n))
        rig.chip.arrive(data)
        assert rig.received() == [data]
    assert rig.dev.errors() == {}


def test_send_takes_the_first_bytes_only():
    rig = Rig()
    data = bytearray(frame(200))
    for n in (14, 59, 60, 61, 199):
        assert rig.dev.send(memoryview(data), n)
        assert rig.sent.pop()[:n] == data[:n]
    for n in (13, 0, -1, 201, 1515):
        raises(ValueError, rig.dev.send, data, n)
    raises(ValueError, rig.dev.send, bytes(2000), 1515)
    raises(TypeError, rig.dev.recv_into, bytes(1514))


def test_nothing_behind_the_frame_is_touched():
    rig = Rig()
    for n in range(60, 68):
        buf = bytearray(b"\xaa" * 100)
        rig.chip.arrive(frame(n))
        assert rig.dev.recv_into(memoryview(buf)[8:92]) == n
        assert buf[:8] == b"\xaa" * 8 and buf[8 + n :] == b"\xaa" * (92 - n)


def test_a_frame_longer_than_the_buffer_is_dropped():
    for fast_forward in (True, False):
        rig = Rig(fast_forward=fast_forward)
        for n in (300, 61, 1514):
            rig.chip.arrive(frame(n))
            rig.chip.arrive(frame(60))
            small = bytearray(60)
            assert rig.dev.recv_into(small) == 60 and small == frame(60)
            assert rig.dev.recv_into(small) == 0
        skipped = [value for offset, value in rig.chip.written if offset == 0x78]
        assert skipped == ([0x80000000] * 3 if fast_forward else [])
        assert rig.dev.stats()[:3] == (3, 3, 0)


def test_fast_forward_that_does_not_end():
    rig = Rig()
    rig.chip.stuck.add(0x78)
    rig.chip.arrive(frame(300))
    number, said = error(rig.dev.recv_into, bytearray(60))
    assert number == EIO and "0x78" in said


def test_oversized_frames_and_scraps():
    rig = Rig()
    rig.chip.arrive(frame(1515))
    rig.chip.arrive(frame(2000))
    rig.chip.arrive(HEAD[:8], 0x800)  # 3 words: too few to fast-forward
    rig.chip.arrive(HEAD[:13])
    rig.chip.arrive(frame(60))
    assert rig.received() == [frame(60)]
    assert rig.dev.stats()[:3] == (1, 0, 4)


def test_every_error_of_reception():
    for bit, name, bad in (
        (12, "rx_length", False),
        (11, "rx_runt", True),
        (7, "rx_too_long", True),
        (6, "rx_collision", True),
        (4, "rx_watchdog", True),
        (3, "rx_mii", True),
        (2, "rx_dribble", False),
        (1, "rx_crc", True),
    ):
        rig = Rig()
        rig.chip.arrive(frame(100), 1 << bit)
        rig.chip.arrive(frame(64))
        assert rig.received() == ([frame(64)] if bad else [frame(100), frame(64)])
        summed = {"rx_error": 1} if bit in (11, 7, 6, 1) else {}
        assert rig.dev.errors() == dict(summed, **{name: 1}), (bit, rig.dev.errors())
        assert rig.dev.stats()[:3] == ((1, 0, 1) if bad else (2, 0, 0))
        rig.chip.sums = False  # each bit speaks for itself
        rig.chip.arrive(frame(100), 1 << bit)
        assert rig.received() == ([] if bad else [frame(100)])
        assert rig.dev.errors()[name] == 2


def test_every_error_of_transmission():
    for bit, name in (
        (11, "tx_loss_of_carrier"),
        (10, "tx_no_carrier"),
        (9, "tx_late_collision"),
        (8, "tx_excessive_collisions"),
        (2, "tx_excessive_deferral"),
        (1, "tx_underrun"),
    ):
        rig = Rig()
        rig.chip.tx_faults.append(1 << bit)
        assert rig.dev.send(frame(60), 60) and rig.dev.send(frame(60), 60)
        assert rig.dev.stats()[3:] == (1, 1)
        assert rig.dev.errors() == {"tx_error": 1, name: 1}
        rig.chip.sums = False
        rig.chip.tx_faults.append(1 << bit)
        assert rig.dev.send(frame(60), 60)
        assert rig.dev.stats()[3:] == (1, 2)
        assert rig.dev.errors() == {"tx_error": 1, name: 2}
    rig = Rig()
    rig.chip.tx_faults.append(1 | 3 << 3)  # deferred, three collisions: sent nevertheless
    rig.dev.send(frame(60), 60)
    assert rig.dev.errors() == {"tx_deferred": 1}
    assert rig.dev.stats()[3:] == (1, 0)


def test_every_error_of_the_chip():
    for bit, name, rx, tx in (
        (16, "tx_status_overflow", 0, 1),
        (15, "rx_watchdog_interrupt", 0, 0),
        (14, "rx_fifo_error", 1, 0),
        (13, "tx_fifo_error", 0, 1),
        (10, "tx_data_overrun", 0, 1),
        (8, "tx_status_full", 0, 1),
        (6, "rx_dropped_interrupt", 0, 0),
        (4, "rx_status_full", 1, 0),
    ):
        rig = Rig()
        rig.chip.tell(1 << bit)
        assert rig.notified == 1, name
        assert rig.received() == []
        assert rig.dev.errors() == {name: 1}
        assert rig.dev.stats() == (0, 0, rx, 0, tx)
        assert rig.chip.int_sts & 1 << bit == 0
        # It is told again when it happens again, and frames go both ways.
        rig.chip.tell(1 << bit)
        assert rig.notified == 2
        assert rig.received() == []
        rig.chip.arrive(frame(70))
        assert rig.notified == 3 and rig.received() == [frame(70)]
        assert rig.dev.send(frame(80), 80) and rig.sent == [frame(80)]


def test_reception_that_is_out_of_step_starts_anew():
    rig = Rig()
    rig.chip.arrive(frame(100))
    rig.chip.rx_status.append(200 << 16)  # tells of a frame that is not there
    assert rig.dev.recv_into(rig.buf) == 100
    rig.dev.recv_into(rig.buf)  # reads what is not there
    assert rig.chip.int_sts & RXE
    rig.chip.arrive(frame(100)[:-1])
    rig.received()
    assert rig.dev.errors()["rx_fifo_error"] == 1
    assert rig.chip.mac[MAC_CR] & RXEN and not rig.chip.int_sts & RXE
    rig.chip.arrive(frame(99))
    assert rig.received() == [frame(99)]


def test_what_finds_no_room_is_counted():
    rig = Rig()
    arrived = 0
    for _ in range(60):
        rig.chip.arrive(frame(500))
        arrived += 1
    assert rig.notified <= 2
    got = len(rig.received())
    dropped = rig.dev.stats()[1]
    assert got < 60 and got + dropped == arrived
    assert rig.dev.errors() == {"rx_dropped_interrupt": 1}
    rig.chip.arrive(frame(60))
    assert rig.received() == [frame(60)]
    for _ in range(200):  # more statuses than the FIFO has
        rig.chip.arrive(frame(14))
    assert len(rig.received()) == 176 and rig.dev.errors()["rx_status_full"] == 1
    rig.chip.arrive(frame(61))
    assert rig.received() == [frame(61)]


def test_the_counter_of_drops_is_read_before_it_overflows():
    rig = Rig()
    rig.chip.drops = 70000
    rig.chip.tell(RXDFH)
    assert rig.notified == 1
    rig.received()
    assert rig.chip.drops == 0 and rig.dev.stats()[1] == 70000
    rig.chip.drops = 5
    assert rig.dev.stats()[1] == 70005
    assert not rig.chip.int_sts & (RXDF | RXDFH)


# ---- Room for transmission


def test_no_room_then_notify():
    rig = Rig()
    rig.chip.transmits = False
    data = frame(1514)
    count = 0
    while rig.dev.send(data, 1514):
        count += 1
    assert count == 3  # of 4608 bytes
    assert not rig.dev.send(data, 1514)
    assert rig.notified == 0 and not rig.chip.int_sts & TXE
    rig.chip.transmit()
    assert rig.notified == 1
    assert rig.dev.send(data, 1514)
    assert not rig.dev.send(frame(60), 60)  # 36 bytes are left
    while rig.chip.tx_queue:
        rig.chip.transmit()
    assert rig.notified == 2 and rig.dev.send(frame(60), 60)
    rig.chip.transmit()
    assert rig.sent == [data] * 4 + [frame(60)]
    assert rig.dev.stats()[3:] == (5, 0)


def test_room_that_comes_at_any_moment_is_told():
    """A frame leaves the chip at each access that a send() makes which finds no room at first."""
    data = frame(1514)
    moment = 0
    while True:
        rig = Rig()
        rig.chip.transmits = False
        while rig.dev.send(data, 1514):
            pass
        rig.chip.int_en &= ~0x200  # as if nobody had asked yet
        seen = 0

        def on_access(chip, moment=moment):
            nonlocal seen
            seen += 1
            if seen - 1 == moment:
                chip.transmit()

        rig.chip.on_access = on_access
        taken = rig.dev.send(data, 1514)
        rig.chip.on_access = None
        if seen <= moment:
            break
        assert taken or rig.notified, moment
        moment += 1
    assert moment > 5


# ---- Interrupts


def test_many_frames_make_one_interrupt():
    rig = Rig()
    for n in range(10):
        rig.chip.arrive(frame(60 + n))
    assert rig.notified == rig.chip.interrupts == 1
    assert rig.received() == [frame(60 + n) for n in range(10)]
    rig.chip.arrive(frame(90))
    assert rig.notified == 2


def test_a_frame_that_comes_at_any_moment_is_told():
    """A frame arrives at each access of recv_into(): the interrupt is on, or off as one waits."""
    for waiting, standing in ((0, True), (1, True), (0, False), (1, False)):
        moment = 0
        while True:
            rig = Rig()
            rig.chip.standing = standing
            rig.received()
            for _ in range(waiting):
                rig.chip.arrive(frame(60))
            before = rig.notified
            seen = 0

            def on_access(chip, moment=moment):
                nonlocal seen
                seen += 1
                if seen - 1 == moment:
                    chip.arrive(frame(77))

            rig.chip.on_access = on_access
            got = rig.received()
            rig.chip.on_access = None
            if seen <= moment:
                break
            if len(got) == waiting:
                assert rig.notified > before, moment
                got += rig.received()
            assert got == [frame(60)] * waiting + [frame(77)], moment
            moment += 1
        assert moment > 5


def test_random_traffic_is_neither_lost_nor_told_in_vain():
    seed = random.getrandbits(24)
    print("seed", seed)
    rng = random.Random(seed) if hasattr(random, "Random") else random
    rng.seed(seed)
    rig = Rig()
    expected = []
    got = []
    number = 0

    def on_access(chip):
        nonlocal number
        if rng.getrandbits(7) == 0 and number < 300:
            n = 60 + rng.getrandbits(8)
            number += 1
            expected.append(frame(n))
            chip.arrive(frame(n))

    rig.chip.on_access = on_access
    told = -1
    while number < 300 or told != rig.notified:
        if told == rig.notified:
            rig.dev.link()
            continue
        told = rig.notified
        got += rig.received()
    assert got == expected
    assert 0 < rig.notified <= number + 1, (rig.notified, number)


# ---- The link


def test_cable_out_and_in():
    rig = Rig()
    assert rig.dev.link()
    rig.chip.plug(False)
    assert rig.notified == 1
    assert not rig.dev.link() and "no link" in repr(rig.dev)
    rig.chip.plug(True)
    assert rig.notified == 2
    assert rig.dev.link()
    rig.chip.plug(False)
    rig.chip.plug(True)  # told of, though it is as it was
    assert rig.notified == 3
    assert rig.dev.link()


def test_speed_duplex_and_pause_that_both_can():
    for partner, text, duplex, flow, hold_up in (
        (0x45E1, "100 Mbit/s full", FDPX, 0xFFFF0002, 0xF),
        (0x41E1, "100 Mbit/s full", FDPX, 0, 0),
        (0x0481, "100 Mbit/s half", RCVOWN, 0, 0xF),
        (0x00E1, "100 Mbit/s half", RCVOWN, 0, 0xF),
        (0x0061, "10 Mbit/s full", FDPX, 0, 0),
        (0x0021, "10 Mbit/s half", RCVOWN, 0, 0xF),
    ):
        rig = Rig(start=False)
        rig.chip.partner = partner
        rig.dev.start(rig.notify)
        assert repr(rig.dev).endswith(text + " duplex>"), repr(rig.dev)
        assert rig.chip.mac[MAC_CR] & (FDPX | RCVOWN) == duplex
        assert rig.chip.mac[FLOW] == flow
        assert rig.chip.registers[0xAC] == 0x006E3740 | hold_up


# ---- Filters


def test_hash_of_known_addresses():
    # CRC-32 of the address, by zlib: its bits reversed, the upper six of them.
    from binascii import crc32

    for addr in (GROUP, b"\x33\x33\x00\x00\x00\x01", b"\x01\x80\xc2\x00\x00\x0e", ME):
        crc = crc32(addr) ^ 0xFFFFFFFF
        reverse = 0
        for bit in range(32):
            reverse |= (crc >> bit & 1) << 31 - bit
        assert multicast_hash(addr) == reverse >> 26


def test_all_classes_of_the_filter():
    rig = Rig()
    found = set()
    n = 0
    while len(found) < 64:
        addr = b"\x01\x00\x5e" + bytes((n >> 16 & 0x7F, n >> 8 & 0xFF, n & 0xFF))
        n += 1
        if multicast_hash(addr) in found:
            continue
        found.add(multicast_hash(addr))
        data = frame(60, addr + OTHER + b"\x88\xb5")
        rig.chip.arrive(data)
        assert rig.received() == []
        rig.dev.multicast(addr, True)
        rig.chip.arrive(data)
        assert rig.received() == [data]
        rig.dev.multicast(addr, False)
        rig.chip.arrive(data)
        assert rig.received() == []


def test_groups_and_promiscuous_mode():
    rig = Rig(start=False)
    rig.dev.promiscuous(True)
    rig.dev.multicast(GROUP, True)
    rig.dev.start(rig.notify)
    assert rig.chip.mac[MAC_CR] & (PRMS | HPFILT) == PRMS | HPFILT
    rig.chip.arrive(frame(60, OTHER + ME + b"\x88\xb5"))
    assert len(rig.received()) == 1
    rig.dev.promiscuous(False)
    rig.chip.arrive(frame(60, OTHER + ME + b"\x88\xb5"))
    assert rig.received() == []
    rig.dev.multicast(GROUP, True)  # twice is once
    rig.dev.multicast(GROUP, False)
    rig.dev.multicast(GROUP, False)
    assert not rig.chip.mac[MAC_CR] & HPFILT
    for wrong in (ME, b"\x01\x00"):
        raises(ValueError, rig.dev.multicast, wrong, True)


# ---- Off


def test_stop_and_start_again():
    rig = Rig()
    rig.chip.arrive(frame(60))
    rig.dev.stop()
    assert rig.received() == [] and not rig.dev.link()
    assert error(rig.dev.send, frame(60), 60)[0] == ENOTCONN
    assert rig.chip.int_en == 0 and not rig.chip.mac[MAC_CR] & RXEN
    rig.chip.arrive(frame(61))
    rig.dev.start(rig.notify)
    assert rig.received() == []
    rig.chip.arrive(frame(62))
    assert rig.received() == [frame(62)]
    rig.dev.start(rig.notify)  # again, without stop()
    rig.chip.arrive(frame(63))
    assert rig.received() == [frame(63)]


def test_after_deinit():
    rig = Rig()
    rig.dev.deinit()
    rig.dev.deinit()
    assert "closed" in repr(rig.dev)
    assert rig.chip.int_en == 0 and rig.chip._handler is None
    for call in (
        lambda: rig.dev.start(print),
        rig.dev.stop,
        lambda: rig.dev.recv_into(rig.buf),
        lambda: rig.dev.send(rig.buf, 60),
        rig.dev.link,
        lambda: rig.dev.promiscuous(True),
        lambda: rig.dev.multicast(GROUP, True),
        lambda: setattr(rig.dev, "hwaddr", ME),
    ):
        assert error(call)[0] == ENODEV


def test_a_board_without_ethernet_says_so():
    from drivers import Ethernet

    number, said = error(Ethernet)
    assert number == EOPNOTSUPP and "host has no Ethernet" in said
