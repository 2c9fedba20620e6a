"""Qspi: the QUADSPI unit in its indirect mode, by registers. Not OCTOSPI, which newer chips have instead.

Registers: RM0390 12.5 (F446), RM0351 17.6 (L4), RM0410 14.5 (F7), RM0433 23.5 (H7), RM0434 15.5 (WB).
Errors: TEF is an address that the unit refuses.
"""

from errno import EIO, EOPNOTSUPP, ETIMEDOUT
from time import ticks_diff, ticks_us

import board
import machine
from board import BUSES, NAME, chip
from bustable import BusTable
from machine import mem8, mem32
from micropython import const

from . import make_pin

__all__ = ("Qspi", "find_qspi")

_EBUSY = const(16)  # not in MicroPython's errno
_CR = const(0x00)
_DCR = const(0x04)
_SR = const(0x08)
_FCR = const(0x0C)
_DLR = const(0x10)
_CCR = const(0x14)
_AR = const(0x18)
_ABR = const(0x1C)
_DR = const(0x20)
# CR: EN, ABORT, SSHIFT (bytes are taken half a clock later), FTHRES 0 (one byte).
_EN = const(1)
_ABORT = const(1 << 1)
_SSHIFT = const(1 << 4)
_PRESCALER_SHIFT = const(24)
_PRESCALERS = const(256)
# DCR: CKMODE; CSHT, two clocks between commands; FSIZE, addresses of 32 bits.
_CKMODE = const(1)
_CSHT_FSIZE = const(1 << 8 | 31 << 16)
# SR
_TEF = const(1)
_TCF = const(1 << 1)
_FTF = const(1 << 2)
_BUSY = const(1 << 5)
_FLAGS = const(0x1B)  # FCR
# CCR
_IMODE = const(8)
_ADMODE = const(10)
_ADSIZE = const(12)
_ABMODE = const(14)
_ABSIZE = const(16)
_DCYC = const(18)
_DMODE = const(24)
_READ = const(1 << 26)
_FMODE = const(3 << 26)
_MODES = (0, 1, 2, 0, 3)  # by the number of lines
_ALT_BYTES = const(4)
_WAIT_US = const(10_000)
# Memory protection of Cortex-M7, region 1, which MicroPython has for this: nothing may be read ahead from
# where the memory would be mapped. ARMv7-M Architecture Reference Manual B3.5; ports/stm32/mpu.h.
_MPU_CTRL = 0xE000ED94
_MPU_RNR = 0xE000ED98
_MPU_RBAR = 0xE000ED9C
_MPU_RASR = 0xE000EDA0
_REGION = const(1)
_MAPPED = 0x90000000
_NO_ACCESS_256_MB = const(1 << 28 | 27 << 1 | 1)
_ENABLED_WITH_DEFAULTS = const(5)


def find_qspi(bus):
    """(number, keys of SCK, CS, IO0 to IO3). OSError(EOPNOTSUPP) without; ValueError for another bus."""
    if "QSPI" not in BUSES:
        raise OSError(EOPNOTSUPP, "%s has no QSPI" % NAME)
    return BusTable("QSPI", *BUSES["QSPI"], ("SCK", "CS", "IO0", "IO1", "IO2", "IO3")).find(bus)


class Qspi:
    """The QUADSPI unit, which find_qspi() has found. OSError(EBUSY): a flash of the board is mapped."""

    def __init__(self, number):
        self._name = "QSPI(%d)" % number
        self._keys = find_qspi(number)[1]
        enable, reset, bit = chip.QSPI_CLOCK
        mem32[enable] = mem32[enable] | 1 << bit
        base = chip.QSPI
        if mem32[base + _CR] & _EN and mem32[base + _CCR] & _FMODE == _FMODE:
            raise OSError(_EBUSY, "QUADSPI of %s is MicroPython's, for a flash" % NAME)
        mem32[reset] = mem32[reset] | 1 << bit
        mem32[reset] = mem32[reset] & ~(1 << bit)
        # Addresses are numbers on the heap: made here once.
        self._cr = base + _CR
        self._dcr = base + _DCR
        self._sr = base + _SR
        self._fcr = base + _FCR
        self._dlr = base + _DLR
        self._ccr = base + _CCR
        self._ar = base + _AR
        self._abr = base + _ABR
        self._dr = base + _DR
        if chip.SPECULATES:
            mem32[_MPU_RNR] = _REGION
            mem32[_MPU_RBAR] = _MAPPED
            mem32[_MPU_RASR] = _NO_ACCESS_256_MB
            mem32[_MPU_CTRL] = _ENABLED_WITH_DEFAULTS

    def start(self, freq, mode):
        """Set the clock and its level between commands. ValueError: slower than the unit can."""
        hz = machine.freq()[1]
        divider = -(-hz // freq)
        if divider > _PRESCALERS:
            raise ValueError(
                "QSPI of %s has %d Hz at least, not %d" % (NAME, -(-hz // _PRESCALERS), freq)
            )
        for i in range(len(self._keys)):
            make_pin(self._keys[i]).init(machine.Pin.ALT, alt=board.QSPI_AF[i])
        mem32[self._cr] = 0
        mem32[self._dcr] = _CSHT_FSIZE | (_CKMODE if mode else 0)
        mem32[self._cr] = divider - 1 << _PRESCALER_SHIFT | _SSHIFT | _EN

    def stop(self):
        """Let go of the lines; whatever is under way ends."""
        self._abort()
        mem32[self._cr] = 0
        for key in self._keys:
            make_pin(key).init(machine.Pin.IN)

    def transfer(self, format, instruction, address, alt, tx, rx):
        """One command in the format of a drivers.QSPI. OSError(EIO), ETIMEDOUT; EOPNOTSUPP: tx and rx
        in one command, if tx has more than four bytes.
        """
        out = 0 if tx is None else len(tx)
        into = 0 if rx is None else len(rx)
        command = format.dummy_cycles << _DCYC
        if instruction >= 0:
            command |= instruction | _MODES[format.instruction_lines] << _IMODE
        if address >= 0:
            command |= _MODES[format.address_lines] << _ADMODE
            command |= (format.address_bits // 8 - 1) << _ADSIZE
        if alt >= 0:
            command |= _MODES[format.alt_lines] << _ABMODE
            command |= (format.alt_bits // 8 - 1) << _ABSIZE
        if out and into:
            if out > _ALT_BYTES or alt >= 0 or format.dummy_cycles:
                raise OSError(
                    EOPNOTSUPP, "%s has no QSPI command that sends that and receives" % NAME
                )
            # Up to four bytes may go as alternate bytes do.
            alt = 0
            for i in range(out):
                alt = alt << 8 | tx[i]
            command |= _MODES[format.data_lines] << _ABMODE | (out - 1) << _ABSIZE
            out = 0
        if out or into:
            command |= _MODES[format.data_lines] << _DMODE
        if into:
            command |= _READ
        try:
            self._await(_BUSY, 0)
            mem32[self._fcr] = _FLAGS
            if out or into:
                mem32[self._dlr] = (out or into) - 1
            if alt >= 0:
                mem32[self._abr] = alt
            # It begins with the last of CCR, AR and DR that is needed.
            mem32[self._ccr] = command
            if address >= 0:
                mem32[self._ar] = address
            if out:
                self._send(tx)
            elif into:
                self._receive(rx)
            self._await(_TCF, _TCF)
            mem32[self._fcr] = _FLAGS
        except BaseException:
            self._abort()
            raise

    def _send(self, tx):
        at = self._dr
        for i in range(len(tx)):
            self._await(_FTF, _FTF)
            mem8[at] = tx[i]

    def _receive(self, rx):
        at = self._dr
        for i in range(len(rx)):
            self._await(_FTF, _FTF)
            rx[i] = mem8[at]

    def _await(self, mask, wanted):
        at = self._sr
        status = mem32[at]
        if status & mask == wanted and not status & _TEF:
            return
        begun = ticks_us()
        while True:
            status = mem32[at]
            if status & _TEF:
                raise OSError(EIO, "%s: the address is refused" % self._name)
            if status & mask == wanted:
                return
            if ticks_diff(ticks_us(), begun) > _WAIT_US:
                raise OSError(ETIMEDOUT, "%s: a command does not end" % self._name)

    def _abort(self):
        mem32[self._cr] = mem32[self._cr] | _ABORT
        begun = ticks_us()
        while mem32[self._cr] & _ABORT:
            if ticks_diff(ticks_us(), begun) > _WAIT_US:
                break
        mem32[self._fcr] = _FLAGS
