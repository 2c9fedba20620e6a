from asyncio import Event, Lock, ThreadSafeFlag, create_task, gather

from machine import I2C, RTC, SPI, UART, WDT, Pin, Signal, SoftI2C, Timer

__version__: str
__all__ = [
    "I2C",
    "RTC",
    "SPI",
    "UART",
    "WDT",
    "Event",
    "Lock",
    "Pin",
    "Signal",
    "SoftI2C",
    "ThreadSafeFlag",
    "Timer",
    "create_task",
    "gather",
]
