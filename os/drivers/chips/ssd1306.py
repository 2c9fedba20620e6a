"""SSD1306: a controller of monochrome displays up to 128 x 64 pixels, on I2C or SPI.

Solomon Systech SSD1306 Rev 1.1: command table 9-1, I2C control bytes in section 8.1.5, status in
table 9-2, power-up in section 8.9 and the application note's flow chart.
"""

from errno import EOPNOTSUPP
from time import sleep_us

from framebuf import MONO_VLSB, FrameBuffer
from micropython import const

from .i2cchip import I2CChip

# Table 9-1.
_ADDRESSING_MODE = const(0x20)
_BY_PAGES = const(0x02)
_START_LINE = const(0x40)
_CONTRAST = const(0x81)
_CHARGE_PUMP = const(0x8D)
_PUMP_ON = const(0x14)
_PUMP_OFF = const(0x10)
_SEGMENTS = const(0xA0)  # + 1: column 127 is segment 0
_SHOW_MEMORY = const(0xA4)
_NORMAL = const(0xA6)  # + 1: inverted
_MULTIPLEX = const(0xA8)
_DISPLAY = const(0xAE)  # + 1: on
_PAGE = const(0xB0)
_ROWS = const(0xC0)  # + 8: from the last to the first
_OFFSET = const(0xD3)
_CLOCK = const(0xD5)
_PRECHARGE = const(0xD9)
_NOTHING = const(0xE3)  # also ends a command whose second byte has got lost
_REFERENCE = const(0xAD)  # of its successors, as in panels of 72 x 40: SSD1315 Rev 1.0, table 1-1
_REFERENCE_INTERNAL = const(0x30)  # 30 uA
_COM_PINS = const(0xDA)
_DESELECT = const(0xDB)
_COLUMN_LOW = const(0x00)
_COLUMN_HIGH = const(0x10)

_OFF_STATUS = const(0x40)  # table 9-2: the display is off

# I2C control bytes: what follows up to the stop, or one command and another control byte.
_COMMANDS = const(0x00)
_DATA = const(0x40)
_ONE_COMMAND = const(0x80)

_COLUMNS = const(128)
_AT_THE_EDGE = const(96)
_WITHOUT_REFERENCE = const(72)  # width of panels without a resistor for the segment current
_RESET_US = const(10)  # section 8.5: at least 3 us low


class _Whole:
    def __getitem__(self, key):
        return key


_WHOLE = _Whole()[:]  # a slice made once: made in place it would allocate


class SSD1306(FrameBuffer):
    """What the display shows: a framebuf.FrameBuffer, black at first; show() sends it.

    Only pages (8 rows) that differ from what the display has are sent. SSD1306_I2C and SSD1306_SPI
    say how.  width: 16 to 128.  height: 16 to 64, a multiple of 8.  external_vcc: the panel has a
    supply of its own, and the charge pump stays off.  column: the chip's first one that an upright
    panel shows; None: 0 for a width of 96, for all others the panel is in the middle.
    """

    #: In front of each page in the buffer: how its place is said on this bus.
    _HEAD = b""
    _PLACE = ()

    def __init__(self, width, height, external_vcc, column=None):
        if not 16 <= width <= _COLUMNS:
            raise ValueError("width is 16 to 128, not %r" % (width,))
        if height not in (16, 24, 32, 40, 48, 56, 64):
            raise ValueError("height is 16 to 64, a multiple of 8, not %r" % (height,))
        if column is None:
            # Panels of 96 x 16 and 96 x 40 begin at the edge (as u8g2 drives them).
            column = 0 if width == _AT_THE_EDGE else (_COLUMNS - width) // 2
        if not 0 <= column <= _COLUMNS - width:
            raise ValueError("column is 0 to %d, not %r" % (_COLUMNS - width, column))
        self.width = width
        self.height = height
        self._column = column
        self._on = False
        self._two = bytearray(2)
        self._three = bytearray(3)
        head = len(self._HEAD)
        stride = head + width
        pages = height // 8
        drawn = memoryview(bytearray(pages * stride))
        shown = memoryview(bytearray(pages * stride))
        self._pages = []
        for page in range(pages):
            start = page * stride
            for i in range(head):
                drawn[start + i] = self._HEAD[i]
            drawn[start + self._PLACE[0]] = _PAGE + page
            view = drawn[start : start + stride]
            # Heads differ until a page has been sent.
            self._pages.append((view, view[:head], view[head:], shown[start : start + stride]))
        super().__init__(drawn[head:], width, height, MONO_VLSB, stride)
        self._command(
            bytes(
                (
                    _NOTHING,
                    _DISPLAY,
                    _ADDRESSING_MODE,
                    _BY_PAGES,
                    _START_LINE,
                    _MULTIPLEX,
                    height - 1,
                    _OFFSET,
                    0,
                    _CLOCK,
                    0x80,  # as after a reset: 370 kHz, undivided
                    _COM_PINS,
                    # Wide panels have their rows in order, others the odd ones on the other side.
                    0x02 if width > 2 * height else 0x12,
                    _PRECHARGE,
                    0x22 if external_vcc else 0xF1,
                    _DESELECT,
                    0x30,  # 0.83 of Vcc
                    _SHOW_MEMORY,
                    _NORMAL,
                    _CONTRAST,
                    0x9F if external_vcc else 0xCF,
                    _CHARGE_PUMP,
                    _PUMP_OFF if external_vcc else _PUMP_ON,
                )
            )
        )
        if width == _WITHOUT_REFERENCE:
            self._command(bytes((_NOTHING, _REFERENCE, _REFERENCE_INTERNAL)))
        self.rotate(0)
        self.show()
        self.power(True)

    def __repr__(self):
        state = "on" if self._on else "off"
        return "<SSD1306 %d x %d, %s>" % (self.width, self.height, state)

    def show(self):
        """Send what has changed since the last time. Returns the number of pages.

        Raises OSError of the bus; pages that were not sent are sent by the next show().
        """
        sent = 0
        for page in self._pages:
            drawn = page[0]
            shown = page[3]
            if drawn != shown:
                # A page that fails half-way must not pass for the one before.
                shown[0] = drawn[0] ^ 0xFF
                self._send(page)
                shown[_WHOLE] = drawn
                sent += 1
        return sent

    def power(self, on=None):
        """Whether the display is on; with an argument, switch it. Off it keeps what it shows."""
        if on is not None:
            self._short(_DISPLAY + bool(on))
            self._on = bool(on)
        return self._on

    def contrast(self, value):
        """Set the brightness, 0 to 255."""
        if not 0 <= value <= 255:
            raise ValueError("contrast is 0 to 255, not %r" % (value,))
        self._three[0] = _NOTHING
        self._three[1] = _CONTRAST
        self._three[2] = value
        self._command(self._three)

    def invert(self, on):
        """Show black as white, or not."""
        self._short(_NORMAL + bool(on))

    def rotate(self, degrees):
        """Show it upright (0) or upside down (180), from the next show() on."""
        if degrees not in (0, 180):
            raise ValueError("degrees are 0 or 180, not %r" % (degrees,))
        # Panels are mounted so that both directions are reversed when upright.
        self._two[0] = _SEGMENTS + (degrees == 0)
        self._two[1] = _ROWS + (8 if degrees == 0 else 0)
        self._command(self._two)
        column = self._column if degrees == 0 else _COLUMNS - self.width - self._column
        for page in self._pages:
            head = page[1]
            for at, bits in ((self._PLACE[1], column & 15), (self._PLACE[2], column >> 4)):
                head[at] = self._HEAD[at] | bits
            # The order of columns holds for what is written from now on: send all of it.
            page[3][0] = page[0][0] ^ 0xFF

    def _short(self, command):
        # The second byte is the command that does nothing but show the memory.
        self._two[0] = command
        self._two[1] = _SHOW_MEMORY
        self._command(self._two)

    # A subclass has _command(commands) and _send(page): what the bus takes.


class _Wire(I2CChip):
    """The chip on I2C."""

    NAME = "SSD1306"

    def __init__(self, i2c, addr):
        super().__init__(i2c, addr)
        self._short = (bytearray(3), bytearray(4))
        self._one = bytearray(1)

    def command(self, commands):
        n = len(commands)
        buf = self._short[n - 2] if n < 4 else bytearray(1 + n)
        buf[0] = _COMMANDS
        for i in range(n):
            buf[i + 1] = commands[i]
        self._put(buf)

    def data(self, page):
        self._put(page)

    def check(self, on):
        self._get(_COMMANDS, self._one)
        if bool(self._one[0] & _OFF_STATUS) == on:
            state = "on" if on else "off"
            self._strange(
                "its status reads 0x%02x, but it was switched %s" % (self._one[0], state)
            )


class SSD1306_I2C(SSD1306):
    """A display on I2C: `SSD1306_I2C(i2c, 128, 64)`; a page is one transfer.

    addr: 0x3C or 0x3D.  Raises OSError(ENODEV) when it is not there.
    """

    _HEAD = bytes((_ONE_COMMAND, 0, _ONE_COMMAND, _COLUMN_LOW, _ONE_COMMAND, _COLUMN_HIGH, _DATA))
    _PLACE = (1, 3, 5)

    def __init__(self, i2c, width=128, height=64, addr=0x3C, external_vcc=False, column=None):
        self._wire = _Wire(i2c, addr)
        super().__init__(width, height, external_vcc, column)

    def check(self):
        """Tell that the chip is there, and on or off as it should be.

        There is no identity register. Raises OSError(ENODEV) with what was found.
        """
        self._wire.check(self._on)

    def _command(self, commands):
        self._wire.command(commands)

    def _send(self, page):
        self._wire.data(page[0])


class SSD1306_SPI(SSD1306):
    """A display on SPI (4 wires): `SSD1306_SPI(spi, dc, cs)`.

    spi: an object with machine.SPI's write(), mode 0, at most 10 MHz.  dc, cs, reset: pins that are
    outputs; reset may be None when the board does it.
    """

    _HEAD = bytes((0, _COLUMN_LOW, _COLUMN_HIGH))
    _PLACE = (0, 1, 2)

    def __init__(
        self, spi, dc, cs, reset=None, width=128, height=64, external_vcc=False, column=None
    ):
        if not hasattr(spi, "write"):
            raise TypeError("SSD1306_SPI takes an SPI bus such as machine.SPI(), not %r" % (spi,))
        self._spi = spi
        self._dc = dc
        self._cs = cs
        cs(1)
        if reset is not None:
            reset(1)
            sleep_us(_RESET_US)
            reset(0)
            sleep_us(_RESET_US)
            reset(1)
        super().__init__(width, height, external_vcc, column)

    def check(self):
        """Raise OSError(EOPNOTSUPP): on SPI the chip cannot be read."""
        raise OSError(EOPNOTSUPP, "an SSD1306 on SPI cannot be read, so it cannot be checked")

    def _command(self, commands):
        self._write(0, commands)

    def _send(self, page):
        self._write(0, page[1])
        self._write(1, page[2])

    def _write(self, data, buf):
        """Everything that is sent goes through here."""
        self._dc(data)
        self._cs(0)
        try:
            self._spi.write(buf)
        finally:
            self._cs(1)
