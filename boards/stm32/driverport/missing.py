"""What these boards lack, or nobody has written yet."""

from driverlacks import lacks

SpiTarget = find_spi_target = lacks("SPISlave")
Qspi = find_qspi = lacks("QSPI")
ethernet = lacks("Ethernet for drivers")
