"""What this board lacks."""

from driverlacks import lacks

I2C = find_i2c = recover_i2c = lacks("I2C")
I2C_DIRECT = SPI_DIRECT = False
SPI = find_spi = lacks("SPI")
UART = find_uart = uart_room = uart_errors = uart_break = lacks("serial ports")
ethernet = lacks("Ethernet")
