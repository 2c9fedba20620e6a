"""What no nRF52 has."""

from driverlacks import lacks

Can = find_can = lacks("CAN")
ethernet = lacks("Ethernet")
Dac = lacks("AnalogOut")
