from .analogin import AnalogIn
from .analogout import AnalogOut
from .blockdevice import BlockDevice
from .bufferedserial import BufferedSerial
from .bus import BusIn, BusInOut, BusOut
from .can import CAN
from .canmessage import CANMessage
from .circularbuffer import CircularBuffer
from .crc import CRC
from .criticalsection import CriticalSection
from .digital import DigitalIn, DigitalInOut, DigitalOut
from .ethernet import Ethernet
from .i2c import I2C
from .i2cslave import I2CSlave
from .interruptin import InterruptIn
from .port import PortIn, PortInOut, PortOut
from .qspi import QSPI
from .serial import UnbufferedSerial
from .spi import SPI
from .spislave import SPISlave
from .stopwatch import Stopwatch
from .ticker import LowPowerTicker, LowPowerTimeout, Ticker, Timeout

__all__ = [
    "AnalogIn",
    "AnalogOut",
    "BlockDevice",
    "BufferedSerial",
    "CAN",
    "CANMessage",
    "BusIn",
    "BusInOut",
    "BusOut",
    "CRC",
    "CircularBuffer",
    "CriticalSection",
    "DigitalIn",
    "DigitalInOut",
    "DigitalOut",
    "Ethernet",
    "I2C",
    "I2CSlave",
    "InterruptIn",
    "LowPowerTicker",
    "LowPowerTimeout",
    "QSPI",
    "PortIn",
    "PortInOut",
    "PortOut",
    "SPI",
    "SPISlave",
    "Stopwatch",
    "Ticker",
    "Timeout",
    "UnbufferedSerial",
]
