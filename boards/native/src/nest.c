// nest: call a function with the MicroPython scheduler open, so that callbacks preempt it.
//
// The state of the scheduler is IDLE or PENDING while it is open, and minus the number of locks
// otherwise. A callback runs with exactly one lock, the one that is taken off here and put back.

#include "native.h"

typedef struct {
    nlr_jump_callback_node_t node; // must be first: leave() gets its address
    mp_obj_t exception;
    size_t depth;
} nest_t;

volatile size_t coil_nest_depth;

static void refuse_outside_drain(void) {
    if (coil_native_in_isr()) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("nest() in an interrupt handler: call Drain.pend() there"));
    }
    // Not after heap_lock(), which is only counted there: code that does not allocate may nest.
    if (MP_STATE_THREAD(gc_lock_depth) & GC_COLLECT_FLAG) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("nest() in a finaliser: call Drain.pend() there"));
    }
    if (!coil_drain_active) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("nest() outside a drain: make it a Drain() and pend() it"));
    }
    if (MP_STATE_VM(sched_state) != MP_SCHED_LOCKED) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("nest() with the scheduler locked twice"));
    }
}

// Take the lock off. A pending exception belongs to the code below: keep it from the function.
static void enter(nest_t *nest) {
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    nest->exception = MP_STATE_MAIN_THREAD(mp_pending_exception);
    MP_STATE_MAIN_THREAD(mp_pending_exception) = MP_OBJ_NULL;
    nest->depth = coil_nest_depth++;
    coil_drain_active = false;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
    mp_sched_unlock();
}

// Put the state back as it was, however the function ended. An exception that was thrown at the
// function and came too late is dropped.
static void leave(void *node) {
    nest_t *nest = node;
    mp_uint_t atomic_state = MICROPY_BEGIN_ATOMIC_SECTION();
    coil_nest_depth = nest->depth;
    MP_STATE_MAIN_THREAD(mp_pending_exception) = nest->exception;
    MP_STATE_VM(sched_state) = MP_SCHED_LOCKED;
    coil_drain_active = true;
    MICROPY_END_ATOMIC_SECTION(atomic_state);
}

// nest(function, argument) -> what function(argument) returns or raises.
mp_obj_t coil_nest(mp_obj_t function, mp_obj_t argument) {
    refuse_outside_drain();
    nest_t nest;
    enter(&nest);
    nlr_push_jump_callback(&nest.node, leave);
    mp_obj_t result = mp_call_function_1(function, argument);
    nlr_pop_jump_callback(true);
    return result;
}
MP_DEFINE_CONST_FUN_OBJ_2(coil_nest_obj, coil_nest);
