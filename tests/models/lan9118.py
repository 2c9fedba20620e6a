"""A LAN9118 Ethernet controller, register by register as its datasheet has it, and strict.

It stands where machine.mem32 does: chip[address] reads a 32-bit register, chip[address] = value writes
one. What a program must not do is an AssertionError: reading a FIFO that is empty counts as the
chip counts it, but dumping one that runs, or reading while it skips, is refused.

Everything happens at once, within the access or arrival that causes it, interrupts too: the handler is
called again and again as long as the line is active, as with a line of an NVIC. So `on_access`, which
is called before each access, can put an event between any two.

Sections are those of the datasheet of the LAN9118, revision 1.5.
"""

_BASE_MASK = 0xFF
_INTERRUPTS_MAX = 20  # in a row: then it is a storm

# 5.3
_RX_DATA, _TX_DATA, _RX_STATUS, _TX_STATUS = 0x00, 0x20, 0x40, 0x48
_ID_REV, _IRQ_CFG, _INT_STS, _INT_EN, _BYTE_TEST = 0x50, 0x54, 0x58, 0x5C, 0x64
_FIFO_INT, _RX_CFG, _TX_CFG, _HW_CFG, _RX_DP_CTRL = 0x68, 0x6C, 0x70, 0x74, 0x78
_RX_FIFO_INF, _TX_FIFO_INF, _PMT_CTRL, _RX_DROP = 0x7C, 0x80, 0x84, 0xA0
_MAC_CSR_CMD, _MAC_CSR_DATA, _AFC_CFG, _E2P_CMD = 0xA4, 0xA8, 0xAC, 0xB0

RXSTOP, TXSTOP, RXDFH, PHY_INT, TXSO, RXE, TXE = (
    1 << 24,
    1 << 25,
    1 << 23,
    1 << 18,
    1 << 16,
    1 << 14,
    1 << 13,
)
TDFO, TDFA, TSFF, RXDF, RSFF, RSFL = 1 << 10, 1 << 9, 1 << 8, 1 << 6, 1 << 4, 1 << 3

# 5.4
MAC_CR, ADDRH, ADDRL, HASHH, HASHL, MII_ACC, MII_DATA, FLOW = range(1, 9)
RXALL, RCVOWN, FDPX, MCPAS, PRMS, HPFILT = 1 << 31, 1 << 23, 1 << 20, 1 << 19, 1 << 18, 1 << 13
TXEN, RXEN = 1 << 3, 1 << 2

# With 5 of 16 KB for transmission, 5.3.9.
_TX_ROOM = 4608
_RX_WORDS = 10560 // 4
_RX_STATUSES = 704 // 4
_TX_STATUSES = 512 // 4
_CHECK_SEQUENCE = b"\xde\xad\xbe\xef"  # nobody must see it


def _hash(addr):
    """The six top bits of the CRC-32 of an address, by the bytewise definition of IEEE 802.3, 3.2.9."""
    crc = 0xFFFFFFFF
    for byte in addr:
        for bit in range(8):
            feedback = (crc >> 31) ^ (byte >> bit & 1)
            crc = (crc << 1) & 0xFFFFFFFF
            if feedback:
                crc ^= 0x04C11DB7
    return crc >> 26


class Chip:
    """chip: a number of ID_REV. eeprom: six bytes or None. base: its address."""

    def __init__(self, number=0x01180001, eeprom=b"\x02\x00\x00\x00\x00\x11", base=0x40200000):
        self.base = base
        self.number = number
        self.eeprom = eeprom
        self.byte_test = 0x87654321
        #: Called as wire(frame) with what is transmitted.
        self.wire = None
        #: False: frames stay in the TX FIFO until transmit().
        self.transmits = True
        #: Error bits of the next TX status words.
        self.tx_faults = []
        #: Whether RSFL stands as long as frames wait; QEMU's model sets it when one arrives.
        self.standing = True
        #: Whether status words have the bit that sums up the others.
        self.sums = True
        #: Registers whose busy bits never fall: offsets, or "mii".
        self.stuck = set()
        self.reset_failed = False
        #: What the cable's other end can do (PHY register 5), and whether it is there.
        self.partner = 0x45E1
        self.plugged = True
        self.on_access = None
        #: (offset, value) of each write, but those to the TX data FIFO.
        self.written = []
        self.interrupts = 0
        self._handler = None
        self._in_handler = False
        self.irq_cfg = 0
        self.reset()

    # ---- Wiring

    def connect(self, handler):
        """What LAN9118() takes as `interrupt`."""
        self._handler = handler
        self._update()

    def reset(self):
        """Soft reset; IRQ_CFG keeps what says how the line is driven (5.3.2)."""
        self.irq_cfg &= 0x11
        self.int_sts = self.int_en = 0
        self.fifo_int = 0x48000000
        self.registers = {_RX_CFG: 0, _HW_CFG: 0x50000, _AFC_CFG: 0}
        self.tx_on = False
        self.mac = dict.fromkeys(range(1, 13), 0)
        self.mac[MAC_CR] = PRMS
        if self.eeprom is not None:
            self.mac[ADDRL] = int.from_bytes(self.eeprom[:4], "little")
            self.mac[ADDRH] = int.from_bytes(self.eeprom[4:], "little")
        self.phy = {0: 0x3000, 4: 0x01E1, 29: 0, 30: 0}
        self.link_was_down = not self.plugged
        self._data = 0
        self._busy = 0
        self.drops = 0
        self._empty_rx()
        self._empty_tx()

    def _empty_rx(self):
        self.rx_status = []
        self.rx_words = []
        self.rx_packets = []  # words of each that are left
        self._skipping = 0

    def _empty_tx(self):
        self.tx_status = []
        self.tx_queue = []  # (frame, bytes that it takes)
        self.tx_used = 0
        self._tx_state = "A"
        self._tx_frame = b""
        self._total = None

    # ---- What happens outside

    def arrive(self, frame, errors=0):
        """A frame comes from the wire. errors: bits of its RX status (3.13.3)."""
        if not self.mac[MAC_CR] & RXEN or not (self._wants(frame) or errors):
            return
        data = bytes(frame) + _CHECK_SEQUENCE
        words = (len(data) + 3) // 4
        if len(self.rx_words) + words > _RX_WORDS or len(self.rx_status) == _RX_STATUSES:
            self.drops += 1
            self.int_sts |= RXDF
            if self.drops == 0x80000000:
                self.int_sts |= RXDFH
            if len(self.rx_status) == _RX_STATUSES:
                self.int_sts |= RSFF
            self._update()
            return
        if errors & 0x8C2 and self.sums:
            errors |= 0x8000
        data += bytes(-len(data) % 4)
        for at in range(0, len(data), 4):
            self.rx_words.append(int.from_bytes(data[at : at + 4], "little"))
        self.rx_packets.append(words)
        flags = 0x2000 if frame[:6] == b"\xff" * 6 else 0x400 if frame[0] & 1 else 0
        self.rx_status.append((len(frame) + 4) << 16 | flags | errors)
        self._tell_level()
        self._update()

    def _wants(self, frame):
        control = self.mac[MAC_CR]
        if control & PRMS or frame[:6] == b"\xff" * 6:
            return True
        if frame[0] & 1:
            if control & HPFILT:
                bit = _hash(frame[:6])
                return self.mac[HASHH if bit & 32 else HASHL] >> (bit & 31) & 1
            return control & MCPAS
        return frame[:6] == self.address()

    def address(self):
        low, high = self.mac[ADDRL], self.mac[ADDRH]
        return low.to_bytes(4, "little") + (high & 0xFFFF).to_bytes(2, "little")

    def plug(self, on):
        """Plug the cable in or pull it out; negotiation takes no time."""
        self.plugged = on
        self.link_was_down |= not on
        self.phy[29] |= 0xC0 if on else 0x10
        self._update()

    def tell(self, events):
        """Set bits of INT_STS."""
        self.int_sts |= events
        self._update()

    def transmit(self):
        """Send the first frame of the TX data FIFO."""
        frame, used = self.tx_queue.pop(0)
        self.tx_used -= used
        errors = self.tx_faults.pop(0) if self.tx_faults else 0
        if errors & 0xF06 and self.sums:
            errors |= 0x8000
        if len(self.tx_status) == _TX_STATUSES:
            self.int_sts |= TXSO | TXE
        else:
            self.tx_status.append(errors)
            if len(self.tx_status) == _TX_STATUSES:
                self.int_sts |= TSFF
        if self.wire is not None and not errors & 0xF06:
            self.wire(frame)
        self._update()

    # ---- The interrupt line

    def _update(self):
        if self.standing:
            self._tell_level()
        if _TX_ROOM - self.tx_used > (self.fifo_int >> 24) * 64:
            self.int_sts |= TDFA
        if self.phy[29] & self.phy[30]:
            self.int_sts |= PHY_INT
        else:
            self.int_sts &= ~PHY_INT
        if self._handler is None or self._in_handler:
            return
        in_a_row = 0
        while self.int_sts & self.int_en and self.irq_cfg & 0x100 and self._handler:
            in_a_row += 1
            assert in_a_row < _INTERRUPTS_MAX, "interrupt storm"
            self.interrupts += 1
            self._in_handler = True
            try:
                self._handler(self)
            finally:
                self._in_handler = False

    def _tell_level(self):
        if len(self.rx_status) > self.fifo_int & 0xFF:
            self.int_sts |= RSFL

    # ---- Registers

    def __getitem__(self, address):
        offset = self._access(address)
        value = self._load(offset)
        self._update()
        return value

    def __setitem__(self, address, value):
        offset = self._access(address)
        assert 0 <= value <= 0xFFFFFFFF, value
        if offset != _TX_DATA:
            self.written.append((offset, value))
        self._store(offset, value)
        self._update()

    def _access(self, address):
        assert address & ~_BASE_MASK == self.base and address & 3 == 0, hex(address)
        if self.on_access is not None:
            self.on_access(self)
        return address & _BASE_MASK

    def _load(self, offset):
        if offset == _RX_DATA:
            return self._pop_rx()
        if offset == _RX_STATUS:
            return self._pop_status(self.rx_status, RXE)
        if offset == _TX_STATUS:
            return self._pop_status(self.tx_status, 0)
        if offset == _ID_REV:
            return self.number
        if offset == _IRQ_CFG:
            return self.irq_cfg
        if offset == _INT_STS:
            return self.int_sts
        if offset == _INT_EN:
            return self.int_en
        if offset == _BYTE_TEST:
            return self.byte_test
        if offset == _TX_CFG:
            return 2 * self.tx_on | (1 if offset in self.stuck else 0)
        if offset == _HW_CFG:
            busy = 1 if offset in self.stuck else 0
            return self.registers[offset] | busy | 2 * self.reset_failed
        if offset == _RX_DP_CTRL:
            self._skipping = max(0, self._skipping - 1)
            return 0x80000000 if self._skipping or offset in self.stuck else 0
        if offset == _RX_FIFO_INF:
            return len(self.rx_status) << 16 | 4 * len(self.rx_words)
        if offset == _TX_FIFO_INF:
            return len(self.tx_status) << 16 | _TX_ROOM - self.tx_used
        if offset == _PMT_CTRL:
            return 0 if offset in self.stuck else 1
        if offset == _RX_DROP:
            drops, self.drops = self.drops, 0
            return drops
        if offset == _MAC_CSR_CMD:
            self._busy = max(0, self._busy - 1)
            return 0x80000000 if self._busy or offset in self.stuck else 0
        if offset == _MAC_CSR_DATA:
            assert not self._busy, "MAC_CSR_DATA is read while the MAC is busy"
            return self._data
        if offset == _E2P_CMD:
            loaded = 0x100 if self.eeprom is not None else 0
            return loaded | (0x80000000 if offset in self.stuck else 0)
        if offset in self.registers:
            return self.registers[offset]
        raise AssertionError(f"read of register 0x{offset:02x}")

    def _pop_rx(self):
        assert not self._skipping, "the RX data FIFO is read while it skips"
        if not self.rx_words:
            self.int_sts |= RXE
            return 0
        self.rx_packets[0] -= 1
        if not self.rx_packets[0]:
            self.rx_packets.pop(0)
        return self.rx_words.pop(0)

    def _pop_status(self, fifo, error):
        if fifo:
            return fifo.pop(0)
        self.int_sts |= error
        return 0

    def _store(self, offset, value):
        if offset == _TX_DATA:
            self._push_tx(value)
        elif offset == _IRQ_CFG:
            self.irq_cfg = value & 0x111
        elif offset == _INT_STS:
            self.int_sts &= ~value
        elif offset == _INT_EN:
            self.int_en = value
        elif offset == _FIFO_INT:
            self.fifo_int = value
        elif offset == _RX_CFG:
            if value & 0x8000:
                assert not self.mac[MAC_CR] & RXEN, "the RX FIFOs are dumped while it receives"
                self._empty_rx()
            self.registers[offset] = value & ~0x8000
        elif offset == _TX_CFG:
            self._configure_tx(value)
        elif offset == _HW_CFG:
            if value & 1:
                self.reset()
            else:
                assert value & 0x1F0000 == 0x150000, "HW_CFG: bit 20, and 5 KB for transmission"
        elif offset == _RX_DP_CTRL:
            assert value == 0x80000000 and self.rx_packets[0] >= 4, "3.13.1.1: four words at least"
            del self.rx_words[: self.rx_packets.pop(0)]
            self._skipping = 3
        elif offset == _MAC_CSR_CMD:
            assert value & 0x80000000 and not self._busy, "5.3.20"
            self._busy = 2
            self._mac_access(value & 0xFF, value & 0x40000000)
        elif offset == _MAC_CSR_DATA:
            self._data = value
        elif offset == _AFC_CFG:
            self.registers[offset] = value
        else:
            assert offset == _BYTE_TEST, f"write of register 0x{offset:02x}"

    def _configure_tx(self, value):
        if value & 1:
            self.tx_on = False
            self.int_sts |= TXSTOP
        if value & 0xC000:
            assert not self.tx_on, "the TX FIFOs are dumped while it transmits"
            self._empty_tx()
        if value & 2 and not value & 1:
            self.tx_on = True

    def _push_tx(self, word):
        """3.12.1 to 3.12.3: command A, command B, data, for each buffer of a frame."""
        if self.tx_used + 4 > _TX_ROOM:
            self.int_sts |= TDFO | TXE
            return
        if self._tx_state == "A":
            self._command = word
            assert word & ~0x831F37FF == 0 and not word >> 24 & 3, hex(word)
            self._tx_state = "B"
            if word & 0x2000:
                self._tx_frame, self._total = b"", None
            self.tx_used += 4
        elif self._tx_state == "B":
            size = word & 0x7FF
            if self._total not in (None, size):
                self.int_sts |= TXE
            if self._total is None:
                self.tx_used += 4
            self._total = size
            self._offset = self._command >> 16 & 31
            self._left = self._command & 0x7FF
            self._tx_state = "data" if self._left else "A"
        else:
            data = word.to_bytes(4, "little")[self._offset & 3 :] if self._offset < 4 else b""
            self._offset = self._offset - 4 if self._offset >= 4 else 0
            self._tx_frame += data[: self._left]
            self._left = max(0, self._left - len(data))
            self.tx_used += 4 if data else 0
        if self._tx_state == "data" and not self._left:
            self._tx_state = "A"
            if self._command & 0x1000:
                self._end_of_frame()

    def _end_of_frame(self):
        frame, self._tx_frame = self._tx_frame, b""
        if len(frame) != self._total:
            self.int_sts |= TXE
        waiting = sum(used for _, used in self.tx_queue)
        self.tx_queue.append((frame + bytes(max(0, 60 - len(frame))), self.tx_used - waiting))
        if self.transmits and self.tx_on and self.mac[MAC_CR] & TXEN:
            self.transmit()

    def _mac_access(self, register, read):
        if read:
            if register == MII_ACC:
                self._data = self.mac[MII_ACC] | ("mii" in self.stuck)
                self.mac[MII_ACC] &= ~1  # busy once
            else:
                self._data = self.mac[register]
            return
        if register == MAC_CR and self.mac[MAC_CR] & RXEN and not self._data & RXEN:
            self.int_sts |= RXSTOP
        self.mac[register] = self._data
        if register == MII_ACC:
            assert self._data >> 11 & 31 == 1, "the internal PHY has address 1"
            self._mii(self._data >> 6 & 31, self._data & 2)

    def _mii(self, register, write):
        if write:
            if register == 0 and self.mac[MII_DATA] & 0x0200:
                self.phy[29] |= 0xC0 if self.plugged else 0
            self.phy[register] = self.mac[MII_DATA]
        elif register == 1:
            up = self.plugged and not self.link_was_down
            self.link_was_down = not self.plugged  # latched low until read, IEEE 802.3, 22.2.4.2
            self.mac[MII_DATA] = 0x782D if up else 0x7809
        elif register == 5:
            self.mac[MII_DATA] = self.partner
        else:
            self.mac[MII_DATA] = self.phy[register]
            if register == 29:
                self.phy[29] = 0
