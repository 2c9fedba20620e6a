// The module _native: what a kernel in Python needs and Python cannot do itself.
#ifndef COIL_NATIVE_H
#define COIL_NATIVE_H

#include "py/runtime.h"
#include "coil_native.h"

#if !MICROPY_ENABLE_SCHEDULER || !MICROPY_KBD_EXCEPTION || MICROPY_PY_THREAD
#error "_native needs MICROPY_ENABLE_SCHEDULER and MICROPY_KBD_EXCEPTION, and no MICROPY_PY_THREAD"
#endif

// True while the function of a Drain runs, called by the scheduler's Python queue, with nothing
// nested on top of it: the only place that may open the scheduler.
extern volatile bool coil_drain_active;
// How many nest() calls have the scheduler open.
extern volatile size_t coil_nest_depth;
// What the running drain has nested, or is about to nest again, goes on with all that is ready: another
// drain on top of that has nothing to do, and must not: more of them would climb up the stack.
extern bool coil_goes_on;
// A Ctrl-C that waits for the outermost drain to end.
extern volatile bool coil_interrupt_kept;
// It waits for the kernel that runs the whole program.
extern volatile bool coil_keeps_interrupts;

// In an atomic section: keep a Ctrl-C that is pending, raise one that was kept.
void coil_interrupt_take(void);
void coil_interrupt_give(void);

mp_obj_t coil_nest(mp_obj_t function, mp_obj_t argument);

// Queue the function of a Drain unless it is queued already.
void coil_drain_pend(mp_obj_t drain);

void coil_trace_deinit(void);

extern const mp_obj_type_t coil_drain_type;

MP_DECLARE_CONST_FUN_OBJ_0(coil_cycles_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_cycles_hz_obj);
MP_DECLARE_CONST_FUN_OBJ_VAR_BETWEEN(coil_interrupted_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_keep_interrupts_obj);
MP_DECLARE_CONST_FUN_OBJ_2(coil_nest_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_stack_left_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_throw_obj);
MP_DECLARE_CONST_FUN_OBJ_2(coil_trace_obj);
MP_DECLARE_CONST_FUN_OBJ_1(coil_trace_start_obj);
MP_DECLARE_CONST_FUN_OBJ_0(coil_trace_stop_obj);

#endif // COIL_NATIVE_H
