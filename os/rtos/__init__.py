"""Threads with priorities on MicroPython, and what they wait for. docs/rtos.md has the guide."""

_LAZY = {
    # kernel
    "run": "kernel",
    "start": "kernel",
    "stop": "kernel",
    "threads": "kernel",
    "hooks": "kernel",
    "lock": "core",
    "unlock": "core",
    "wait": "outside",
    "timeout": "timelimit",
    "aio": "aiocall",
    "VirtualPort": "virtual",
    # threads
    "Thread": "thread",
    "this_thread": "thread",
    "sleep_ms": "core",
    "yield_": "core",
    "IDLE": "thread",
    "LOW": "thread",
    "BELOW_NORMAL": "thread",
    "NORMAL": "thread",
    "ABOVE_NORMAL": "thread",
    "HIGH": "thread",
    "REALTIME": "thread",
    "STOP": "failure",
    "RESTART": "failure",
    "RESET": "failure",
    "Terminated": "failure",
    "last_crash": "crash",
    # what they wait for
    "Mutex": "core",
    "Semaphore": "core",
    "EventFlags": "core",
    "EventQueue": "eventqueue",
    "Event": "event",
    "UserEvent": "event",
    "event_queue": "sharedqueues",
    "highprio_event_queue": "sharedqueues",
    "Condition": "condition",
    "Queue": "queue",
    "MemoryPool": "mempool",
    "Mail": "mail",
    "Timer": "timer",
    "TaskGroup": "taskgroup",
    "ThreadWatchdog": "watchdog",
}


def __getattr__(name):
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, globals(), None, (name,), 1), name)
    globals()[name] = value
    return value
