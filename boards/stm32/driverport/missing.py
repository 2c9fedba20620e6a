"""What these boards lack, or nobody has written yet."""

from driverlacks import lacks

UART = find_uart = uart_room = uart_errors = uart_break = lacks("serial ports for drivers")
SpiTarget = lacks("SPISlave")
Qspi = lacks("QSPI")
ethernet = lacks("Ethernet for drivers")
