"""nRF52840 (Product Specification 1.7)."""

#: Pins of P0 and P1; 6.9.
PINS = (32, 16)
#: Base addresses of the PWM modules; 6.17.
PWMS = (0x4001C000, 0x40021000, 0x40022000, 0x4002D000)
#: Whether SPI fetches its bytes from RAM by itself: SPIM, as the port has it; I2C is TWI, which does not.
DMA = True
#: The fastest machine.SPI there.
SPI_MAX_HZ = 32_000_000
#: Pins of AIN0 to AIN7; 7.1.
AIN = (2, 3, 4, 5, 28, 29, 30, 31)
#: UARTE units: base address, that of the timer which counts what comes, and the PPI channel; 4.2.4.
UARTES = ((0x40002000, 0x4001B000, 14), (0x40028000, 0x4000A000, 15))
#: Whether CONFIG of UARTE has two stop bits.
UART_STOP_TWO = True
#: Bytes of one EasyDMA transfer at most: MAXCNT has 16 bits (6.34.9, 6.26.6, 6.32.10).
EASYDMA_MAX = 65535
#: Serial units with shared registers, SPI, I2C and targets: number -> base address; 4.2.4.
SERIAL = (0x40003000, 0x40004000, 0x40023000)
#: Whether they can be I2CSlave and SPISlave; 6.32, 6.26.
TARGETS = True
#: Whether there is a QSPI unit; 6.19.
QSPI = True
