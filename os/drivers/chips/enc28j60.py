"""ENC28J60: Ethernet controller with 10BASE-T on SPI, as a netdev.

Data sheet: Microchip DS39662E; errata: DS80349C (revision B7 of the silicon), by number:
  #2   the oscillator's ready bit says nothing after a reset command: wait instead;
  #5   the receive buffer begins at 0000h;
  #6   the packet pending flag is not reliable: the packet counter is read;
  #12  the transmitter may lock up after an abort: it is reset before each frame;
  #13  a late collision may be a false one, and TXRTS stays set: the frame is sent again;
  #14  the receive read pointer is always odd;
  #19  the reset command does nothing in power save: the chip is woken before.
"""

from array import array
from errno import ENODEV, ETIMEDOUT

from micropython import const

from .enc28j60filter import fill_table, filter_bits
from .enc28j60vectors import RX, RX_OK, TX, TX_LATE, count
from .ethernetchip import EthernetChip

# Instructions (table 4-1).
_READ_REGISTER = const(0x00)
_READ_BUFFER = const(0x3A)
_WRITE_REGISTER = const(0x40)
_SET_BITS = const(0x80)
_CLEAR_BITS = const(0xA0)
_RESET = const(0xFF)

# Registers (tables 3-1, 3-2): address, bank << 5, and _SLOW for those of MAC and MII, which are
# read behind a dummy byte and have no bit instructions. A pair is named by its low half.
_SLOW = const(0x80)
_ANY_BANK = const(0x1B)  # from here on the same registers in all banks
_EIE = const(0x1B)
_EIR = const(0x1C)
_ESTAT = const(0x1D)
_ECON2 = const(0x1E)
_ECON1 = const(0x1F)
_ERDPT = const(0x00)
_EWRPT = const(0x02)
_ETXST = const(0x04)
_ETXND = const(0x06)
_ERXST = const(0x08)
_ERXND = const(0x0A)
_ERXRDPT = const(0x0C)
_EHT0 = const(0x20)
_ERXFCON = const(0x38)
_EPKTCNT = const(0x39)
_MACON1 = const(0xC0)
_MACON3 = const(0xC2)
_MACON4 = const(0xC3)
_MABBIPG = const(0xC4)
_MAIPG = const(0xC6)
_MAMXFL = const(0xCA)
_MICMD = const(0xD2)
_MIREGADR = const(0xD4)
_MIWR = const(0xD6)
_MIRD = const(0xD8)
_MISTAT = const(0xEA)
_EREVID = const(0x72)
#: MAADR1 to MAADR6.
_MAADR = (0xE4, 0xE5, 0xE2, 0xE3, 0xE0, 0xE1)

_INTIE = const(0x80)  # EIE, EIR (registers 12-2, 12-3)
_PKTIF = const(0x40)
_LINKIF = const(0x10)
_TXIF = const(0x08)
_TXERIF = const(0x02)
_RXERIF = const(0x01)
_LATECOL = const(0x10)  # ESTAT (12-1)
_TXABRT = const(0x02)
_AUTOINC = const(0x80)  # ECON2 (3-2)
_PKTDEC = const(0x40)
_PWRSV = const(0x20)
_TXRST = const(0x80)  # ECON1 (3-1)
_RXRST = const(0x40)
_TXRTS = const(0x08)
_RXEN = const(0x04)
_BANK_MASK = const(0x03)

_MARXEN = const(0x0D)  # MACON1 (6-1): receive, and pause frames both ways
_MACON3_HALF = const(0x32)  # (6-2) pad to 60 bytes, append the CRC, check lengths
_MACON3_FULL = const(0x33)
_DEFER = const(0x40)  # MACON4 (6-3)
_GAP_HALF = const(0x12)  # MABBIPG (6-4)
_GAP_FULL = const(0x15)
_MAIPG_HALF = const(0x0C12)  # section 6.5, steps 6 and 7
_MIIRD = const(0x01)
_MII_BUSY = const(0x01)
_FRAME_MAX = const(1518)  # with the check sequence

# PHY (table 3-3).
_PHCON1 = const(0x00)
_PHID1 = const(0x02)
_PHID2 = const(0x03)
_PHCON2 = const(0x10)
_PHSTAT2 = const(0x11)
_PHIE = const(0x12)
_PHIR = const(0x13)
_PDPXMD = const(0x0100)
_HDLDIS = const(0x0100)
_LSTAT = const(0x0400)
_LINK_IRQ = const(0x0012)
_IDENTITY1 = const(0x0083)  # PHID1, PHID2 without the revision (section 3.3)
_IDENTITY2 = const(0x1400)
_IDENTITY2_MASK = const(0xFFF0)

# 8 KB of buffer: all but one frame, its control byte and its status are for what comes in.
_RX_LAST = const(0x19FF)
_TX_FIRST = const(0x1A00)
_CONTROL = b"\x7a\x00"  # write buffer; the control byte (section 7.1): as MACON3 says
_HEADER = const(6)  # next packet, and the status vector (figure 7-3)
_STATUS = const(7)  # the transmit status vector (table 7-1)
_RESET_MS = const(2)  # errata #2: 1 ms
_WAKE_MS = const(1)  # errata #19: 300 us
_MII_MS = const(5)  # 10.24 us a register (section 3.3.1)
_LOW_30 = const(0x3FFFFFFF)
_TRIES_MAX = const(16)  # as the collisions that the hardware allows


class ENC28J60(EthernetChip):
    """An ENC28J60: a netdev, see docs/contracts.md.

    spi, cs: see SpiChip; 8 to 20 MHz (errata #1 of the first revisions). freq: for spi.init().
    hwaddr: 6 bytes. irq: a pin with irq() that the chip's INT pulls low; without one, recv_into()
    must be called now and then, and notify never comes.
    full_duplex: only if the other end is set to it by hand, since the chip does not negotiate.
    Raises OSError(ENODEV) with the identity that was found. Context: thread.
    """

    NAME = "ENC28J60"

    def __init__(self, spi, cs, hwaddr, irq=None, freq=None, full_duplex=False):
        super().__init__(spi, cs, hwaddr, irq, freq)
        self._full = full_duplex
        self._bank = 0
        self._next = 0
        self._end = 0
        self._sending = False
        self._tries = 0
        self._header = bytearray(_HEADER)
        self._status = bytearray(_STATUS)
        self._mii_is_ready = self._mii_ready
        self._hashes = bytearray(8)
        #: How often each bit of the status vectors was set, see events().
        self._rx_bits = array("I", [0] * len(RX))
        self._tx_bits = array("I", [0] * len(TX))
        self._reset()
        self.check()
        self.revision = self._get(_EREVID)

    def check(self):
        """The PHY's identity is right: else OSError(ENODEV) with the one that was found."""
        first, second = self._phy(_PHID1), self._phy(_PHID2)
        if first != _IDENTITY1 or second & _IDENTITY2_MASK != _IDENTITY2:
            raise OSError(ENODEV, "no ENC28J60: PHY identity %04x %04x" % (first, second))

    def events(self):
        """What the status vectors of frames have said: name -> how often. Allocates."""
        found = {}
        for kind, names, counters in (
            ("tx ", TX, self._tx_bits),
            ("rx ", RX, self._rx_bits),
        ):
            for i in range(len(names)):
                found[kind + names[i]] = counters[i]
        return found

    # ---- EthernetChip's hooks

    def _start(self):
        self._reset()
        self._sending = False
        self._pair(_ERXST, 0)
        self._pair(_ERXND, _RX_LAST)
        self._pair(_ERXRDPT, _RX_LAST)  # odd (errata #14): one in front of the first packet
        self._pair(_ERDPT, 0)
        self._pair(_ETXST, _TX_FIRST)
        self._next = 0
        full = self._full
        self._put(_MACON1, _MARXEN)
        self._put(_MACON3, _MACON3_FULL if full else _MACON3_HALF)
        self._put(_MACON4, _DEFER)
        self._put(_MABBIPG, _GAP_FULL if full else _GAP_HALF)
        self._pair(_MAIPG, _MAIPG_HALF)
        self._pair(_MAMXFL, _FRAME_MAX)
        for i in range(6):
            self._put(_MAADR[i], self.hwaddr[i])
        self._phy(_PHCON1, _PDPXMD if full else 0)
        self._phy(_PHCON2, 0 if full else _HDLDIS)  # section 6.6: no loop-back of what is sent
        self._phy(_PHIE, _LINK_IRQ)
        self._put(_ECON2, _AUTOINC)
        self._set_filter()
        self._phy(_PHIR)  # reading it clears what was before
        self._bits(_CLEAR_BITS, _EIR, 0xFF)
        self._bits(_SET_BITS, _EIE, _INTIE | _PKTIF | _LINKIF | _TXIF | _TXERIF | _RXERIF)
        self._bits(_SET_BITS, _ECON1, _RXEN)

    def _stop(self):
        self._bits(_CLEAR_BITS, _EIE, 0xFF)
        self._bits(_CLEAR_BITS, _ECON1, _RXEN | _TXRTS)
        self._sending = False

    def _runs(self):
        # A bus on which nobody answers reads as ones: bits 7 and 6 are resets that end at once.
        return self._get(_ECON1) & (_TXRST | _RXRST | _RXEN) == _RXEN

    def _link(self):
        return bool(self._phy(_PHSTAT2) & _LSTAT)

    def _set_filter(self):
        fill_table(self._hashes, self._groups)
        for i in range(8):
            self._put(_EHT0 + i, self._hashes[i])
        self._put(_ERXFCON, filter_bits(self._promiscuous, self._groups))

    def _receive(self, buf):
        """The length of the next frame, 0: none, -1: look again."""
        if not self._get(_EPKTCNT):
            return 0
        self._pair(_ERDPT, self._next)
        header = self._header
        self._head[0] = _READ_BUFFER
        self._transfer(self._heads[1], None, header)
        following = header[0] | header[1] << 8
        n = (header[2] | header[3] << 8) - 4  # without the check sequence
        if following > _RX_LAST or following & 1 or not self._fits(following, n):
            # What follows cannot be found: begin anew.
            self._rx_errors = self._rx_errors + 1 & _LOW_30
            self._start()
            return -1
        count(self._rx_bits, header, 4, 0, 15)
        if not header[4] & RX_OK or n > _FRAME_MAX - 4 or n < 14:
            self._rx_errors = self._rx_errors + 1 & _LOW_30
            n = -1
        elif n > len(buf):
            self._rx_dropped = self._rx_dropped + 1 & _LOW_30
            n = -1
        else:
            self._head[0] = _READ_BUFFER
            self._stream_in(self._heads[1], buf, n)
        self._next = following
        self._pair(_ERXRDPT, following - 1 if following else _RX_LAST)
        self._bits(_SET_BITS, _ECON2, _PKTDEC)
        return n

    def _fits(self, following, n):
        """Whether a frame of n bytes and its check sequence end where the next one begins."""
        used = following - self._next
        if used <= 0:
            used += _RX_LAST + 1
        return used == (_HEADER + n + 4 + 1) & ~1

    def _send(self, buf, n):
        """True, or False if the frame before is not out yet."""
        if self._sending:
            self._finish()
            if self._sending:
                return False
        self._pair(_EWRPT, _TX_FIRST)
        self._stream_out(_CONTROL, buf, n)
        self._end = _TX_FIRST + n
        self._pair(_ETXND, self._end)
        self._tries = 0
        self._transmit()
        return True

    def _transmit(self):
        self._bits(_SET_BITS, _ECON1, _TXRST)  # errata #12, and the flag that it raises
        self._bits(_CLEAR_BITS, _ECON1, _TXRST)
        self._bits(_CLEAR_BITS, _EIR, _TXERIF | _TXIF)
        self._bits(_CLEAR_BITS, _ESTAT, _TXABRT | _LATECOL)
        self._sending = True
        self._bits(_SET_BITS, _ECON1, _TXRTS)

    def _finish(self):
        """See whether the frame is out."""
        flags = self._get(_EIR)
        if not flags & (_TXIF | _TXERIF):
            return
        self._bits(_CLEAR_BITS, _ECON1, _TXRTS)
        self._pair(_ERDPT, self._end + 1)
        self._head[0] = _READ_BUFFER
        status = self._status
        self._transfer(self._heads[1], None, status)
        count(self._tx_bits, status, 2, 4, 12)
        count(self._tx_bits, status, 6, 0, 4, 12)
        late = flags & _TXERIF and (status[3] & TX_LATE or self._get(_ESTAT) & _LATECOL)
        if late and self._tries < _TRIES_MAX:
            self._tries += 1
            self._transmit()
            return
        self._sending = False
        if flags & _TXERIF:
            self._tx_errors = self._tx_errors + 1 & _LOW_30
        self._bits(_CLEAR_BITS, _EIR, _TXIF | _TXERIF)

    def _service(self):
        flags = self._get(_EIR)
        if flags & _RXERIF:  # no room: a frame was lost
            self._rx_dropped = self._rx_dropped + 1 & _LOW_30
            self._bits(_CLEAR_BITS, _EIR, _RXERIF)
        if flags & _LINKIF:
            self._phy(_PHIR)
        if self._sending:
            self._finish()

    def _rearm(self):
        # The pin has an edge again if anything waits (section 12).
        self._bits(_CLEAR_BITS, _EIE, _INTIE)
        self._bits(_SET_BITS, _EIE, _INTIE)

    # ---- Registers

    def _reset(self):
        self._bits(_CLEAR_BITS, _ECON2, _PWRSV)
        self._pause(_WAKE_MS)
        self._head[0] = _RESET
        self._transfer(self._heads[1])
        self._pause(_RESET_MS)
        self._bank = 0

    def _select_bank(self, register):
        bank = register >> 5 & _BANK_MASK
        if register & 0x1F < _ANY_BANK and bank != self._bank:
            self._bits(_CLEAR_BITS, _ECON1, _BANK_MASK)
            if bank:
                self._bits(_SET_BITS, _ECON1, bank)
            self._bank = bank

    def _get(self, register):
        self._select_bank(register)
        self._head[0] = _READ_REGISTER | register & 0x1F
        self._head[1] = 0
        self._transfer(self._heads[2 if register & _SLOW else 1], None, self._one)
        return self._one[0]

    def _put(self, register, value):
        self._select_bank(register)
        self._bits(_WRITE_REGISTER, register, value)

    def _bits(self, instruction, register, value):
        self._head[0] = instruction | register & 0x1F
        self._head[1] = value
        self._transfer(self._heads[2])

    def _pair(self, register, value):
        """The low half first: the high one makes some of them valid (section 7.2.4)."""
        self._put(register, value & 0xFF)
        self._put(register + 1, value >> 8)

    def _phy(self, register, value=None):
        """Read a register of the PHY, or write it (section 3.3)."""
        self._put(_MIREGADR, register)
        if value is not None:
            self._pair(_MIWR, value)
            self._wait_mii()
            return value
        self._put(_MICMD, _MIIRD)
        self._wait_mii()
        self._put(_MICMD, 0)
        return self._get(_MIRD) | self._get(_MIRD + 1) << 8

    def _mii_ready(self):
        return not self._get(_MISTAT) & _MII_BUSY

    def _wait_mii(self):
        if not self._until(self._mii_is_ready, _MII_MS):
            raise OSError(ETIMEDOUT, "ENC28J60: its PHY does not answer")
