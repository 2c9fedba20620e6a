"""What these boards lack, or nobody has written yet."""

from driverlacks import lacks

Can = find_can = lacks("CAN")
I2cTarget = find_i2c_target = lacks("I2CSlave")
SpiTarget = find_spi_target = lacks("SPISlave")
Qspi = find_qspi = lacks("QSPI")
ethernet = lacks("Ethernet")
Dac = lacks("AnalogOut")
