"""SdProtocol: commands, answers and data blocks of SD cards in SPI mode.

SD Physical Layer Simplified Specification, chapter 7.
"""

from errno import EIO, ENODEV, ETIMEDOUT

from micropython import const

from ..crc import CRC
from .sdcarddata import BYTE_ADDRESSED, R1, R2, TOKEN, raise_error
from .spichip import SpiChip

# Commands (table 7-3) that are sent or answered in their own way.
_GO_IDLE = const(0)
_STOP_TRANSMISSION = const(12)
_SEND_STATUS = const(13)

_R1_CRC = const(0x08)  # 7.3.2.1
_R1_NOT = const(0x80)  # always 0 in an answer
_FLOATS = const(0xFF)
_START = const(0xFE)  # 7.3.3.2
_STOP = const(0xFD)
_NO_TOKEN = const(0xE0)  # 7.3.3.3: these bits are 0 in a data error token
_BLOCK = const(512)
_RESPONSE_MASK = const(0x1F)  # 7.3.3.1

_ANSWER_BYTES = const(9)  # 7.5.4, NCR: up to 8 bytes in front of an answer
_READ_MS = const(150)  # 4.6.2.1: 100 ms
_WRITE_MS = const(600)  # 4.6.2.2: 500 ms for SDXC
_TRIES = const(3)


class SdProtocol(SpiChip):
    """A card that is sent commands to. SDCard is the device."""

    NAME = "SD card"

    def __init__(self, spi, cs):
        super().__init__(spi, cs)
        self._crc7 = CRC(CRC.POLY_7BIT_SD)
        self._crc16 = CRC(CRC.POLY_16BIT_CCITT, initial=0)
        self._one = bytearray(1)
        self._two = bytearray(2)
        self._is_ready = self._ready
        self._has_token = self._token
        self._by_block = False  # addresses are those of blocks
        self._block = bytearray(_BLOCK)
        # A transfer of data was broken off: the card may be in the middle of one.
        self._astray = False
        #: Commands and data blocks that were garbled.
        self.crc_errors = 0

    def _give(self, token, block):
        """Send a block with its CRC. Returns the data response."""
        self._one[0] = token
        crc = self._crc16.compute(block)
        self._transfer(b"\xff", self._one, None, True)
        self._two[0] = crc >> 8
        self._two[1] = crc & 0xFF
        self._transfer(block, self._two, self._one, True)
        if self._one[0] == _FLOATS:
            self._lost()
        return self._one[0] & _RESPONSE_MASK

    def _receive(self, buf):
        """A data block into buf. False if its CRC is wrong, None if what came first was no token."""
        if not self._until(self._has_token, _READ_MS):
            self._check_status()  # which finds a card that has gone
            raise OSError(ETIMEDOUT, "SD card: no data come")
        token = self._one[0]
        if token != _START:
            if token & _NO_TOKEN:
                self.crc_errors += 1
                return None
            raise_error(TOKEN, token, "data error token")
        self._transfer(None, None, buf, True)
        self._transfer(None, None, self._two, True)
        if self._crc16.compute(buf) == self._two[0] << 8 | self._two[1]:
            return True
        self.crc_errors += 1
        return False

    def _register(self, command, buf):
        """CSD or CID, which come as a data block (7.2.6)."""
        for _ in range(_TRIES):
            self._command(command)
            found = self._receive(buf)
            if found:
                return
            if found is None:
                self._resync()
        raise OSError(EIO, "SD card: data come garbled, use a lower freq")

    def _resync(self):
        """End what the card may be in the middle of: a block (7.2.3, 7.2.4), or several of them."""
        self._transfer(None, None, self._block, True)
        self._transfer(None, None, self._head, True)  # CRC, response
        self._until(self._is_ready, _WRITE_MS)
        self._one[0] = _STOP
        self._transfer(None, self._one, self._two, True)
        self._until(self._is_ready, _WRITE_MS)
        self._stop()
        self._until(self._is_ready, _WRITE_MS)
        self._astray = False

    def _stop(self):
        """End the transfer of several blocks. Returns the answer, FFh if there is none."""
        for _ in range(_TRIES):
            r1 = self._send(_STOP_TRANSMISSION)
            if r1 & _R1_NOT or not r1 & _R1_CRC:
                break
            self.crc_errors += 1
        return r1

    # ---- Commands

    def _command(self, index, argument=0):
        """Send it and raise what its answer says. The card stays selected."""
        for _ in range(_TRIES):
            r1 = self._send(index, argument)
            if r1 & _R1_NOT or not r1 & _R1_CRC:
                break
            self.crc_errors += 1
        self._judge(r1, index)

    def _judge(self, r1, index):
        if r1 == _FLOATS:
            self._lost()
        if r1:
            raise_error(R1, r1, "CMD%d" % index)

    def _send(self, index, argument=0):
        """Send a command and return its R1, FFh if there is none."""
        frame = self._head
        frame[0] = 0x40 | index
        if not self._by_block and index in BYTE_ADDRESSED:
            # Shifted by 9 in bytes, since the address may be more than a small int.
            frame[1] = argument >> 15 & 0xFF
            frame[2] = argument >> 7 & 0xFF
            frame[3] = argument << 1 & 0xFF
            frame[4] = 0
        else:
            frame[1] = argument >> 24 & 0xFF
            frame[2] = argument >> 16 & 0xFF
            frame[3] = argument >> 8 & 0xFF
            frame[4] = argument & 0xFF
        frame[5] = self._crc7.compute(self._heads[5]) << 1 | 1
        one = self._one
        if index == _STOP_TRANSMISSION:
            self._transfer(self._heads[6], None, one, True)  # a byte of data may still come
        else:
            if index != _GO_IDLE:
                self._wait(_WRITE_MS)
            self._transfer(self._heads[6], None, None, True)
        for _ in range(_ANSWER_BYTES):
            self._transfer(None, None, one, True)
            if not one[0] & _R1_NOT:
                break
        return one[0] if not one[0] & _R1_NOT else _FLOATS

    def _check_status(self):
        """Ask for R2 and raise what it says (7.3.2.3)."""
        self._command(_SEND_STATUS)
        self._transfer(None, None, self._one, True)
        if self._one[0]:
            raise_error(R2, self._one[0], "status")

    def _ready(self):
        # Deselected in between: a card may be busy for long, and others want to run (7.2.4).
        self._transfer(b"\xff", None, self._one)
        return self._one[0] == _FLOATS

    def _token(self):
        self._transfer(None, None, self._one, True)
        return self._one[0] != _FLOATS

    def _wait(self, timeout_ms):
        if not self._until(self._is_ready, timeout_ms):
            raise OSError(ETIMEDOUT, "SD card: busy after %d ms" % timeout_ms)

    def _release(self):
        """Deselect; a card lets go of its output with the next clocks (7.5.1)."""
        if self._spi is not None:
            self._deselect()
            self._transfer(b"\xff", select=False)

    def _lost(self):
        raise OSError(ENODEV, "SD card does not answer: it was removed, or never there")
