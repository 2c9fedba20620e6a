// The module _native. README.md has its functions, their rules and their costs.

#include "kernel.h"

extern const mp_obj_module_t coil_native_module;

void coil_native_deinit(void) {
    coil_drain_active = false;
    coil_nest_depth = 0;
    coil_interrupt_kept = false;
    coil_keeps_interrupts = false;
    coil_trace_deinit();
    coil_kernel_deinit();
    coil_deadline_deinit();
    coil_post_deinit();
    coil_output_deinit();
}

// MicroPython calls this at each import of a built-in module that is not in sys.modules, and puts
// none there itself. An import while the kernel runs must not end it.
static mp_obj_t native_init(void) {
    coil_native_deinit();
    mp_obj_dict_store(MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_loaded_modules_dict)), MP_OBJ_NEW_QSTR(MP_QSTR__native),
        MP_OBJ_FROM_PTR(&coil_native_module));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(native_init_obj, native_init);

static const mp_rom_map_elem_t native_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__native) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&native_init_obj) },

    { MP_ROM_QSTR(MP_QSTR_Drain), MP_ROM_PTR(&coil_drain_type) },
    { MP_ROM_QSTR(MP_QSTR_nest), MP_ROM_PTR(&coil_nest_obj) },
    { MP_ROM_QSTR(MP_QSTR_LEVELS_NEST), MP_ROM_TRUE },
    { MP_ROM_QSTR(MP_QSTR_throw), MP_ROM_PTR(&coil_throw_obj) },
    { MP_ROM_QSTR(MP_QSTR_interrupted), MP_ROM_PTR(&coil_interrupted_obj) },
    { MP_ROM_QSTR(MP_QSTR_stack_left), MP_ROM_PTR(&coil_stack_left_obj) },

    { MP_ROM_QSTR(MP_QSTR_keep_interrupts), MP_ROM_PTR(&coil_keep_interrupts_obj) },

    { MP_ROM_QSTR(MP_QSTR_Strand), MP_ROM_PTR(&coil_strand_type) },
    { MP_ROM_QSTR(MP_QSTR_Waiters), MP_ROM_PTR(&coil_waiters_type) },
    { MP_ROM_QSTR(MP_QSTR_Calls), MP_ROM_PTR(&coil_calls_type) },
    { MP_ROM_QSTR(MP_QSTR_Queue), MP_ROM_PTR(&coil_queue_type) },
    { MP_ROM_QSTR(MP_QSTR_Semaphore), MP_ROM_PTR(&coil_semaphore_type) },
    { MP_ROM_QSTR(MP_QSTR_Mutex), MP_ROM_PTR(&coil_mutex_type) },
    { MP_ROM_QSTR(MP_QSTR_EventFlags), MP_ROM_PTR(&coil_flags_type) },
    { MP_ROM_QSTR(MP_QSTR_abandon), MP_ROM_PTR(&coil_abandon_obj) },

    { MP_ROM_QSTR(MP_QSTR_configure), MP_ROM_PTR(&coil_configure_obj) },
    { MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&coil_run_obj) },
    { MP_ROM_QSTR(MP_QSTR_budget), MP_ROM_PTR(&coil_budget_obj) },
    { MP_ROM_QSTR(MP_QSTR_spent), MP_ROM_PTR(&coil_spent_obj) },
    { MP_ROM_QSTR(MP_QSTR_hold), MP_ROM_PTR(&coil_hold_obj) },
    { MP_ROM_QSTR(MP_QSTR_limit), MP_ROM_PTR(&coil_limit_obj) },
    { MP_ROM_QSTR(MP_QSTR_running), MP_ROM_PTR(&coil_running_obj) },
    { MP_ROM_QSTR(MP_QSTR_ready), MP_ROM_PTR(&coil_ready_obj) },
    { MP_ROM_QSTR(MP_QSTR_kick), MP_ROM_PTR(&coil_kick_obj) },
    { MP_ROM_QSTR(MP_QSTR_enter), MP_ROM_PTR(&coil_enter_obj) },
    { MP_ROM_QSTR(MP_QSTR_lock), MP_ROM_PTR(&coil_lock_obj) },
    { MP_ROM_QSTR(MP_QSTR_unlock), MP_ROM_PTR(&coil_unlock_obj) },
    { MP_ROM_QSTR(MP_QSTR_locked), MP_ROM_PTR(&coil_locked_obj) },
    { MP_ROM_QSTR(MP_QSTR_in_thread), MP_ROM_PTR(&coil_in_thread_obj) },
    { MP_ROM_QSTR(MP_QSTR_in_callback), MP_ROM_PTR(&coil_in_callback_obj) },
    { MP_ROM_QSTR(MP_QSTR_allocated), MP_ROM_PTR(&coil_allocated_obj) },
    { MP_ROM_QSTR(MP_QSTR_in_isr), MP_ROM_PTR(&coil_in_isr_obj) },

    { MP_ROM_QSTR(MP_QSTR_yield_), MP_ROM_PTR(&coil_yield_obj) },
    { MP_ROM_QSTR(MP_QSTR_served), MP_ROM_PTR(&coil_served_obj) },
    { MP_ROM_QSTR(MP_QSTR_park), MP_ROM_PTR(&coil_park_obj) },
    { MP_ROM_QSTR(MP_QSTR_sleep_ms), MP_ROM_PTR(&coil_sleep_obj) },

    { MP_ROM_QSTR(MP_QSTR_expire), MP_ROM_PTR(&coil_expire_obj) },
    { MP_ROM_QSTR(MP_QSTR_next_ms), MP_ROM_PTR(&coil_next_ms_obj) },
    { MP_ROM_QSTR(MP_QSTR_alarm), MP_ROM_PTR(&coil_alarm_obj) },
    { MP_ROM_QSTR(MP_QSTR_now), MP_ROM_PTR(&coil_now_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_clock), MP_ROM_PTR(&coil_set_clock_obj) },

    { MP_ROM_QSTR(MP_QSTR_post), MP_ROM_PTR(&coil_post_obj) },
    { MP_ROM_QSTR(MP_QSTR_posts_lost), MP_ROM_PTR(&coil_posts_lost_obj) },

    { MP_ROM_QSTR(MP_QSTR_output), MP_ROM_PTR(&coil_output_obj) },
    { MP_ROM_QSTR(MP_QSTR_output_lost), MP_ROM_PTR(&coil_output_lost_obj) },
    { MP_ROM_QSTR(MP_QSTR_raw_repl), MP_ROM_PTR(&coil_raw_repl_obj) },

    { MP_ROM_QSTR(MP_QSTR_cycles), MP_ROM_PTR(&coil_cycles_obj) },
    { MP_ROM_QSTR(MP_QSTR_cycles_hz), MP_ROM_PTR(&coil_cycles_hz_obj) },

    { MP_ROM_QSTR(MP_QSTR_trace_start), MP_ROM_PTR(&coil_trace_start_obj) },
    { MP_ROM_QSTR(MP_QSTR_trace), MP_ROM_PTR(&coil_trace_obj) },
    { MP_ROM_QSTR(MP_QSTR_trace_stop), MP_ROM_PTR(&coil_trace_stop_obj) },
};
static MP_DEFINE_CONST_DICT(native_globals, native_globals_table);

const mp_obj_module_t coil_native_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&native_globals,
};

MP_REGISTER_MODULE(MP_QSTR__native, coil_native_module);
