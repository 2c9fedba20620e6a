"""STM32WB35 and WB55 (RM0434).

Not supported yet: the watchdog; the flash, which the processor of the radio uses, too (AN5289).
"""

FAMILY = "wb"

# RM0434 table 2, register boundary addresses.
GPIO = 0x48000000
GPIO_STEP = 0x400
GPIO_PORTS = "ABCDEFGH"

#: None.
CAN = {}

#: QUADSPI, and its bit in AHB3ENR and AHB3RSTR; RM0434 table 2, chapter 8, stm32wb55xx.h. HCLK1 clocks it.
QSPI = 0xA0001000
QSPI_CLOCK = (0x58000050, 0x58000030, 8)
#: Whether the core reads ahead from where the memory could be mapped (Cortex-M7).
SPECULATES = False

#: USARTs; RM0434 table 2.
UARTS = {1: 0x40013800}
#: Whether their errors stay until ICR clears them; RM0434 35.8.10.
UART_ICR = True

#: SPI units; RM0434 table 2.
SPIS = {1: 0x40013000, 2: 0x40003800}
#: Whether they have FIFOs; RM0434 37.4.9.
SPI_FIFO = True

#: Real-time clock.
RTC = 0x40002800

#: TIM2 has 32 bits.
ALARM_TIMER = 2
ALARM_TIMER_BASE = 0x40000000

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
