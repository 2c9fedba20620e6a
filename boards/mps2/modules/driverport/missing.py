"""What this board lacks."""

from driverlacks import lacks

Adc = lacks("AnalogIn")
Dac = lacks("AnalogOut")
Pwm = lacks("PwmOut")
Can = lacks("CAN")
I2cTarget = lacks("I2CSlave")
SpiTarget = lacks("SPISlave")
Qspi = lacks("QSPI")
fill_random = lacks("random number generator")
