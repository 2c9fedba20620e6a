"""STM32F405 to F446 (RM0090, RM0390, RM0383)."""

FAMILY = "f4"

# RM0090 table 1, register boundary addresses.
GPIO = 0x40020000
GPIO_STEP = 0x400
GPIO_PORTS = "ABCDEFGHIJK"

#: bxCAN 1 and 2.
CAN = {1: 0x40006400, 2: 0x40006800}

#: USARTs and UARTs; RM0090 table 1.
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
#: Whether their errors stay until ICR clears them; reading DR does here (30.6.1).
UART_ICR = False

#: QUADSPI of F412, F413, F446 and F469, and its bit in AHB3ENR and AHB3RSTR; RM0390 table 1, 6.3.13, 6.3.8.
QSPI = 0xA0001000
QSPI_CLOCK = (0x40023838, 0x40023818, 1)
#: Whether the core reads ahead from where the memory could be mapped (Cortex-M7).
SPECULATES = False

#: SPI units; RM0090 table 1.
SPIS = {
    1: 0x40013000,
    2: 0x40003800,
    3: 0x40003C00,
    4: 0x40013400,
    5: 0x40015000,
    6: 0x40015400,
}
#: Whether they have FIFOs.
SPI_FIFO = False

#: Real-time clock.
RTC = 0x40002800

#: TIM5 has 32 bits.
ALARM_TIMER = 5
ALARM_TIMER_BASE = 0x40000C00

#: STM32F405 and F429 data sheets, LSI oscillator characteristics: 17 to 47 kHz.
LSI_MAX_HZ = 47_000

# Flash: RM0090 3.9, base address table 1.
FLASH_ACR = 0x40023C00
FLASH_KEYR = 0x40023C04
FLASH_SR = 0x40023C0C
FLASH_CR = 0x40023C10
#: Whether ACR switches caches of the flash.
FLASH_CACHES = True
#: Bytes that are programmed at once: PSIZE x32, for 2.7 to 3.6 V (table 6).
FLASH_PAGE = 4
#: CR with which words are programmed: PG, PSIZE = 10.
FLASH_PROGRAM = 0x201
#: SR: RDERR (F42x), PGSERR, PGPERR, PGAERR, WRPERR, OPERR.
FLASH_ERRORS = 0x1F2
FLASH_PROTECTED = 1 << 4  # WRPERR
#: Flash size in KB, half a word: RM0090 39.2.
FLASH_SIZE = 0x1FFF7A22

_BANK = 1 << 20
_START = 0x08000000


def sector_size(addr):
    """Of the sector that holds addr: 4 of 16 KB, 1 of 64 KB, then 128 KB; RM0090 tables 5 and 6."""
    offset = (addr - _START) % _BANK
    if offset < 0x10000:
        return 0x4000
    return 0x10000 if offset < 0x20000 else 0x20000


def erase_command(addr, flash_kb, mem32):
    """CR that erases the sector which begins there, without STRT: SER, SNB, PSIZE = 10."""
    # No divmod(): it makes a tuple.
    bank = (addr - _START) // _BANK
    offset = (addr - _START) % _BANK
    sector = offset // 0x4000 if offset < 0x10000 else 4 + offset // 0x20000
    # Bit 4 of SNB is the bank: sectors 12 to 23 are numbered from 0b10000 on.
    return 0x202 | (bank << 4 | sector) << 3
