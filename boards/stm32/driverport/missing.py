"""What these boards lack, or nobody has written yet."""

from driverlacks import lacks

SpiTarget = lacks("SPISlave")
Qspi = lacks("QSPI")
ethernet = lacks("Ethernet for drivers")
