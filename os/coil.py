"""The one-line way in: `from coil import Pin, Thread` finds each name in the module that has it.

The table is literal, so that the build freezes only the modules behind the names that an
application takes (docs/adr/0002-import-closure.md).
"""

__version__ = "0.1.0"

_LAZY = {
    # hardware
    "Pin": "machine",
    "Signal": "machine",
    "Timer": "machine",
    "UART": "machine",
    "SoftI2C": "machine",
    "WDT": "machine",
    "RTC": "machine",
    # drivers of pins and time
    "DigitalIn": "drivers",
    "DigitalOut": "drivers",
    "DigitalInOut": "drivers",
    "InterruptIn": "drivers",
    "BusIn": "drivers",
    "BusOut": "drivers",
    "BusInOut": "drivers",
    "PortIn": "drivers",
    "PortOut": "drivers",
    "PortInOut": "drivers",
    "Ticker": "drivers",
    "Timeout": "drivers",
    "Stopwatch": "drivers",
    # buses, analog pins
    "I2C": "drivers",
    "SPI": "drivers",
    "AnalogIn": "drivers",
    "AnalogOut": "drivers",
    "PwmOut": "drivers",
    "BufferedSerial": "drivers",
    "UnbufferedSerial": "drivers",
    "CAN": "drivers",
    "CANMessage": "drivers",
    "I2CSlave": "drivers",
    "SPISlave": "drivers",
    "QSPI": "drivers",
    # data and the system
    "CRC": "drivers",
    "CircularBuffer": "drivers",
    "CriticalSection": "drivers",
    "DeepSleepLock": "drivers",
    "FlashIAP": "drivers",
    "ResetReason": "drivers",
    "Watchdog": "drivers",
    # storage; mount() and the like are called by their package's name, fs.mount()
    "HeapBlockDevice": "fs",
    "RamBlockDevice": "fs",
    "FileBlockDevice": "fs",
    "SlicingBlockDevice": "fs",
    "ChainingBlockDevice": "fs",
    "MBRBlockDevice": "fs",
    "BufferedBlockDevice": "fs",
    "ReadOnlyBlockDevice": "fs",
    "ProfilingBlockDevice": "fs",
    "ObservingBlockDevice": "fs",
    "ExhaustibleBlockDevice": "fs",
    "FlashSimBlockDevice": "fs",
    "TDBStore": "fs",
    "FileSystemStore": "fs",
    "RecordLog": "fs",
    # threads
    "Thread": "rtos.thread",
    "Mutex": "rtos.core",
    "Semaphore": "rtos.core",
    "EventFlags": "rtos.core",
    "Condition": "rtos.condition",
    "Queue": "rtos.queue",
    "Mail": "rtos.mail",
    "MemoryPool": "rtos.mempool",
    "EventQueue": "rtos.eventqueue",
    "TaskGroup": "rtos.taskgroup",
    # asyncio
    "Event": "asyncio",
    "Lock": "asyncio",
    "ThreadSafeFlag": "asyncio",
    "create_task": "asyncio",
    "gather": "asyncio",
}


def __getattr__(name):
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, globals(), None, (name,), 0), name)
    globals()[name] = value
    return value
