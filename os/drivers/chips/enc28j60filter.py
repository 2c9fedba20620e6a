"""Which frames an ENC28J60 lets in: filter bits, and the hash table of multicast groups.

Data sheet DS39662E, section 8. Which bits of the CRC choose one of the table, 28 to 23, is said by the
data sheet of its successor ENC424J600 (DS39935C) and by Microchip's TCP/IP stack for this chip.
"""

from micropython import const

from ..crc import CRC

_UNICAST = const(0x80)  # ERXFCON, register 8-1; filters are or'ed
_CRC_GOOD = const(0x20)
_HASH = const(0x04)
_BROADCAST = const(0x01)


def filter_bits(promiscuous, groups):
    """The value of ERXFCON. promiscuous: all but broken frames."""
    if promiscuous:
        return _CRC_GOOD
    return _UNICAST | _CRC_GOOD | _BROADCAST | (_HASH if groups else 0)


def fill_table(table, groups):
    """Set the 8 bytes of the hash table for these groups, of 6 bytes each. Several may share a bit."""
    for i in range(8):
        table[i] = 0
    for group in groups:
        at = place(group)
        table[at >> 3] |= 1 << (at & 7)


def place(addr):
    """The bit of the table for a group, 0 to 63. Allocates."""
    # The register of a CRC that takes the lowest bit first is in the other order: its bits 3 to 8
    # are those that the data sheet counts as 28 to 23.
    register = CRC(CRC.POLY_32BIT_ANSI, final_xor=0).compute(addr) >> 3
    found = 0
    for _ in range(6):
        found = found << 1 | register & 1
        register >>= 1
    return found
