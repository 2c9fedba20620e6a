"""What drivers need of board host; docs/adr/0004-drivers.md has the list."""

#: In messages.
NAME = "host"

_LAZY = {
    # pins
    "resolve": "gpio",
    "make_pin": "gpio",
    "PinInterrupt": "edges",
    "PortRegister": "port",
    # time
    "Alarm": "alarm",
    # buses
    "I2C": "missing",
    "I2C_DIRECT": "missing",
    "find_i2c": "missing",
    "recover_i2c": "missing",
    "SPI": "missing",
    "SPI_DIRECT": "missing",
    "find_spi": "missing",
    "UART": "missing",
    "find_uart": "missing",
    "uart_room": "missing",
    "uart_errors": "missing",
    "uart_break": "missing",
    "Can": "canbus",
    "I2cTarget": "targets",
    "SpiTarget": "targets",
    "Qspi": "quad",
    # network
    "ethernet": "missing",
    # analog
    "Adc": "analog",
    "Dac": "analog",
    "Pwm": "analog",
    # system
    "FlashMemory": "flash",
    "Watchdog": "watchdog",
    "WATCHDOG_MAX_MS": "watchdog",
    "reset_reason": "system",
    "fill_random": "system",
    "WallClock": "system",
    "sleep": "system",
    "deep_sleep": "system",
    "slept_ms": "system",
    "unique_id": "system",
}


def __getattr__(name):
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, globals(), None, (name,), 1), name)
    globals()[name] = value
    return value
