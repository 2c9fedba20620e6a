"""What an SD card tells: the card-specific data, and the bits of its answers.

Sections are of the SD Physical Layer Simplified Specification.
"""

from errno import EACCES, EINVAL, EIO, ENODEV, EOPNOTSUPP

from micropython import const

_EROFS = const(30)

#: Commands whose argument is a byte address on cards of standard capacity (table 7-3).
BYTE_ADDRESSED = (17, 18, 24, 25, 32, 33)

# Each: (bit, errno, what it says), the first one that is set counts.
#: The answer R1 (7.3.2.1).
R1 = (
    (0x01, ENODEV, "the card was reset or replaced"),
    (0x08, EIO, "CRC of the command wrong"),
    (0x04, EOPNOTSUPP, "illegal command"),
    (0x40, EINVAL, "parameter error"),
    (0x20, EINVAL, "address error"),
    (0x10, EIO, "erase sequence error"),
    (0x02, EIO, "erase sequence reset"),
)
#: The second byte of the answer R2 (7.3.2.3).
R2 = (
    (0x01, EACCES, "card is locked"),
    (0x20, _EROFS, "write protect violation"),
    (0x02, _EROFS, "write-protected blocks not erased, or unlocking failed"),
    (0x80, EIO, "out of range"),
    (0x40, EIO, "erase parameter"),
    (0x10, EIO, "card ECC failed"),
    (0x08, EIO, "card controller error"),
    (0x04, EIO, "error"),
)
#: The data error token (7.3.3.3). Bit 4 is older cards'.
TOKEN = (
    (0x10, EACCES, "card is locked"),
    (0x08, EIO, "out of range"),
    (0x04, EIO, "card ECC failed"),
    (0x02, EIO, "card controller error"),
    (0x01, EIO, "error"),
)


def raise_error(table, bits, what):
    """Raise the OSError of the bits, with the text of all of them."""
    code = 0
    texts = []
    for bit, errno, text in table:
        if bits & bit:
            code = code or errno
            texts.append(text)
    raise OSError(
        code or EIO, "SD card: %s %02x: %s" % (what, bits, ", ".join(texts) or "unknown")
    )


class Csd:
    """The card-specific data (5.3): blocks of 512 bytes, max_freq in Hz, erases, write_protected.

    Raises OSError(EOPNOTSUPP) for a version that is not known.
    """

    def __init__(self, csd):
        version = csd[0] >> 6
        if version == 0:
            # C_SIZE bits 73:62, C_SIZE_MULT 49:47, READ_BL_LEN 83:80 (5.3.2).
            c_size = (csd[6] & 0x03) << 10 | csd[7] << 2 | csd[8] >> 6
            shift = ((csd[9] & 0x03) << 1 | csd[10] >> 7) + 2 + (csd[5] & 0x0F)
            if shift < 9:
                raise OSError(EOPNOTSUPP, "SD card: blocks smaller than 512 bytes")
            self.blocks = c_size + 1 << shift - 9
        elif version == 1:
            # C_SIZE bits 69:48, in 512 KB (5.3.3).
            self.blocks = ((csd[7] & 0x3F) << 16 | csd[8] << 8 | csd[9]) + 1 << 10
        else:
            raise OSError(EOPNOTSUPP, "SD card: CSD of version %d" % (version + 1))
        self.max_freq = _freq(csd[3])
        # Command class 5 is bit 5 of CCC, bits 95:84; ERASE_BLK_EN is bit 46.
        self.erases = bool(csd[4] & 0x02) and bool(csd[10] & 0x40)
        #: PERM_WRITE_PROTECT, TMP_WRITE_PROTECT: bits 13 and 12.
        self.write_protected = bool(csd[14] & 0x30)


_UNITS = (100_000, 1_000_000, 10_000_000, 100_000_000)
_TENTHS = (0, 10, 12, 13, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 80)


def _freq(code):
    """TRAN_SPEED, bits 103:96 (table 5-6). Reserved values: the slowest that a card may have."""
    unit, tenths = code & 0x07, _TENTHS[code >> 3 & 0x0F]
    if unit > 3 or not tenths:
        return 400_000
    return _UNITS[unit] // 10 * tenths
