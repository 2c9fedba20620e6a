// Registers of the MPS2 FPGA image AN385 as QEMU models it, and of the Cortex-M3 core.
//
// Sources: ARM DAI0385 "Application Note AN385" (memory map, interrupts), ARM DDI0479 "Cortex-M
// System Design Kit" (UART, timer, dual timer, watchdog), ARMv7-M ARM (NVIC, SCB, MPU).
#ifndef COIL_MPS2_HARDWARE_H
#define COIL_MPS2_HARDWARE_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

#define CPU_HZ (25000000u)

// Memory map, see README.md.
#define PSRAM_BASE (0x21000000u)
#define FLASH_FS_BASE (PSRAM_BASE)
#define FLASH_FS_SIZE (0x800000u)
#define ROMFS_BASE (PSRAM_BASE + 0x800000u)
#define ROMFS_SIZE (0x400000u)
#define HOST_PAGE_BASE (PSRAM_BASE + 0xff0000u)

// Interrupt lines.
enum {
    IRQ_UART0_RX = 0,
    IRQ_UART1_RX = 2,
    IRQ_UART2_RX = 4,
    IRQ_TIMER0 = 8,
    IRQ_ETHERNET = 13,
    IRQ_UART3_RX = 18,
    IRQ_UART4_RX = 20,
    IRQ_HOST_PINS = 31, // not wired to a device: raised by the host, see hostpage.h
    IRQ_COUNT = 32,
};

// CMSDK UART.
typedef struct _cmsdk_uart_t {
    volatile uint32_t DATA;
    volatile uint32_t STATE; // 1 = TX full, 2 = RX full, 8 = RX overrun
    volatile uint32_t CTRL; // 1 = TX enable, 2 = RX enable, 8 = RX interrupt enable
    volatile uint32_t INT; // 1 = TX, 2 = RX; write 1 to clear
    volatile uint32_t BAUDDIV;
} cmsdk_uart_t;

#define UART0 ((cmsdk_uart_t *)0x40004000)
#define UART1 ((cmsdk_uart_t *)0x40005000)
#define UART2 ((cmsdk_uart_t *)0x40006000)
#define UART3 ((cmsdk_uart_t *)0x40007000)
#define UART4 ((cmsdk_uart_t *)0x40009000)

// CMSDK timer 0: the alarm.
#define TIMER0_CTRL REG32(0x40000000)
#define TIMER0_VALUE REG32(0x40000004)
#define TIMER0_RELOAD REG32(0x40000008)
#define TIMER0_INTCLEAR REG32(0x4000000c)
#define TIMER1_CTRL REG32(0x40001000)
#define TIMER1_VALUE REG32(0x40001004)
#define TIMER1_RELOAD REG32(0x40001008)

// Second half of the dual timer: a free 25 MHz down counter for measuring.
#define DUALTIMER2_VALUE REG32(0x40002024)
#define DUALTIMER2_CTRL REG32(0x40002028)

// CMSDK watchdog.
#define WDOG_LOAD REG32(0x40008000)
#define WDOG_CTRL REG32(0x40008008) // 1 = interrupt (NMI), 2 = reset
#define WDOG_INTCLR REG32(0x4000800c)
#define WDOG_LOCK REG32(0x40008c00)

// FPGA I/O and the system configuration controller.
#define FPGAIO_LED REG32(0x40028000) // 2 LEDs
#define FPGAIO_PRESCALE REG32(0x4002801c)
#define FPGAIO_COUNTER REG32(0x40028018)
#define SCC_LED REG32(0x4002f004) // 8 LEDs

// Core.
#define NVIC_ISER REG32(0xe000e100)
#define NVIC_ICER REG32(0xe000e180)
#define NVIC_ISPR REG32(0xe000e200)
#define NVIC_ICPR REG32(0xe000e280)
#define NVIC_IPR(n) (*(volatile uint8_t *)(0xe000e400 + (n)))
#define SCB_VTOR REG32(0xe000ed08)
#define SCB_AIRCR REG32(0xe000ed0c)
#define SCB_CCR REG32(0xe000ed14)
#define SCB_SHCSR REG32(0xe000ed24)
#define SCB_CFSR REG32(0xe000ed28)
#define SCB_HFSR REG32(0xe000ed2c)
#define SCB_MMFAR REG32(0xe000ed34)
#define SCB_BFAR REG32(0xe000ed38)
#define MPU_CTRL REG32(0xe000ed94)
#define MPU_RNR REG32(0xe000ed98)
#define MPU_RBAR REG32(0xe000ed9c)
#define MPU_RASR REG32(0xe000eda0)

static inline uint32_t cpu_exception_number(void) {
    uint32_t ipsr;
    __asm volatile ("mrs %0, ipsr" : "=r" (ipsr));
    return ipsr;
}

#endif
