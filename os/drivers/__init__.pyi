from .digital import DigitalIn, DigitalInOut, DigitalOut
from .ethernet import Ethernet
from .interruptin import InterruptIn
from .stopwatch import Stopwatch
from .ticker import LowPowerTicker, LowPowerTimeout, Ticker, Timeout

__all__ = [
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
