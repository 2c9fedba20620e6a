"""STM32L475, L476, L496, L4A6 (RM0351), L432 and L452 (RM0394)."""

FAMILY = "l4"

# RM0351 table 2, register boundary addresses.
GPIO = 0x48000000
GPIO_STEP = 0x400
GPIO_PORTS = "ABCDEFGHI"

#: bxCAN 1 and 2.
CAN = {1: 0x40006400, 2: 0x40006800}

#: USARTs and UARTs; RM0351 table 2.
UARTS = {1: 0x40013800, 2: 0x40004400, 3: 0x40004800, 4: 0x40004C00, 5: 0x40005000}
#: Whether their errors stay until ICR clears them; 40.8.9.
UART_ICR = True

#: QUADSPI, and its bit in AHB3ENR and AHB3RSTR; RM0351 table 2, 6.4.18, 6.4.12.
QSPI = 0xA0001000
QSPI_CLOCK = (0x40021050, 0x40021030, 8)
#: Whether the core reads ahead from where the memory could be mapped (Cortex-M7).
SPECULATES = False

#: SPI units; RM0351 table 2.
SPIS = {1: 0x40013000, 2: 0x40003800, 3: 0x40003C00}
#: Whether they have FIFOs; 42.4.9.
SPI_FIFO = True

#: Real-time clock.
RTC = 0x40002800

#: TIM2 has 32 bits on all of them, TIM5 is not on all.
ALARM_TIMER = 2
ALARM_TIMER_BASE = 0x40000000

#: STM32L476 data sheet, LSI oscillator characteristics: 29.5 to 34 kHz.
LSI_MAX_HZ = 34_000

# Flash: RM0351 3.7.
FLASH_ACR = 0x40022000
FLASH_KEYR = 0x40022008
FLASH_SR = 0x40022010
FLASH_CR = 0x40022014
#: Whether ACR switches caches of the flash.
FLASH_CACHES = True
#: Bytes that are programmed at once: a double word with its ECC (3.3.7).
FLASH_PAGE = 8
#: CR with which they are: PG.
FLASH_PROGRAM = 0x001
#: SR: OPTVERR, RDERR, FASTERR, MISERR, PGSERR, SIZERR, PGAERR, WRPERR, PROGERR, OPERR.
FLASH_ERRORS = 0xC3FA
FLASH_PROTECTED = 1 << 4  # WRPERR
#: Flash size in KB, half a word: RM0351 50.2.
FLASH_SIZE = 0x1FFF75E0

_START = 0x08000000
_PAGE = 0x800
# Option DUALBANK of chips with 256 and 512 KB, and which chips have it: L47x, L48x; L49x, L4Ax. RM0351 3.7.8,
# 48.6.1.
_OPTR = 0x40022020
_DUALBANK = 1 << 21
_IDCODE = 0xE0042000
_DEV_ID = 0xFFF
_HAVE_BANKS = (0x415, 0x461)


def sector_size(addr):
    """Of the page that holds addr; RM0351 3.3.1."""
    return _PAGE


def erase_command(addr, flash_kb, mem32):
    """CR that erases the page which begins there, without STRT: PER, PNB, BKER."""
    page = (addr - _START) // _PAGE
    pages = flash_kb * 1024 // _PAGE
    bank = 0
    # Two banks, each of half the flash. L432 and L452 have one, and 8 bits of PNB do for them.
    if pages > 256 or (mem32[_IDCODE] & _DEV_ID in _HAVE_BANKS and mem32[_OPTR] & _DUALBANK != 0):
        bank = page // (pages // 2)
        page %= pages // 2
    return 0x002 | page << 3 | bank << 11
