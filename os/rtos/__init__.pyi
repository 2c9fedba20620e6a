from .aiocall import aio
from .condition import Condition
from .core import EventFlags, Mutex, Semaphore, lock, unlock, yield_
from .crash import last_crash
from .event import Event, UserEvent
from .eventqueue import EventQueue
from .failure import RESET, RESTART, STOP, Terminated
from .kernel import hooks, run, start, stop, threads
from .mail import Mail
from .mempool import MemoryPool
from .outside import wait
from .queue import Queue
from .sharedqueues import event_queue, highprio_event_queue
from .taskgroup import TaskGroup
from .thread import (
    ABOVE_NORMAL,
    BELOW_NORMAL,
    HIGH,
    IDLE,
    LOW,
    NORMAL,
    REALTIME,
    Thread,
    sleep_ms,
    this_thread,
)
from .timelimit import timeout
from .timer import Timer
from .virtual import VirtualPort
from .watchdog import ThreadWatchdog

__all__ = [
    "ABOVE_NORMAL",
    "BELOW_NORMAL",
    "Condition",
    "Event",
    "EventFlags",
    "EventQueue",
    "HIGH",
    "IDLE",
    "LOW",
    "Mail",
    "MemoryPool",
    "Mutex",
    "NORMAL",
    "Queue",
    "REALTIME",
    "RESET",
    "RESTART",
    "STOP",
    "Semaphore",
    "TaskGroup",
    "Terminated",
    "Thread",
    "ThreadWatchdog",
    "Timer",
    "UserEvent",
    "VirtualPort",
    "aio",
    "event_queue",
    "highprio_event_queue",
    "hooks",
    "last_crash",
    "lock",
    "run",
    "sleep_ms",
    "start",
    "stop",
    "this_thread",
    "threads",
    "timeout",
    "unlock",
    "wait",
    "yield_",
]
