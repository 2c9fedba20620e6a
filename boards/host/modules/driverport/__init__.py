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
    "I2C": "i2c",
    "I2C_DIRECT": "i2c",
    "find_i2c": "i2c",
    "recover_i2c": "i2c",
    "SPI": "spi",
    "SPI_DIRECT": "spi",
    "find_spi": "spi",
    "check_spi": "spi",
    "UART": "uart",
    "find_uart": "uart",
    "uart_room": "uart",
    "uart_errors": "uart",
    "uart_break": "uart",
    "Can": "canbus",
    "find_can": "canbus",
    "I2cTarget": "targets",
    "find_i2c_target": "targets",
    "SpiTarget": "targets",
    "find_spi_target": "targets",
    "Qspi": "quad",
    "find_qspi": "quad",
    # network
    "ethernet": "missing",
    # analog
    "Adc": "analog",
    "Dac": "analog",
    "Pwm": "analog",
    # system
    "in_isr": "context",
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
