"""MicroPython's framebuf for CPython, as far as a driver of a monochrome display needs it."""

MONO_VLSB = 0


class FrameBuffer:
    """Pixels in bytes of eight rows, the topmost in bit 0."""

    def __init__(self, buffer, width, height, format, stride=None):
        if format != MONO_VLSB:
            raise ValueError("only MONO_VLSB")
        self.__buffer = buffer
        self.__size = width, height
        self.__stride = width if stride is None else stride
        assert len(buffer) >= (height // 8 - 1) * self.__stride + width

    def pixel(self, x, y, color=None):
        width, height = self.__size
        if not (0 <= x < width and 0 <= y < height):
            return None
        at = (y >> 3) * self.__stride + x
        bit = 1 << (y & 7)
        if color is None:
            return int(bool(self.__buffer[at] & bit))
        self.__buffer[at] = self.__buffer[at] & ~bit | (bit if color else 0)
        return None

    def fill_rect(self, x, y, w, h, color):
        for row in range(y, y + h):
            for column in range(x, x + w):
                self.pixel(column, row, color)

    def fill(self, color):
        self.fill_rect(0, 0, *self.__size, color)
