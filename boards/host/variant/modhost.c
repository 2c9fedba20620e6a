// The module host: what is special to this board, for board.py, machine.py and the tests.

#include "py/runtime.h"
#include "host.h"

// script() -> the source that the tools handed over, or None.
static mp_obj_t host_script(void) {
    uint32_t bytes = page_get(PAGE_SCRIPT_BYTES);
    if (bytes == 0 || bytes > PAGE_BYTES - PAGE_SCRIPT) {
        return mp_const_none;
    }
    return mp_obj_new_str((const char *)page_word(PAGE_SCRIPT), bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_0(host_script_obj, host_script);

// flags(), flags(value): the flags of the host page.
static mp_obj_t host_flags(size_t n_args, const mp_obj_t *args) {
    if (n_args == 1) {
        *page_word(PAGE_FLAGS) = mp_obj_get_int(args[0]);
    }
    return mp_obj_new_int_from_uint(page_get(PAGE_FLAGS));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_flags_obj, 0, 1, host_flags);

// power_off(status=0): end the program.
static mp_obj_t host_power_off_(size_t n_args, const mp_obj_t *args) {
    host_power_off(n_args == 1 ? mp_obj_get_int(args[0]) : 0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(host_power_off_obj, 0, 1, host_power_off_);

// brown_out(): the supply fails for a moment.
HOST_NORETURN static mp_obj_t host_brown_out(void) {
    host_reset(CAUSE_BROWN_OUT);
}
static MP_DEFINE_CONST_FUN_OBJ_0(host_brown_out_obj, host_brown_out);

// has_devices() -> whether the tools named devices to attach.
static mp_obj_t host_has_devices(void) {
    return mp_obj_new_bool(page_get(PAGE_DEVICES_BYTES) != 0);
}
static MP_DEFINE_CONST_FUN_OBJ_0(host_has_devices_obj, host_has_devices);

// in_isr() -> whether an interrupt handler runs.
static mp_obj_t host_in_isr_(void) {
    return mp_obj_new_bool(host_in_isr());
}
static MP_DEFINE_CONST_FUN_OBJ_0(host_in_isr_obj, host_in_isr_);

// hold(True): run no soft handlers until hold(False), as while a transfer in C runs. Nests.
static mp_obj_t host_hold(mp_obj_t on) {
    if (mp_obj_is_true(on)) {
        mp_sched_lock();
    } else {
        mp_sched_unlock();
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(host_hold_obj, host_hold);

static const mp_rom_map_elem_t host_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_host) },

    { MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&host_flash_type) },
    { MP_ROM_QSTR(MP_QSTR_flags), MP_ROM_PTR(&host_flags_obj) },
    { MP_ROM_QSTR(MP_QSTR_script), MP_ROM_PTR(&host_script_obj) },
    { MP_ROM_QSTR(MP_QSTR_power_off), MP_ROM_PTR(&host_power_off_obj) },
    { MP_ROM_QSTR(MP_QSTR_brown_out), MP_ROM_PTR(&host_brown_out_obj) },
    { MP_ROM_QSTR(MP_QSTR_set_time), MP_ROM_PTR(&host_set_time_obj) },
    { MP_ROM_QSTR(MP_QSTR_watchdog), MP_ROM_PTR(&host_watchdog_obj) },

    { MP_ROM_QSTR(MP_QSTR_line), MP_ROM_PTR(&host_line_obj) },
    { MP_ROM_QSTR(MP_QSTR_trigger), MP_ROM_PTR(&host_trigger_obj) },
    { MP_ROM_QSTR(MP_QSTR_alarm), MP_ROM_PTR(&host_alarm_obj) },
    { MP_ROM_QSTR(MP_QSTR_has_devices), MP_ROM_PTR(&host_has_devices_obj) },
    { MP_ROM_QSTR(MP_QSTR_in_isr), MP_ROM_PTR(&host_in_isr_obj) },
    { MP_ROM_QSTR(MP_QSTR_hold), MP_ROM_PTR(&host_hold_obj) },

    { MP_ROM_QSTR(MP_QSTR_pin), MP_ROM_PTR(&host_pin_obj) },
    { MP_ROM_QSTR(MP_QSTR_pin_input), MP_ROM_PTR(&host_pin_input_obj) },
    { MP_ROM_QSTR(MP_QSTR_pin_output), MP_ROM_PTR(&host_pin_output_obj) },
    { MP_ROM_QSTR(MP_QSTR_pin_trigger), MP_ROM_PTR(&host_pin_trigger_obj) },
    { MP_ROM_QSTR(MP_QSTR_pin_edges), MP_ROM_PTR(&host_pin_edges_obj) },

    { MP_ROM_QSTR(MP_QSTR_trace_pin), MP_ROM_PTR(&host_trace_pin_obj) },

    { MP_ROM_QSTR(MP_QSTR_branches), MP_ROM_PTR(&host_branches_obj) },
    { MP_ROM_QSTR(MP_QSTR_preempt_at), MP_ROM_PTR(&host_preempt_at_obj) },
    { MP_ROM_QSTR(MP_QSTR_preempted), MP_ROM_PTR(&host_preempted_obj) },
};
static MP_DEFINE_CONST_DICT(host_globals, host_globals_table);

const mp_obj_module_t host_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&host_globals,
};

MP_REGISTER_MODULE(MP_QSTR_host, host_module);
