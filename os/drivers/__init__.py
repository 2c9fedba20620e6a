"""The hardware of a board, the same on every board. docs/drivers.md has the guide."""

_LAZY = {
    # pins
    "DigitalIn": "digital",
    "DigitalOut": "digital",
    "DigitalInOut": "digital",
    "InterruptIn": "interruptin",
    "BusIn": "bus",
    "BusOut": "bus",
    "BusInOut": "bus",
    "PortIn": "port",
    "PortOut": "port",
    "PortInOut": "port",
    # time
    "Ticker": "ticker",
    "Timeout": "ticker",
    "LowPowerTicker": "ticker",
    "LowPowerTimeout": "ticker",
    "Stopwatch": "stopwatch",
    # network
    "Ethernet": "ethernet",
    # data
    "CRC": "crc",
    "CircularBuffer": "circularbuffer",
    "BlockDevice": "blockdevice",
    "FlashIAP": "flashiap",
    "FlashIAPBlockDevice": "flashiapblockdevice",
    # system
    "CriticalSection": "criticalsection",
    "DeepSleepLock": "sleep",
    "SleepPort": "sleepport",
    "Watchdog": "watchdog",
    "ResetReason": "resetreason",
    "attach_rtc": "walltime",
    "set_time": "walltime",
    "fill_random": "trng",
    "getrandom": "trng",
    "unique_id": "trng",
    # buses
    "I2C": "i2c",
    "SPI": "spi",
    "BufferedSerial": "bufferedserial",
    "UnbufferedSerial": "serial",
    # analog
    "AnalogIn": "analogin",
    "AnalogOut": "analogout",
    "PwmOut": "pwmout",
    # buses between boards
    "CAN": "can",
    "CANMessage": "canmessage",
    "I2CSlave": "i2cslave",
    "SPISlave": "spislave",
    "QSPI": "qspi",
}

#: `from drivers import sleep`: MicroPython does not look for a module behind a __getattr__.
_MODULES = ("chips", "sleep", "walltime")


def __getattr__(name):
    module = _LAZY.get(name)
    if module is not None:
        value = getattr(__import__(module, globals(), None, (name,), 1), name)
    elif name in _MODULES:
        value = __import__(name, globals(), None, (name,), 1)
    else:
        raise AttributeError("drivers has no %s" % name)
    globals()[name] = value
    return value
