"""What these boards lack, or nobody has written yet."""

from driverlacks import lacks

SpiTarget = find_spi_target = lacks("SPISlave")
ethernet = lacks("Ethernet for drivers")
