"""QSPI: commands to a serial memory over one, two or four lines."""

from errno import ENODEV

import driverport
from micropython import const

from .context import refuse_isr
from .default import HasDefault
from .pins import claim, gone_text, release

_FREQ = const(1_000_000)
_NONE = const(-1)
_DUMMY_MAX = const(31)
_LINES = (1, 2, 4)
_ADDRESS_BITS = (8, 16, 24, 32)


class QSPI(HasDefault):
    """A bus for one serial memory; mbed's QSPI.

    bus: None takes the board's default. freq: hertz. mode: 0 or 3, the clock's level between commands.
    Another QSPI on the same bus takes over. Raises ValueError; OSError(EBUSY) if another kind of driver
    has its pins, OSError(EOPNOTSUPP) if the board has none. Every call after deinit() raises
    OSError(ENODEV). Commands allocate nothing. Context: any but an ISR; a command is one call, which
    no other thread divides on boards where it does not give way.

    The format (how many lines each phase uses) is that of configure_format():
    """

    def __init__(self, bus=None, freq=_FREQ, mode=0):
        self._port = None
        #: The format, which the board's part reads.
        self.instruction_lines = self.address_lines = self.alt_lines = self.data_lines = 1
        self.address_bits = 24
        self.alt_bits = 8
        self.dummy_cycles = 0
        _check(freq, mode)
        number, pins = driverport.find_qspi(bus)
        self._name = "QSPI(%d)" % number
        self._gone = gone_text(self._name)
        claim(self, *pins, unit=self._name)
        try:
            port = driverport.Qspi(number)
            port.start(freq, mode)
        except BaseException:
            release(self)
            raise
        self._port = port
        self._freq = freq
        self._mode = mode

    def __repr__(self):
        if self._port is None:
            return "<%s deinitialised>" % self._name
        return "<%s %d Hz %d-%d-%d, %d dummy cycles>" % (
            self._name,
            self._freq,
            self.instruction_lines,
            self.address_lines,
            self.data_lines,
            self.dummy_cycles,
        )

    def is_connected(self):
        """Whether it is there to be used; False after deinit(). Context: any."""
        return self._port is not None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.deinit()

    def freq(self, hz=None):
        """The frequency in hertz, or set it. Raises ValueError."""
        port = self._ready()
        if hz is not None:
            _check(hz, self._mode)
            port.start(hz, self._mode)
            self._freq = hz
        return self._freq

    def configure_format(
        self,
        instruction_lines=1,
        address_lines=1,
        address_bits=24,
        alt_lines=1,
        alt_bits=8,
        data_lines=1,
        dummy_cycles=0,
    ):
        """How the next commands go over the lines.

        …_lines: 1, 2 or 4 in that phase. address_bits: 8, 16, 24 or 32. alt_bits: 8 to 32, a multiple of
        the lines' number; with fewer than eight at the end the alternative bytes are no bytes.
        dummy_cycles: clocks in front of the data, 0 to 31.
        Raises ValueError.
        """
        self._ready()
        for lines in (instruction_lines, address_lines, alt_lines, data_lines):
            if lines not in _LINES:
                raise ValueError("a phase has 1, 2 or 4 lines, not %r" % (lines,))
        if address_bits not in _ADDRESS_BITS or alt_bits not in _ADDRESS_BITS:
            raise ValueError("address_bits and alt_bits: 8, 16, 24 or 32")
        if not 0 <= dummy_cycles <= _DUMMY_MAX:
            raise ValueError("dummy_cycles: 0 to 31")
        self.instruction_lines = instruction_lines
        self.address_lines = address_lines
        self.address_bits = address_bits
        self.alt_lines = alt_lines
        self.alt_bits = alt_bits
        self.data_lines = data_lines
        self.dummy_cycles = dummy_cycles

    def read(self, instruction, address, buf, alt=_NONE):
        """Send instruction, address, alternative bytes and dummy cycles, then fill buf.

        instruction: a byte; -1 sends none. address: as configure_format() says. alt: -1 sends none.
        Raises ValueError; OSError as the board has it.
        """
        port = self._ready()
        self._check_command(instruction, address, alt)
        port.transfer(self, instruction, address, alt, None, buf)

    def write(self, instruction, address, buf, alt=_NONE):
        """Send instruction, address, alternative bytes and dummy cycles, then buf.

        Arguments and errors as for read().
        """
        port = self._ready()
        self._check_command(instruction, address, alt)
        port.transfer(self, instruction, address, alt, buf, None)

    def command_transfer(self, instruction, address=_NONE, tx=None, rx=None):
        """A command to a register: instruction, address if it is not -1, tx, then rx is filled.

        As read() and write() in the format that is set. Arguments and errors as for read().
        """
        port = self._ready()
        if instruction < 0:
            raise ValueError("a command has an instruction, 0 to 255")
        self._check_command(instruction, address, _NONE)
        port.transfer(self, instruction, address, _NONE, tx, rx)

    def deinit(self):
        """Let go of the lines. May be called again."""
        port = self._port
        if port is not None:
            refuse_isr()
            self._port = None
            port.stop()
            release(self)

    def _ready(self):
        refuse_isr()
        port = self._port
        if port is None:
            raise OSError(ENODEV, self._gone)
        return port

    def _check_command(self, instruction, address, alt):
        if not -1 <= instruction <= 0xFF:
            raise ValueError("instruction: 0 to 255, or -1 for none")
        # In two steps: 1 << 32 is no small int.
        if address < -1 or address >> self.address_bits - 1 > 1:
            raise ValueError("address: %d bits, or -1 for none" % self.address_bits)
        if alt < -1 or alt >> self.alt_bits - 1 > 1:
            raise ValueError("alt: %d bits, or -1 for none" % self.alt_bits)


def _check(freq, mode):
    if not isinstance(freq, int) or not 0 < freq < 1 << 30:
        raise ValueError("freq: hertz, 1 to 2**30 - 1")
    if mode not in (0, 3):
        raise ValueError("mode: 0 or 3")
