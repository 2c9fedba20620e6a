// The module _native. README.md has its functions, their rules and their costs.

#include "native.h"

void coil_native_deinit(void) {
    coil_drain_active = false;
    coil_nest_depth = 0;
    coil_interrupt_kept = false;
    coil_trace_deinit();
}

static mp_obj_t native_init(void) {
    coil_native_deinit();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(native_init_obj, native_init);

static const mp_rom_map_elem_t native_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__native) },
    { MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&native_init_obj) },

    { MP_ROM_QSTR(MP_QSTR_Drain), MP_ROM_PTR(&coil_drain_type) },
    { MP_ROM_QSTR(MP_QSTR_nest), MP_ROM_PTR(&coil_nest_obj) },
    { MP_ROM_QSTR(MP_QSTR_throw), MP_ROM_PTR(&coil_throw_obj) },
    { MP_ROM_QSTR(MP_QSTR_interrupted), MP_ROM_PTR(&coil_interrupted_obj) },
    { MP_ROM_QSTR(MP_QSTR_stack_left), MP_ROM_PTR(&coil_stack_left_obj) },

    { MP_ROM_QSTR(MP_QSTR_Awaitable), MP_ROM_PTR(&coil_awaitable_type) },

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
