"""What these boards lack, or nobody has written yet."""

from driverlacks import lacks

Can = lacks("CAN")
I2cTarget = lacks("I2CSlave")
SpiTarget = lacks("SPISlave")
Qspi = lacks("QSPI")
ethernet = lacks("Ethernet")
Dac = lacks("AnalogOut")
