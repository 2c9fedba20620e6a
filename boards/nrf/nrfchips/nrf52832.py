"""nRF52832 (Product Specification 1.4)."""

#: Pins of P0; 20.
PINS = (32,)
#: Base addresses of the PWM modules; 47.
PWMS = (0x4001C000, 0x40021000, 0x40022000)
#: Whether SPI and I2C fetch their bytes from RAM by themselves: the port uses SPI and TWI, without.
DMA = False
#: The fastest machine.SPI there.
SPI_MAX_HZ = 8_000_000
#: Pins of AIN0 to AIN7; 37.
AIN = (2, 3, 4, 5, 28, 29, 30, 31)
