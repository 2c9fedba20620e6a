// NVIC lines to C handlers, and from there to Python callbacks, soft or hard.

#include "py/gc.h"
#include "interrupt.h"

extern uint32_t _handler_stack_top, _handler_stack_size;
extern const uint32_t boot_vectors[16];

// VTOR wants the table aligned to its size rounded up to a power of two: 48 words, 256 bytes.
static uint32_t vectors[16 + IRQ_COUNT] __attribute__((aligned(256)));
static interrupt_handler_t handlers[IRQ_COUNT];
volatile uint32_t interrupt_count;

static void interrupt_entry(void) {
    int line = (int)cpu_exception_number() - 16;
    interrupt_count++;
    if (handlers[line] != NULL) {
        handlers[line](line);
    } else {
        interrupt_disable(line); // nobody wants it: do not come back for ever
    }
}

void interrupt_init(void) {
    for (int i = 0; i < 16; i++) {
        vectors[i] = boot_vectors[i];
    }
    for (int line = 0; line < IRQ_COUNT; line++) {
        vectors[16 + line] = (uint32_t)interrupt_entry;
        NVIC_IPR(line) = IRQ_PRIORITY;
    }
    NVIC_ICER = 0xffffffff;
    NVIC_ICPR = 0xffffffff;
    SCB_VTOR = (uint32_t)vectors;
}

void interrupt_attach(int line, interrupt_handler_t handler) {
    interrupt_disable(line);
    handlers[line] = handler;
    NVIC_ICPR = 1u << line;
}

void interrupt_enable(int line) {
    NVIC_ISER = 1u << line;
}

void interrupt_disable(int line) {
    NVIC_ICER = 1u << line;
}

void callback_init(callback_t *self, const mp_irq_methods_t *methods, mp_obj_t parent) {
    mp_irq_init(&self->irq, (mp_irq_methods_t *)methods, parent);
    self->node.callback = NULL;
    self->missed = 0;
    self->done = NULL;
}

static void callback_run_soft(mp_sched_node_t *node) {
    callback_t *self = (callback_t *)((char *)node - offsetof(callback_t, node));
    if (self->irq.handler != mp_const_none) {
        mp_call_function_1_protected(self->irq.handler, self->irq.parent);
    }
    if (self->done != NULL) {
        self->done(self);
    }
}

// Python's recursion check measures against the stack it knows; a hard callback runs on another.
static void callback_run_hard(callback_t *self) {
    char *top = MP_STATE_THREAD(stack_top);
    mp_uint_t limit = MP_STATE_THREAD(stack_limit);
    MP_STATE_THREAD(stack_top) = (char *)&_handler_stack_top;
    MP_STATE_THREAD(stack_limit) = (mp_uint_t)&_handler_stack_size - MICROPY_STACK_CHECK_MARGIN;
    mp_irq_handler(&self->irq);
    MP_STATE_THREAD(stack_top) = top;
    MP_STATE_THREAD(stack_limit) = limit;
}

void callback_fire(callback_t *self) {
    if (self->irq.handler == mp_const_none) {
        return;
    }
    if (self->irq.ishard) {
        callback_run_hard(self);
    } else if (!mp_sched_schedule_node(&self->node, callback_run_soft)) {
        self->missed++;
    }
}

void callback_forget_all(void) {
    mp_uint_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    for (mp_sched_node_t *node = MP_STATE_VM(sched_head); node != NULL; node = node->next) {
        node->callback = NULL;
    }
    MP_STATE_VM(sched_head) = NULL;
    MP_STATE_VM(sched_tail) = NULL;
    MP_STATE_VM(sched_len) = 0;
    MICROPY_END_ATOMIC_SECTION(state);
}
