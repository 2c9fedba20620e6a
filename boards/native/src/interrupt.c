// Exceptions for interrupted code: throw(), and Ctrl-C, which is for the code at the bottom of
// the C stack only, never for a drain and what that nests on top of it.

#include "kernel.h"

volatile bool coil_interrupt_kept;
volatile bool coil_keeps_interrupts;

// MicroPython's own, renamed by micropython.mk.
void coil_stock_keyboard_interrupt(void);

// Called by a port's console when Ctrl-C arrives, usually in an interrupt handler.
void mp_sched_keyboard_interrupt(void) {
    if (coil_drain_active || coil_nest_depth != 0 || coil_keeps_interrupts) {
        coil_interrupt_kept = true;
        coil_kick(); // a thread may be starving the base
    } else {
        coil_stock_keyboard_interrupt();
    }
}

static bool interrupt_pending(void) {
    return MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_kbd_exception));
}

void coil_interrupt_take(void) {
    if (interrupt_pending()) {
        MP_STATE_MAIN_THREAD(mp_pending_exception) = MP_OBJ_NULL;
        coil_interrupt_kept = true;
    }
}

void coil_interrupt_give(void) {
    if (coil_interrupt_kept) {
        coil_interrupt_kept = false;
        coil_stock_keyboard_interrupt();
    }
}

MP_WEAK bool coil_native_in_isr(void) {
    #if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
    uint32_t ipsr;
    __asm volatile ("mrs %0, ipsr" : "=r" (ipsr));
    return ipsr != 0;
    #else
    return false;
    #endif
}

// throw(exception): raise it in the code that the running scheduler callback interrupted, at its
// next branch. None takes back one that was not raised yet. Ctrl-C goes first and stays.
static mp_obj_t native_throw(mp_obj_t exception) {
    if (MP_STATE_VM(sched_state) >= 0) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("throw() outside a scheduler callback: use raise"));
    }
    mp_obj_t instance = MP_OBJ_NULL;
    if (exception != mp_const_none) {
        if (!mp_obj_is_exception_type(exception) && !mp_obj_is_exception_instance(exception)) {
            mp_raise_TypeError(MP_ERROR_TEXT("throw(exception): pass an exception, its class or None"));
        }
        instance = mp_make_raise_obj(exception);
    }
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    if (!interrupt_pending()) {
        mp_sched_exception(instance); // the scheduler is locked: nothing else changes
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_throw_obj, native_throw);

// keep_interrupts(on): while a kernel runs the whole program, Ctrl-C is kept for it and never raised
// in what happens to run.
static mp_obj_t native_keep_interrupts(mp_obj_t on) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_keeps_interrupts = mp_obj_is_true(on);
    if (coil_keeps_interrupts) {
        coil_interrupt_take();
    } else if (!coil_drain_active && coil_nest_depth == 0) {
        coil_interrupt_give();
    }
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(coil_keep_interrupts_obj, native_keep_interrupts);

// interrupted(clear=False) -> whether Ctrl-C waits for nested code to end; clear: forget it.
static mp_obj_t native_interrupted(size_t n_args, const mp_obj_t *args) {
    bool kept = coil_interrupt_kept;
    if (n_args == 1 && mp_obj_is_true(args[0])) {
        coil_interrupt_kept = false;
    }
    return mp_obj_new_bool(kept);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(coil_interrupted_obj, 0, 1, native_interrupted);
