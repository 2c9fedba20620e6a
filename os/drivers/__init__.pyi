from .blockdevice import BlockDevice
from .bufferedserial import BufferedSerial
from .circularbuffer import CircularBuffer
from .crc import CRC
from .criticalsection import CriticalSection
from .digital import DigitalIn, DigitalInOut, DigitalOut
from .ethernet import Ethernet
from .i2c import I2C
from .interruptin import InterruptIn
from .serial import UnbufferedSerial
from .spi import SPI
from .stopwatch import Stopwatch
from .ticker import LowPowerTicker, LowPowerTimeout, Ticker, Timeout

__all__ = [
    "BlockDevice",
    "BufferedSerial",
    "CRC",
    "CircularBuffer",
    "CriticalSection",
    "DigitalIn",
    "DigitalInOut",
    "DigitalOut",
    "Ethernet",
    "I2C",
    "InterruptIn",
    "LowPowerTicker",
    "LowPowerTimeout",
    "SPI",
    "Stopwatch",
    "Ticker",
    "Timeout",
    "UnbufferedSerial",
]
