"""What this board lacks."""

from driverlacks import lacks

Adc = lacks("AnalogIn")
Dac = lacks("AnalogOut")
Pwm = lacks("PwmOut")
Can = lacks("CAN")
I2cTarget = lacks("I2CTarget")
SpiTarget = lacks("SPITarget")
Qspi = lacks("QSPI")
FlashMemory = lacks("FlashIAP")
Watchdog = lacks("Watchdog")
WATCHDOG_MAX_MS = 0
reset_reason = lacks("ResetReason")
fill_random = lacks("random number generator")
WallClock = lacks("clock of wall time")
sleep = lacks("sleep")
deep_sleep = lacks("deep sleep")
slept_ms = lacks("sleep")
unique_id = lacks("unique id")
