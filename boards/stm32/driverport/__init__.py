"""What drivers need of a board with an STM32; docs/adr/0004-drivers.md has the list."""

from board import NAME

__all__ = ("NAME",)

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
    "Can": "can",
    "find_can": "can",
    "I2cTarget": "target",
    "find_i2c_target": "target",
    "SpiTarget": "spitarget",
    "find_spi_target": "spitarget",
    "Qspi": "qspi",
    "find_qspi": "qspi",
    # network
    "ethernet": "missing",
    # analog
    "Adc": "analog",
    "Dac": "analog",
    "Pwm": "pwm",
    # system
    "in_isr": "context",
    "FlashMemory": "flash",
    "Watchdog": "watchdog",
    "WATCHDOG_MAX_MS": "watchdog",
    "reset_reason": "system",
    "fill_random": "system",
    "WallClock": "system",
    "sleep": "sleeping",
    "deep_sleep": "sleeping",
    "slept_ms": "sleeping",
    "unique_id": "system",
}


def __getattr__(name):
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, globals(), None, (name,), 1), name)
    globals()[name] = value
    return value
