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
from .flashiap import FlashIAP
from .flashiapblockdevice import FlashIAPBlockDevice
from .i2c import I2C
from .i2cslave import I2CSlave
from .interruptin import InterruptIn
from .port import PortIn, PortInOut, PortOut
from .pwmout import PwmOut
from .qspi import QSPI
from .resetreason import ResetReason
from .serial import UnbufferedSerial
from .sleep import DeepSleepLock
from .sleepport import SleepPort
from .spi import SPI
from .spislave import SPISlave
from .stopwatch import Stopwatch
from .ticker import LowPowerTicker, LowPowerTimeout, Ticker, Timeout
from .trng import fill_random, getrandom, unique_id
from .walltime import attach_rtc, set_time
from .watchdog import Watchdog

__all__ = [
    "AnalogIn",
    "AnalogOut",
    "BlockDevice",
    "BufferedSerial",
    "BusIn",
    "BusInOut",
    "BusOut",
    "CAN",
    "CANMessage",
    "CRC",
    "CircularBuffer",
    "CriticalSection",
    "DeepSleepLock",
    "DigitalIn",
    "DigitalInOut",
    "DigitalOut",
    "Ethernet",
    "FlashIAP",
    "FlashIAPBlockDevice",
    "I2C",
    "I2CSlave",
    "InterruptIn",
    "LowPowerTicker",
    "LowPowerTimeout",
    "PortIn",
    "PortInOut",
    "PortOut",
    "PwmOut",
    "QSPI",
    "ResetReason",
    "SPI",
    "SPISlave",
    "SleepPort",
    "Stopwatch",
    "Ticker",
    "Timeout",
    "UnbufferedSerial",
    "Watchdog",
    "attach_rtc",
    "fill_random",
    "getrandom",
    "set_time",
    "unique_id",
]
