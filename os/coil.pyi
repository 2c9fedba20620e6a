from asyncio import Event, Lock, ThreadSafeFlag, create_task, gather

from drivers import (
    CAN,
    QSPI,
    AnalogIn,
    AnalogOut,
    BusIn,
    BusInOut,
    BusOut,
    CANMessage,
    DigitalIn,
    DigitalInOut,
    DigitalOut,
    I2CSlave,
    InterruptIn,
    PortIn,
    PortInOut,
    PortOut,
    PwmOut,
    SPISlave,
    Stopwatch,
    Ticker,
    Timeout,
)
from machine import I2C, RTC, SPI, UART, WDT, Pin, Signal, SoftI2C, Timer
from rtos.condition import Condition
from rtos.core import EventFlags, Mutex, Semaphore
from rtos.eventqueue import EventQueue
from rtos.mail import Mail
from rtos.mempool import MemoryPool
from rtos.queue import Queue
from rtos.taskgroup import TaskGroup
from rtos.thread import Thread

__version__: str
__all__ = [
    "AnalogIn",
    "AnalogOut",
    "BusIn",
    "BusInOut",
    "BusOut",
    "CAN",
    "CANMessage",
    "Condition",
    "DigitalIn",
    "DigitalInOut",
    "DigitalOut",
    "Event",
    "EventFlags",
    "EventQueue",
    "I2C",
    "I2CSlave",
    "InterruptIn",
    "Lock",
    "Mail",
    "MemoryPool",
    "Mutex",
    "Pin",
    "PortIn",
    "PortInOut",
    "PortOut",
    "PwmOut",
    "QSPI",
    "Queue",
    "RTC",
    "SPI",
    "SPISlave",
    "Semaphore",
    "Signal",
    "SoftI2C",
    "Stopwatch",
    "TaskGroup",
    "Thread",
    "ThreadSafeFlag",
    "Ticker",
    "Timeout",
    "Timer",
    "UART",
    "WDT",
    "create_task",
    "gather",
]
