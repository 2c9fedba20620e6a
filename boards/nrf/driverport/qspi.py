"""Qspi: the QSPI unit of an nRF52840, by registers.

Commands on one line go as custom instructions in long frame mode, eight bytes at a time. On two and four lines
the unit has four commands to read and three to write, with its own dummy cycles; it moves words by EasyDMA, and
sends a write enable and waits until the memory is done by itself.
Registers: nRF52840 PS 6.19.7; anomaly 122 of the errata. Dummy cycles of the commands on several lines: those of
the memory on Nordic's kits, MX25R6435F data sheet, command table. Data words of 2**30 and more take heap.
"""

from errno import EOPNOTSUPP, ETIMEDOUT
from time import ticks_diff, ticks_us

from board import BUSES, NAME, chip
from bustable import BusTable
from machine import mem32
from micropython import const
from uctypes import addressof

from .openline import set_pin

__all__ = ("Qspi", "find_qspi")

_ACTIVATE = const(0x40029000)
_READSTART = const(0x40029004)
_WRITESTART = const(0x40029008)
_DEACTIVATE = const(0x40029010)
_READY = const(0x40029100)
_INTENCLR = const(0x40029308)
_ENABLE = const(0x40029500)
_READ_SRC = const(0x40029504)
_READ_DST = const(0x40029508)
_READ_CNT = const(0x4002950C)
_WRITE_DST = const(0x40029510)
_WRITE_SRC = const(0x40029514)
_WRITE_CNT = const(0x40029518)
_PSEL = (
    0x40029524,
    0x40029528,
    0x40029530,
    0x40029534,
    0x40029538,
    0x4002953C,
)  # SCK, CSN, IO0 to IO3
_IFCONFIG0 = const(0x40029544)
_IFCONFIG1 = const(0x40029600)
_CINSTRCONF = const(0x40029634)
_CINSTRDAT0 = const(0x40029638)
_CINSTRDAT1 = const(0x4002963C)
_ANOMALY_122 = const(0x40029054)
_ADDRMODE_32 = const(1 << 6)
_WRITEOC_SHIFT = const(3)
_KEPT = const(0x00FFFF00)  # of IFCONFIG1, reserved
_SCKDELAY = const(1)  # 62.5 ns between commands at least
_SPIMODE = const(1 << 25)
_SCKFREQ_SHIFT = const(28)
_LENGTH_SHIFT = const(8)
_LIO = const(3 << 12)  # IO2 and IO3 high: neither write protect nor hold
_LFEN = const(1 << 16)
_LFSTOP = const(1 << 17)
_ALL = 0xFFFFFFFF
# PIN_CNF: input, disconnected, H0H1: the unit drives it with that strength.
_PIN = const(0x302)
_INPUT = const(0)
_BASE_HZ = const(32_000_000)
_DIVIDERS = const(16)
_FRAME = const(8)
_PIECE = const(256)
_COUNT_MAX = const(0x10000)
_SPARE_US = const(10_000)
_PAGE_US = const(10_000)

# instruction -> (lines of the address, lines of the data, clocks in front of the data, READOC)
_READS = {
    0x3B: (1, 2, 8, 1),
    0xBB: (2, 2, 4, 2),
    0x6B: (1, 4, 8, 3),
    0xEB: (4, 4, 6, 4),
}
# instruction -> (lines of the address, lines of the data, WRITEOC)
_WRITES = {0xA2: (1, 2, 1), 0x32: (1, 4, 2), 0x38: (4, 4, 3)}


def find_qspi(bus):
    """(0, keys of SCK, CS, IO0 to IO3). OSError(EOPNOTSUPP) without; ValueError for another bus."""
    if not chip.QSPI or "QSPI" not in BUSES:
        raise OSError(EOPNOTSUPP, "%s has no QSPI" % NAME)
    return BusTable("QSPI", *BUSES["QSPI"], ("SCK", "CS", "IO0", "IO1", "IO2", "IO3")).find(bus)


class Qspi:
    """The QSPI unit, number 0."""

    def __init__(self, number):
        self._name = "QSPI(%d)" % number
        self._keys = find_qspi(number)[1]
        self._freq = 0
        self._mode = 0
        self._readoc = 0  # IFCONFIG0
        self._word = bytearray(_FRAME)
        # What EasyDMA reads and writes when the caller's buffer will not do: words of RAM.
        self._piece = bytearray(_PIECE + 3)
        at = addressof(self._piece)
        self._piece_first = -at & 3
        self._piece_at = at + self._piece_first

    def start(self, freq, mode):
        """Set the clock and its level between commands. ValueError: too slow; OSError(ETIMEDOUT)."""
        divider = -(-_BASE_HZ // freq)
        if divider > _DIVIDERS:
            raise ValueError(
                "QSPI of %s has %d Hz at least, not %d" % (NAME, _BASE_HZ // _DIVIDERS, freq)
            )
        self._freq = _BASE_HZ // divider
        self._mode = (_SPIMODE if mode else 0) + (divider - 1 << _SCKFREQ_SHIFT)
        self.stop()
        self._activate()

    def _activate(self):
        mem32[_INTENCLR] = _ALL
        for i in range(len(_PSEL)):
            set_pin(self._keys[i], _PIN)
            mem32[_PSEL[i]] = int(self._keys[i][1:])
        mem32[_IFCONFIG0] = self._readoc
        mem32[_IFCONFIG1] = mem32[_IFCONFIG1] & _KEPT | _SCKDELAY | self._mode
        mem32[_ENABLE] = 1
        mem32[_READY] = 0
        mem32[_ACTIVATE] = 1
        if not self._wait(_SPARE_US):
            self.stop()
            raise OSError(ETIMEDOUT, "%s: no memory answers" % self._name)

    def stop(self):
        """Let go of the lines; whatever is under way ends."""
        mem32[_DEACTIVATE] = 1
        mem32[_ANOMALY_122] = 1  # else it takes too much current while it is off
        mem32[_ENABLE] = 0
        mem32[_READY] = 0
        for i in range(len(_PSEL)):
            mem32[_PSEL[i]] = _ALL
            set_pin(self._keys[i], _INPUT)

    def _wait(self, limit_us):
        begun = ticks_us()
        while not mem32[_READY]:
            if ticks_diff(ticks_us(), begun) > limit_us:
                return False
        return True

    def _finish(self, limit_us):
        """Wait for the end of what has been started. OSError(ETIMEDOUT): it is given up."""
        try:
            if self._wait(limit_us):
                return
            raise OSError(ETIMEDOUT, "%s: a command does not end" % self._name)
        except BaseException:  # Ctrl-C, too
            self.stop()  # before its buffer goes
            self._activate()
            raise

    def transfer(self, format, instruction, address, alt, tx, rx):
        """One command in the format of a drivers.QSPI. OSError(EOPNOTSUPP) for what the unit cannot."""
        if instruction < 0:
            raise OSError(EOPNOTSUPP, "%s has no QSPI commands without an instruction" % NAME)
        wide = format.instruction_lines != 1
        data = (len(tx) if tx is not None else 0) + (len(rx) if rx is not None else 0)
        if address >= 0:
            wide = wide or format.address_lines != 1
        if alt >= 0:
            wide = wide or format.alt_lines != 1
        if data:
            wide = wide or format.data_lines != 1
        if not wide:
            self._custom(format, instruction, address, alt, tx, rx, data)
        elif tx is not None and rx is None and self._writes(format, instruction, address, alt):
            self._write(address, tx)
        elif rx is not None and tx is None and self._reads(format, instruction, address, alt):
            self._read(address, rx)
        else:
            raise OSError(
                EOPNOTSUPP,
                "%s has no QSPI command 0x%02x on lines %d-%d-%d with %d dummy cycles"
                % (
                    NAME,
                    instruction,
                    format.instruction_lines,
                    format.address_lines,
                    format.data_lines,
                    format.dummy_cycles,
                ),
            )

    # ---- On one line

    def _custom(self, format, instruction, address, alt, tx, rx, data):
        if format.dummy_cycles % 8:
            raise OSError(EOPNOTSUPP, "%s has dummy cycles by eights on one line of QSPI" % NAME)
        dummies = format.dummy_cycles // 8
        address_bytes = format.address_bits // 8 if address >= 0 else 0
        alt_bytes = format.alt_bits // 8 if alt >= 0 else 0
        out = len(tx) if tx is not None else 0
        into = len(rx) if rx is not None else 0
        before = address_bytes + alt_bytes + dummies
        total = before + out + into
        if not total:
            self._instruct(instruction | 1 << _LENGTH_SHIFT | _LIO)
            return
        # The opcode goes with the first of these, alone.
        self._instruct(instruction | 1 << _LENGTH_SHIFT | _LIO | _LFEN)
        word = self._word
        done = 0
        while done < total:
            n = min(total - done, _FRAME)
            for i in range(n):
                at = done + i
                if at < address_bytes:
                    byte = address >> 8 * (address_bytes - 1 - at)
                elif at < address_bytes + alt_bytes:
                    byte = alt >> 8 * (address_bytes + alt_bytes - 1 - at)
                elif before <= at < before + out:
                    byte = tx[at - before]
                else:
                    byte = 0xFF
                word[i] = byte & 0xFF
            mem32[_CINSTRDAT0] = word[0] | word[1] << 8 | word[2] << 16 | word[3] << 24
            mem32[_CINSTRDAT1] = word[4] | word[5] << 8 | word[6] << 16 | word[7] << 24
            last = _LFSTOP if done + n == total else 0
            self._instruct(n + 1 << _LENGTH_SHIFT | _LIO | _LFEN | last)
            first = before + out - done
            if first < n:
                for i in range(max(first, 0), n):
                    came = mem32[_CINSTRDAT1 if i & 4 else _CINSTRDAT0]
                    rx[done + i - before - out] = came >> 8 * (i & 3) & 0xFF
            done += n

    def _instruct(self, conf):
        mem32[_READY] = 0
        mem32[_CINSTRCONF] = conf
        self._finish(_SPARE_US)

    # ---- On several lines

    def _reads(self, format, instruction, address, alt):
        known = _READS.get(instruction)
        if known is None or not self._fits(format, known, address):
            return False
        clocks = format.dummy_cycles
        if alt >= 0:
            # Of the mode bits the unit has its own, which say that no other command follows without opcode.
            if format.alt_lines != known[0] or alt not in (0x00, 0xFF) or format.alt_bits != 8:
                return False
            clocks += 8 // format.alt_lines
        if clocks != known[2]:
            return False
        self._configure(known[3], format)
        return True

    def _writes(self, format, instruction, address, alt):
        known = _WRITES.get(instruction)
        if known is None or not self._fits(format, known, address):
            return False
        if alt >= 0 or format.dummy_cycles:
            return False
        self._configure(known[2] << _WRITEOC_SHIFT, format)
        return True

    def _fits(self, format, known, address):
        return (
            address >= 0
            and format.instruction_lines == 1
            and format.address_lines == known[0]
            and format.data_lines == known[1]
            and format.address_bits in (24, 32)
        )

    def _configure(self, config, format):
        if format.address_bits == 32:
            config |= _ADDRMODE_32
        if config != self._readoc:
            self._readoc = config
            mem32[_IFCONFIG0] = config

    def _limit_us(self, n):
        """More than n bytes on one line take."""
        return n * 8 * 1000 // (self._freq // 1000) * 2 + _SPARE_US

    def _read(self, address, rx):
        """Words of the memory; others by way of a piece of our own."""
        done = 0
        total = len(rx)
        here = addressof(rx) if total else 0
        while done < total:
            at = address + done
            n = min(total - done & ~3, _COUNT_MAX)
            direct = not (at | here + done) & 3 and n
            if direct:
                mem32[_READ_DST] = here + done
                skip = 0
            else:
                skip = at & 3
                n = min(total - done, _PIECE - skip)
                mem32[_READ_DST] = self._piece_at
            count = skip + n + 3 & ~3
            mem32[_READ_SRC] = at - skip
            mem32[_READ_CNT] = count
            mem32[_READY] = 0
            mem32[_READSTART] = 1
            self._finish(self._limit_us(count))
            if not direct:
                piece = self._piece
                first = self._piece_first + skip
                for i in range(n):
                    rx[done + i] = piece[first + i]
            done += n

    def _write(self, address, tx):
        """By way of a piece in RAM; what fills words up is 0xff, which changes nothing."""
        piece = self._piece
        first = self._piece_first
        done = 0
        total = len(tx)
        while done < total:
            at = address + done
            skip = at & 3
            # Up to the end of a page of the memory.
            n = min(total - done, _PIECE - at % _PIECE)
            count = skip + n + 3 & ~3
            for i in range(count):
                index = i - skip
                piece[first + i] = tx[done + index] if 0 <= index < n else 0xFF
            mem32[_WRITE_DST] = at - skip
            mem32[_WRITE_SRC] = self._piece_at
            mem32[_WRITE_CNT] = count
            mem32[_READY] = 0
            mem32[_WRITESTART] = 1
            self._finish(self._limit_us(count) + _PAGE_US)
            done += n
