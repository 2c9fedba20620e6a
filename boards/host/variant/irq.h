// The board's interrupt controller, made of signals.
//
// A signal handler is the interrupt handler. Masking is a flag that the handler obeys, as PRIMASK
// on a Cortex-M: cheaper than a system call, and it nests by saving the old value. Handlers do not
// preempt each other.
#ifndef COIL_HOST_IRQ_H
#define COIL_HOST_IRQ_H

#include <stdbool.h>
#include <stdint.h>

extern volatile bool host_irq_masked;
extern volatile uint32_t host_irq_pending;

// Something happened since the last host_wait(), as the event register of a Cortex-M: a wait
// that begins after the check of a condition cannot miss what changed it.
extern volatile bool host_event;

void host_irq_dispatch(void);

static inline uintptr_t host_irq_disable(void) {
    uintptr_t masked = host_irq_masked;
    host_irq_masked = true;
    __asm volatile ("" ::: "memory");
    return masked;
}

static inline void host_irq_restore(uintptr_t masked) {
    __asm volatile ("" ::: "memory");
    host_irq_masked = masked;
    if (!masked && host_irq_pending != 0) {
        host_irq_dispatch();
    }
}

// Whether an interrupt handler is running.
bool host_in_isr(void);

// Wait for an interrupt, at most timeout_ms (-1: no limit). May return early.
void host_wait(int timeout_ms);

#endif // COIL_HOST_IRQ_H
