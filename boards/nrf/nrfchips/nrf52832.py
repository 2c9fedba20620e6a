"""nRF52832 (Product Specification 1.4)."""

#: Pins of P0; 20.
PINS = (32,)
#: Base addresses of the PWM modules; 47.
PWMS = (0x4001C000, 0x40021000, 0x40022000)
#: Whether SPI fetches its bytes from RAM by itself: the port uses SPI, which does not.
DMA = False
#: The fastest machine.SPI there.
SPI_MAX_HZ = 8_000_000
#: Pins of AIN0 to AIN7; 37.
AIN = (2, 3, 4, 5, 28, 29, 30, 31)
#: UARTE units: base address, that of the timer which counts what comes, and the PPI channel; 35, 24, 23.
UARTES = ((0x40002000, 0x4001B000, 14),)
#: Whether CONFIG of UARTE has two stop bits.
UART_STOP_TWO = False
#: Bytes of one EasyDMA transfer at most: MAXCNT has 8 bits (35.10.22, 33.9, 32.7).
EASYDMA_MAX = 255
#: Serial units with shared registers, SPI, I2C and targets: number -> base address; 8.
SERIAL = (0x40003000, 0x40004000, 0x40023000)
#: Whether they can be I2CSlave and SPISlave: EasyDMA may spoil what they transfer, anomaly 109 of the errata.
TARGETS = False
#: Whether there is a QSPI unit.
QSPI = False
