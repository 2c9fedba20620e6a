// The alarm of the threads' kernel: mps2.attach_alarm() and mps2.program_alarm(), which boards/boot's
// kernelport takes in place of a machine.Timer because they cost a quarter of it.

#include "py/runtime.h"
#include "clock.h"
#include "interrupt.h"

// 2^30 - 1 ms is the longest that the kernel waits; what it is told of is kept to this.
#define DELAY_MAX_MS (0x0fffffff)

static callback_t alarm_callback;
MP_REGISTER_ROOT_POINTER(mp_obj_t mps2_alarm_function);

static void alarm_due(void) {
    if (MP_STATE_PORT(mps2_alarm_function) != MP_OBJ_NULL) { // else nothing was attached yet
        callback_fire(&alarm_callback);
    }
}

static mp_uint_t alarm_trigger(mp_obj_t parent, mp_uint_t trigger) {
    (void)parent;
    (void)trigger;
    return 0; // it is one shot anyway
}

static mp_uint_t alarm_info(mp_obj_t parent, mp_uint_t info) {
    (void)parent;
    (void)info;
    return 0;
}

static const mp_irq_methods_t alarm_methods = {
    .trigger = alarm_trigger,
    .info = alarm_info,
};

// attach_alarm(function): what is called, as a hard callback with one argument, when time is up.
static mp_obj_t mps2_attach_alarm(mp_obj_t function) {
    if (!mp_obj_is_callable(function)) {
        mp_raise_TypeError(MP_ERROR_TEXT("attach_alarm(function): pass something that can be called"));
    }
    clock_alarm_cancel(ALARM_KERNEL);
    callback_init(&alarm_callback, &alarm_methods, mp_const_none);
    MP_STATE_PORT(mps2_alarm_function) = function; // for the collector, which does not look there
    alarm_callback.irq.handler = function;
    alarm_callback.irq.ishard = true;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(mps2_attach_alarm_obj, mps2_attach_alarm);

// program_alarm(delay_ms): once, that many milliseconds from now; None: not at all.
static mp_obj_t mps2_program_alarm(mp_obj_t delay_in) {
    if (delay_in == mp_const_none) {
        clock_alarm_cancel(ALARM_KERNEL);
    } else {
        mp_int_t delay_ms = mp_obj_get_int(delay_in);
        delay_ms = MIN(MAX(delay_ms, 1), DELAY_MAX_MS);
        clock_alarm_set(ALARM_KERNEL, clock_us() + (uint64_t)delay_ms * 1000, alarm_due);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(mps2_program_alarm_obj, mps2_program_alarm);

void kernel_alarm_deinit(void) {
    clock_alarm_cancel(ALARM_KERNEL);
    alarm_callback.irq.handler = mp_const_none;
    MP_STATE_PORT(mps2_alarm_function) = MP_OBJ_NULL;
}
