from asyncio import Event, Lock, ThreadSafeFlag, create_task, gather

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
    "Condition",
    "Event",
    "EventFlags",
    "EventQueue",
    "I2C",
    "Lock",
    "Mail",
    "MemoryPool",
    "Mutex",
    "Pin",
    "Queue",
    "RTC",
    "SPI",
    "Semaphore",
    "Signal",
    "SoftI2C",
    "TaskGroup",
    "Thread",
    "ThreadSafeFlag",
    "Timer",
    "UART",
    "WDT",
    "create_task",
    "gather",
]
