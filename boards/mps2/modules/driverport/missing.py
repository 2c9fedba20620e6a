"""What this board lacks."""

from driverlacks import lacks

Adc = lacks("AnalogIn")
Dac = lacks("AnalogOut")
Pwm = lacks("PwmOut")
Can = find_can = lacks("CAN")
I2cTarget = find_i2c_target = lacks("I2CSlave")
SpiTarget = find_spi_target = lacks("SPISlave")
Qspi = find_qspi = lacks("QSPI")
fill_random = lacks("random number generator")
