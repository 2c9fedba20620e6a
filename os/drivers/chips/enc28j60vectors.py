"""The status vectors that an ENC28J60 writes beside frames: names of their bits, and counting.

Data sheet DS39662E, tables 7-1 (transmit) and 7-3 (receive).
"""

from micropython import const

#: Bits 16 to 30 of the receive vector.
RX = (
    "long or dropped event",
    "bit 17",
    "carrier event before",
    "bit 19",
    "CRC error",
    "length check error",
    "length out of range",
    "received ok",
    "multicast",
    "broadcast",
    "dribble nibble",
    "control frame",
    "pause frame",
    "unknown control opcode",
    "VLAN",
)
RX_OK = const(0x80)  # of byte 2, bits 16 to 23

#: Bits 20 to 31, then 48 to 51, of the transmit vector.
TX = (
    "CRC error",
    "length check error",
    "length out of range",
    "done",
    "multicast",
    "broadcast",
    "deferred",
    "deferred too long",
    "too many collisions",
    "late collision",
    "giant",
    "underrun",
    "control frame",
    "pause frame",
    "backpressure",
    "VLAN",
)
TX_LATE = const(0x20)  # of byte 3, bits 24 to 31

_WRAP = const(0x3FFFFFFF)


def count(counters, vector, at, first, n, to=0):
    """Add one to each counter from `to` on whose bit is set.

    vector: bytes. The bits are n from bit `first` of byte `at` on.
    """
    for i in range(n):
        bit = first + i
        if vector[at + (bit >> 3)] >> (bit & 7) & 1:
            counters[to + i] = counters[to + i] + 1 & _WRAP
