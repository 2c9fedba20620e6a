"""STM32H742 to H757 (RM0433). H72x, H73x, H7A3 and H7B3 have OCTOSPI, and other clocks: not these.

Not supported yet: FDCAN, SPISlave, the flash (words of 32 bytes, registers for each bank), the watchdog.
"""

FAMILY = "h7"

# RM0433 table 8, register boundary addresses.
GPIO = 0x58020000
GPIO_STEP = 0x400
GPIO_PORTS = "ABCDEFGHIJK"

#: No bxCAN.
CAN = {}

#: QUADSPI, and its bit in AHB3ENR and AHB3RSTR; RM0433 table 8, 8.7.41, 8.7.28.
QSPI = 0x52005000
QSPI_CLOCK = (0x580244D4, 0x5802447C, 14)
#: Whether the core reads ahead from where the memory could be mapped (Cortex-M7).
SPECULATES = True

#: USARTs and UARTs; RM0433 table 8.
UARTS = {
    1: 0x40011000,
    2: 0x40004400,
    3: 0x40004800,
    4: 0x40004C00,
    5: 0x40005000,
    6: 0x40011400,
    7: 0x40007800,
    8: 0x40007C00,
}
#: Whether their errors stay until ICR clears them; RM0433 48.7.11.
UART_ICR = True

#: None whose registers are those of the other families.
SPIS = {}
SPI_FIFO = False

#: Real-time clock.
RTC = 0x58004000

#: TIM5 has 32 bits.
ALARM_TIMER = 5
ALARM_TIMER_BASE = 0x40000C00

#: The quickest that the watchdog's oscillator can be: 0, nobody has looked it up yet.
LSI_MAX_HZ = 0

# No flash for programs.
FLASH_ACR = FLASH_KEYR = FLASH_SR = FLASH_CR = FLASH_SIZE = 0
FLASH_CACHES = False
FLASH_PAGE = FLASH_PROGRAM = FLASH_ERRORS = FLASH_PROTECTED = 0


def sector_size(addr):
    """Not supported."""
    return 0


def erase_command(addr, flash_kb, mem32):
    """Not supported."""
    return 0
