from .blockdevice import BlockDevice
from .circularbuffer import CircularBuffer
from .crc import CRC
from .criticalsection import CriticalSection
from .digital import DigitalIn, DigitalInOut, DigitalOut
from .ethernet import Ethernet
from .interruptin import InterruptIn
from .stopwatch import Stopwatch
from .ticker import LowPowerTicker, LowPowerTimeout, Ticker, Timeout

__all__ = [
    "BlockDevice",
    "CRC",
    "CircularBuffer",
    "CriticalSection",
    "DigitalIn",
    "DigitalInOut",
    "DigitalOut",
    "Ethernet",
    "InterruptIn",
    "LowPowerTicker",
    "LowPowerTimeout",
    "Stopwatch",
    "Ticker",
    "Timeout",
]
