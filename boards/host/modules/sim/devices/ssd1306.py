"""SSD1306 display controller with a panel of 128 x 64 pixels or less, on I2C or SPI.

Source: Solomon Systech SSD1306 Rev 1.1: command table 9-1, addressing modes in section 10.1.3, I2C
control bytes in 8.1.5, status in table 9-2. Scrolling and timing commands are taken and do nothing.
"""

from micropython import const

_COLUMNS = const(128)
_PAGES = const(8)
#: Panels of this width begin at the edge of the columns (96 x 16 and 96 x 40, as u8g2 drives them).
_AT_THE_EDGE = const(96)
#: Panels of this width have no resistor for the segment current: dark without command ADh.
_WITHOUT_REFERENCE = const(72)
_BY_COLUMNS, _BY_ROWS, _BY_PAGES = 0, 1, 2  # addressing modes: horizontal, vertical, page
#: Commands with bytes behind them: how many.
_ARGUMENTS = {
    0x20: 1,
    0x21: 2,
    0x22: 2,
    0x26: 6,
    0x27: 6,
    0x29: 5,
    0x2A: 5,
    0x81: 1,
    0x8D: 1,
    0xA3: 2,
    0xA8: 1,
    0xAD: 1,
    0xD3: 1,
    0xD5: 1,
    0xD9: 1,
    0xDA: 1,
    0xDB: 1,
}


class Panel:
    """The controller and what hangs on it.

    width, height: of the panel.  column: where it begins when it is upright; None: in the middle, a
        width of 96 at 0.
    """

    def __init__(self, width=128, height=64, column=None):
        self.width = width
        self.height = height
        if column is None:
            column = 0 if width == _AT_THE_EDGE else (_COLUMNS - width) // 2
        self._first_column = column
        self.power_on()

    def __repr__(self):
        return f"<SSD1306 {self.width} x {self.height} {'on' if self.on else 'off'}>"

    def power_on(self):
        """The state after power-up; the memory holds noise, here stripes."""
        self.memory = bytearray(b"\xaa\x55" * (_COLUMNS * _PAGES // 2))
        self.on = False
        self.inverted = False
        self.contrast = 0x7F
        self.pump = False
        self.reference = self.width != _WITHOUT_REFERENCE
        self.all_on = False
        self.rows = 64
        self._mode = _BY_PAGES
        self._column = 0
        self._columns = [0, 127]
        self._page = 0
        self._page_range = [0, 7]
        self._start_line = 0
        self._offset = 0
        self._remapped = False
        self._upwards = False
        self._pending = bytearray()

    def pixel(self, x, y):
        """Whether that pixel is lit; 0, 0 is on the left at the top."""
        if not (self.on and self.pump and self.reference):
            return False
        if self.all_on:
            return True
        # Modules are mounted with column 127 on the left and the last row at the top.
        segment = _COLUMNS - 1 - (x + self._first_column)
        com = self.height - 1 - y
        row = self.rows - 1 - com if self._upwards else com
        row = (row + self._start_line + self._offset) % 64
        lit = self.memory[row // 8 * _COLUMNS + segment] >> row % 8 & 1
        return bool(lit) != self.inverted

    def picture(self):
        """The panel as text: a line for each row, # for a lit pixel."""
        return [
            "".join("#" if self.pixel(x, y) else "." for x in range(self.width))
            for y in range(self.height)
        ]

    def data(self, byte):
        """A byte for the memory: eight pixels below each other."""
        column = _COLUMNS - 1 - self._column if self._remapped else self._column
        self.memory[self._page * _COLUMNS + column] = byte
        if self._mode == _BY_PAGES:
            self._column = (self._column + 1) % _COLUMNS
        elif self._mode == _BY_COLUMNS:
            if self._next("_column", self._columns):
                self._next("_page", self._page_range)
        elif self._next("_page", self._page_range):
            self._next("_column", self._columns)

    def _next(self, name, limits):
        """Count a pointer; returns whether it is back at its first value."""
        value = getattr(self, name)
        back = value == limits[1]
        setattr(self, name, limits[0] if back else (value + 1) % _COLUMNS)
        return back

    def command(self, byte):
        """A byte of a command."""
        pending = self._pending
        pending.append(byte)
        if len(pending) > _ARGUMENTS.get(pending[0], 0):
            self._execute(pending[0], pending[1:])
            self._pending = bytearray()

    def _execute(self, command, values):
        if command < 0x10:
            self._column = self._column & 0xF0 | command
        elif command < 0x20:
            self._column = self._column & 0x0F | (command & 7) << 4
        elif command == 0x20:
            self._mode = values[0] & 3
        elif command == 0x21:
            self._columns = [values[0] & 127, values[1] & 127]
            self._column = self._columns[0]
        elif command == 0x22:
            self._page_range = [values[0] & 7, values[1] & 7]
            self._page = self._page_range[0]
        elif 0x40 <= command < 0x80:
            self._start_line = command & 0x3F
        elif command == 0x81:
            self.contrast = values[0]
        elif command == 0x8D:
            self.pump = bool(values[0] & 4)
        elif command in (0xA0, 0xA1):
            self._remapped = bool(command & 1)
        elif command in (0xA4, 0xA5):
            self.all_on = bool(command & 1)
        elif command in (0xA6, 0xA7):
            self.inverted = bool(command & 1)
        elif command == 0xA8:
            self.rows = (values[0] & 0x3F) + 1
        elif command == 0xAD:
            self.reference = self.reference or bool(values[0] & 0x10)
        elif command in (0xAE, 0xAF):
            self.on = bool(command & 1)
        elif 0xB0 <= command < 0xB8:
            self._page = command & 7
        elif command & 0xF0 == 0xC0:
            self._upwards = bool(command & 8)
        elif command == 0xD3:
            self._offset = values[0] & 0x3F


class SSD1306(Panel):
    """The chip on I2C."""

    properties = ()

    def start(self, read):
        self._control = None
        return True

    def write(self, byte):
        if self._control is None:
            self._control = byte
            return not byte & 0x3F  # all other bits of a control byte are 0
        control = self._control
        if control & 0x40:
            self.data(byte)
        else:
            self.command(byte)
        if control & 0x80:
            self._control = None
        return True

    def read(self):
        return 0x00 if self.on else 0x40

    def stop(self):
        pass


class SSD1306_SPI(Panel):
    """The chip on SPI. dc: the Wire that is high for data. It answers nothing."""

    properties = ()

    def __init__(self, dc, width=128, height=64, column=None):
        self._dc = dc
        super().__init__(width, height, column)

    def select(self):
        pass

    def exchange(self, byte):
        if self._dc():
            self.data(byte)
        else:
            self.command(byte)
        return 0xFF

    def deselect(self):
        pass


#: What `coil run --i2c ssd1306@ADDRESS` attaches, and its options there.
DEVICE = SSD1306
OPTIONS = {"width": "int", "height": "int", "column": "int"}
