"""Units that fetch and store bytes by themselves (EasyDMA), and have to stop before their memory goes.

After Ctrl-D MicroPython has a new heap, while a receiver still writes into the old one: so whoever
imports the driver port first stops what a program has left on. Sources: nRF52840 PS 6.1.2, registers
ENABLE, and RXD of UARTE (6.34.9), SPIS (6.26.6), TWIS (6.32.10).
"""

from board import chip
from machine import mem32
from micropython import const

_ENABLE = const(0x500)
_RXD_MAXCNT = const(0x538)
_SPIS = const(2)
_UARTE = const(8)
_TWIS = const(9)


def quiet():
    """Switch off the receivers that an earlier program has left on, and no others."""
    for base in chip.SERIAL:
        enable = base + _ENABLE
        if mem32[enable] & 0xF in (_SPIS, _TWIS):
            mem32[enable] = 0
    for unit in chip.UARTES:
        # machine.UART has one byte that is no part of the heap.
        if mem32[unit[0] + _ENABLE] & 0xF == _UARTE and mem32[unit[0] + _RXD_MAXCNT] != 1:
            mem32[unit[0] + _ENABLE] = 0
