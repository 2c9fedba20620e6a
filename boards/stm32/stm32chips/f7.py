"""STM32F745 to F779 (RM0385, RM0410). F722 to F733 have other flash sectors: not these."""

FAMILY = "f7"

# RM0410 table 1, register boundary addresses.
GPIO = 0x40020000
GPIO_STEP = 0x400
GPIO_PORTS = "ABCDEFGHIJK"

#: bxCAN 1 and 2.
CAN = {1: 0x40006400, 2: 0x40006800}

#: QUADSPI, and its bit in AHB3ENR and AHB3RSTR; RM0410 table 1, 5.3.12, 5.3.7.
QSPI = 0xA0001000
QSPI_CLOCK = (0x40023838, 0x40023818, 1)
#: Whether the core reads ahead from where the memory could be mapped (Cortex-M7).
SPECULATES = True

#: USARTs and UARTs; RM0410 table 1.
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
#: Whether their errors stay until ICR clears them; RM0410 34.8.9.
UART_ICR = True

#: SPI units; RM0410 table 1.
SPIS = {
    1: 0x40013000,
    2: 0x40003800,
    3: 0x40003C00,
    4: 0x40013400,
    5: 0x40015000,
    6: 0x40015400,
}
#: Whether they have FIFOs; RM0410 35.5.9.
SPI_FIFO = True

#: Real-time clock.
RTC = 0x40002800

#: TIM5 has 32 bits.
ALARM_TIMER = 5
ALARM_TIMER_BASE = 0x40000C00

#: The quickest that the watchdog's oscillator can be: 0, nobody has looked it up yet.
LSI_MAX_HZ = 0

# Flash: RM0385 3.7, RM0410 3.7; one bank, as MicroPython has it (nDBANK of F76x and F77x set).
FLASH_ACR = 0x40023C00
FLASH_KEYR = 0x40023C04
FLASH_SR = 0x40023C0C
FLASH_CR = 0x40023C10
#: Whether ACR switches caches of the flash; here the core has them.
FLASH_CACHES = False
#: Bytes that are programmed at once: PSIZE x32, for 2.7 to 3.6 V.
FLASH_PAGE = 4
#: CR with which words are programmed: PG, PSIZE = 10.
FLASH_PROGRAM = 0x201
#: SR: ERSERR, PGPERR, PGAERR, WRPERR, OPERR.
FLASH_ERRORS = 0x0F2
FLASH_PROTECTED = 1 << 4  # WRPERR
#: Flash size in KB, half a word: RM0385 41.2, RM0410 45.2.
FLASH_SIZE = 0x1FF0F442

_START = 0x08000000


def sector_size(addr):
    """Of the sector that holds addr: 4 of 32 KB, 1 of 128 KB, then 256 KB; RM0385 table 3."""
    offset = addr - _START
    if offset < 0x20000:
        return 0x8000
    return 0x20000 if offset < 0x40000 else 0x40000


def erase_command(addr, flash_kb, mem32):
    """CR that erases the sector which begins there, without STRT: SER, SNB, PSIZE = 10."""
    offset = addr - _START
    sector = offset // 0x8000 if offset < 0x20000 else 4 + offset // 0x40000
    return 0x202 | sector << 3
