"""SDCard: an SD memory card on SPI, as a block device of 512-byte blocks.

SD Physical Layer Simplified Specification; chapter 7 is the SPI mode. Standard
capacity of versions 1 and 2, SDHC and SDXC; neither MultiMediaCards nor SDUC.
"""

from errno import EIO, ENODEV, ETIMEDOUT

from micropython import const

from ..blockdevice import BlockDevice
from .sdcarddata import Csd
from .sdprotocol import SdProtocol

try:
    from ._fastcopy import copy
except ImportError:
    from ._plaincopy import copy

_EROFS = const(30)

_BLOCK = const(512)
_IDENTIFY_HZ = const(400_000)  # 4.2: at most, until the card is ready

# Commands: table 7-3.
_GO_IDLE = const(0)
_SEND_IF_COND = const(8)
_SEND_CSD = const(9)
_SEND_CID = const(10)
_STOP_TRANSMISSION = const(12)
_SET_BLOCKLEN = const(16)
_READ_SINGLE = const(17)
_READ_MULTIPLE = const(18)
_WRITE_SINGLE = const(24)
_WRITE_MULTIPLE = const(25)
_ERASE_START = const(32)
_ERASE_END = const(33)
_ERASE = const(38)
_APP = const(55)
_READ_OCR = const(58)
_CRC_ON_OFF = const(59)
_ACMD_SEND_OP_COND = const(41)
_ACMD_SET_ERASE_COUNT = const(23)

_R1_IDLE = const(0x01)  # 7.3.2.1
_R1_ILLEGAL = const(0x04)
_FLOATS = const(0xFF)
_IF_COND = const(0x1AA)  # 4.3.13: 2.7 to 3.6 V, and a pattern that comes back
_OCR_CCS = const(0x40)  # 5.1, first byte: addresses are those of blocks
_OCR_3V3 = const(0x30)  # 5.1, second byte: 3.2 to 3.4 V
# Tokens: 7.3.3.
_START = const(0xFE)
_START_MULTIPLE = const(0xFC)
_STOP = const(0xFD)
_ACCEPTED = const(0x05)
_CRC_REFUSED = const(0x0B)
_WRITE_REFUSED = const(0x0D)

_POWER_BYTES = const(10)  # 6.4.1 asks for 74 clocks
_WRITE_MS = const(600)  # 4.6.2.2: 500 ms for SDXC
_READY_MS = const(1000)  # 4.2.3
_ERASE_BLOCK_MS = const(250)  # 4.14
_ERASE_MS_MAX = const(60_000)
_TRIES = const(3)


class SDCard(BlockDevice, SdProtocol):
    """A card: a block device that needs no erasing.

    spi, cs: see SpiChip; spi has init(baudrate=), too.
    freq: Hz at most, once the card is ready; its own limit is kept.
    protected: function, a pin for instance, that is true while the slot's write-protect tab is set.
    Raises OSError(ENODEV) if no usable card is there, OSError(EIO), OSError(ETIMEDOUT); ValueError.
    Context: thread.

    Transfers are protected by CRCs both ways; one that is garbled is made again, up to 3 times.
    """

    def __init__(self, spi, cs, freq=20_000_000, protected=None):
        if freq < 1:
            raise ValueError("freq: give the fastest clock in Hz")
        if protected is not None and not callable(protected):
            raise TypeError("protected: pass a pin or a function")
        SdProtocol.__init__(self, spi, cs)
        self._protected = protected
        self._four = bytearray(4)
        try:
            limit = self._start(freq)
        finally:
            self._release()
        self._set_freq(min(freq, limit))
        sizes = {"read_size": _BLOCK, "program_size": _BLOCK, "erase_size": _BLOCK}
        BlockDevice.__init__(self, self.blocks * _BLOCK, **sizes)

    def __repr__(self):
        if self._spi is None:
            return "<SDCard deinitialised>"
        return "<SDCard %s, %d blocks>" % (self.kind, self.blocks)

    # ---- Block device: read(), program() and the others check places and call these

    def _read(self, addr, buf):
        if len(buf):
            self._fill(addr // _BLOCK, addr % _BLOCK, buf)

    def _program(self, addr, buf):
        self.write_blocks(addr // _BLOCK, buf)

    def _erase(self, addr, size):
        """Have the card forget these blocks; 00h or FFh is there then. May take a minute."""
        first, n = addr // _BLOCK, size // _BLOCK
        if n and self._erases:
            self._writable()
            try:
                if self._astray:
                    self._resync()
                self._command(_ERASE_START, first)
                self._command(_ERASE_END, first + n - 1)
                self._command(_ERASE)
                self._wait(min(max(_ERASE_BLOCK_MS * n, _READY_MS), _ERASE_MS_MAX))
            finally:
                self._release()

    _trim = _erase

    def _sync(self):
        try:
            self._wait(_WRITE_MS)
        finally:
            self._release()

    def _deinit(self):
        SdProtocol.deinit(self)

    def read_blocks(self, first, buf):
        """Fill buf with whole blocks; numbers of blocks stay small where addresses do not."""
        self._range(first, len(buf) // _BLOCK)
        if len(buf) % _BLOCK:
            raise ValueError("the size must be a multiple of 512")
        if len(buf):
            self._fill(first, 0, buf)

    def write_blocks(self, first, buf):
        """Write whole blocks. Raises as program() does."""
        n = len(buf) // _BLOCK
        self._range(first, n)
        if len(buf) % _BLOCK:
            raise ValueError("the size must be a multiple of 512")
        self._writable()
        done = tries = 0
        while done < n:
            before = done
            try:
                done = self._write(first, buf, done, n)
            finally:
                self._release()
            tries = 0 if done > before else tries + 1
            if tries == _TRIES:
                raise OSError(EIO, "SD card: data arrive garbled, use a lower freq")

    def check(self):
        """The card that was there first is there: else OSError(ENODEV)."""
        found = bytearray(16)
        try:
            if self._astray:
                self._resync()
            self._register(_SEND_CID, found)
        finally:
            self._release()
        if found != self.cid:
            raise OSError(ENODEV, "another SD card: serial number %s" % found[9:13].hex())

    # ---- Start

    def _start(self, freq):
        """Get the card ready (figure 7-2). Returns its fastest clock, Hz."""
        self._set_freq(min(freq, _IDENTIFY_HZ))
        for _ in range(_POWER_BYTES):
            self._transfer(b"\xff", select=False)
        r1 = _FLOATS
        for _ in range(_TRIES):
            r1 = self._send(_GO_IDLE)
            self._release()
            if r1 == _R1_IDLE:
                break
        if r1 != _R1_IDLE:
            raise OSError(ENODEV, "no SD card: reset answered %02x" % r1)
        version = self._version()
        if self._send(_CRC_ON_OFF, 1) & ~_R1_IDLE:
            raise OSError(ENODEV, "no SD card: it refuses to check CRCs")
        self._wait_op_cond(version)
        self._command(_READ_OCR)
        self._transfer(None, None, self._four, keep=True)
        self._by_block = version == 2 and bool(self._four[0] & _OCR_CCS)
        if not self._four[1] & _OCR_3V3:
            raise OSError(ENODEV, "SD card: no 3.3 V in its OCR %s" % self._four.hex())
        if not self._by_block:
            self._command(_SET_BLOCKLEN, _BLOCK)
        csd = bytearray(16)
        self._register(_SEND_CSD, csd)
        found = Csd(csd)
        #: Card identification register, 16 bytes (5.2).
        self.cid = bytearray(16)
        self._register(_SEND_CID, self.cid)
        self.blocks = found.blocks
        self._erases = found.erases
        self._locked = found.write_protected
        self.kind = "SDHC" if self._by_block else "SDSC v%d" % version
        return found.max_freq

    def _version(self):
        """1 or 2 of the specification; OSError(ENODEV) for a card of another voltage."""
        r1 = self._send(_SEND_IF_COND, _IF_COND)
        if r1 & _R1_ILLEGAL:
            return 1
        self._judge(r1 & ~_R1_IDLE, _SEND_IF_COND)
        self._transfer(None, None, self._four, keep=True)
        if self._four[2] & 0x0F != _IF_COND >> 8 or self._four[3] != _IF_COND & 0xFF:
            raise OSError(ENODEV, "SD card: not for 3.3 V, it answers %s" % self._four.hex())
        return 2

    def _wait_op_cond(self, version):
        """Start the card's own initialisation until it is over (figure 7-2)."""
        argument = 0x40000000 if version == 2 else 0  # HCS: we know block addresses

        def ready():
            r1 = self._send(_APP)
            if r1 & _R1_ILLEGAL:
                raise OSError(ENODEV, "no SD card: a MultiMediaCard, perhaps")
            self._judge(r1 & ~_R1_IDLE, _APP)
            r1 = self._send(_ACMD_SEND_OP_COND, argument)
            self._judge(r1 & ~_R1_IDLE, _ACMD_SEND_OP_COND)
            self._release()
            return not r1 & _R1_IDLE

        if not self._until(ready, _READY_MS):
            raise OSError(ETIMEDOUT, "SD card: it does not become ready")

    # ---- Blocks

    def _range(self, first, n):
        if first < 0 or first + n > self.blocks:
            raise ValueError("%d blocks at %d: the card has %d" % (n, first, self.blocks))

    def _writable(self):
        if self._locked or (self._protected is not None and self._protected()):
            raise OSError(_EROFS, "SD card is write-protected")

    def _fill(self, first, offset, buf):
        """Fill buf, from that byte of a block on; again what is garbled."""
        done = tries = 0
        while done < len(buf):
            before = done
            try:
                done = self._fill_on(first, offset, buf, done)
            finally:
                self._release()
            tries = 0 if done > before else tries + 1
            if tries == _TRIES:
                raise OSError(EIO, "SD card: data come garbled, use a lower freq")

    def _fill_on(self, first, offset, buf, done):
        """Go on behind `done` bytes. Returns how many there are then."""
        if self._astray:
            self._resync()
        self._astray = True
        at = offset + done
        several = offset + len(buf) - (at - at % _BLOCK) > _BLOCK
        self._command(_READ_MULTIPLE if several else _READ_SINGLE, first + at // _BLOCK)
        while done < len(buf):
            at = (offset + done) % _BLOCK
            n = min(_BLOCK - at, len(buf) - done)
            whole = n == len(buf) == _BLOCK
            came = self._receive(buf if whole else self._block)
            if not came:
                break
            if not whole:
                copy(buf, done, self._block, at, n)
            done += n
        if several:
            # Behind the last block of the card it may answer that there is no more (4.3.3).
            if self._stop() == _FLOATS:
                self._lost()
            self._wait(_WRITE_MS)
        self._astray = came is None and not several
        return done

    def _write(self, first, buf, done, n):
        """Write the blocks behind `done`. Returns how many have been accepted then."""
        if self._astray:
            self._resync()
        self._astray = True
        several = n - done > 1
        if several:
            self._command(_APP)
            self._command(_ACMD_SET_ERASE_COUNT, n - done)
        self._command(_WRITE_MULTIPLE if several else _WRITE_SINGLE, first + done)
        token = _START_MULTIPLE if several else _START
        block = buf if n == 1 else self._block
        refused = False
        while done < n and not refused:
            if n > 1:
                copy(block, 0, buf, done * _BLOCK, _BLOCK)
            response = self._give(token, block)
            if response == _CRC_REFUSED:
                self.crc_errors += 1
            refused = response != _ACCEPTED
            if not refused:
                self._wait(_WRITE_MS)
                done += 1
        if several:
            if refused:
                self._command(_STOP_TRANSMISSION)
            else:
                self._one[0] = _STOP
                self._transfer(None, self._one, self._two, keep=True)  # busy begins a byte later
            self._wait(_WRITE_MS)
        if refused and response != _CRC_REFUSED:
            self._check_status()
            what = "write error" if response == _WRITE_REFUSED else "data response %02x" % response
            raise OSError(EIO, "SD card: %s" % what)
        self._astray = False
        if done == n:
            self._check_status()  # the only place where some errors show: 7.2.4
        return done
