// NVIC lines to C handlers, and from there to Python callbacks, soft or hard.

#include "py/gc.h"
#include "shared/runtime/interrupt_char.h"
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

interrupt_handler_t interrupt_attached(int line) {
    return handlers[line];
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

// A callback that takes longer can be ended by Ctrl-C.
#define CALLBACK_STUCK_US (500000)

// The Python callback in which the scheduler is, if any.
static struct {
    bool active;
    bool from_prompt; // it keeps a REPL waiting, not a program
    bool broken; // by Ctrl-C, after it was stuck
    uint32_t start; // FPGAIO_COUNTER
} volatile running;

static bool callback_is_stuck(void) {
    return running.active && FPGAIO_COUNTER - running.start > CALLBACK_STUCK_US;
}

// In place of MicroPython's (--wrap in the Makefile), which prints and forgets whatever a callback
// or a finaliser raises.  Ctrl-C is meant for the program: raised in a callback that waits, it ends
// that and goes on to the program.
mp_obj_t __wrap_mp_call_function_1_protected(mp_obj_t function, mp_obj_t argument);
mp_obj_t __wrap_mp_call_function_1_protected(mp_obj_t function, mp_obj_t argument) {
    int state = MP_STATE_VM(sched_state);
    bool nested = running.active;
    uint32_t start = running.start;
    if (!nested) {
        running.from_prompt = MP_STATE_THREAD(nlr_top) == NULL || mp_interrupt_char == -1;
    }
    running.start = FPGAIO_COUNTER;
    running.active = true;
    mp_obj_t result = MP_OBJ_NULL;
    mp_obj_t raised = MP_OBJ_NULL;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        result = mp_call_function_1(function, argument);
        nlr_pop();
    } else {
        raised = MP_OBJ_FROM_PTR(nlr.ret_val);
    }
    bool stuck = callback_is_stuck();
    running.active = nested;
    running.start = start;
    MP_STATE_VM(sched_state) = state; // callback_break() may have changed it
    if (raised == MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_kbd_exception))) {
        running.broken = stuck;
        mp_sched_keyboard_interrupt();
    } else if (raised != MP_OBJ_NULL) {
        mp_obj_print_exception(&mp_plat_print, raised);
    }
    return result;
}

// The VM looks for exceptions only when the scheduler is not locked, as it is in a callback.  While
// it is open another callback may run inside this one, for the few bytecodes until the exception.
void callback_break(void) {
    if (callback_is_stuck() && MP_STATE_VM(sched_state) != MP_SCHED_LOCKED) {
        mp_sched_keyboard_interrupt(); // a thread on top of the prompt: the kernel sees to it
    } else if (callback_is_stuck() && MP_STATE_VM(sched_state) == MP_SCHED_LOCKED && MP_STATE_THREAD(gc_lock_depth) == 0) {
        mp_sched_keyboard_interrupt();
        if (MP_STATE_MAIN_THREAD(mp_pending_exception) != MP_OBJ_NULL) { // not if a kernel keeps it
            MP_STATE_VM(sched_state) = MP_SCHED_PENDING;
        }
    }
}

bool callback_holds_prompt(void) {
    return running.active && running.from_prompt;
}

static void callback_run_soft(mp_sched_node_t *node) {
    callback_t *self = (callback_t *)((char *)node - offsetof(callback_t, node));
    if (self->irq.handler != mp_const_none) {
        running.broken = false;
        mp_call_function_1_protected(self->irq.handler, self->irq.parent);
        if (running.broken) { // it would only be stuck again
            self->irq.methods->trigger(self->irq.parent, 0);
            self->irq.handler = mp_const_none;
            mp_print_str(&mp_plat_print, "A callback was ended by Ctrl-C; it is not called again\n");
        }
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
