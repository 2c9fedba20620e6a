// Vectors and the first instructions after reset.

#include <string.h>

#include "hardware.h"
#include "interrupt.h"

extern uint32_t _handler_stack_top, _stack_top, _stack_bottom;
extern uint32_t _sidata, _sdata, _edata, _sbss, _ebss;

int main(void);
void fault_entry(void);
void watchdog_entry(void);

// Thread mode runs on PSP, handlers on MSP: a stack overflow of the program leaves the fault
// handler a stack to run on, and a hard callback cannot eat the program's stack.
__attribute__((naked, used)) void Reset_Handler(void) {
    __asm volatile (
        "ldr r0, =_stack_top\n"
        "msr psp, r0\n"
        "movs r0, #2\n"
        "msr control, r0\n"
        "isb\n"
        "b start\n"
        );
}

__attribute__((used)) static void start(void) {
    // 0x82: enabled, free running, 32 bit.  Started first, so that boot time can be measured.
    DUALTIMER2_CTRL = 0x82;
    FPGAIO_PRESCALE = CPU_HZ / 1000000 - 1;
    memcpy(&_sdata, &_sidata, (char *)&_edata - (char *)&_sdata);
    memset(&_sbss, 0, (char *)&_ebss - (char *)&_sbss);
    interrupt_init();
    main();
}

// Used from reset until interrupt_init() has built the table in RAM.
typedef void (*vector_t)(void);
__attribute__((section(".vectors"), used)) const vector_t boot_vectors[16] = {
    (vector_t)&_handler_stack_top,
    Reset_Handler,
    watchdog_entry, // NMI
    fault_entry, // HardFault
    fault_entry, // MemManage
    fault_entry, // BusFault
    fault_entry, // UsageFault
};
