"""What a serial flash chip says about itself: JEDEC JESD216 (SFDP), basic parameter table.

DWORD numbers are those of JESD216B and later ones; tables of the first edition (JESD216, 9 DWORDs)
are read, too.
"""

from errno import EIO

from micropython import const

#: Read SFDP: 3 address bytes, 1 byte of dummy clocks.
READ_SFDP = const(0x5A)

_DWORDS_MIN = const(9)
_DWORDS_MAX = const(23)
_HEADERS_MAX = const(16)
_SIZE_MIN = const(1 << 12)
_SIZE_BITS_MAX = const(35)  # 4 GB: more than four address bytes reach
# What is assumed when the table is too old to say it: twice what W25Q data sheets have.
_ERASE_MS = const(4000)
_PROGRAM_MS = const(10)
# Units of DWORD 10 (erase) in ms.
_ERASE_UNITS_MS = (1, 16, 128, 1000)


class Geometry:
    """What a driver must know of a flash chip.

    size, page_size: bytes.
    erases: (size in bytes, opcode, longest time in ms) of each erase type, the smallest first.
    program_ms: longest time to program a page, rounded up.
    four_bytes: "" three address bytes do; "always"; "enter": opcode B7h, behind a write enable if
    `enter_wren`; "opcodes": only by commands of their own.
    """

    def __init__(self, size, page_size, erases, program_ms):
        self.size = size
        self.page_size = page_size
        self.erases = erases
        self.program_ms = program_ms
        self.four_bytes = ""
        self.enter_wren = False

    def __repr__(self):
        sizes = ", ".join(str(erase[0]) for erase in self.erases)
        return "<Geometry %d bytes, pages of %d, erases %s>" % (self.size, self.page_size, sizes)


def parse(read):
    """The Geometry that the chip tells, None if it has no SFDP at all.

    read(addr, buf): fills buf from the SFDP area.
    Raises OSError(EIO) for a table that is damaged or makes no sense.
    """
    header = bytearray(8)
    read(0, header)
    if header[:4] != b"SFDP":
        return None
    if header[5] != 1:
        raise OSError(EIO, "SFDP of major revision %d: only 1 is known" % header[5])
    addr = dwords = 0
    found = bytearray(8)
    for i in range(min(header[6] + 1, _HEADERS_MAX)):
        read(8 + 8 * i, found)
        # The basic table has identity FF00h; the latest header of several counts.
        if found[0] == 0x00 and found[7] == 0xFF and found[2] == 1:
            dwords = found[3]
            addr = found[4] | found[5] << 8 | found[6] << 16
    if dwords < _DWORDS_MIN:
        raise OSError(EIO, "SFDP: the basic parameter table has %d DWORDs, not 9" % dwords)
    table = bytearray(4 * min(dwords, _DWORDS_MAX))
    read(addr, table)
    return _geometry(table)


def _field(table, dword, high, low):
    """Bits high..low of a DWORD, counted from 1 as the standard does."""
    at = 4 * (dword - 1)
    word = table[at] | table[at + 1] << 8 | table[at + 2] << 16 | table[at + 3] << 24
    return word >> low & (1 << high - low + 1) - 1


def _geometry(table):
    size = _density(table)
    dwords = len(table) // 4
    erases = []
    for i in range(4):  # DWORDs 8 and 9: size as a power of two, opcode
        bits = _field(table, 8 + i // 2, 7 + 16 * (i & 1), 16 * (i & 1))
        opcode = _field(table, 8 + i // 2, 15 + 16 * (i & 1), 8 + 16 * (i & 1))
        if bits == 0:
            continue
        if bits > 31 or size & (1 << bits) - 1:
            raise OSError(EIO, "SFDP: an erase type of 2^%d bytes in %d" % (bits, size))
        erases.append((1 << bits, opcode, _erase_ms(table, i) if dwords > 9 else _ERASE_MS))
    if not erases:
        raise OSError(EIO, "SFDP: no erase type")
    erases.sort()
    page_size, program_ms = 256, _PROGRAM_MS
    if dwords >= 11:
        # DWORD 11: page size; typical time, and the factor to the longest one.
        page_size = 1 << _field(table, 11, 7, 4)
        unit_us = 64 if _field(table, 11, 13, 13) else 8
        typical_us = (_field(table, 11, 12, 8) + 1) * unit_us
        longest_us = typical_us * 2 * (_field(table, 11, 3, 0) + 1)
        program_ms = longest_us // 1000 + 1
        if page_size > erases[0][0]:
            raise OSError(EIO, "SFDP: pages of %d bytes" % page_size)
    result = Geometry(size, page_size, tuple(erases), program_ms)
    if size > 1 << 24 or _field(table, 1, 18, 17) == 2:
        _addressing(table, result)
    return result


def _density(table):
    """DWORD 2: bits - 1, or with the highest bit set their power of two. Returns bytes."""
    low = _field(table, 2, 30, 0)
    if _field(table, 2, 31, 31):
        if not 15 <= low <= _SIZE_BITS_MAX:
            raise OSError(EIO, "SFDP: a density of 2^%d bits" % low)
        return 1 << low - 3
    size = (low + 1) // 8
    if size < _SIZE_MIN or (low + 1) % 8:
        raise OSError(EIO, "SFDP: a density of %d bits" % (low + 1))
    return size


def _erase_ms(table, i):
    """DWORD 10: typical times of the four types, and the factor to the longest ones."""
    low = 4 + 7 * i
    typical = (_field(table, 10, low + 4, low) + 1) * _ERASE_UNITS_MS[
        _field(table, 10, low + 6, low + 5)
    ]
    return typical * 2 * (_field(table, 10, 3, 0) + 1)


def _addressing(table, result):
    """DWORD 1 says whether there are four address bytes, DWORD 16 how to get at them.

    ISSI's chips (IS25LP256, IS25WP256) say 3 in DWORD 1 nevertheless: DWORD 16 counts if it is there.
    """
    kind = _field(table, 1, 18, 17)
    if kind == 2:
        result.four_bytes = "always"
    elif len(table) < 4 * 16:
        if kind == 0:
            raise OSError(EIO, "SFDP: %d bytes, and no way to address them" % result.size)
        # The first edition does not say how (W25Q256FV has that). All makers' chips take B7h, some
        # of them behind a write enable.
        result.four_bytes = "enter"
        result.enter_wren = True
    elif _field(table, 16, 30, 30):
        result.four_bytes = "always"
    elif _field(table, 16, 24, 24):
        result.four_bytes = "enter"
    elif _field(table, 16, 25, 25):
        result.four_bytes = "enter"
        result.enter_wren = True
    elif _field(table, 16, 29, 29):
        result.four_bytes = "opcodes"
    else:
        raise OSError(EIO, "SFDP: %d bytes, and no known way to address them" % result.size)
