"""nRF52840 (Product Specification 1.7)."""

#: Pins of P0 and P1; 6.9.
PINS = (32, 16)
#: Base addresses of the PWM modules; 6.17.
PWMS = (0x4001C000, 0x40021000, 0x40022000, 0x4002D000)
#: Whether SPI and I2C fetch their bytes from RAM by themselves: SPIM and TWIM, as the port has it.
DMA = True
#: The fastest machine.SPI there.
SPI_MAX_HZ = 32_000_000
#: Pins of AIN0 to AIN7; 7.1.
AIN = (2, 3, 4, 5, 28, 29, 30, 31)
