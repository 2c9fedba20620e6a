// NVIC lines to C handlers, and from there to Python callbacks, soft or hard.
#ifndef COIL_MPS2_INTERRUPT_H
#define COIL_MPS2_INTERRUPT_H

#include "py/runtime.h"
#include "shared/runtime/mpirq.h"
#include "hardware.h"

// One priority for every line: interrupts do not nest, so hard callbacks do not either.
#define IRQ_PRIORITY (0x80)

typedef void (*interrupt_handler_t)(int line);

// Copies the vectors to RAM and enables the core's separate fault handlers.
void interrupt_init(void);

// Sets the C handler of a line (NULL takes it away) and leaves the line disabled.
void interrupt_attach(int line, interrupt_handler_t handler);
// The C handler of a line, or NULL.
interrupt_handler_t interrupt_attached(int line);
void interrupt_enable(int line);
void interrupt_disable(int line);

// Interrupts so far.  Closes the gap between looking for work and going to sleep.
extern volatile uint32_t interrupt_count;

// A Python callback that an interrupt runs: a hard one at once (scheduler and heap locked, on the
// handler stack), a soft one through a static scheduler node, which cannot be lost.  A soft
// callback that is fired again before it ran runs once; `missed` counts the others.
typedef struct _callback_t {
    mp_irq_obj_t irq; // first: it is the object that Python sees
    mp_sched_node_t node;
    uint32_t missed;
    void (*done)(struct _callback_t *); // called after a soft callback ran, or NULL
} callback_t;

void callback_init(callback_t *self, const mp_irq_methods_t *methods, mp_obj_t parent);
void callback_fire(callback_t *self);
// Ctrl-C for a callback that does not end: raises it inside.  Call in an interrupt.
void callback_break(void);
// Does a callback run while a REPL waits for input?
bool callback_holds_prompt(void);

// Is a soft callback waiting to run?
static inline bool callback_pending(callback_t *self) {
    return self->node.callback != NULL;
}

// Soft reset: forgets every queued callback, whose objects are about to be freed.
void callback_forget_all(void);

#endif
